"""Reads pcapng (draft-ietf-opsawg-pcapng), block by block.

The rule: a block is trusted only when both its lengths agree.

     0                   1                   2                   3
    +---------------------------------------------------------------+
  0 | Block type                                                    |
  4 | Block total length, these 12 bytes included, multiple of 4    |
    +---------------------------------------------------------------+
  8 | Body                                                          |
    +---------------------------------------------------------------+
    | Block total length again                                      |
    +---------------------------------------------------------------+

    The file is one or more sections. Each begins with a section header, whose magic 1a2b3c4d tells the section's
    byte order, and has interfaces of its own; the lab numbers interfaces through the whole file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from lab.pcap.options import (
    INTERFACE_DESCRIPTION,
    INTERFACE_NAME,
    INTERFACE_OFFSET,
    INTERFACE_RESOLUTION,
    SECTION_APPLICATION,
    SECTION_HARDWARE,
    SECTION_OS,
    comments,
    padded,
    read_options,
)
from lab.pcap.record import NS_PER_S, CaptureError, Interface, Limits, Record, Section
from lab.pcap.source import Source


class BlockType(IntEnum):
    """The blocks that the lab reads or writes; files hold many others."""

    INTERFACE = 1
    OBSOLETE_PACKET = 2
    SIMPLE_PACKET = 3
    STATISTICS = 5
    ENHANCED_PACKET = 6
    SECTION = 0x0A0D0D0A


SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"
"""The section header's type reads the same in both byte orders, so a file can be known by it."""

_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}


@dataclass(frozen=True, slots=True)
class _Block:
    type: int
    offset: int
    body: bytes


