"""Faults of a service, as told by a file of its name: `ssm` with `unavailable`, `denied` or `silent` in it."""

import re
import time
from pathlib import Path

CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/[0-9]+/[^/]+/([a-z0-9-]+)/aws4_request")
# Longer than any caller waits.
SILENCE_SECONDS = 120


class Outages:
    def __init__(self, application, folder: Path):
        self.application = application
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __call__(self, environ, start_response):
        scope = CREDENTIAL_SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        fault = self.fault(scope.group(1)) if scope else None
        if fault == "silent":
            time.sleep(SILENCE_SECONDS)
        if fault == "denied":
            return answer(start_response, "400 Bad Request", "AccessDeniedException", "not authorized by the rehearsal")
        if fault:
            return answer(start_response, "503 Service Unavailable", "ServiceUnavailable", "out by the rehearsal")
        return self.application(environ, start_response)

    def fault(self, service: str) -> str | None:
        try:
            return (self.folder / service).read_text().strip()
        except FileNotFoundError:
            return None


def answer(start_response, status: str, code: str, message: str):
    body = f'{{"__type": "{code}", "message": "{message}"}}'.encode()
    start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))])
    return [body]
