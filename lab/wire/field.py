"""Reads bytes field by field and remembers where each one stood; every byte ends up in exactly one field.

A packet's `read` takes its values out of a Reader; the record that the Reader keeps on the way is the
explanation of those bytes. So the format is told once, and what is explained is what was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    `offset` counts bytes from the start of the whole input. `value` is an int for numbers and bytes for
    everything else; `meaning` is our own printable words for it, never text copied from the wire.
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
        if not isinstance(self.value, int) or len(self.raw) < 2:
            return None
        return int.from_bytes(self.raw, "little" if self.order == "big" else "big")


class Reader:
    """A cursor over `data[start:end]` that names what it takes. Field names get `layer` as a prefix."""

    def __init__(self, data: bytes, layer: str, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.layer = layer
        self.offset = start
        self.end = len(data) if end is None else end
        self.fields: list[Field] = []

    @property
    def left(self) -> int:
        return self.end - self.offset

    def uint(self, name: str, width: int, *, order: Literal["big", "little"] = "big", source: str = "") -> int:
        raw = self._take(name, width)
        value = int.from_bytes(raw, order)
        self._keep(name, raw, order if width > 1 else "", value, source)
        return value

    def octets(self, name: str, count: int, *, source: str = "") -> bytes:
        raw = self._take(name, count)
        self._keep(name, raw, "", raw, source)
        return raw

    def rest(self, name: str, *, source: str = "") -> bytes:
        """Everything left; no field is recorded when nothing is."""
        raw = self._take(name, self.left)
        if raw:
            self._keep(name, raw, "", raw, source)
        return raw

    def until(self, name: str, terminator: bytes, *, source: str = "") -> bytes:
        """The bytes up to a one-byte terminator, which belongs to the field and not to the value."""
        found = self.data.find(terminator, self.offset, self.end)
        if found < 0:
            raise WireError(
                f"{self.layer}.{name}", self.offset, f"a terminating {terminator!r}", f"none in {self.left} bytes"
            )
        raw = self._take(name, found + 1 - self.offset)
        self._keep(name, raw, "", raw[:-1], source)
        return raw[:-1]

    def explain(self, meaning: str = "", *bits: Bits) -> None:
        """Adds our words, and the parts of a number, to the field read last."""
        self.fields[-1] = replace(self.fields[-1], meaning=meaning, bits=bits)

    def fail(self, name: str, wanted: str, found: str, offset: int | None = None) -> WireError:
        """The error for a field of this layer; by default it points at the field read last."""
        if offset is None:
            offset = self.fields[-1].offset if self.fields else self.offset
        return WireError(f"{self.layer}.{name}", offset, wanted, found)

    def finish(self) -> None:
        """Asserts that nothing is left over."""
        if self.left:
            raise WireError(f"{self.layer}.trailing", self.offset, "the end of the packet", f"{self.left} more bytes")

    def _take(self, name: str, count: int) -> bytes:
        if count > self.left:
            raise WireError(f"{self.layer}.{name}", self.offset, f"{count} bytes", f"{self.left} bytes")
        raw = self.data[self.offset : self.offset + count]
        self.offset += count
        return raw

    def _keep(self, name: str, raw: bytes, order: Order, value: int | bytes, source: str) -> None:
        self.fields.append(Field(f"{self.layer}.{name}", self.offset - len(raw), raw, order, value, "", source))
