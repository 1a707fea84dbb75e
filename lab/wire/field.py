"""Reads bytes field by field and remembers where each one stood; every byte ends up in exactly one field.

A packet's `read` takes its values out of a Reader; the record that the Reader keeps on the way is the
explanation of those bytes. So the format is told once, and what is explained is what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lab.wire.error import WireError

Order = Literal["big", "little", ""]
"""Byte order of a number; empty where order has no meaning (one byte, text, addresses)."""


@dataclass(frozen=True, slots=True)
class Bits:
    """A part of a number that has a meaning of its own. `mask` says which bits, `value` is shifted down."""

    name: str
    mask: int
    value: int
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it stood on the wire.

    `offset` counts bytes from the start of the whole input. `value` is an int for numbers (also for numbers written
    as decimal text, which have no byte order) and bytes, without any terminator, for everything else; `meaning` is
    our own printable words for it, never text copied from the wire.
    """

    name: str
    offset: int
    raw: bytes
    order: Order
    value: int | bytes
    meaning: str = ""
    source: str = ""
    bits: tuple[Bits, ...] = ()

    @property
    def width(self) -> int:
        return len(self.raw)

    @property
    def end(self) -> int:
        return self.offset + len(self.raw)

    @property
    def swapped(self) -> int | None:
        """What a number would be in the other byte order; None where there is no other order."""
        if not isinstance(self.value, int) or not self.order:
            return None
        return int.from_bytes(self.raw, "little" if self.order == "big" else "big")


def bit(name: str, mask: int, number: int, meaning: str | Mapping[int, str] = "") -> Bits:
    """The part of `number` under `mask`, shifted down; a table of meanings is looked up by its value."""
    value = (number & mask) >> ((mask & -mask).bit_length() - 1)
    return Bits(name, mask, value, meaning if isinstance(meaning, str) else meaning.get(value, ""))


class Reader:
    """A cursor over `data[start:end]` that names what it takes. Field names get `layer` as a prefix.

    With `record=False` it takes the same bytes by the same rules but keeps no record: the fast way to read.
    """

    __slots__ = ("data", "end", "fields", "last", "layer", "offset", "payload_offset", "record")

    def __init__(self, data: bytes, layer: str, start: int = 0, end: int | None = None, *, record: bool = True) -> None:
        self.data = data
        self.layer = layer
        self.offset = start
        self.end = len(data) if end is None else end
        self.record = record
        self.last = start  # where the field read last began; an error about its value points there
        self.payload_offset: int | None = None
        self.fields: list[Field] = []

    @property
    def left(self) -> int:
        return self.end - self.offset

    def uint(self, name: str, width: int, *, order: Literal["big", "little"] = "big", source: str = "") -> int:
        start = self.offset
        stop = start + width
        if stop > self.end:
            raise self._short(name, width)
        self.offset = stop
        self.last = start
        raw = self.data[start:stop]
        value = int.from_bytes(raw, order)
        if self.record:
            self._keep(name, raw, order if width > 1 else "", value, source)
        return value

    def octets(self, name: str, count: int, *, source: str = "") -> bytes:
        """Exactly `count` bytes; no field is recorded when that is none."""
        start = self.offset
        stop = start + count
        if stop > self.end:
            raise self._short(name, count)
        self.offset = stop
        self.last = start
        raw = self.data[start:stop]
        if self.record and raw:
            self._keep(name, raw, "", raw, source)
        return raw

    def rest(self, name: str, *, source: str = "") -> bytes:
        """Everything left; no field is recorded when nothing is."""
        return self.octets(name, self.end - self.offset, source=source)

    def payload(self) -> bytes:
        """Everything left, for another layer to read: no field is recorded, only where it began."""
        self.payload_offset = self.offset
        self.offset = self.end
        return self.data[self.payload_offset : self.end]

    def limit(self, count: int) -> None:
        """The packet itself says that it has only `count` bytes more; what follows is not its own."""
        self.end = min(self.end, self.offset + max(count, 0))

    def until(self, name: str, terminator: bytes, *, source: str = "") -> bytes:
        """The bytes up to a one-byte terminator, which belongs to the field and not to the value."""
        found = self.data.find(terminator, self.offset, self.end)
        if found < 0:
            raise WireError(
                f"{self.layer}.{name}", self.offset, f"a terminating {terminator!r}", f"none in {self.left} bytes"
            )
        start = self.offset
        self.offset = found + 1
        self.last = start
        raw = self.data[start : found + 1]
        if self.record:
            self._keep(name, raw, "", raw[:-1], source)
        return raw[:-1]

    def explain(self, meaning: str = "", *bits: Bits, value: int | None = None) -> None:
        """Adds our words, and the parts of a number, to the field read last. `value` replaces text by its number."""
        if self.record:
            old = self.fields[-1]
            number = old.value if value is None else value
            # Written out, for dataclasses.replace takes a third of the time of reading a whole frame.
            self.fields[-1] = Field(old.name, old.offset, old.raw, old.order, number, meaning, old.source, bits)

    def fail(self, name: str, wanted: str, found: str, offset: int | None = None) -> WireError:
        """The error for a field of this layer; by default it points at the field read last."""
        return WireError(f"{self.layer}.{name}", self.last if offset is None else offset, wanted, found)

    def finish(self) -> None:
        """Asserts that nothing is left over."""
        if self.offset != self.end:
            raise WireError(f"{self.layer}.trailing", self.offset, "the end of the packet", f"{self.left} more bytes")

    def _short(self, name: str, count: int) -> WireError:
        return WireError(f"{self.layer}.{name}", self.offset, f"{count} bytes", f"{self.left} bytes")

    def _keep(self, name: str, raw: bytes, order: Order, value: int | bytes, source: str) -> None:
        self.fields.append(Field(f"{self.layer}.{name}", self.offset - len(raw), raw, order, value, "", source))
