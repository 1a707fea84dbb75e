"""ICMPv6 (RFC 4443): echo and the errors, which quote the packet they are about. Rule: other types stay as they are.

  +------+------+----------+---------------------+~~~~~~~~~~~~~~~~~~~~~~+
  | type | code | checksum | 4 bytes by the type | quoted packet / data |
  +------+------+----------+---------------------+~~~~~~~~~~~~~~~~~~~~~~+
Neighbour discovery is in `ndp`, listeners in `mld`. The checksum covers IPv6's pseudo-header (RFC 4443 section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import checksum, mld, ndp
from lab.wire.field import Reader
from lab.wire.icmpv6_head import build_head, read_head
from lab.wire.octets import exactly, uint

PROTOCOL = 58
UNREACHABLE, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM, ECHO_REQUEST, ECHO_REPLY = 1, 2, 3, 4, 128, 129
_ERRORS = frozenset({UNREACHABLE, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM})
_SOURCE = "RFC 4443"


@dataclass(frozen=True, slots=True)
class Echo:
    """Echo request (128) or reply (129)."""

    type: int
    code: int
    checksum: int
    identifier: int
    sequence_number: int
    data: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(
            *read_head(reader),
            reader.uint("identifier", 2, source=_SOURCE),
            reader.uint("sequence_number", 2, source=_SOURCE),
            reader.rest("data", source=_SOURCE),
        )

    def build(self) -> bytes:
        return (
            build_head(self.type, self.code, self.checksum)
            + uint("icmpv6.identifier", self.identifier, 2)
            + uint("icmpv6.sequence_number", self.sequence_number, 2)
            + self.data
        )


@dataclass(frozen=True, slots=True)
class Error:
    """Types 1 to 4. `rest_of_header` are the four bytes by the type; `payload` is the quoted packet."""

    type: int
    code: int
    checksum: int
    rest_of_header: bytes
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        kind, code, found = read_head(reader)
        return cls(kind, code, found, _rest_of_header(reader, kind), reader.payload())

    def build(self) -> bytes:
        rest = exactly("icmpv6.rest_of_header", self.rest_of_header, 4)
        return build_head(self.type, self.code, self.checksum) + rest + self.payload

    @property
    def quoted_length(self) -> int:
        """Bytes of `payload` that are the quoted packet; what follows are extensions (RFC 4884)."""
        stated = self.rest_of_header[0] * 8 if self.type in (UNREACHABLE, TIME_EXCEEDED) else 0
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
        return cls(*read_head(reader), reader.rest("data"))

    def build(self) -> bytes:
        return build_head(self.type, self.code, self.checksum) + self.data


Message = Echo | Error | Other | ndp.Message | mld.Packet


def read(reader: Reader) -> Message:
    """Takes one message, which is all that `reader` holds."""
    kind = reader.data[reader.offset] if reader.left else -1
    if kind in (ECHO_REQUEST, ECHO_REPLY):
        return Echo.read(reader)
    if kind in _ERRORS:
        return Error.read(reader)
    if kind in mld.TYPES:
        return mld.read(reader)
    return ndp.MESSAGES[kind].read(reader) if kind in ndp.MESSAGES else Other.read(reader)


def parse(data: bytes) -> Message:
    """The message that `data` is."""
    return read(Reader(data, "icmpv6", record=False))


def expected_checksum(built: bytes, source: bytes, destination: bytes) -> int:
    """For a built message, whatever its checksum says, between IPv6 addresses of 16 bytes each."""
    pseudo = checksum.pseudo_header(source, destination, PROTOCOL, len(built))
    return checksum.internet_checksum(pseudo, built[:2], built[4:])


def _rest_of_header(reader: Reader, kind: int) -> bytes:
    start = reader.offset
    if kind == PACKET_TOO_BIG:
        reader.uint("mtu", 4, source="RFC 4443 section 3.2")
    elif kind == PARAMETER_PROBLEM:
        reader.uint("pointer", 4, source="RFC 4443 section 3.4")
    else:
        units = reader.uint("length", 1, source="RFC 4884 section 4")
        reader.explain(f"{units * 8} bytes quoted, then extensions" if units else "not stated")
        reader.octets("unused", 3, source=_SOURCE)
    return reader.data[start : reader.offset]
