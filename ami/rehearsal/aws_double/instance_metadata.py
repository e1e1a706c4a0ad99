"""The instance metadata service, version 2 alone: an instance is known by the address it asks from."""

import base64
import datetime
import json
import re
import secrets
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = "169.254.169.254"
# So many routers may an answer pass: a container's is the second.
HOP_LIMIT = 2
MAXIMUM_TTL_SECONDS = 21600
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "X-aws-ec2-metadata-token"
ROLE = "monitor-host"
ACCOUNT = "123456789012"


def server(ec2, region: str) -> ThreadingHTTPServer:
    tokens: dict[str, tuple[str, float]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, HOP_LIMIT)

        def do_PUT(self):
            if self.path != "/latest/api/token":
                return self.answer(404)
            if "X-Forwarded-For" in self.headers:
                return self.answer(403)
            ttl = self.headers.get(TTL_HEADER, "")
            if not re.fullmatch("[0-9]{1,5}", ttl) or not 1 <= int(ttl) <= MAXIMUM_TTL_SECONDS:
                return self.answer(400)
            token = secrets.token_urlsafe(40)
            tokens[token] = (self.client_address[0], time.monotonic() + int(ttl))
            self.answer(200, token.encode(), {TTL_HEADER: ttl})

        def do_GET(self):
            source, end = tokens.get(self.headers.get(TOKEN_HEADER, ""), ("", 0.0))
            if source != self.client_address[0] or time.monotonic() > end:
                return self.answer(401)
            instance = next(
                (i for i in ec2.all_instances() if i._state.name != "terminated" and i.private_ip == source), None
            )
            found = None if instance is None else lookup(tree(instance, region), self.path)
            return self.answer(404) if found is None else self.answer(200, found)

        def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None):
            self.send_response(status)
            for name, value in {"Content-Type": "text/plain", "Content-Length": len(body), **(headers or {})}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """A token would be in the log of every request."""

    return ThreadingHTTPServer((ADDRESS, 80), Handler)


def lookup(branch, path: str) -> bytes | None:
    """What is at /VERSION/PATH: a folder lists its names, those of folders with a slash behind."""
    parts = [part for part in path.split("?")[0].split("/") if part]
    if not parts or not re.fullmatch(r"latest|[0-9]{4}-[0-9]{2}-[0-9]{2}", parts[0]):
        return None
    for part in parts[1:]:
        if not isinstance(branch, dict) or part not in branch:
            return None
        branch = branch[part]
    if isinstance(branch, dict):
        return "\n".join(f"{name}/" if isinstance(value, dict) else name for name, value in branch.items()).encode()
    return branch if isinstance(branch, bytes) else branch.encode()


def tree(instance, region: str) -> dict:
    card = instance.nics[0]
    # The network's card, not the one that moto invents: the last byte is the address's.
    mac = f"0e:00:00:00:00:{int(instance.private_ip.rpartition('.')[2]):02x}"
    name = f"ip-{instance.private_ip.replace('.', '-')}.ec2.internal"
    zone = instance.placement.zone
    security_groups = "\n".join(group.name for group in instance.security_groups)
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags() if not tag["key"].startswith("aws:")}
    found = {
        "meta-data": {
            "ami-id": instance.image_id,
            "ami-launch-index": "0",
            "autoscaling": {"target-lifecycle-state": "InService"},
            "hostname": name,
            "iam": {
                "info": json.dumps({
                    "Code": "Success", "LastUpdated": timestamp(0),
                    "InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/{ROLE}",
                    "InstanceProfileId": "AIPAREHEARSALDOUBLE00",
                }),
                "security-credentials": {ROLE: json.dumps({
                    "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": timestamp(0), "Expiration": timestamp(6),
                    "AccessKeyId": "ASIAREHEARSALDOUBLE0", "SecretAccessKey": "double", "Token": "double",
                })},
            },
            "instance-id": instance.id,
            "instance-life-cycle": "on-demand",
            "instance-type": instance.instance_type,
            "local-hostname": name,
            "local-ipv4": instance.private_ip,
            "mac": mac,
            "network": {"interfaces": {"macs": {mac: {
                "device-number": "0",
                "interface-id": card.id,
                "local-hostname": name,
                "local-ipv4s": instance.private_ip,
                "mac": mac,
                "owner-id": ACCOUNT,
                "security-groups": security_groups,
                "subnet-id": card.subnet.id,
                "subnet-ipv4-cidr-block": card.subnet.cidr_block,
                "vpc-id": card.subnet.vpc_id,
            }}}},
            "placement": {"availability-zone": zone, "region": region},
            "profile": "default-hvm",
            "reservation-id": "r-0123456789abcdef0",
            "security-groups": security_groups,
            "services": {"domain": "amazonaws.com", "partition": "aws"},
            "tags": {"instance": tags},
        },
        "dynamic": {"instance-identity": {"document": json.dumps({
            "accountId": ACCOUNT, "architecture": "x86_64", "availabilityZone": zone, "imageId": instance.image_id,
            "instanceId": instance.id, "instanceType": instance.instance_type, "privateIp": instance.private_ip,
            "region": region, "version": "2017-09-30",
        })}},
    }
    if instance.user_data:
        found["user-data"] = base64.b64decode(instance.user_data.as_bytes())
    return found


def timestamp(hours: int) -> str:
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
