"""Amazon's time service: NTP with the real machine's clock, so that who waits for the right time waits no longer."""

import socketserver
import struct
import time

ADDRESS = "169.254.169.123"
# From 1900, where NTP begins, to 1970, where Unix does.
NTP_EPOCH = 2_208_988_800
REQUEST_BYTES = 48
# No leap second to come, version 4, server.
LEAP_VERSION_MODE = 0b00_100_100


def server() -> socketserver.UDPServer:
    return socketserver.UDPServer((ADDRESS, 123), Handler)


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        request, socket = self.request
        if len(request) < REQUEST_BYTES:
            return
        now = timestamp(time.time())
        # Stratum 1, polled every 16 seconds, precise to a microsecond; the identifier says who it is.
        head = struct.pack(">BBbbII4s", LEAP_VERSION_MODE, 1, 4, -20, 0, 0, b"REHE")
        socket.sendto(head + now + request[40:48] + now + timestamp(time.time()), self.client_address)


def timestamp(seconds: float) -> bytes:
    return struct.pack(">Q", int((seconds + NTP_EPOCH) * (1 << 32)))
