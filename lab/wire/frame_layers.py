"""Which layer stands inside which. Rule: a number in the outer packet decides; only UDP's payload takes a look.

Every protocol of the reference reading is named here once, with the function that reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from lab.wire import arp, ethernet, feiq, icmp, icmpv6, igmp, ipv4, ipv6, mld, ndp, tcp, tftp, udp, vlan
from lab.wire import ipv6_extensions as extensions
from lab.wire.field import Reader

STARTS = ("ethernet", "ipv4", "ipv6", "udp", "tftp", "feiq")


@dataclass(frozen=True, slots=True)
class Echo:
    """What the echo service sends back (RFC 862): any bytes at all."""

    data: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(reader.rest("data", source="RFC 862"))

    def build(self) -> bytes:
        return self.data


Enclosing = (
    ethernet.Frame
    | vlan.Tag
    | ipv4.Packet
    | ipv6.Packet
    | extensions.ExtensionHeader
    | udp.Datagram
    | tcp.Segment
    | icmp.Error
    | icmpv6.Error
)
"""Packets with a `payload` that another layer may read."""

LayerPacket = (
    Enclosing
    | arp.Packet
    | icmp.Echo
    | icmp.Other
    | icmpv6.Echo
    | icmpv6.Other
    | ndp.Message
    | mld.Packet
    | igmp.Packet
    | tftp.Packet
    | feiq.Packet
    | Echo
)

_READERS: dict[str, Callable[[Reader], LayerPacket]] = {
    "ethernet": ethernet.Frame.read,
    "vlan": vlan.Tag.read,
    "arp": arp.Packet.read,
    "ipv4": ipv4.Packet.read,
    "ipv6": ipv6.Packet.read,
    "hop_by_hop": extensions.Options.read,
    "destination_options": extensions.Options.read,
    "routing": extensions.Routing.read,
    "ipv6_fragment": extensions.Fragment.read,
    "authentication": extensions.Authentication.read,
    "icmp": icmp.read,
    "icmpv6": icmpv6.read,
    "mld": icmpv6.read,
    "igmp": igmp.read,
    "tcp": tcp.Segment.read,
    "udp": udp.Datagram.read,
    "tftp": tftp.read,
    "feiq": feiq.Packet.read,
    "echo": Echo.read,
}
_ETHERTYPES = {0x0800: "ipv4", 0x0806: "arp", 0x86DD: "ipv6", 0x8100: "vlan", 0x88A8: "vlan", 0x9100: "vlan"}
_IN_EITHER_IP = {4: "ipv4", 6: "tcp", 17: "udp", 41: "ipv6", 51: "authentication"}
_IN_IPV4 = {**_IN_EITHER_IP, icmp.PROTOCOL: "icmp", igmp.PROTOCOL: "igmp"}
_IN_IPV6 = {
    **_IN_EITHER_IP,
    extensions.HOP_BY_HOP: "hop_by_hop",
    extensions.ROUTING: "routing",
    extensions.FRAGMENT: "ipv6_fragment",
    extensions.DESTINATION: "destination_options",
    icmpv6.PROTOCOL: "icmpv6",
}


def read_layer(name: str, reader: Reader) -> LayerPacket:
    """Takes the layer `name` out of `reader`."""
    return _READERS[name](reader)


def inside(packet: LayerPacket, *, over_ipv4: bool) -> str:
    """The name of the layer in `packet`'s payload; "" where it has none that is known. UDP is not asked here.

    `over_ipv4` says which protocol numbers an authentication header names.
    """
    match packet:
        case ethernet.Frame() | vlan.Tag():
            return _ETHERTYPES.get(packet.type, "")
        case ipv4.Packet():
            return "" if packet.is_fragment else _IN_IPV4.get(packet.protocol, "")
        case extensions.Fragment() if not packet.is_whole:
            return ""
        case extensions.Authentication() if over_ipv4:
            return _IN_IPV4.get(packet.next_header, "")
        case ipv6.Packet() | extensions.Options() | extensions.Routing() | extensions.Fragment():
            return _in_ipv6(packet.next_header, packet.payload)
        case extensions.Authentication():
            return _in_ipv6(packet.next_header, packet.payload)
        case icmp.Error():
            return "ipv4"
        case icmpv6.Error():
            return "ipv6"
        case _:
            return ""


def is_fragment(packet: LayerPacket) -> bool:
    """Its payload is a piece of something that only the other fragments complete."""
    match packet:
        case ipv4.Packet():
            return packet.is_fragment
        case extensions.Fragment():
            return not packet.is_whole
        case _:
            return False


def _in_ipv6(next_header: int, payload: bytes) -> str:
    name = _IN_IPV6.get(next_header, "")
    return "mld" if name == "icmpv6" and payload[:1] and payload[0] in mld.TYPES else name
