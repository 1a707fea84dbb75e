"""Reads pcap, the older format (draft-ietf-opsawg-pcap). The rule: a record is handed out whole or not at all.

    0                   1                   2                   3
   +---------------------------------------------------------------+
 0 | Magic: a1b2c3d4 (microseconds) or a1b23c4d (nanoseconds), in  |
   | the byte order of the machine that wrote the file             |
   +-------------------------------+-------------------------------+
 4 | Major version (2)             | Minor version (4)             |
   +-------------------------------+-------------------------------+
 8 | Reserved (once the time zone), 8 bytes                        |
   +---------------------------------------------------------------+
16 | Snap length                                                   |
   +-------+-+-+-------------------+-------------------------------+
20 |FCS len|R|P|     Reserved      | Link type                     |
   +-------+-+-+-------------------+-------------------------------+

   then, for each packet:
   +---------------------------------------------------------------+
 0 | Seconds                                                       |
 4 | Microseconds or nanoseconds                                   |
 8 | Captured length n                                             |
12 | Original length                                               |
   +---------------------------------------------------------------+
16 | n bytes of packet, no padding                                 |
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lab.pcap.record import NS_PER_S, ByteOrder, CaptureError, Interface, Limits, Record
from lab.pcap.source import Source

MAGICS: dict[bytes, tuple[ByteOrder, int]] = {
    b"\xa1\xb2\xc3\xd4": ("big", 1_000_000),
    b"\xd4\xc3\xb2\xa1": ("little", 1_000_000),
    b"\xa1\xb2\x3c\x4d": ("big", NS_PER_S),
    b"\x4d\x3c\xb2\xa1": ("little", NS_PER_S),
}
"""The four bytes a file starts with: its byte order and its ticks per second."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the 24 bytes at the head of the file say."""

    byte_order: ByteOrder
    version: tuple[int, int]
    interface: Interface

    def lengths(self, third: int, fourth: int) -> tuple[int, int]:
        """Captured and original length. libpcap before 2.3 wrote them the other way round; 2.3 did either."""
        if self.version < (2, 3) or (self.version == (2, 3) and third > fourth):
            return fourth, third
        return third, fourth


def read_header(source: Source, magic: bytes) -> Header:
    """The file header after its `magic`. Raises CaptureError."""
    byte_order, ticks_per_s = MAGICS[magic]
    raw = source.read(20)
    if len(raw) < 20:
        source.check_end()
        raise CaptureError(0, f"the pcap file header is cut short: {4 + len(raw)} of 24 bytes are there")
    order = ">" if byte_order == "big" else "<"
    major, minor, snap_length, link = struct.unpack(order + "HH8xII", raw)
    if major != 2:
        raise CaptureError(4, f"pcap version {major}.{minor} is not known; 2.4 is")
    interface = Interface(link & 0xFFFF, snap_length, ticks_per_s=ticks_per_s)
    return Header(byte_order, (major, minor), interface)


def read_records(source: Source, header: Header, limits: Limits) -> Iterator[Record]:
    """Every record to the end of the file. Raises CaptureError after the last whole one."""
    unpack = struct.Struct((">" if header.byte_order == "big" else "<") + "IIII").unpack
    link_type = header.interface.link_type
    ns_per_tick = NS_PER_S // header.interface.ticks_per_s
    number = 0
    while True:
        start = source.offset
        raw = source.read(16)
        if len(raw) < 16:
            source.check_end()
            if raw:
                raise CaptureError(start, f"a record header is cut short: {len(raw)} of 16 bytes are there")
            return
        seconds, ticks, third, fourth = unpack(raw)
        captured, original = header.lengths(third, fourth)
        if captured > limits.record_bytes:
            raise CaptureError(start, f"a record of {captured} bytes; the limit is {limits.record_bytes}")
        data = source.read(captured)
        if len(data) < captured:
            source.check_end()
            raise CaptureError(start, f"a record is cut short: {len(data)} of its {captured} bytes are there")
        number += 1
        yield Record(number, seconds * NS_PER_S + ticks * ns_per_tick, data, original, link_type)
