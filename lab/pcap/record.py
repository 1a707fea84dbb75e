"""What a capture file holds: records, interfaces, sections, and the one way it can be damaged.

The rule: times are whole nanoseconds since 1970 UTC, and text stays the bytes it was in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["pcap", "pcapng"]
ByteOrder = Literal["little", "big"]

NS_PER_S = 1_000_000_000

ETHERNET = 1
"""LINKTYPE_ETHERNET: the link type of everything that the lab itself records."""


class CaptureError(ValueError):
    """They broke it: the file is damaged, cut short or no capture at all.

    Every whole record before the damage has been handed out by then. `offset` counts bytes from the start of
    the file (of the unpacked bytes, when the file is gzipped) and says where the damaged part begins.
    """

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(f"offset {offset}: {what}")
        self.offset = offset
        self.what = what


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may ask for before it is taken for an attack or for damage."""

    record_bytes: int = 256 * 1024
    block_bytes: int = 16 * 1024 * 1024
    interfaces: int = 1024
    gzip_ratio: int = 100


@dataclass(frozen=True, slots=True)
class Record:
    """One captured packet.

    `number` counts from 1 through the whole file. `data` is what was captured; `original_length` is how many
    bytes the packet had on the wire, more than `len(data)` when a snap length cut it. `interface` indexes
    `Capture.interfaces`. `time_ns` is 0 for pcapng's simple packet block, which carries no time.
    """

    number: int
    time_ns: int
    data: bytes
    original_length: int
    link_type: int = ETHERNET
    interface: int = 0
    comments: tuple[bytes, ...] = ()

    @property
    def cut(self) -> bool:
        """True when the file holds less of the packet than the wire did."""
        return len(self.data) < self.original_length


@dataclass(frozen=True, slots=True)
class Interface:
    """Where records were captured.

    `snap_length` 0 means "no limit". `ticks_per_s` and `offset_s` tell how the file counted: `Record.time_ns` has
    both in it already, and the Writer always counts in nanoseconds.
    """

    link_type: int = ETHERNET
    snap_length: int = 256 * 1024
    name: bytes = b""
    description: bytes = b""
    ticks_per_s: int = NS_PER_S
    offset_s: int = 0
    comments: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What a pcapng file says of itself at the head of each section."""

    comments: tuple[bytes, ...] = ()
    hardware: bytes = b""
    operating_system: bytes = b""
    application: bytes = b""
