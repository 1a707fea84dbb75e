"""Writes pcapng, or pcap where a tool wants it. The rule: times keep their nanoseconds, and what cannot be written is
refused before a byte of it is.

pcapng is written as draft-ietf-opsawg-pcapng has it: section header, interface descriptions with a resolution of
10^-9 s, enhanced packets with their comments, interface statistics. pcap is written with the nanosecond magic.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from lab.pcap import options
from lab.pcap.blocks import BlockType
from lab.pcap.record import ETHERNET, ByteOrder, Format, Interface, Limits, Record, Section

Comment = str | bytes
"""A comment as words of ours (written as strict UTF-8), or as the bytes another file had (written as they were)."""

SNAP_LENGTH = Limits().record_bytes


class Writer:
    """Writes one capture to a binary file, header first. It neither closes the file nor seeks in it.

    Without `interfaces` there is one, of `link_type`. pcap has room for one link type and for no comments, names or
    statistics: those are left out. Raises ValueError for what a format has no way to carry, OSError for the file.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        format: Format = "pcapng",  # noqa: A002 (the word that everybody looks for)
        link_type: int = ETHERNET,
        interfaces: Sequence[Interface] = (),
        section: Section | None = None,
        byte_order: ByteOrder = "little",
    ) -> None:
        self._file = file
        self._order = "<" if byte_order == "little" else ">"
        self._interfaces: list[Interface] = []
        self._places: dict[tuple[int, int], int] = {}
        self.format = format
        self.count = 0
        """How many packets have been written."""
        described = tuple(interfaces) or (Interface(link_type),)
        for interface in described:
            _demand_describable(interface)
        if format == "pcapng":
            self._write_section(section or Section(application=b"packet-lab"))
        else:
            if len({interface.link_type for interface in described}) > 1:
                raise ValueError("a pcap file has one link type; write several as pcapng")
            self._file.write(self._pcap_header(described[0]))
        for index, interface in enumerate(described):
            self._places[index, interface.link_type] = self.add_interface(interface)

    def add_interface(self, interface: Interface) -> int:
        """Describes one more interface; gives its number for `write_frame`. Times count in ns whatever it says."""
        _demand_describable(interface)
        if self.format == "pcapng":
            described = [(options.COMMENT, comment) for comment in interface.comments]
            described += _named(options.INTERFACE_NAME, interface.name)
            described += _named(options.INTERFACE_DESCRIPTION, interface.description)
            described.append((options.INTERFACE_RESOLUTION, b"\x09"))
            fixed = struct.pack(self._order + "HHI", interface.link_type, 0, interface.snap_length)
            self._write_block(BlockType.INTERFACE, fixed, described)
        elif self._interfaces and interface.link_type != self._interfaces[0].link_type:
            raise ValueError("a pcap file has one link type; write several as pcapng")
        self._interfaces.append(interface)
        return len(self._interfaces) - 1

    def write(self, record: Record) -> None:
        """Copies a record, from whatever file it came. Its interface is described first when it is new here."""
        place = self._places.get((record.interface, record.link_type))
        if place is None:
            place = self.add_interface(Interface(record.link_type))
            self._places[record.interface, record.link_type] = place
        self.write_frame(
            record.time_ns,
            record.data,
            comments=record.comments,
            interface=place,
            original_length=record.original_length,
        )

    def write_frame(
        self,
        time_ns: int,
        data: bytes,
        *,
        comment: Comment = "",
        comments: Iterable[Comment] = (),
        interface: int = 0,
        original_length: int | None = None,
    ) -> None:
        """Writes one packet; `original_length` is its length on the wire where that was more than `data`."""
        if not 0 <= interface < len(self._interfaces):
            raise ValueError(f"interface {interface} has not been described; there are {len(self._interfaces)}")
        if len(data) > SNAP_LENGTH:
            raise ValueError(f"a packet of {len(data)} bytes; a record holds at most {SNAP_LENGTH}")
        original = len(data) if original_length is None else original_length
        _demand_fits("original length", original, 32)
        if self.format == "pcapng":
            self._write_enhanced(time_ns, data, original, interface, (comment, *comments) if comment else comments)
        else:
            self._write_classic(time_ns, data, original)
        self.count += 1

    def write_statistics(self, time_ns: int, *, received: int, dropped: int, interface: int = 0) -> None:
        """Says how many packets the interface saw and how many the recorder lost. pcap has no place for it."""
        if self.format != "pcapng":
            return
        _demand_fits("interface", interface, 32)
        _demand_fits("received", received, 64)
        _demand_fits("dropped", dropped, 64)
        counts = [
            (options.STATISTICS_RECEIVED, struct.pack(self._order + "Q", received)),
            (options.STATISTICS_DROPPED, struct.pack(self._order + "Q", dropped)),
        ]
        fixed = struct.pack(self._order + "I", interface) + self._timestamp(time_ns)
        self._write_block(BlockType.STATISTICS, fixed, counts)

    def flush(self) -> None:
        """Pushes out what the file buffers, so that a reader at the other end of a pipe sees it now."""
        self._file.flush()

    def _write_section(self, section: Section) -> None:
        described = [(options.COMMENT, comment) for comment in section.comments]
        described += _named(options.SECTION_HARDWARE, section.hardware)
        described += _named(options.SECTION_OS, section.operating_system)
        described += _named(options.SECTION_APPLICATION, section.application)
        # The length -1 says "not known": a stream cannot go back to fill it in.
        self._write_block(BlockType.SECTION, struct.pack(self._order + "IHHq", 0x1A2B3C4D, 1, 0, -1), described)

    def _write_enhanced(
        self, time_ns: int, data: bytes, original: int, interface: int, comments: Iterable[Comment]
    ) -> None:
        lengths = struct.pack(self._order + "II", len(data), original)
        fixed = struct.pack(self._order + "I", interface) + self._timestamp(time_ns) + lengths
        described = [(options.COMMENT, _comment_bytes(comment)) for comment in comments]
        self._write_block(BlockType.ENHANCED_PACKET, fixed + data + bytes(-len(data) % 4), described)

    def _write_classic(self, time_ns: int, data: bytes, original: int) -> None:
        seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
        if not 0 <= seconds <= 0xFFFFFFFF:
            raise ValueError(f"time {time_ns} ns does not fit pcap, which counts from 1970 to 2106")
        self._file.write(struct.pack(self._order + "4I", seconds, nanoseconds, len(data), original) + data)

    def _timestamp(self, time_ns: int) -> bytes:
        if not 0 <= time_ns < 1 << 64:
            raise ValueError(f"time {time_ns} ns does not fit pcapng, which counts from 1970 to 2554")
        return struct.pack(self._order + "II", time_ns >> 32, time_ns & 0xFFFFFFFF)

    def _pcap_header(self, interface: Interface) -> bytes:
        return struct.pack(self._order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, interface.snap_length, interface.link_type)

    def _write_block(self, kind: BlockType, body: bytes, described: Iterable[options.Option]) -> None:
        body += options.write_options(described, self._order)
        length = struct.pack(self._order + "I", len(body) + 12)
        self._file.write(struct.pack(self._order + "I", kind) + length + body + length)


def _demand_describable(interface: Interface) -> None:
    _demand_fits("link type", interface.link_type, 16)
    _demand_fits("snap length", interface.snap_length, 32)


def _demand_fits(what: str, value: int, bits: int) -> None:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{what} {value} does not fit {bits} bits")


def _named(code: int, value: bytes) -> list[options.Option]:
    return [(code, value)] if value else []


def _comment_bytes(comment: Comment) -> bytes:
    # A lone surrogate has no UTF-8: UnicodeEncodeError is a ValueError, which is what the caller was promised.
    return comment.encode("utf-8") if isinstance(comment, str) else comment
