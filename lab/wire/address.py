"""Addresses in the words people use for them. Rule: packets carry the bytes; these are their printable faces."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_MAC_WORDS = {b"\xff" * 6: "broadcast", b"\0" * 6: "unspecified"}


def mac(raw: bytes) -> str:
    """`02:4c:41:42:00:01`."""
    return raw.hex(":")


def mac_kind(raw: bytes) -> str:
    """What an EUI-48's first byte and value say: broadcast, multicast, unicast, and who gave it out."""
    if raw in _MAC_WORDS:
        return _MAC_WORDS[raw]
    return ("multicast" if raw[0] & 1 else "unicast") + (", locally administered" if raw[0] & 2 else "")


@lru_cache(maxsize=4096)
def ipv4(raw: bytes) -> str:
    """`10.77.0.1`."""
    return ".".join(map(str, raw))


@lru_cache(maxsize=4096)
def ipv6(raw: bytes) -> str:
    """`fd77::1`, as RFC 5952 writes it."""
    return str(ipaddress.IPv6Address(raw))


def ip(raw: bytes) -> str:
    """Either family, told by length."""
    return ipv4(raw) if len(raw) == 4 else ipv6(raw)
