"""IPv6 (RFC 8200 section 3). Rule: the payload length ends the packet; extension headers are layers of their own.

 0       4               12      16                  24             31
+-------+---------------+------------------------------------------+
|version| traffic class |               flow label                 |
+-------+---------------+-------+-------------------+--------------+
|        payload length         |    next header    |  hop limit   |
+-------------------------------+-------------------+--------------+
|                    source address, 16 bytes                      |
+------------------------------------------------------------------+
|                  destination address, 16 bytes                   |
+------------------------------------------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address
from lab.wire.field import Reader, bit
from lab.wire.ipv4 import PROTOCOL_NAMES
from lab.wire.octets import exactly, packed, uint

HEADER_LENGTH = 40
_SOURCE = "RFC 8200 section 3"
_HOP_BY_HOP = 0


@dataclass(frozen=True, slots=True)
class Packet:
    source: bytes
    destination: bytes
    next_header: int
    payload_length: int
    traffic_class: int = 0
    flow_label: int = 0
    hop_limit: int = 64
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        first = reader.uint("version_class_and_flow", 4, source=_SOURCE)
        reader.explain(
            f"version {first >> 28}",
            bit("version", 0xF0000000, first),
            bit("traffic_class", 0x0FF00000, first),
            bit("flow_label", 0x000FFFFF, first),
        )
        if first >> 28 != 6:
            raise reader.fail("version", "6", str(first >> 28))
        payload_length = reader.uint("payload_length", 2, source=_SOURCE)
        next_header = read_next_header(reader, _SOURCE)
        hop_limit = reader.uint("hop_limit", 1, source=_SOURCE)
        source = reader.octets("source", 16, source=_SOURCE)
        reader.explain(address.ipv6(source))
        destination = reader.octets("destination", 16, source=_SOURCE)
        reader.explain(address.ipv6(destination))
        # A length of 0 before a hop-by-hop header leaves it to the jumbo option there (RFC 2675).
        if payload_length or next_header != _HOP_BY_HOP:
            reader.limit(payload_length)
        traffic_class, flow_label = first >> 20 & 0xFF, first & 0xFFFFF
        return cls(
            source, destination, next_header, payload_length, traffic_class, flow_label, hop_limit, reader.payload()
        )

    def build(self) -> bytes:
        return (
            packed("ipv6.version_class_and_flow", 4, (6, 4), (self.traffic_class, 8), (self.flow_label, 20))
            + uint("ipv6.payload_length", self.payload_length, 2)
            + uint("ipv6.next_header", self.next_header, 1)
            + uint("ipv6.hop_limit", self.hop_limit, 1)
            + exactly("ipv6.source", self.source, 16)
            + exactly("ipv6.destination", self.destination, 16)
            + self.payload
        )

    @property
    def is_jumbo(self) -> bool:
        return self.payload_length == 0 and self.next_header == _HOP_BY_HOP

    @property
    def expected_payload_length(self) -> int:
        return 0 if self.is_jumbo else len(self.payload)


def parse(data: bytes) -> Packet:
    """The packet that `data` is, all of it: its payload length must be right."""
    reader = Reader(data, "ipv6", record=False)
    packet = Packet.read(reader)
    found = len(data) - HEADER_LENGTH
    if packet.payload_length != found and not packet.is_jumbo:
        raise reader.fail("payload_length", str(found), str(packet.payload_length), 4)
    return packet


def read_next_header(reader: Reader, source: str) -> int:
    number = reader.uint("next_header", 1, source=source)
    reader.explain(PROTOCOL_NAMES.get(number, "unknown"))
    return number
