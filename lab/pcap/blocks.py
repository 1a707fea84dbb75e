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
from enum import IntEnum
from typing import NamedTuple

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


class _Numbers:
    """The number layouts of one byte order, compiled once."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.word = struct.Struct(order + "I")
        self.head = struct.Struct(order + "II")
        self.enhanced = struct.Struct(order + "5I")
        self.obsolete = struct.Struct(order + "HH4I")


_LITTLE = _Numbers("<")
_BIG = _Numbers(">")
_BY_MAGIC = {b"\x1a\x2b\x3c\x4d": _BIG, b"\x4d\x3c\x2b\x1a": _LITTLE}


class _Block(NamedTuple):
    type: int
    offset: int
    body: bytes


class BlockReader:
    """Walks the blocks of one file and knows the section it is in; memory does not grow with the file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Reads the first section header, whose block type has been consumed already. Raises CaptureError."""
        self._source = source
        self._limits = limits
        self._numbers = _LITTLE
        self._section_start = 0
        self._number = 0
        self.interfaces: list[Interface] = []
        self.section = Section()
        self._begin_section(self._read_block(SECTION_MAGIC + self._take(4, 0, 4), 0))

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
        raw = self._source.read(8)
        if len(raw) < 8:
            self._source.check_end()
            if raw:
                raise CaptureError(start, f"a block is cut short: {len(raw)} of at least 12 bytes are there")
            return None
        return self._read_block(raw, start)

    def _read_block(self, raw: bytes, start: int) -> _Block:
        """The block whose type and length are `raw`; a section header sets the byte order before its length counts."""
        magic = b""
        if raw.startswith(SECTION_MAGIC):
            magic = self._take(4, start, 8)
            if magic not in _BY_MAGIC:
                raise CaptureError(start, f"the section header's byte order magic is {magic.hex()}, not 1a2b3c4d")
            self._numbers = _BY_MAGIC[magic]
        block_type, total = self._numbers.head.unpack(raw)
        had = len(raw) + len(magic)
        if total < had + 4 or total % 4:
            raise CaptureError(start, f"block length {total} is not a multiple of 4 of at least {had + 4}")
        if total > self._limits.block_bytes:
            raise CaptureError(start, f"a block of {total} bytes; the limit is {self._limits.block_bytes}")
        rest = self._take(total - had, start, had, total)
        (repeated,) = self._numbers.word.unpack_from(rest, len(rest) - 4)
        if repeated != total:
            raise CaptureError(start, f"the block says {total} bytes at its head and {repeated} at its end")
        return _Block(block_type, start, magic + rest[:-4])

    def _take(self, size: int, start: int, had: int, total: int = 12) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            self._source.check_end()
            raise CaptureError(start, f"a block is cut short: {had + len(data)} of {total} bytes are there")
        return data

    def _begin_section(self, block: _Block) -> None:
        _demand(block, 16)
        major, minor = struct.unpack_from(self._numbers.order + "HH", block.body, 4)
        if major != 1:
            raise CaptureError(block.offset, f"pcapng version {major}.{minor} is not known; 1.0 is")
        options = tuple(read_options(block.body, 16, self._numbers.order, block.offset))
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
        link_type, snap_length = struct.unpack_from(self._numbers.order + "H2xI", block.body)
        options = tuple(read_options(block.body, 8, self._numbers.order, block.offset))
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
        offset_s: int = struct.unpack(self._numbers.order + "q", value)[0]
        return offset_s

    def _enhanced_packet(self, block: _Block) -> Record:
        """Interface, timestamp (high, low), captured length, original length, packet data, options."""
        _demand(block, 20)
        interface, high, low, captured, original = self._numbers.enhanced.unpack_from(block.body)
        return self._record(block, 20, interface, high << 32 | low, captured, original)

    def _obsolete_packet(self, block: _Block) -> Record:
        """As the enhanced packet, but with a 16 bit interface and a count of drops beside it."""
        _demand(block, 20)
        interface, _drops, high, low, captured, original = self._numbers.obsolete.unpack_from(block.body)
        return self._record(block, 20, interface, high << 32 | low, captured, original)

    def _simple_packet(self, block: _Block) -> Record:
        """Original length and data only: the section's first interface, its snap length, and no time at all."""
        _demand(block, 4)
        (original,) = self._numbers.word.unpack_from(block.body)
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
        found: tuple[bytes, ...] = ()
        after = start + padded(captured)
        # Simple packets have no options: what follows their data is padding.
        if ticks is not None and after < len(block.body):
            found = comments(read_options(block.body, after, self._numbers.order, block.offset))
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
