"""Options as IPv4 and TCP have them. Rule: the length counts its own two bytes; kinds 0 and 1 stand alone.

+------+--------+~~~~~~~+
| kind | length | data  |     0 ends the list, what follows it is padding; 1 is one byte of nothing
+------+--------+~~~~~~~+
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.wire.error import BuildError
from lab.wire.field import Reader
from lab.wire.octets import uint

END, NOTHING = 0, 1


@dataclass(frozen=True, slots=True)
class Option:
    """`data` is without kind and length; None for the two kinds that have no length."""

    kind: int
    data: bytes | None = None

    def build(self) -> bytes:
        if (self.data is None) != (self.kind in (END, NOTHING)):
            raise BuildError("option.data", "none for kinds 0 and 1, bytes for all others", repr(self.data))
        if self.data is None:
            return bytes((self.kind,))
        return uint("option.kind", self.kind, 1) + uint("option.length", 2 + len(self.data), 1) + self.data


def read_options(reader: Reader, end: int, names: Mapping[int, str], source: str) -> tuple[tuple[Option, ...], bytes]:
    """The options up to the offset `end`, and the padding after their end."""
    options: list[Option] = []
    while reader.offset < end:
        kind = reader.uint("option_kind", 1, source=source)
        reader.explain(names.get(kind, "unknown"))
        if kind == END:
            options.append(Option(kind))
            return tuple(options), reader.octets("option_padding", end - reader.offset, source=source)
        if kind == NOTHING:
            options.append(Option(kind))
            continue
        if reader.offset == end:
            raise reader.fail("option_length", "a length for the option", "the end of the header", end)
        length = reader.uint("option_length", 1, source=source)
        if not 2 <= length <= end - reader.last + 1:
            raise reader.fail("option_length", f"2 to {end - reader.last + 1}", str(length))
        options.append(Option(kind, reader.octets("option_data", length - 2, source=source)))
    return tuple(options), b""


def build_options(options: tuple[Option, ...], padding: bytes, field: str, most: int) -> bytes:
    """Their bytes: whole 32-bit words, at most `most` bytes."""
    data = b"".join(option.build() for option in options) + padding
    ends = [place for place, option in enumerate(options) if option.kind == END]
    if ends not in ([], [len(options) - 1]) or (padding and not ends):
        raise BuildError(f"{field}.options", "an option of kind 0 last, padding only after it", f"at {ends}")
    if len(data) % 4 or len(data) > most:
        raise BuildError(f"{field}.options", f"whole words, at most {most} bytes", f"{len(data)} bytes")
    return data
