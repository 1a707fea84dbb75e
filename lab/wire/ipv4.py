"""IPv4 (RFC 791). Rule: the total length ends the packet, the IHL ends the header; what was found there is kept.

 0                   8                  16    19                     31
+---------+---------+------------------+---------------------------+
| version |   IHL   | type of service  |       total length        |
+---------+---------+------------------+-----+---------------------+
|           identification             |flags|   fragment offset   |
+-------------------+------------------+-----+---------------------+
|   time to live    |     protocol     |      header checksum      |
+-------------------+------------------+---------------------------+
|                          source address                          |
+------------------------------------------------------------------+
|                       destination address                        |
+------------------------------------------------------------------+
|               options, with padding to whole words               |
+------------------------------------------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address, checksum
from lab.wire.field import Reader, bit
from lab.wire.octets import exactly, packed, uint
from lab.wire.type_length import Option, build_options, read_options

HEADER_LENGTH = 20
LONGEST_OPTIONS = 40
PROTOCOL_NAMES = {
    0: "hop-by-hop options", 1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 17: "UDP", 41: "IPv6", 43: "routing",
    44: "fragment", 47: "GRE", 50: "ESP", 51: "authentication", 58: "ICMPv6", 59: "no next header",
    60: "destination options", 132: "SCTP", 136: "UDP-Lite",
}  # fmt: skip
OPTION_NAMES = {
    0: "end of options", 1: "no operation", 7: "record route", 68: "timestamp", 130: "security",
    131: "loose source route", 136: "stream id", 137: "strict source route", 148: "router alert",
}  # fmt: skip
_SOURCE = "RFC 791 section 3.1"
_ECN = {0: "not capable", 1: "capable (1)", 2: "capable (0)", 3: "congestion met"}


@dataclass(frozen=True, slots=True)
class Packet:
    """`fragment_offset` counts units of 8 bytes; `flags` are reserved, do not fragment, more fragments (RFC 791)."""

    source: bytes
    destination: bytes
    protocol: int
    total_length: int
    header_checksum: int
    type_of_service: int = 0
    identification: int = 0
    flags: int = 0
    fragment_offset: int = 0
    ttl: int = 64
    options: tuple[Option, ...] = ()
    option_padding: bytes = b""
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        start = reader.offset
        header_length = _first_byte(reader)
        service = reader.uint("type_of_service", 1, source="RFC 2474 section 3, RFC 3168 section 5")
        reader.explain("", bit("dscp", 0xFC, service), bit("ecn", 0x03, service, _ECN))
        total_length = reader.uint("total_length", 2, source=_SOURCE)
        if total_length < header_length:
            raise reader.fail("total_length", f"at least the header's {header_length}", str(total_length))
        identification = reader.uint("identification", 2, source="RFC 6864")
        flags, fragment_offset = _fragment(reader)
        ttl = reader.uint("ttl", 1, source=_SOURCE)
        protocol = reader.uint("protocol", 1, source=_SOURCE)
        reader.explain(PROTOCOL_NAMES.get(protocol, "unknown"))
        header_checksum = reader.uint("header_checksum", 2, source=_SOURCE)
        source = reader.octets("source", 4, source=_SOURCE)
        reader.explain(address.ipv4(source))
        destination = reader.octets("destination", 4, source=_SOURCE)
        reader.explain(address.ipv4(destination))
        end = start + header_length
        if end > reader.end:
            raise reader.fail("options", f"{end - reader.offset} bytes", f"{reader.left} bytes", reader.offset)
        options, padding = read_options(reader, end, OPTION_NAMES, _SOURCE)
        reader.limit(total_length - header_length)
        return cls(
            source, destination, protocol, total_length, header_checksum, service, identification, flags,
            fragment_offset, ttl, options, padding, reader.payload(),
        )  # fmt: skip

    def build(self) -> bytes:
        return self._header(self.header_checksum) + self.payload

    @property
    def header_length(self) -> int:
        return len(self._header(0))

    @property
    def more_fragments(self) -> bool:
        return bool(self.flags & 1)

    @property
    def is_fragment(self) -> bool:
        return self.more_fragments or self.fragment_offset > 0

    @property
    def expected_total_length(self) -> int:
        return self.header_length + len(self.payload)

    @property
    def expected_header_checksum(self) -> int:
        return checksum.internet_checksum(self._header(0))

    def _header(self, header_checksum: int) -> bytes:
        options = build_options(self.options, self.option_padding, "ipv4", LONGEST_OPTIONS)
        words = (HEADER_LENGTH + len(options)) // 4
        return (
            packed("ipv4.version_and_ihl", 1, (4, 4), (words, 4))
            + uint("ipv4.type_of_service", self.type_of_service, 1)
            + uint("ipv4.total_length", self.total_length, 2)
            + uint("ipv4.identification", self.identification, 2)
            + packed("ipv4.flags_and_fragment_offset", 2, (self.flags, 3), (self.fragment_offset, 13))
            + uint("ipv4.ttl", self.ttl, 1)
            + uint("ipv4.protocol", self.protocol, 1)
            + uint("ipv4.header_checksum", header_checksum, 2)
            + exactly("ipv4.source", self.source, 4)
            + exactly("ipv4.destination", self.destination, 4)
            + options
        )


def parse(data: bytes) -> Packet:
    """The packet that `data` is, all of it: its total length must be right."""
    reader = Reader(data, "ipv4", record=False)
    packet = Packet.read(reader)
    if packet.total_length != len(data):
        raise reader.fail("total_length", str(len(data)), str(packet.total_length), 2)
    return packet


def _first_byte(reader: Reader) -> int:
    """Returns the header's length in bytes."""
    first = reader.uint("version_and_ihl", 1, source=_SOURCE)
    words = first & 0x0F
    reader.explain(
        f"version {first >> 4}, {words * 4} bytes of header", bit("version", 0xF0, first), bit("ihl", 0x0F, first)
    )
    if first >> 4 != 4:
        raise reader.fail("version", "4", str(first >> 4))
    if words < HEADER_LENGTH // 4:
        raise reader.fail("ihl", "at least 5", str(words))
    return words * 4


def _fragment(reader: Reader) -> tuple[int, int]:
    number = reader.uint("flags_and_fragment_offset", 2, source=_SOURCE)
    more, place = number & 0x2000, (number & 0x1FFF) * 8
    words = [f"fragment at byte {place}" if place else "first fragment"] if more or place else []
    words += ["more follow"] if more else []
    words += ["do not fragment"] if number & 0x4000 else []
    reader.explain(
        ", ".join(words),
        bit("reserved", 0x8000, number),
        bit("do_not_fragment", 0x4000, number),
        bit("more_fragments", 0x2000, number),
        bit("fragment_offset", 0x1FFF, number, f"byte {place}"),
    )
    return number >> 13, number & 0x1FFF
