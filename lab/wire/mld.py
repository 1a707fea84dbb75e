"""Multicast listener discovery in ICMPv6 (RFC 2710, RFC 3810). Rule: a query of 28 bytes or more is version 2.

+------+------+----------+--------------------+----------+-------------------+
| type | code | checksum | max response delay | reserved | multicast address |            version 1
+------+------+----------+--------------------+----------+-------------------+----------------------+
| 130  | code | checksum | max response code  | reserved | multicast address | flags, QQIC, sources |
+------+------+----------+--------------------+----------+---------+---------+----------------------+
| 143  | code | checksum | reserved, number of records   | records |                      version 2
+------+------+----------+-------------------------------+---------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire.error import BuildError
from lab.wire.field import Reader, bit
from lab.wire.group_record import Record, read_address, read_records, read_sources
from lab.wire.icmpv6_head import build_head, read_head
from lab.wire.octets import exactly, uint

QUERY, REPORT, DONE, REPORT_V2 = 130, 131, 132, 143
TYPES = frozenset({QUERY, REPORT, DONE, REPORT_V2})
_V2_QUERY_LENGTH = 28
_V1 = "RFC 2710 section 3"
_V2 = "RFC 3810 section 5"


@dataclass(frozen=True, slots=True)
class Message:
    """Version 1: query, report or done. `extra` is what RFC 2710 section 3.7 says to ignore."""

    type: int
    code: int
    checksum: int
    maximum_response_delay: int
    reserved: int
    multicast_address: bytes
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        kind, code, found = read_head(reader, _V1)
        delay = reader.uint("maximum_response_delay", 2, source=_V1)
        reader.explain("milliseconds")
        reserved = reader.uint("reserved", 2, source=_V1)
        group = read_address(reader, "multicast_address", 16, _V1)
        return cls(kind, code, found, delay, reserved, group, reader.rest("extra", source=_V1))

    def build(self) -> bytes:
        if self.type not in (QUERY, REPORT, DONE):
            raise BuildError("mld.type", "130, 131 or 132", str(self.type))
        return (
            build_head(self.type, self.code, self.checksum)
            + uint("mld.maximum_response_delay", self.maximum_response_delay, 2)
            + uint("mld.reserved", self.reserved, 2)
            + exactly("mld.multicast_address", self.multicast_address, 16)
            + self.extra
        )


@dataclass(frozen=True, slots=True)
class QueryV2:
    code: int
    checksum: int
    maximum_response_code: int
    reserved: int
    multicast_address: bytes
    flags: int
    query_interval_code: int
    sources: tuple[bytes, ...] = ()
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = read_head(reader, _V2)
        response_code = reader.uint("maximum_response_code", 2, source=f"{_V2}.1")
        reserved = reader.uint("reserved", 2, source=f"{_V2}.1")
        group = read_address(reader, "multicast_address", 16, f"{_V2}.1")
        flags = reader.uint("flags", 1, source=f"{_V2}.1")
        reader.explain("", bit("suppress", 0x08, flags), bit("robustness", 0x07, flags))
        interval = reader.uint("query_interval_code", 1, source=f"{_V2}.1")
        count = reader.uint("number_of_sources", 2, source=f"{_V2}.1")
        sources = read_sources(reader, count, 16, f"{_V2}.1", reader.last)
        extra = reader.rest("extra", source=_V2)
        return cls(code, found, response_code, reserved, group, flags, interval, sources, extra)

    def build(self) -> bytes:
        return (
            build_head(QUERY, self.code, self.checksum)
            + uint("mld.maximum_response_code", self.maximum_response_code, 2)
            + uint("mld.reserved", self.reserved, 2)
            + exactly("mld.multicast_address", self.multicast_address, 16)
            + uint("mld.flags", self.flags, 1)
            + uint("mld.query_interval_code", self.query_interval_code, 1)
            + uint("mld.number_of_sources", len(self.sources), 2)
            + b"".join(exactly("mld.source_address", source, 16) for source in self.sources)
            + self.extra
        )


@dataclass(frozen=True, slots=True)
class ReportV2:
    code: int
    checksum: int
    records: tuple[Record, ...]
    reserved: int = 0
    extra: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = read_head(reader, _V2)
        reserved = reader.uint("reserved", 2, source=f"{_V2}.2")
        count = reader.uint("number_of_records", 2, source=f"{_V2}.2")
        records = read_records(reader, count, 16, f"{_V2}.2")
        return cls(code, found, records, reserved, reader.rest("extra", source=_V2))

    def build(self) -> bytes:
        return (
            build_head(REPORT_V2, self.code, self.checksum)
            + uint("mld.reserved", self.reserved, 2)
            + uint("mld.number_of_records", len(self.records), 2)
            + b"".join(record.build() for record in self.records)
            + self.extra
        )


Packet = Message | QueryV2 | ReportV2


def read(reader: Reader) -> Packet:
    """Takes one message, which is all that `reader` holds and of a type in TYPES."""
    kind = reader.data[reader.offset] if reader.left else -1
    if kind == REPORT_V2:
        return ReportV2.read(reader)
    if kind == QUERY and reader.left >= _V2_QUERY_LENGTH:
        return QueryV2.read(reader)
    if kind not in TYPES:
        raise reader.fail("type", "130, 131, 132 or 143", str(kind) if kind >= 0 else "nothing", reader.offset)
    return Message.read(reader)


def parse(data: bytes) -> Packet:
    """The message that `data` is."""
    return read(Reader(data, "mld", record=False))
