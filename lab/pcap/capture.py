"""Opens a capture, whatever its format. The rule: every whole record comes out before the damage is told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from lab.pcap import classic
from lab.pcap.blocks import SECTION_MAGIC, BlockReader
from lab.pcap.record import CaptureError, Format, Limits, Record, Section
from lab.pcap.source import GZIP_MAGIC, open_source

_FOREIGN = {
    b"\xa1\xb2\xcd\x34": "a modified pcap (with packet types); editcap can convert it",
    b"\x34\xcd\xb2\xa1": "a modified pcap (with packet types); editcap can convert it",
    b"snoo": "a Solaris snoop file; editcap can convert it",
    b"\x28\xb5\x2f\xfd": "a file packed with zstd; unpack it with zstd -d",
    b"\x04\x22\x4d\x18": "a file packed with lz4; unpack it with lz4 -d",
    b"\xfd7zX": "a file packed with xz; unpack it with xz -d",
}
"""Files that people take for captures, known by their first four bytes."""


class Capture:
    """A stream of records: iterate it once, close it (or use it as a context manager).

    `interfaces` and `section` describe what has been read so far; a pcapng file may tell more as it goes on.
    """

    def __init__(self, file: BinaryIO, *, owned: bool, limits: Limits) -> None:
        self._file = file
        self._owned = owned
        source = open_source(file, limits)
        magic = source.read(4)
        self.format: Format
        if magic == SECTION_MAGIC:
            self.format = "pcapng"
            self._blocks: BlockReader | None = BlockReader(source, limits)
            self.interfaces = self._blocks.interfaces
            self._records = self._blocks.records()
        elif magic in classic.MAGICS:
            self.format = "pcap"
            self._blocks = None
            header = classic.read_header(source, magic)
            self.interfaces = [header.interface]
            self._records = classic.read_records(source, header, limits)
        else:
            source.check_end()
            raise CaptureError(0, _not_a_capture(magic))

    def __iter__(self) -> Iterator[Record]:
        return self._records

    @property
    def section(self) -> Section:
        """What the section being read says of itself; pcap says nothing."""
        return self._blocks.section if self._blocks else Section()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file if `open_capture` opened it."""
        if self._owned:
            self._file.close()


def open_capture(source: str | Path | BinaryIO, *, limits: Limits | None = None) -> Capture:
    """Opens pcap or pcapng, either byte order, gzipped or not, from a path, `-` (standard input) or a binary file.

    Reads the first header at once. Raises OSError when the file cannot be opened and CaptureError when it is no
    capture; iterating raises CaptureError where the file is damaged, after every whole record before that place.
    """
    limits = limits or Limits()
    if not isinstance(source, str | Path):
        return Capture(source, owned=False, limits=limits)
    if source == "-":
        return Capture(sys.stdin.buffer, owned=False, limits=limits)
    file = open(source, "rb")  # noqa: SIM115 (the Capture closes it)
    try:
        return Capture(file, owned=True, limits=limits)
    except BaseException:
        file.close()
        raise


def _not_a_capture(magic: bytes) -> str:
    if not magic:
        return "the file is empty"
    if magic in _FOREIGN:
        return f"this is {_FOREIGN[magic]}"
    if magic.startswith(GZIP_MAGIC):
        return "gzip within gzip; unpack it once with gzip -d"
    return f"no pcap or pcapng file: it starts with {magic.hex(' ')}"
