"""Follows TFTP and FeiQ through a capture: which UDP payload is which protocol, by what was seen before, not by port.

Only requests go to port 69; everything after runs between two freely chosen ports (RFC 1350 section 4). A binding of
ports to layers would be known to the whole process and would outlive the transfer, so what is learnt stays in the
session object. Use: `sniff(offline=..., session=TFTPSession)` or `TFTPSession(FeiQSession).process(packet)`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import NoPayload, Packet, Padding, Raw
from scapy.sessions import DefaultSession

from lab.craft.feiq_layer import LabFeiQ
from lab.craft.tftp_layer import ACK, DATA, ERROR, MODES, OACK, RRQ, WRQ, LabTFTP

_MOST_FLOWS = 100_000
"""The oldest transfer is forgotten first, so a capture of nothing but requests cannot fill the memory."""

End = tuple[str, int]


class TFTPSession(DefaultSession):
    """Turns the UDP payloads of TFTP transfers into LabTFTP; leaves every other packet as it is."""

    def __init__(self, supersession: Any = None, tftp_ports: Iterable[int] = (69,)) -> None:
        super().__init__(supersession)
        self.tftp_ports = frozenset(tftp_ports)
        self.flows: OrderedDict[tuple[End, str], int | None] = OrderedDict()
        """The client's end and the server's address, to the server's port once a packet of either shows it."""

    def process(self, pkt: Packet) -> Packet | None:
        before: Packet | None = super().process(pkt)
        if before is None:
            return None
        place = udp_of(before)
        if place is not None and (layer := self._layer(*place)) is not None:
            replace_payload(place[0], layer)
        return before

    def _layer(self, udp: Any, source: str, destination: str) -> LabTFTP | None:
        raw = payload_of(udp)
        if not raw:
            return None
        layer = LabTFTP(raw)
        if _is_request(layer):
            # One that cannot be read, or names no mode of TFTP, begins no transfer: it may be anything.
            self._learn((source, udp.sport), destination)
            return layer
        if udp.dport in self.tftp_ports:
            return layer
        return layer if self._belongs((source, udp.sport), (destination, udp.dport), layer) else None

    def _learn(self, client: End, server: str) -> None:
        self.flows[client, server] = None
        self.flows.move_to_end((client, server))
        if len(self.flows) > _MOST_FLOWS:
            self.flows.popitem(last=False)

    def _belongs(self, source: End, destination: End, layer: LabTFTP) -> bool:
        """Whether the datagram belongs to a known transfer.

        The first answer to a client shows the server's port, and so does the client's own answer to one that was not
        captured or cannot be read.
        """
        key, port = (source, destination[0]), destination[1]
        if key not in self.flows:
            key, port = (destination, source[0]), source[1]
        if key not in self.flows:
            return False
        if self.flows[key] is None and layer.op in (DATA, ACK, ERROR, OACK):
            self.flows[key] = port
        return self.flows[key] == port


class FeiQSession(DefaultSession):
    """Turns UDP payloads to or from FeiQ's port into LabFeiQ."""

    def __init__(self, supersession: Any = None, feiq_ports: Iterable[int] = (2425,)) -> None:
        super().__init__(supersession)
        self.feiq_ports = frozenset(feiq_ports)

    def process(self, pkt: Packet) -> Packet | None:
        before: Packet | None = super().process(pkt)
        if before is None:
            return None
        place = udp_of(before)
        if place is not None and {place[0].sport, place[0].dport} & self.feiq_ports and (raw := payload_of(place[0])):
            replace_payload(place[0], LabFeiQ(raw))
        return before


def udp_of(packet: Any) -> tuple[Any, str, str] | None:
    """The outermost whole UDP datagram of a packet, with its source and destination address.

    A fragment has none: the first one lacks the end of its payload, the others lack the ports.
    """
    if UDP not in packet:
        return None
    udp: Any = packet[UDP]
    ip: Any = udp.underlayer
    while ip is not None and not isinstance(ip, (IP, IPv6)):
        ip = ip.underlayer
    if ip is None or type(udp) is not UDP:
        return None
    if isinstance(ip, IP) and (ip.frag or ip.flags.MF):
        return None
    if isinstance(ip, IPv6) and "IPv6ExtHdrFragment" in packet:
        return None
    return udp, str(ip.src), str(ip.dst)


def payload_of(udp: Any) -> bytes:
    """The bytes that the datagram carries, whatever layer they were read as, without the frame's padding."""
    if isinstance(udp.payload, (NoPayload, Padding)):
        return b""
    if udp.payload.original:  # As it was handed to the layer, which need not build the same bytes again.
        return bytes(udp.payload.original)
    padding = udp.getlayer(Padding)
    whole = bytes(udp.payload)
    return whole[: len(whole) - len(padding)] if padding is not None else whole


def replace_payload(udp: Any, layer: Packet) -> None:
    """Puts `layer` in the place of what the datagram carried; padding stays behind it."""
    padding = udp.getlayer(Padding)
    udp.remove_payload()
    udp.add_payload(layer)
    if padding is not None:
        udp.add_payload(Padding(padding.load))


def set_raw(packet: Packet) -> None:
    """Undoes whatever layer the process's bindings chose for what UDP carries, also in a fragment or quoted by an ICMP
    error, so that a reading does not depend on what was imported."""
    layer: Any = packet
    while not isinstance(layer, NoPayload):
        if isinstance(layer, UDP) and (raw := payload_of(layer)) and not isinstance(layer.payload, Raw):
            replace_payload(layer, Raw(raw))
        layer = layer.payload


def _is_request(layer: Any) -> bool:
    return layer.op in (RRQ, WRQ) and not layer.problems() and layer.mode.lower() in MODES
