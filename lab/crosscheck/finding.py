"""One thing that a check noticed in a frame. Rule: it names frame, field and bytes, and says it in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["wrong", "remark"]
"""A remark is worth knowing and fails nothing: an offloaded checksum, a message without its NUL."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`offset` counts bytes from the start of the frame; `raw` are the bytes that stand there."""

    frame: int
    severity: Severity
    field: str
    offset: int
    raw: bytes
    sentence: str


def swapped(number: int, width: int = 2) -> int:
    """The number that these bytes would be in the other order."""
    return int.from_bytes(number.to_bytes(width, "big"), "little")
