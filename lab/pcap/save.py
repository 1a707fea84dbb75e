"""Puts a capture under its name. The rule: a file under its final name is whole; until then it has another name."""

from __future__ import annotations

import gzip
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from lab.pcap.record import ETHERNET, Format, Interface, Record, Section
from lab.pcap.writer import Writer


def save(
    path: str | Path,
    records: Iterable[Record],
    *,
    format: Format | None = None,  # noqa: A002
    interfaces: Sequence[Interface] = (),
    section: Section | None = None,
) -> int:
    """Writes `records` to `path`; gives their count. See `new_capture` for formats, names and errors.

    Without `interfaces` the first record's link type describes the first interface.
    """
    coming = iter(records)
    first = next(coming, None)
    link_type = first.link_type if first else ETHERNET
    with new_capture(path, format=format, link_type=link_type, interfaces=interfaces, section=section) as writer:
        if first:
            writer.write(first)
        for record in coming:
            writer.write(record)
    return writer.count


@contextmanager
def new_capture(
    path: str | Path,
    *,
    format: Format | None = None,  # noqa: A002
    link_type: int = ETHERNET,
    interfaces: Sequence[Interface] = (),
    section: Section | None = None,
) -> Iterator[Writer]:
    """A Writer whose file gets its name when the block ends well, and disappears when it does not.

    `-` is standard output; devices and pipes are written to as they are. The format is pcap for names that end in
    `.pcap`, pcapng for all others; a further `.gz` packs it. Raises OSError and ValueError.
    """
    name = str(path)
    chosen: Format = format or ("pcap" if name.removesuffix(".gz").endswith(".pcap") else "pcapng")
    with _opened(name) as file, _gzipped(file) if name.endswith(".gz") else nullcontext(file) as packed:
        yield Writer(packed, format=chosen, link_type=link_type, interfaces=interfaces, section=section)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif _is_special(name):
        with open(name, "wb") as file:
            yield file
    else:
        with _renamed_at_the_end(os.path.realpath(name)) as file:
            yield file


@contextmanager
def _renamed_at_the_end(name: str) -> Iterator[BinaryIO]:
    folder, last = os.path.split(name)
    temporary = os.path.join(folder, f".{last[:200]}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, name)
    except BaseException:
        os.unlink(temporary)
        raise


def _is_special(name: str) -> bool:
    """True for what must not be replaced by a file: /dev/null, a FIFO, a terminal, a directory (which open refuses)."""
    try:
        return not stat.S_ISREG(os.stat(name).st_mode)
    except FileNotFoundError:
        return False


@contextmanager
def _gzipped(file: BinaryIO) -> Iterator[BinaryIO]:
    # Neither name nor time goes into the gzip header: the same records give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield cast(BinaryIO, packed)
