"""The group record that IGMPv3 (RFC 3376 section 4.2) and MLDv2 (RFC 3810 section 5.2) share but for the address width.

+-------------+----------------+-------------------+---------------+~~~~~~~~~+~~~~~~~~~~~~~~~~+
| record type | aux length     | number of sources | group address | sources | auxiliary data |
| 1 byte      | 1 byte (words) | 2 bytes           |               |         |                |
+-------------+----------------+-------------------+---------------+~~~~~~~~~+~~~~~~~~~~~~~~~~+
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.wire import address
from lab.wire.error import BuildError
from lab.wire.field import Reader
from lab.wire.octets import exactly, uint

_TYPE_NAMES = {
    1: "mode is include", 2: "mode is exclude", 3: "change to include", 4: "change to exclude", 5: "allow new sources",
    6: "block old sources",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    type: int
    group: bytes
    sources: tuple[bytes, ...] = ()
    auxiliary_data: bytes = b""

    def build(self) -> bytes:
        if len(self.auxiliary_data) % 4:
            raise BuildError("record.auxiliary_data", "whole words", f"{len(self.auxiliary_data)} bytes")
        return (
            uint("record.type", self.type, 1)
            + uint("record.auxiliary_length", len(self.auxiliary_data) // 4, 1)
            + uint("record.number_of_sources", len(self.sources), 2)
            + self.group
            + b"".join(exactly("record.source", source, len(self.group)) for source in self.sources)
            + self.auxiliary_data
        )


def read_records(reader: Reader, count: int, width: int, source: str) -> tuple[Record, ...]:
    """As many records as a report says it has, with addresses of `width` bytes."""
    return tuple(_record(reader, width, source) for _ in range(count))


def read_sources(reader: Reader, count: int, width: int, source: str, counted_at: int) -> tuple[bytes, ...]:
    """A list of source addresses; `counted_at` is where their number stands."""
    if count * width > reader.left:
        raise reader.fail("number_of_sources", f"at most {reader.left // width}", str(count), counted_at)
    return tuple(read_address(reader, "source_address", width, source) for _ in range(count))


def read_address(reader: Reader, name: str, width: int, source: str) -> bytes:
    raw = reader.octets(name, width, source=source)
    reader.explain(address.ip(raw))
    return raw


def _record(reader: Reader, width: int, source: str) -> Record:
    kind = reader.uint("record_type", 1, source=source)
    reader.explain(_TYPE_NAMES.get(kind, "unknown"))
    words = reader.uint("auxiliary_length", 1, source=source)
    count = reader.uint("number_of_sources", 2, source=source)
    counted_at = reader.last
    group = read_address(reader, "multicast_address", width, source)
    sources = read_sources(reader, count, width, source, counted_at)
    return Record(kind, group, sources, reader.octets("auxiliary_data", words * 4, source=source))
