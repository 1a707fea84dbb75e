"""The Internet checksum (RFC 1071). Rule: it computes what a checksum should be; it never corrects one.

Three verdicts on a checksum that was found: right, wrong, or partial. A sender's kernel that leaves the work to the
network card stores only the pseudo-header's sum; captured before the card, that is unfinished and not wrong.
"""

from __future__ import annotations

import struct
from typing import Literal

Verdict = Literal["right", "wrong", "partial"]


def ones_complement_sum(*parts: bytes) -> int:
    """The sum of 16-bit numbers in network order with end-around carry; every part but the last has an even length."""
    data = b"".join(parts)
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def internet_checksum(*parts: bytes) -> int:
    """What to put into a checksum field that is zero in `parts`."""
    return 0xFFFF - ones_complement_sum(*parts)


def pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    """IPv4: RFC 768; IPv6: RFC 8200 section 8.1. Addresses of 4 or 16 bytes; `length` of header and data together."""
    if len(source) == 4:
        return source + destination + struct.pack(">BBH", 0, protocol, length & 0xFFFF)
    return source + destination + struct.pack(">IBBBB", length, 0, 0, 0, protocol)


def judge(found: int, wanted: int, pseudo: bytes = b"") -> Verdict:
    """Compares a checksum with what it should be. 0 and 0xFFFF are the same number in one's complement."""
    if found % 0xFFFF == wanted % 0xFFFF:
        return "right"
    if pseudo and found == ones_complement_sum(pseudo):
        return "partial"
    return "wrong"
