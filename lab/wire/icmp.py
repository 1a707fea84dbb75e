"""ICMP (RFC 792): echo and the errors, which quote the packet they are about. Rule: other types are kept as they are.

+------+------+----------+---------------------+~~~~~~~~~~~~~~~~~~~~~~+
| type | code | checksum | 4 bytes by the type | quoted packet / data |
+------+------+----------+---------------------+~~~~~~~~~~~~~~~~~~~~~~+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address, checksum
from lab.wire.field import Reader
from lab.wire.octets import exactly, uint

PROTOCOL = 1
ECHO_REPLY, UNREACHABLE, SOURCE_QUENCH, REDIRECT, ECHO, TIME_EXCEEDED, PARAMETER_PROBLEM = 0, 3, 4, 5, 8, 11, 12
TYPE_NAMES = {
    0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect", 8: "echo",
    9: "router advertisement", 10: "router solicitation", 11: "time exceeded",
    12: "parameter problem", 13: "timestamp", 14: "timestamp reply",
}  # fmt: skip
CODE_NAMES = {
    (3, 0): "network unreachable", (3, 1): "host unreachable", (3, 2): "protocol unreachable",
    (3, 3): "port unreachable", (3, 4): "fragmentation needed", (3, 5): "source route failed",
    (3, 9): "network prohibited", (3, 10): "host prohibited", (3, 13): "communication prohibited",
    (5, 0): "for the network", (5, 1): "for the host", (11, 0): "in transit", (11, 1): "in reassembly",
    (12, 0): "pointer says where", (12, 1): "option missing", (12, 2): "bad length",
}  # fmt: skip
_ERRORS = frozenset({UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM})
_EXTENDED = frozenset({UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM})
"""Errors whose sixth byte may give the length of the quoted packet (RFC 4884)."""
_SOURCE = "RFC 792"


@dataclass(frozen=True, slots=True)
class Echo:
    """Echo (8) or echo reply (0)."""

    type: int
    code: int
    checksum: int
    identifier: int
    sequence_number: int
    data: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            *_head(reader),
            reader.uint("identifier", 2, source=_SOURCE),
            reader.uint("sequence_number", 2, source=_SOURCE),
            reader.rest("data", source=_SOURCE),
        )

    def build(self) -> bytes:
        numbers = uint("icmp.identifier", self.identifier, 2) + uint("icmp.sequence_number", self.sequence_number, 2)
        return _built(self.type, self.code, self.checksum) + numbers + self.data


@dataclass(frozen=True, slots=True)
class Error:
    """Types 3, 4, 5, 11 and 12. `rest_of_header` are the four bytes by the type; `payload` is the quoted packet."""

    type: int
    code: int
    checksum: int
    rest_of_header: bytes
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        kind, code, found = _head(reader)
        return cls(kind, code, found, _rest_of_header(reader, kind), reader.payload())

    def build(self) -> bytes:
        rest = exactly("icmp.rest_of_header", self.rest_of_header, 4)
        return _built(self.type, self.code, self.checksum) + rest + self.payload

    @property
    def quoted_length(self) -> int:
        """Bytes of `payload` that are the quoted packet; what follows are extensions (RFC 4884)."""
        stated = self.rest_of_header[1] * 4 if self.type in _EXTENDED else 0
        return min(stated, len(self.payload)) or len(self.payload)


@dataclass(frozen=True, slots=True)
class Other:
    """Every other type."""

    type: int
    code: int
    checksum: int
    data: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(*_head(reader), reader.rest("data"))

    def build(self) -> bytes:
        return _built(self.type, self.code, self.checksum) + self.data


Message = Echo | Error | Other


def read(reader: Reader) -> Message:
    """Takes one message, which is all that `reader` holds."""
    kind = reader.data[reader.offset] if reader.left else -1
    if kind in (ECHO, ECHO_REPLY):
        return Echo.read(reader)
    return Error.read(reader) if kind in _ERRORS else Other.read(reader)


def parse(data: bytes) -> Message:
    """The message that `data` is."""
    return read(Reader(data, "icmp", record=False))


def expected_checksum(message: Message) -> int:
    built = message.build()
    return checksum.internet_checksum(built[:2], built[4:])


def _head(reader: Reader) -> tuple[int, int, int]:
    kind = reader.uint("type", 1, source=_SOURCE)
    reader.explain(TYPE_NAMES.get(kind, "unknown"))
    code = reader.uint("code", 1, source=_SOURCE)
    reader.explain(CODE_NAMES.get((kind, code), ""))
    return kind, code, reader.uint("checksum", 2, source=_SOURCE)


def _rest_of_header(reader: Reader, kind: int) -> bytes:
    start = reader.offset
    if kind == REDIRECT:
        reader.octets("gateway", 4, source=_SOURCE)
        reader.explain(address.ipv4(reader.data[start : reader.offset]))
    elif kind == SOURCE_QUENCH:
        reader.octets("unused", 4, source=_SOURCE)
    else:
        reader.uint("pointer" if kind == PARAMETER_PROBLEM else "unused", 1, source=_SOURCE)
        words = reader.uint("length", 1, source="RFC 4884 section 4")
        reader.explain(f"{words * 4} bytes quoted, then extensions" if words else "not stated")
        if kind == UNREACHABLE:
            reader.uint("next_hop_mtu", 2, source="RFC 1191 section 4")
        else:
            reader.octets("unused", 2, source=_SOURCE)
    return reader.data[start : reader.offset]


def _built(kind: int, code: int, found: int) -> bytes:
    return uint("icmp.type", kind, 1) + uint("icmp.code", code, 1) + uint("icmp.checksum", found, 2)
