"""IPv6 extension headers (RFC 8200 section 4, RFC 4302). Rule: each says what comes next and how long it is itself.

+-------------+--------+~~~~~~~~~~~~~~~+
| next header | length | by the header |     length: units of 8 bytes, the first 8 not counted;
+-------------+--------+~~~~~~~~~~~~~~~+     authentication: units of 4 bytes, minus 2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address
from lab.wire.error import BuildError
from lab.wire.field import Reader, bit
from lab.wire.ipv6 import read_next_header
from lab.wire.octets import packed, uint

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT_HEADER, DESTINATION = 0, 43, 44, 51, 59, 60
PAD1, PADN = 0, 1
_OPTION_NAMES = {
    0: "one byte of padding", 1: "padding", 5: "router alert", 0x26: "quick start", 0x63: "RPL", 0xC2: "jumbo payload",
    0xC9: "home address",
}  # fmt: skip
_UNKNOWN_OPTION = {0: "skip", 1: "discard", 2: "discard, report", 3: "discard, report unless multicast"}
_SOURCE = "RFC 8200 section 4"


@dataclass(frozen=True, slots=True)
class Option:
    """`data` is without type and length; None for Pad1, which has neither length nor data."""

    type: int
    data: bytes | None = None

    def build(self) -> bytes:
        if (self.data is None) != (self.type == PAD1):
            raise BuildError("ipv6.option_data", "none for Pad1, bytes for all others", repr(self.data))
        if self.data is None:
            return b"\0"
        return uint("ipv6.option_type", self.type, 1) + uint("ipv6.option_length", len(self.data), 1) + self.data


@dataclass(frozen=True, slots=True)
class Options:
    """Hop-by-hop options or destination options: the header before it says which (RFC 8200 sections 4.3, 4.6)."""

    next_header: int
    options: tuple[Option, ...]
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        next_header, end = _head(reader)
        options = []
        while reader.offset < end:
            options.append(_option(reader, end))
        return cls(next_header, tuple(options), reader.payload())

    def build(self) -> bytes:
        return _built(self.next_header, b"".join(option.build() for option in self.options)) + self.payload


@dataclass(frozen=True, slots=True)
class Routing:
    """RFC 8200 section 4.4; `data` is what follows the first four bytes, addresses at its end in types 0, 2 and 4."""

    next_header: int
    routing_type: int
    segments_left: int
    data: bytes
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        next_header, end = _head(reader)
        routing_type = reader.uint("routing_type", 1, source=_SOURCE)
        segments_left = reader.uint("segments_left", 1, source=_SOURCE)
        data = reader.octets("data", end - reader.offset, source=_SOURCE)
        return cls(next_header, routing_type, segments_left, data, reader.payload())

    def build(self) -> bytes:
        head = uint("routing.routing_type", self.routing_type, 1) + uint("routing.segments_left", self.segments_left, 1)
        return _built(self.next_header, head + self.data) + self.payload

    @property
    def final_destination(self) -> bytes:
        """The address that checksums are computed for; b"" where this header does not change it."""
        if self.segments_left == 0 or len(self.data) < 20:
            return b""
        match self.routing_type:
            case 0 | 2:
                return self.data[-16:]
            case 4:  # Segment routing lists its segments from the last to the first (RFC 8754).
                return self.data[4:20]
            case _:
                return b""


@dataclass(frozen=True, slots=True)
class Fragment:
    """RFC 8200 section 4.5; `fragment_offset` counts units of 8 bytes."""

    next_header: int
    fragment_offset: int
    more_fragments: int
    identification: int
    reserved: int = 0
    reserved_bits: int = 0
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        source = "RFC 8200 section 4.5"
        next_header = read_next_header(reader, source)
        reserved = reader.uint("reserved", 1, source=source)
        number = reader.uint("offset_and_more", 2, source=source)
        reader.explain(
            f"fragment at byte {number & 0xFFF8}" + (", more follow" if number & 1 else ""),
            bit("fragment_offset", 0xFFF8, number, f"byte {number & 0xFFF8}"),
            bit("reserved_bits", 0x0006, number),
            bit("more_fragments", 0x0001, number),
        )
        identification = reader.uint("identification", 4, source=source)
        return cls(next_header, number >> 3, number & 1, identification, reserved, number >> 1 & 3, reader.payload())

    def build(self) -> bytes:
        parts = (self.fragment_offset, 13), (self.reserved_bits, 2), (self.more_fragments, 1)
        return (
            uint("ipv6_fragment.next_header", self.next_header, 1)
            + uint("ipv6_fragment.reserved", self.reserved, 1)
            + packed("ipv6_fragment.offset_and_more", 2, *parts)
            + uint("ipv6_fragment.identification", self.identification, 4)
            + self.payload
        )

    @property
    def is_whole(self) -> bool:
        """An atomic fragment (RFC 6946) holds the whole packet."""
        return self.fragment_offset == 0 and not self.more_fragments


@dataclass(frozen=True, slots=True)
class Authentication:
    """RFC 4302 section 2."""

    next_header: int
    reserved: int
    security_parameters_index: int
    sequence_number: int
    integrity_check_value: bytes
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        source = "RFC 4302 section 2"
        next_header = read_next_header(reader, source)
        words = reader.uint("length", 1, source=source)
        reader.explain(f"{(words + 2) * 4} bytes of header")
        if words < 1:
            raise reader.fail("length", "at least 1", str(words))
        return cls(
            next_header,
            reader.uint("reserved", 2, source=source),
            reader.uint("security_parameters_index", 4, source=source),
            reader.uint("sequence_number", 4, source=source),
            reader.octets("integrity_check_value", (words - 1) * 4, source=source),
            reader.payload(),
        )

    def build(self) -> bytes:
        words, rest = divmod(len(self.integrity_check_value), 4)
        if rest:
            raise BuildError("authentication.integrity_check_value", "whole words", f"{words * 4 + rest} bytes")
        return (
            uint("authentication.next_header", self.next_header, 1)
            + uint("authentication.length", words + 1, 1)
            + uint("authentication.reserved", self.reserved, 2)
            + uint("authentication.security_parameters_index", self.security_parameters_index, 4)
            + uint("authentication.sequence_number", self.sequence_number, 4)
            + self.integrity_check_value
            + self.payload
        )


def _head(reader: Reader) -> tuple[int, int]:
    """The two bytes most headers begin with; returns what comes next and where this header ends."""
    start = reader.offset
    next_header = read_next_header(reader, _SOURCE)
    units = reader.uint("length", 1, source=_SOURCE)
    reader.explain(f"{(units + 1) * 8} bytes of header")
    end = start + (units + 1) * 8
    if end > reader.end:
        raise reader.fail("length", f"at most the {reader.end - start} bytes there are", f"{end - start} bytes")
    return next_header, end


def _built(next_header: int, rest: bytes) -> bytes:
    units, over = divmod(2 + len(rest), 8)
    if over or not units:
        raise BuildError("ipv6.extension", "whole units of 8 bytes", f"{2 + len(rest)} bytes")
    return uint("ipv6.next_header", next_header, 1) + uint("ipv6.length", units - 1, 1) + rest


def _option(reader: Reader, end: int) -> Option:
    source = "RFC 8200 section 4.2"
    kind = reader.uint("option_type", 1, source=source)
    reader.explain(_OPTION_NAMES.get(kind, "unknown"), bit("if_unknown", 0xC0, kind, _UNKNOWN_OPTION))
    if kind == PAD1:
        return Option(kind)
    if reader.offset == end:
        raise reader.fail("option_length", "a length for the option", "the end of the header", end)
    length = reader.uint("option_length", 1, source=source)
    if length > end - reader.offset:
        raise reader.fail("option_length", f"at most {end - reader.offset}", str(length))
    data = reader.octets("option_data", length, source=source)
    if kind == 0xC9 and length == 16:
        reader.explain(address.ipv6(data))
    return Option(kind, data)


ExtensionHeader = Options | Routing | Fragment | Authentication
