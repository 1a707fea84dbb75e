"""IGMP, versions 1 to 3 (RFC 1112, RFC 2236, RFC 3376). Rule: a query of 12 bytes or more is version 3.

+------+-------------------+----------+---------------+
| type | max response code | checksum | group address |                          versions 1 and 2
+------+-------------------+----------+---------------+----------------------+
| 0x11 | max response code | checksum | group address | flags, QQIC, sources |   version 3 query
+------+-------------------+----------+---------------+----------------------+
| 0x22 | reserved          | checksum | reserved, number of records | records |  version 3 report
+------+-------------------+----------+-----------------------------+---------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import checksum
from lab.wire.field import Reader, bit
from lab.wire.group_record import Record, read_address, read_records, read_sources
from lab.wire.octets import exactly, uint

PROTOCOL = 2
QUERY, REPORT_V1, REPORT_V2, LEAVE, REPORT_V3 = 0x11, 0x12, 0x16, 0x17, 0x22
_TYPE_NAMES = {
    QUERY: "membership query", REPORT_V1: "membership report, version 1", REPORT_V2: "membership report, version 2",
    LEAVE: "leave group", REPORT_V3: "membership report, version 3",
}  # fmt: skip
_V3_QUERY_LENGTH = 12
_SOURCE = "RFC 2236 section 2"
_V3 = "RFC 3376 section 4"


@dataclass(frozen=True, slots=True)
class Message:
    """Versions 1 and 2, and any type that is not known. `extra` is what RFC 2236 section 2.5 says to ignore."""

    type: int
    max_response_code: int
    checksum: int
    group: bytes
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        kind, code, found = _head(reader)
        group = read_address(reader, "group_address", 4, _SOURCE)
        return cls(kind, code, found, group, reader.rest("extra", source="RFC 2236 section 2.5"))

    def build(self) -> bytes:
        group = exactly("igmp.group_address", self.group, 4)
        return _built(self.type, self.max_response_code, self.checksum) + group + self.extra


@dataclass(frozen=True, slots=True)
class QueryV3:
    max_response_code: int
    checksum: int
    group: bytes
    flags: int
    query_interval_code: int
    sources: tuple[bytes, ...] = ()
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = _head(reader)
        group = read_address(reader, "group_address", 4, _V3)
        flags = reader.uint("flags", 1, source=_V3)
        reader.explain("", bit("suppress", 0x08, flags), bit("robustness", 0x07, flags))
        interval = reader.uint("query_interval_code", 1, source=_V3)
        count = reader.uint("number_of_sources", 2, source=_V3)
        sources = read_sources(reader, count, 4, _V3, reader.last)
        return cls(code, found, group, flags, interval, sources, reader.rest("extra", source=_V3))

    def build(self) -> bytes:
        return (
            _built(QUERY, self.max_response_code, self.checksum)
            + exactly("igmp.group_address", self.group, 4)
            + uint("igmp.flags", self.flags, 1)
            + uint("igmp.query_interval_code", self.query_interval_code, 1)
            + uint("igmp.number_of_sources", len(self.sources), 2)
            + b"".join(exactly("igmp.source_address", source, 4) for source in self.sources)
            + self.extra
        )


@dataclass(frozen=True, slots=True)
class ReportV3:
    checksum: int
    records: tuple[Record, ...]
    reserved: int = 0
    reserved_2: int = 0
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, reserved, found = _head(reader)
        reserved_2 = reader.uint("reserved_2", 2, source=_V3)
        count = reader.uint("number_of_records", 2, source=_V3)
        records = read_records(reader, count, 4, f"{_V3}.2")
        return cls(found, records, reserved, reserved_2, reader.rest("extra", source=_V3))

    def build(self) -> bytes:
        return (
            _built(REPORT_V3, self.reserved, self.checksum)
            + uint("igmp.reserved_2", self.reserved_2, 2)
            + uint("igmp.number_of_records", len(self.records), 2)
            + b"".join(record.build() for record in self.records)
            + self.extra
        )


Packet = Message | QueryV3 | ReportV3


def read(reader: Reader) -> Packet:
    """Takes one message, which is all that `reader` holds."""
    kind = reader.data[reader.offset] if reader.left else -1
    if kind == REPORT_V3:
        return ReportV3.read(reader)
    return QueryV3.read(reader) if kind == QUERY and reader.left >= _V3_QUERY_LENGTH else Message.read(reader)


def parse(data: bytes) -> Packet:
    """The message that `data` is."""
    return read(Reader(data, "igmp", record=False))


def expected_checksum(packet: Packet) -> int:
    built = packet.build()
    return checksum.internet_checksum(built[:2], built[4:])


def _head(reader: Reader) -> tuple[int, int, int]:
    kind = reader.uint("type", 1, source=_SOURCE)
    reader.explain(_TYPE_NAMES.get(kind, "unknown"))
    code = reader.uint("reserved" if kind == REPORT_V3 else "max_response_code", 1, source=_SOURCE)
    if kind == QUERY:
        reader.explain("tenths of a second")
    return kind, code, reader.uint("checksum", 2, source=_SOURCE)


def _built(kind: int, code: int, found: int) -> bytes:
    return uint("igmp.type", kind, 1) + uint("igmp.max_response_code", code, 1) + uint("igmp.checksum", found, 2)
