"""Addresses in the words people use for them. Rule: packets carry the bytes; these are their printable faces."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


def mac(raw: bytes) -> str:
    """`02:4c:41:42:00:01`."""
    return raw.hex(":")


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
