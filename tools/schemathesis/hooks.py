"""What the service asks of valid requests and no JSON Schema can say."""

import base64
from urllib.parse import unquote

import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

# The format `cursor` of the description: opaque to clients, version 1 and the id after which the page begins.
schemathesis.openapi.format(
    "cursor",
    strategies.text(strategies.characters(codec="utf-8"), min_size=1, max_size=512).map(
        lambda last_id: base64.urlsafe_b64encode(b"\x01" + last_id.encode()).rstrip(b"=").decode()
    ),
)


@schemathesis.hook
def before_call(context, case, kwargs):
    """An id in the body of an update is the one in the path."""
    is_valid = case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE
    if is_valid and case.operation.label == "PUT /items/{id}" and isinstance(case.body, dict) and "id" in case.body:
        case.body["id"] = unquote(case.formatted_path.removeprefix("/items/"))
