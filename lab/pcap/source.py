"""Bytes in order from a file or a pipe, plain or gzipped. The rule: nothing is sought, nothing is read twice.

`read(size)` gives fewer bytes than asked only at the end. A gzip stream is unpacked as far as it goes: what is wrong
with it is told by `check_end`, after the last good byte has been used.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO, Protocol

from lab.pcap.record import CaptureError, Limits

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 64 * 1024
RATIO_GRACE_BYTES = 1024 * 1024
"""A ratio says little about a small file; a bomb worth the name is larger than this."""


class Source(Protocol):
    """Two real implementations exist: plain bytes and gzip."""

    offset: int

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""

    def check_end(self) -> None:
        """Called when a read came short. Raises CaptureError when the end was not an honest one."""


def open_source(file: BinaryIO, limits: Limits) -> Source:
    """The bytes of `file` from where it stands, unpacked when they are gzipped."""
    head = _read_fully(file, len(GZIP_MAGIC))
    return GzipSource(file, head, limits.gzip_ratio) if head == GZIP_MAGIC else PlainSource(file, head)


class PlainSource:
    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._head = head
        self.offset = 0

    def read(self, size: int) -> bytes:
        if self._head:
            data = self._head[:size]
            self._head = self._head[size:]
            data += _read_fully(self._file, size - len(data))
        else:
            data = _read_fully(self._file, size)
        self.offset += len(data)
        return data

    def check_end(self) -> None:
        """A plain file may end anywhere; what was cut is for the format to say."""


class GzipSource:
    """One or more gzip members (RFC 1952), one after the other, padded with zeros or not."""

    def __init__(self, file: BinaryIO, head: bytes, ratio: int) -> None:
        self._file = file
        self._packed = head
        self._ratio = ratio
        self._member = _new_member()
        self._unpacked = bytearray()
        self._fed = 0
        self._made = 0
        self._ended = False
        self._damage = ""
        self.offset = 0

    def read(self, size: int) -> bytes:
        while len(self._unpacked) < size and not self._ended:
            self._unpack_more()
        data = bytes(self._unpacked[:size])
        del self._unpacked[:size]
        self.offset += len(data)
        return data

    def check_end(self) -> None:
        if self._damage:
            raise CaptureError(self.offset, f"the gzip stream {self._damage}")

    def _unpack_more(self) -> None:
        if not self._packed:
            self._packed = _read_some(self._file, CHUNK)
        if not self._packed:
            self._end("" if self._between_members() else "is cut short")
        elif self._member.eof:
            self._next_member()
        else:
            self._feed()

    def _feed(self) -> None:
        # A checksum error throws away what the same call had unpacked, so a copy stands by to go through it bytewise.
        spare = self._member.copy()
        try:
            made = self._member.decompress(self._packed, CHUNK)
        except zlib.error as error:
            self._unpacked += _bytewise(spare, self._packed)
            self._end(f"is damaged ({error})")
            return
        rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._fed += len(self._packed) - len(rest)
        self._made += len(made)
        self._packed = rest
        if self._made > RATIO_GRACE_BYTES and self._made > self._ratio * self._fed:
            self._end(f"unpacks to more than {self._ratio} times its size; the lab takes that for a bomb")
            return
        self._unpacked += made

    def _next_member(self) -> None:
        self._packed = self._packed.lstrip(b"\0")
        if len(self._packed) == 1:
            self._packed += _read_some(self._file, CHUNK)
        if not self._packed:
            return
        if not self._packed.startswith(GZIP_MAGIC):
            self._end("is followed by bytes that are no gzip")
            return
        self._member = _new_member()

    def _between_members(self) -> bool:
        return self._member.eof

    def _end(self, damage: str) -> None:
        self._ended = True
        self._damage = damage


def _new_member() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _bytewise(member: zlib._Decompress, packed: bytes) -> bytes:
    made = bytearray()
    try:
        for position in range(len(packed)):
            made += member.decompress(packed[position : position + 1])
    except zlib.error:
        pass
    return bytes(made)


def _read_some(file: BinaryIO, size: int) -> bytes:
    """What is there now, up to `size`: a pipe must not have to fill a whole chunk before its records come out."""
    read1 = getattr(file, "read1", file.read)
    data: bytes | None = read1(size)
    if data is None:
        raise BlockingIOError("the capture comes from a non-blocking file; hand over a blocking one")
    return data


def _read_fully(file: BinaryIO, size: int) -> bytes:
    data: bytes | None = file.read(size)
    if data is None:
        raise BlockingIOError("the capture comes from a non-blocking file; hand over a blocking one")
    if len(data) == size or not data:
        return data
    # Buffered files fill the request themselves; raw ones (sockets, FileIO) may give less than there will be.
    parts = [data]
    missing = size - len(data)
    while missing and (data := file.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)
