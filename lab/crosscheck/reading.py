"""What one reader says of one field, in words that belong to no reader. Rule: nothing here knows a protocol.

A Reading is a claim: "these bits of the frame are that field, they count in this order, and they say this." The
three readers share no table, no number and no routine; they meet here, and only here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Order = Literal["big", "little", "either", "neither", ""]
"""Byte order of a number: what value and bytes together show. "either" where the bytes read the same both ways,
"neither" where the value is not what the bytes say in any order, "" where order has no meaning."""

READERS = ("reference", "scapy", "tshark")


@dataclass(frozen=True, slots=True)
class Reading:
    """One field as one reader sees it. Offset and width count bits from the start of the frame."""

    field: str
    offset_bits: int
    width_bits: int
    order: Order
    value: int | bytes

    @property
    def offset(self) -> int:
        """The first byte that the field touches."""
        return self.offset_bits // 8

    @property
    def end(self) -> int:
        """The byte after the last one that the field touches."""
        return -(-(self.offset_bits + self.width_bits) // 8)


def read_number(field: str, frame: bytes, offset_bits: int, width_bits: int, value: int) -> Reading:
    """A Reading of a number whose byte order is found by looking at the bytes."""
    return Reading(field, offset_bits, width_bits, order_of(frame, offset_bits, width_bits, value), value)


def order_of(frame: bytes, offset_bits: int, width_bits: int, value: int) -> Order:
    """The byte order in which the bits at this place say `value`.

    A reader that merely passes bytes on shows no order; one that gives a number has chosen one, and this tells which.
    """
    raw = frame[offset_bits // 8 : -(-(offset_bits + width_bits) // 8)]
    unused = 8 * len(raw) - offset_bits % 8 - width_bits
    mask = (1 << width_bits) - 1
    big = int.from_bytes(raw, "big") >> unused & mask
    if len(raw) < 2:
        return "" if big == value else "neither"
    little = int.from_bytes(raw, "little") >> unused & mask
    if big == little == value:
        return "either"
    if value == big:
        return "big"
    return "little" if value == little else "neither"