class BlockReader:
    """Walks the blocks of one file and knows the section it is in; memory does not grow with the file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Reads the first section header, whose block type has been consumed already. Raises CaptureError."""
        self._source = source
        self._limits = limits
        self._order = "<"
        self._section_start = 0
        self._number = 0
        self.interfaces: list[Interface] = []
        self.section = Section()
        self._begin_section(self._read_block(SECTION_MAGIC, 0))

    def records(self) -> Iterator[Record]:
        """Every packet to the end of the file. Raises CaptureError after the last whole one."""
        while (block := self._next_block()) is not None:
            match block.type:
                case BlockType.ENHANCED_PACKET:
                    yield self._enhanced_packet(block)
                case BlockType.INTERFACE:
                    self._add_interface(block)
                case BlockType.SIMPLE_PACKET:
                    yield self._simple_packet(block)
                case BlockType.OBSOLETE_PACKET:
                    yield self._obsolete_packet(block)
                case BlockType.SECTION:
                    self._begin_section(block)
                case _:
                    # Names, statistics, secrets, journals, custom blocks: their lengths were checked, that is enough.
                    pass

    def _next_block(self) -> _Block | None:
        start = self._source.offset
        raw_type = self._source.read(4)
        if len(raw_type) < 4:
            self._source.check_end()
            if raw_type:
                raise CaptureError(start, f"a block is cut short: {len(raw_type)} bytes of it are there")
            return None
        return self._read_block(raw_type, start)

    def _read_block(self, raw_type: bytes, start: int) -> _Block:
        raw_length = self._take(4, start, 4)
        head = b""
        if raw_type == SECTION_MAGIC:
            head = self._take(4, start, 8)
            if head not in _ORDERS:
                raise CaptureError(start, f"the section header's byte order magic is {head.hex()}, not 1a2b3c4d")
            self._order = _ORDERS[head]
        (block_type,) = struct.unpack(self._order + "I", raw_type)
        (total,) = struct.unpack(self._order + "I", raw_length)
        least = 12 + len(head)
        if total < least or total % 4:
            raise CaptureError(start, f"block length {total} is not a multiple of 4 of at least {least}")
        if total > self._limits.block_bytes:
            raise CaptureError(start, f"a block of {total} bytes; the limit is {self._limits.block_bytes}")
        rest = self._take(total - 8 - len(head), start, 8 + len(head), total)
        (repeated,) = struct.unpack(self._order + "I", rest[-4:])
        if repeated != total:
            raise CaptureError(start, f"the block says {total} bytes at its head and {repeated} at its end")
        return _Block(block_type, start, head + rest[:-4])

    def _take(self, size: int, start: int, had: int, total: int = 12) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            self._source.check_end()
            raise CaptureError(start, f"a block is cut short: {had + len(data)} of {total} bytes are there")
        return data

    def _begin_section(self, block: _Block) -> None:
        _demand(block, 16)
        major, minor = struct.unpack_from(self._order + "HH", block.body, 4)
        if major != 1:
            raise CaptureError(block.offset, f"pcapng version {major}.{minor} is not known; 1.0 is")
        options = tuple(read_options(block.body, 16, self._order, block.offset))
        found = dict(reversed(options))
        self.section = Section(
            comments(options),
            found.get(SECTION_HARDWARE, b""),
            found.get(SECTION_OS, b""),
            found.get(SECTION_APPLICATION, b""),
        )
        self._section_start = len(self.interfaces)

    def _add_interface(self, block: _Block) -> None:
        _demand(block, 8)
        if len(self.interfaces) >= self._limits.interfaces:
            raise CaptureError(block.offset, f"more than {self._limits.interfaces} interfaces")
        link_type, snap_length = struct.unpack_from(self._order + "H2xI", block.body)
        options = tuple(read_options(block.body, 8, self._order, block.offset))
        found = dict(reversed(options))
        self.interfaces.append(
            Interface(
                link_type,
                snap_length,
                found.get(INTERFACE_NAME, b""),
                found.get(INTERFACE_DESCRIPTION, b""),
                _ticks_per_s(found.get(INTERFACE_RESOLUTION), block),
                self._offset_s(found.get(INTERFACE_OFFSET), block),
                comments(options),
            )
        )

    def _offset_s(self, value: bytes | None, block: _Block) -> int:
        if value is None:
            return 0
        if len(value) != 8:
            raise CaptureError(block.offset, f"if_tsoffset has {len(value)} bytes, not 8")
        offset_s: int = struct.unpack(self._order + "q", value)[0]
        return offset_s

    def _enhanced_packet(self, block: _Block) -> Record:
        """Interface, timestamp (high, low), captured length, original length, packet data, options."""
        _demand(block, 20)
        interface, high, low, captured, original = struct.unpack_from(self._order + "5I", block.body)
        return self._record(block, 20, interface, high << 32 | low, captured, original)

    def _obsolete_packet(self, block: _Block) -> Record:
        """As the enhanced packet, but with a 16 bit interface and a count of drops beside it."""
        _demand(block, 20)
        interface, _drops, high, low, captured, original = struct.unpack_from(self._order + "HH4I", block.body)
        return self._record(block, 20, interface, high << 32 | low, captured, original)

    def _simple_packet(self, block: _Block) -> Record:
        """Original length and data only: the section's first interface, its snap length, and no time at all."""
        _demand(block, 4)
        (original,) = struct.unpack_from(self._order + "I", block.body)
        snap_length = self._interface(0, block)[1].snap_length
        captured = min(original, snap_length) if snap_length else original
        return self._record(block, 4, 0, None, captured, original)

    def _interface(self, local: int, block: _Block) -> tuple[int, Interface]:
        index = self._section_start + local
        if index >= len(self.interfaces):
            there = len(self.interfaces) - self._section_start
            raise CaptureError(block.offset, f"a packet of interface {local}, but its section has described {there}")
        return index, self.interfaces[index]

    def _record(self, block: _Block, start: int, local: int, ticks: int | None, captured: int, original: int) -> Record:
        index, interface = self._interface(local, block)
        if captured > self._limits.record_bytes:
            raise CaptureError(block.offset, f"a record of {captured} bytes; the limit is {self._limits.record_bytes}")
        if start + captured > len(block.body):
            room = len(block.body) - start
            raise CaptureError(block.offset, f"a packet claims {captured} bytes; its block has room for {room}")
        # Simple packets have no options: what follows their data is padding.
        options = () if ticks is None else read_options(block.body, start + padded(captured), self._order, block.offset)
        found = comments(options)
        self._number += 1
        time_ns = 0 if ticks is None else ticks * NS_PER_S // interface.ticks_per_s + interface.offset_s * NS_PER_S
        data = block.body[start : start + captured]
        return Record(self._number, time_ns, data, original, interface.link_type, index, found)


def _demand(block: _Block, size: int) -> None:
    if len(block.body) < size:
        raise CaptureError(
            block.offset, f"a block of type {block.type:#x} needs a body of {size} bytes, it has {len(block.body)}"
        )


def _ticks_per_s(value: bytes | None, block: _Block) -> int:
    """if_tsresol: a negative power of 10, or of 2 when the top bit is set; microseconds when it is absent."""
    if value is None:
        return 1_000_000
    if len(value) != 1:
        raise CaptureError(block.offset, f"if_tsresol has {len(value)} bytes, not 1")
    exponent = value[0] & 0x7F
    return 1 << exponent if value[0] & 0x80 else int(10**exponent)
