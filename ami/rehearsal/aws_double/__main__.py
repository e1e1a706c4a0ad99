"""A double of what a monitor host sees of AWS: moto behind one address, with what moto leaves out of EBS, the instance
metadata service, the time service, and the VPC's DHCP and DNS servers. Runs in the rehearsal's network namespace until
it is told to end."""

import argparse
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

from werkzeug.serving import make_server

from . import ebs, instance_metadata, outage, time_service, vpc


def main() -> None:
    parser = argparse.ArgumentParser(prog="aws_double")
    parser.add_argument("--home", type=Path, required=True, help="the rehearsal's folder")
    parser.add_argument("--machine", required=True, help="the program that runs machines")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--router", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--owner", type=int, default=0, help="end when this process does")
    parser.add_argument("--namespace", required=True, help="the network, which ends with the owner as well")
    arguments = parser.parse_args()

    # moto's own double of the metadata service would shadow buckets, and it says nothing of an instance.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[DEFAULT_ACCOUNT_ID][arguments.region]
    volumes = ebs.Volumes(ec2, arguments.home, arguments.machine)
    application = outage.Outages(
        volumes.after_requests(DomainDispatcherApplication(create_backend_app)), arguments.home / "outages"
    )
    api = make_server(
        arguments.address, arguments.port, application, threaded=True, request_handler=MotoRequestHandler
    )
    metadata = instance_metadata.server(ec2, arguments.region)
    for server in (api, metadata, time_service.server()):
        Thread(target=server.serve_forever, daemon=True).start()
    Thread(target=volumes.follow, daemon=True).start()
    dnsmasq = vpc.dhcp_and_dns(arguments.address, arguments.router, arguments.home)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        (arguments.home / "aws-double.ready").touch()
        if arguments.owner:
            wait_for_end_of(arguments.owner)
            subprocess.run(["ip", "netns", "delete", arguments.namespace], check=False)
        else:
            signal.pause()
    finally:
        dnsmasq.terminate()
        try:
            dnsmasq.wait(5)
        except subprocess.TimeoutExpired:
            dnsmasq.kill()


def wait_for_end_of(process: int) -> None:
    try:
        select.select([os.pidfd_open(process)], [], [])
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    main()
