"""Block numbers on the wire are 16 bits; transfers are longer. Inside the engines blocks count on, here they wrap.

Block 65535 is followed by 0, or by 1 where the option `rollover` says so (RFC 1350 is silent on it).
"""

from __future__ import annotations


def on_wire(block: int, rollover: int | None) -> int:
    """The 16-bit number of the nth block, counted from 1; 0 is the answer to the request."""
    if rollover == 1 and block > 0:
        return (block - 1) % 65535 + 1
    return block & 0xFFFF


def ahead(number: int, block: int, rollover: int | None) -> int | None:
    """How many blocks after `block` the next one with this 16-bit number comes: 0 is `block` itself.

    None for number 0 where 0 is skipped and cannot be meant.
    """
    if rollover == 1:
        if block == 0:
            return number
        return (number - on_wire(block, 1)) % 65535 if number else None
    return (number - block) & 0xFFFF
