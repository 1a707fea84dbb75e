"""Values to bytes, refused where they do not fit. Rule: nothing is cut, wrapped or padded to make it fit."""

from __future__ import annotations

from typing import Literal

from lab.wire.error import BuildError


def uint(field: str, value: int, width: int, order: Literal["big", "little"] = "big") -> bytes:
    """An unsigned number of `width` bytes, in network order unless asked otherwise."""
    if not 0 <= value < 1 << (8 * width):
        raise BuildError(field, f"0 to {(1 << (8 * width)) - 1}", str(value))
    return value.to_bytes(width, order)


def packed(field: str, width: int, *parts: tuple[int, int]) -> bytes:
    """One number of `width` bytes out of (value, bits) parts, highest first."""
    number = 0
    for value, bits in parts:
        if not 0 <= value < 1 << bits:
            raise BuildError(field, f"parts of {', '.join(str(part[1]) for part in parts)} bits", str(value))
        number = number << bits | value
    return uint(field, number, width)


def exactly(field: str, value: bytes, count: int) -> bytes:
    """`value` itself, which must be `count` bytes long."""
    if len(value) != count:
        raise BuildError(field, f"{count} bytes", f"{len(value)} bytes")
    return value
