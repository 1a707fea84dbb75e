"""What is readable in a frame but not right. Rule: a note says what was found and what should be.

A checksum that holds only the pseudo-header's sum was left to the network card by the sender's kernel and captured
before the card: its note is of the kind "partial" and not "checksum".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lab.wire import checksum, ethernet, icmp, icmpv6, igmp, ipv4, ipv6, mld, ndp, tcp, udp
from lab.wire.frame_layers import LayerPacket

Kind = Literal["length", "checksum", "partial", "padding"]


@dataclass(frozen=True, slots=True)
class Note:
    """`field` and `offset` (from the start of the input) say where; `wanted` and `found` are numbers."""

    field: str
    offset: int
    wanted: int
    found: int
    kind: Kind
    sentence: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands: its name and first byte, how many bytes there were for it, who talks to whom."""

    name: str
    offset: int
    room: int
    source: bytes = b""
    destination: bytes = b""


def length_note(packet: LayerPacket, place: Place, *, padded: bool) -> Note | None:
    """Compares a packet's own length with the bytes there are; with `padded`, bytes left over are no surprise."""
    match packet:
        case ethernet.Frame() if packet.type <= ethernet.LONGEST_LENGTH:
            field, at, found, wanted = "type", 12, packet.type, len(packet.payload)
            padded = True
        case ipv4.Packet():
            field, at, found, wanted = "total_length", 2, packet.total_length, place.room
        case ipv6.Packet() if not packet.is_jumbo:
            field, at, found, wanted = "payload_length", 4, packet.payload_length, place.room - ipv6.HEADER_LENGTH
        case udp.Datagram():
            field, at, found, wanted = "length", 4, packet.length, place.room
        case _:
            return None
    if found == wanted or (padded and found < wanted):
        return None
    more = f"{found - wanted} more than" if found > wanted else f"{wanted - found} fewer than"
    sentence = f"{place.name}.{field} counts {found} bytes, {more} the {wanted} that are there"
    return Note(f"{place.name}.{field}", place.offset + at, wanted, found, "length", sentence)


def checksum_note(packet: LayerPacket, place: Place) -> Note | None:
    """Computes the packet's checksum anew. The packet must be whole, neither cut short nor a fragment."""
    source, destination = place.source, place.destination
    match packet:
        case ipv4.Packet():
            return _judged(place, "header_checksum", 10, packet.header_checksum, packet.expected_header_checksum)
        case udp.Datagram() if source:
            if packet.checksum == 0:
                return _missing(packet, place)
            pseudo = checksum.pseudo_header(source, destination, udp.PROTOCOL, packet.length)
            wanted = packet.expected_checksum(source, destination)
            return _judged(place, "checksum", 6, packet.checksum, wanted, pseudo)
        case tcp.Segment() if source:
            pseudo = checksum.pseudo_header(source, destination, tcp.PROTOCOL, place.room)
            wanted = packet.expected_checksum(source, destination)
            return _judged(place, "checksum", 16, packet.checksum, wanted, pseudo)
        case icmp.Echo() | icmp.Error() | icmp.Other():
            return _judged(place, "checksum", 2, packet.checksum, icmp.expected_checksum(packet))
        case igmp.Message() | igmp.QueryV3() | igmp.ReportV3():
            return _judged(place, "checksum", 2, packet.checksum, igmp.expected_checksum(packet))
        case icmpv6.Echo() | icmpv6.Error() | icmpv6.Other() | mld.Message() | mld.QueryV2() | mld.ReportV2():
            return _icmpv6(packet, place)
        case _ if isinstance(packet, ndp.Message):
            return _icmpv6(packet, place)
        case _:
            return None


def padding_note(padding: bytes, offset: int) -> Note | None:
    """Padding holds zeros (RFC 894); anything else was in the sender's memory before."""
    used = sum(1 for byte in padding if byte)
    if not used:
        return None
    sentence = f"ethernet.padding: {used} of {len(padding)} bytes are not zero"
    return Note("ethernet.padding", offset, 0, used, "padding", sentence)


def _icmpv6(packet: icmpv6.Message, place: Place) -> Note | None:
    if len(place.source) != 16:
        return None
    built = packet.build()
    pseudo = checksum.pseudo_header(place.source, place.destination, icmpv6.PROTOCOL, len(built))
    wanted = icmpv6.expected_checksum(built, place.source, place.destination)
    return _judged(place, "checksum", 2, packet.checksum, wanted, pseudo)


def _missing(packet: udp.Datagram, place: Place) -> Note | None:
    """Over IPv4 a sender may do without; over IPv6 it may not (RFC 8200 section 8.1)."""
    if len(place.source) == 4:
        return None
    wanted = packet.expected_checksum(place.source, place.destination)
    sentence = f"{place.name}.checksum is 0: over IPv6 there must be one, it should be {wanted:#06x}"
    return Note(f"{place.name}.checksum", place.offset + 6, wanted, 0, "checksum", sentence)


def _judged(place: Place, field: str, at: int, found: int, wanted: int, pseudo: bytes = b"") -> Note | None:
    name = f"{place.name}.{field}"
    match checksum.judge(found, wanted, pseudo):
        case "right":
            return None
        case "partial":
            sentence = f"{name} is {found:#06x}: not filled in by the sender's kernel, it should become {wanted:#06x}"
            return Note(name, place.offset + at, wanted, found, "partial", sentence)
        case "wrong":
            sentence = f"{name} is {found:#06x} and should be {wanted:#06x}"
            return Note(name, place.offset + at, wanted, found, "checksum", sentence)
