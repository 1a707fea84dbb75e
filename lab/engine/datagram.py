"""What engines and shells hand each other: addresses and datagrams. Nothing here knows a protocol."""

from __future__ import annotations

from dataclasses import dataclass

Address = tuple[str, int]
"""Host (an IPv4 or IPv6 literal) and UDP port."""


@dataclass(frozen=True, slots=True)
class Send:
    """A datagram that an engine wants sent."""

    data: bytes
    to: Address
