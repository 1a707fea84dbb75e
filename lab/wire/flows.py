"""Which application a UDP payload belongs to. Rule: a port is a hint, a well-formed TFTP request is knowledge.

TFTP leaves its well-known port after the first packet (RFC 1350 section 4), so a transfer can only be followed by
remembering who asked.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from lab.wire import tftp
from lab.wire.error import WireError

Application = Literal["tftp", "feiq", "echo", ""]
Endpoint = tuple[bytes, int]
"""Address (4 or 16 bytes; b"" where it is not known) and port."""

MOST_REMEMBERED = 100_000


class Flows:
    """Remembers the transfer identifiers of TFTP's clients and servers, oldest forgotten first."""

    def __init__(
        self,
        tftp_ports: Collection[int] = (69,),
        feiq_ports: Collection[int] = (2425,),
        echo_ports: Collection[int] = (7,),
    ) -> None:
        self.tftp_ports = frozenset(tftp_ports)
        self.feiq_ports = frozenset(feiq_ports)
        self.echo_ports = frozenset(echo_ports)
        self._clients: dict[Endpoint, bytes] = {}
        """Who asked, and the address that was asked."""
        self._servers: dict[Endpoint, bytes] = {}
        """Who answered, and the address of the client."""

    def application(self, source: Endpoint, destination: Endpoint, payload: bytes) -> Application:
        """What `payload` is; learns from it on the way. "" where nothing says."""
        ports = {source[1], destination[1]}
        if ports & self.feiq_ports:
            return "feiq"
        if ports & self.echo_ports:
            return "echo"
        if _is_request(payload):
            self._clients.pop(source, None)
            _remember(self._clients, source, destination[0])
            return "tftp"
        known = any(end in self._clients or end in self._servers for end in (source, destination))
        if known or ports & self.tftp_ports:
            self._learn_server(source, destination)
            return "tftp"
        return ""

    def _learn_server(self, source: Endpoint, destination: Endpoint) -> None:
        """The port from which the host that was asked answers is a transfer identifier too: strangers may find it."""
        if self._clients.get(destination) == source[0] and source not in self._servers:
            _remember(self._servers, source, destination[0])


def _remember(known: dict[Endpoint, bytes], endpoint: Endpoint, partner: bytes) -> None:
    known[endpoint] = partner
    if len(known) > MOST_REMEMBERED:
        del known[next(iter(known))]


def _is_request(payload: bytes) -> bool:
    if payload[:2] not in (b"\0\1", b"\0\2"):
        return False
    try:
        packet = tftp.parse(payload)
    except WireError:
        return False
    return isinstance(packet, tftp.ReadRequest | tftp.WriteRequest) and packet.mode.lower() in tftp.MODES
