"""Follows TFTP block numbers through a capture. Rule: a number is judged by the one before it in its own transfer.

A sender that forgets htons() counts 256, 512, 768: every number is 1 too many in the wrong byte. So where a number
does not follow and its mirror image does, the bytes are swapped. (RFC 1350 section 2: blocks start at one and
increase by one; section 5: the number has two bytes, in network order.)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.crosscheck.finding import Finding, swapped
from lab.wire import ipv4, ipv6, tftp
from lab.wire.flows import Endpoint
from lab.wire.frame import Dissection, Layer
from lab.wire.udp import Datagram

_NEAR = 64
"""How far a number may be from the last one: a window (RFC 7440), a repetition, a few frames lost by the capture."""

_MOST_TRANSFERS = 100_000
_MOST_DOUBLES = 8


@dataclass(slots=True)
class _Transfer:
    """One transfer, known by the client's endpoint."""

    server: bytes
    server_port: int = 0
    last_block: int = 0
    window: int = 1
    doubles: dict[int, _Transfer] = field(default_factory=dict)
    """Transfers that the same server began from further ports, because the request reached it twice."""

    def double(self, port: int) -> _Transfer | None:
        if port not in self.doubles and len(self.doubles) < _MOST_DOUBLES:
            self.doubles[port] = _Transfer(self.server, port)
        return self.doubles.get(port)


class Transfers:
    """Remembers every transfer of a capture, oldest forgotten first."""

    def __init__(self) -> None:
        self._by_client: dict[Endpoint, _Transfer] = {}
        self._servers: dict[Endpoint, None] = {}
        self.stranger = False
        """Whether the frame looked at last came to a transfer from outside, or answered such a one."""
        self.unasked = False
        """Whether the frame looked at last belongs to a transfer whose request was not seen."""

    def look(self, number: int, dissection: Dissection) -> list[Finding]:
        """What is wrong with the block number of this frame, and learns from the frame."""
        self.stranger = self.unasked = False
        ends = _ends(dissection)
        layer = dissection.layer("tftp")
        if ends is None or layer is None or layer.packet is None:
            return []
        source, destination = ends
        packet = layer.packet
        if isinstance(packet, tftp.ReadRequest | tftp.WriteRequest):
            self._begin(source, destination)
            return []
        transfer = self._transfer(source, destination)
        if transfer is None:
            self.unasked = not self.stranger
            return []
        match packet:
            case tftp.Oack(options):
                transfer.window = max(_window(options), transfer.window)
            case tftp.Data(block) | tftp.Ack(block):
                return self._block(number, dissection, layer, transfer, block)
        return []

    def _begin(self, source: Endpoint, destination: Endpoint) -> None:
        self._by_client.pop(source, None)
        self._by_client[source] = _Transfer(destination[0])
        if len(self._by_client) > _MOST_TRANSFERS:
            del self._by_client[next(iter(self._by_client))]

    def _transfer(self, source: Endpoint, destination: Endpoint) -> _Transfer | None:
        for client, peer in ((destination, source), (source, destination)):
            transfer = self._by_client.get(client)
            if transfer is None:
                continue
            if peer[0] == transfer.server and transfer.server_port in (0, peer[1]):
                transfer.server_port = peer[1]
                self._servers[peer] = None
                if len(self._servers) > _MOST_TRANSFERS:
                    del self._servers[next(iter(self._servers))]
                return transfer
            self.stranger = True
            return transfer.double(peer[1]) if peer[0] == transfer.server else None
        self.stranger = source in self._servers or destination in self._servers
        return None

    def _block(
        self, number: int, dissection: Dissection, layer: Layer, transfer: _Transfer, block: int
    ) -> list[Finding]:
        near = max(_NEAR, transfer.window) + 1
        mirrored = swapped(block)
        # A window of thousands leaves hardly any number far away; there the very next one has the better claim.
        follows = (mirrored - transfer.last_block) % 65536 == 1 and mirrored != block
        if _distance(transfer.last_block, block) <= (_NEAR + 1 if follows else near):
            transfer.last_block = block
            return []
        place = next(found for found in layer.fields if found.name == "tftp.block")
        if _distance(transfer.last_block, mirrored) <= near:
            sentence = (
                f"{block} after {transfer.last_block}: it does not follow, {mirrored} does, "
                "which is the same with its bytes swapped: sent little-endian"
            )
            transfer.last_block = mirrored
            return [Finding(number, "wrong", place.name, place.offset, place.raw, sentence)]
        sentence = f"{block} after {transfer.last_block}: it does not follow, and its mirror image does not either"
        transfer.last_block = block
        return [Finding(number, "remark", place.name, place.offset, place.raw, sentence)]


def _ends(dissection: Dissection) -> tuple[Endpoint, Endpoint] | None:
    """Who sent the datagram to whom, address and port."""
    udp = dissection.layer("udp")
    network = [layer.packet for layer in dissection.layers if isinstance(layer.packet, ipv4.Packet | ipv6.Packet)]
    if udp is None or not isinstance(udp.packet, Datagram) or not network:
        return None
    packet = network[0]
    return (packet.source, udp.packet.source_port), (packet.destination, udp.packet.destination_port)


def _distance(last: int, block: int) -> int:
    """How far apart two numbers are on the circle of 65536: counting goes on after a wrap."""
    ahead = (block - last) % 65536
    return min(ahead, 65536 - ahead)


def _window(options: tftp.Options) -> int:
    for name, value in options:
        if name.lower() == b"windowsize" and value.isdigit() and len(value) <= 5:
            return int(value)
    return 1
