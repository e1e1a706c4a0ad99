"""The servers that a VPC gives to its instances: DHCP and DNS."""

import subprocess
from pathlib import Path

from . import time_service

FIRST_HOST, LAST_HOST = 10, 254


def dhcp_and_dns(address: str, router: str, home: Path) -> subprocess.Popen:
    """dnsmasq gives the address 10.20.0.N to the network card 0e:00:00:00:00:N, and answers for no name but its own and
    those of Debian's time servers."""
    network = router.rpartition(".")[0]
    hosts = [f"--dhcp-host=0e:00:00:00:00:{n:02x},{network}.{n},ip-{network.replace('.', '-')}-{n}"
             for n in range(FIRST_HOST, LAST_HOST + 1)]
    return subprocess.Popen([
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file",
        f"--log-facility={home}/dnsmasq.log", f"--dhcp-leasefile={home}/dhcp-leases",
        f"--listen-address={address}", "--interface=vpc", "--bind-interfaces", "--except-interface=lo",
        "--no-resolv", "--no-hosts", "--domain=ec2.internal", "--local=/ec2.internal/",
        f"--address=/debian.pool.ntp.org/{time_service.ADDRESS}", "--dhcp-authoritative", "--no-ping",
        f"--dhcp-range={network}.{FIRST_HOST},static,255.255.255.0,1h",
        f"--dhcp-option=option:router,{router}", f"--dhcp-option=option:dns-server,{address}",
        *hosts,
    ])
