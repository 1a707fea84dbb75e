"""Ethernet II (RFC 894). Rule: whatever follows the type is payload; only the layer inside can tell its padding.

   6 bytes       6 bytes   2 bytes   46 to 1500 bytes
  +-------------+--------+---------+~~~~~~~~~+~~~~~~~~~+
  | destination | source |  type   | payload | padding |
  +-------------+--------+---------+~~~~~~~~~+~~~~~~~~~+
Up to 1500 the type is a length (IEEE 802.3): an LLC frame, not an Ethernet II one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address
from lab.wire.field import Reader
from lab.wire.octets import exactly, uint

TYPE_NAMES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x8035: "RARP",
    0x8100: "802.1Q tag",
    0x86DD: "IPv6",
    0x8847: "MPLS",
    0x8863: "PPPoE discovery",
    0x8864: "PPPoE session",
    0x888E: "802.1X",
    0x88A8: "802.1ad tag",
    0x88CC: "LLDP",
    0x9000: "loopback test",
    0x9100: "stacked tag",
}
LONGEST_LENGTH = 1500
SHORTEST_FRAME = 60
"""Bytes of a frame without its check sequence, which captures do not hold."""

_SOURCE = "RFC 894"


@dataclass(frozen=True, slots=True)
class Frame:
    destination: bytes
    source: bytes
    type: int
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        destination = reader.octets("destination", 6, source=_SOURCE)
        reader.explain(address.mac(destination))
        source = reader.octets("source", 6, source=_SOURCE)
        reader.explain(address.mac(source))
        return cls(destination, source, read_type(reader), reader.payload())

    def build(self) -> bytes:
        addresses = exactly("ethernet.destination", self.destination, 6) + exactly("ethernet.source", self.source, 6)
        return addresses + uint("ethernet.type", self.type, 2) + self.payload


def parse(data: bytes) -> Frame:
    """The frame that `data` is. WireError where it is shorter than a header."""
    return Frame.read(Reader(data, "ethernet", record=False))


def read_type(reader: Reader) -> int:
    """The two bytes that are a type, or the length of an IEEE 802.3 frame."""
    number = reader.uint("type", 2, source=_SOURCE)
    reader.explain(f"length {number} of an IEEE 802.3 frame" if number <= LONGEST_LENGTH else type_name(number))
    return number


def type_name(number: int) -> str:
    return TYPE_NAMES.get(number, "unknown")
