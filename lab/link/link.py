"""A link carries whole frames and knows the time; it knows no protocol."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """Two real implementations exist: a raw socket and the in-memory wire with its virtual clock."""

    def send(self, frame: bytes) -> None:
        """Puts one whole frame on the wire."""

    def receive(self, timeout_s: float) -> bytes | None:
        """The next frame, or None when `timeout_s` passes on this link's clock."""

    def now_ns(self) -> int:
        """This link's clock, in nanoseconds: monotonic on a real wire, virtual in memory."""

    def close(self) -> None:
        """Gives back what the link holds."""
