"""The six TFTP packets (RFC 1350 section 5, RFC 2347): what may stand on the wire is read, what it asks is not judged.

           2 bytes    string    1 byte  string  1 byte   string     1 byte  string    1 byte
          +--------+~~~~~~~~~~~+-----+~~~~~~~~+-----+~~~~~~~~~~~~~+-----+~~~~~~~~~~~+-----+
RRQ, WRQ  | 1 or 2 | filename  |  0  |  mode  |  0  | option name |  0  |   value   |  0  | ...
          +--------+~~~~~~~~~~~+-----+~~~~~~~~+-----+~~~~~~~~~~~~~+-----+~~~~~~~~~~~+-----+
OACK      |   6    |                                | option name |  0  |   value   |  0  | ...
          +--------+                                +~~~~~~~~~~~~~+-----+~~~~~~~~~~~+-----+

           2 bytes   2 bytes    n bytes                         2 bytes   2 bytes
          +--------+----------+~~~~~~~~~~~+                    +--------+----------+
DATA      |   3    |  block   |   data    |          ACK       |   4    |  block   |
          +--------+----------+~~~~~~~~~~~+-----+              +--------+----------+
ERROR     |   5    |   code   |  message  |  0  |
          +--------+----------+~~~~~~~~~~~+-----+              Every number in network order.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from lab.wire.error import BuildError, WireError
from lab.wire.field import Reader


class Opcode(IntEnum):
    """RFC 1350 section 5; OACK from RFC 2347."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """RFC 1350 appendix I; 8 from RFC 2347. Packets carry plain ints, so other codes survive."""

    NOT_DEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER_ID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_NEGOTIATION_FAILED = 8


MODES = frozenset({b"netascii", b"octet", b"mail"})
"""The modes of RFC 1350 section 1, in lower case; on the wire any case is allowed."""

Options = tuple[tuple[bytes, bytes], ...]

_RFC1350 = "RFC 1350 section 5"
_RFC2347 = "RFC 2347"
_OPCODE_NAMES = {code.value: code.name for code in Opcode}
_ERROR_NAMES = {code.value: code.name.lower().replace("_", " ") for code in ErrorCode}
# Network order, twice: opcode, then block number or error code.
_TWO_NUMBERS = struct.Struct(">HH")


@dataclass(frozen=True, slots=True)
class ReadRequest:
    filename: bytes
    mode: bytes
    options: Options = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.RRQ)
        return cls(*_request(reader))

    def build(self) -> bytes:
        return _build_request(Opcode.RRQ, self.filename, self.mode, self.options)


@dataclass(frozen=True, slots=True)
class WriteRequest:
    filename: bytes
    mode: bytes
    options: Options = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.WRQ)
        return cls(*_request(reader))

    def build(self) -> bytes:
        return _build_request(Opcode.WRQ, self.filename, self.mode, self.options)


@dataclass(frozen=True, slots=True)
class Data:
    block: int
    data: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.DATA)
        return cls(reader.uint("block", 2, source=_RFC1350), reader.rest("data", source=_RFC1350))

    def build(self) -> bytes:
        return _number(Opcode.DATA, "tftp.block", self.block) + self.data


@dataclass(frozen=True, slots=True)
class Ack:
    block: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.ACK)
        return cls(reader.uint("block", 2, source=_RFC1350))

    def build(self) -> bytes:
        return _number(Opcode.ACK, "tftp.block", self.block)


@dataclass(frozen=True, slots=True)
class Error:
    code: int
    message: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.ERROR)
        code = reader.uint("error_code", 2, source="RFC 1350 appendix I")
        reader.explain(_ERROR_NAMES.get(code, "unknown"))
        return cls(code, reader.until("error_message", b"\0", source=_RFC1350))

    def build(self) -> bytes:
        return _number(Opcode.ERROR, "tftp.error_code", self.code) + _string("tftp.error_message", self.message)


@dataclass(frozen=True, slots=True)
class Oack:
    options: Options = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _opcode(reader, Opcode.OACK)
        return cls(_read_options(reader))

    def build(self) -> bytes:
        return Opcode.OACK.to_bytes(2, "big") + _build_options(self.options)


Packet = ReadRequest | WriteRequest | Data | Ack | Error | Oack

# A table by opcode and not six tests: parse is on the path of every block that is transferred.
_PACKETS: dict[bytes, type[ReadRequest | WriteRequest | Data | Ack | Error | Oack]] = {
    b"\0\1": ReadRequest,
    b"\0\2": WriteRequest,
    b"\0\3": Data,
    b"\0\4": Ack,
    b"\0\5": Error,
    b"\0\6": Oack,
}


def parse(data: bytes) -> Packet:
    """The packet that `data` is, all of it. WireError where it is none."""
    reader = Reader(data, "tftp", record=False)
    packet = read(reader)
    reader.finish()
    return packet


def read(reader: Reader) -> Packet:
    """Takes one packet out of `reader`; what follows it is left there."""
    start = reader.offset
    kind = _PACKETS.get(reader.data[start : min(start + 2, reader.end)])
    if kind is None:
        number = reader.uint("opcode", 2, source=_RFC1350)
        reader.explain("unknown")
        raise reader.fail("opcode", "1 to 6", str(number))
    return kind.read(reader)


def _opcode(reader: Reader, wanted: Opcode) -> None:
    number = reader.uint("opcode", 2, source=_RFC1350 if wanted < Opcode.OACK else _RFC2347)
    if reader.record:
        reader.explain(_OPCODE_NAMES.get(number, "unknown"))
    if number != wanted:
        raise reader.fail("opcode", str(int(wanted)), str(number))


def _request(reader: Reader) -> tuple[bytes, bytes, Options]:
    filename = reader.until("filename", b"\0", source=_RFC1350)
    mode = reader.until("mode", b"\0", source="RFC 1350 section 1")
    return filename, mode, _read_options(reader)


def _read_options(reader: Reader) -> Options:
    options = []
    while reader.left:
        name = reader.until("option_name", b"\0", source=_RFC2347)
        if not reader.left:
            raise WireError(f"{reader.layer}.option_value", reader.offset, "a value for the option", "the end")
        options.append((name, reader.until("option_value", b"\0", source=_RFC2347)))
    return tuple(options)


def _number(opcode: Opcode, field: str, value: int) -> bytes:
    if not 0 <= value <= 0xFFFF:
        raise BuildError(field, "0 to 65535", str(value))
    return _TWO_NUMBERS.pack(opcode, value)


def _string(field: str, value: bytes) -> bytes:
    if 0 in value:
        raise BuildError(field, "no NUL inside", repr(value))
    return value + b"\0"


def _build_request(opcode: Opcode, filename: bytes, mode: bytes, options: Options) -> bytes:
    strings = _string("tftp.filename", filename) + _string("tftp.mode", mode)
    return opcode.to_bytes(2, "big") + strings + _build_options(options)


def _build_options(options: Options) -> bytes:
    return b"".join(_string("tftp.option_name", name) + _string("tftp.option_value", value) for name, value in options)
