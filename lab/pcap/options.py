"""The options at the end of a pcapng block, both ways. The rule: an unknown option is stepped over by its length.

   0                   1                   2                   3
  +-------------------------------+-------------------------------+
0 | Option code                   | Option length n               |
  +-------------------------------+-------------------------------+
4 | n bytes of value, padded with zeros to a multiple of 4        |
  +---------------------------------------------------------------+
  ... until opt_endofopt (code 0, length 0) or the end of the block.   draft-ietf-opsawg-pcapng section 3.5
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from lab.pcap.record import CaptureError

END = 0
COMMENT = 1

SECTION_HARDWARE = 2
SECTION_OS = 3
SECTION_APPLICATION = 4

INTERFACE_NAME = 2
INTERFACE_DESCRIPTION = 3
INTERFACE_RESOLUTION = 9
INTERFACE_OFFSET = 14

STATISTICS_RECEIVED = 4
STATISTICS_DROPPED = 5

Option = tuple[int, bytes]


def read_options(body: bytes, position: int, order: str, block_offset: int) -> Iterator[Option]:
    """Code and value of each option from `position` of a block's body on. Raises CaptureError, naming the block."""
    header = struct.Struct(order + "HH")
    while position < len(body):
        if position + 4 > len(body):
            raise CaptureError(block_offset, "the block ends within an option's header")
        code, length = header.unpack_from(body, position)
        position += 4
        if code == END:
            return
        if position + length > len(body):
            room = len(body) - position
            raise CaptureError(block_offset, f"option {code} claims {length} bytes; its block has {room} left")
        yield code, body[position : position + length]
        position += padded(length)


def comments(options: Iterable[Option]) -> tuple[bytes, ...]:
    """Every comment among the options, as the bytes it was."""
    return tuple(value for code, value in options if code == COMMENT)


def write_options(options: Iterable[Option], order: str) -> bytes:
    """The options as bytes with their end mark; nothing at all when there are none. ValueError over 65,535 bytes."""
    written = bytearray()
    for code, value in options:
        if len(value) > 0xFFFF:
            raise ValueError(f"option {code} has {len(value)} bytes; a pcapng option holds at most 65535")
        written += struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
    if written:
        written += bytes(4)
    return bytes(written)


def padded(length: int) -> int:
    """`length` rounded up to a multiple of four, as pcapng pads everything."""
    return (length + 3) & ~3
