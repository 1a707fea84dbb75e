"""Paths, pipes and final names: nothing half-written stays, nothing that is no plain file is replaced."""

from __future__ import annotations

import gzip
import io
import os
import queue
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.pcap import CaptureError, Interface, Record, Writer, new_capture, open_capture, save

RECORDS = [Record(n, 1_700_000_000_000_000_000 + n, bytes([n] * 60), 60, comments=(b"step",)) for n in (1, 2, 3)]


def test_a_saved_capture_opens_again(tmp_path: Path) -> None:
    assert save(tmp_path / "a.pcapng", RECORDS) == 3
    with open_capture(tmp_path / "a.pcapng") as capture:
        assert list(capture) == RECORDS
    with open_capture(str(tmp_path / "a.pcapng")) as capture:
        assert capture.format == "pcapng"


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.pcap", "4d3cb2a1"), ("a.pcapng", "0a0d0d0a"), ("a.cap", "0a0d0d0a"), ("a.pcap.gz", "1f8b"), ("a.gz", "1f8b")],
)
def test_the_name_decides_the_format(tmp_path: Path, name: str, start: str) -> None:
    save(tmp_path / name, RECORDS)
    assert (tmp_path / name).read_bytes().startswith(bytes.fromhex(start))
    with open_capture(tmp_path / name) as capture:
        assert [record.data for record in capture] == [record.data for record in RECORDS]


def test_the_format_can_be_named(tmp_path: Path) -> None:
    save(tmp_path / "a.bin", RECORDS, format="pcap")
    assert (tmp_path / "a.bin").read_bytes()[:4] == b"\x4d\x3c\xb2\xa1"


def test_the_same_records_give_the_same_gzip(tmp_path: Path) -> None:
    save(tmp_path / "a.pcap.gz", RECORDS)
    save(tmp_path / "b.pcap.gz", RECORDS)
    assert (tmp_path / "a.pcap.gz").read_bytes() == (tmp_path / "b.pcap.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.pcap.gz").read_bytes())[:4] == b"\x4d\x3c\xb2\xa1"


@pytest.mark.parametrize("name", ["a.pcapng", "a.pcap.gz"])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"old")

    def failing() -> Iterator[Record]:
        yield RECORDS[0]
        raise RuntimeError("the wire broke")

    with pytest.raises(RuntimeError, match="the wire broke"):
        save(tmp_path / name, failing())
    assert (tmp_path / name).read_bytes() == b"old"
    assert os.listdir(tmp_path) == [name]


def test_until_the_end_the_file_has_another_name(tmp_path: Path) -> None:
    with new_capture(tmp_path / "a.pcapng", interfaces=[Interface(name=b"lab0")]) as writer:
        writer.write_frame(0, b"\x01")
        assert not (tmp_path / "a.pcapng").exists()
        (partial,) = os.listdir(tmp_path)
        assert partial.startswith(".a.pcapng.")
        assert partial.endswith(".partial")
    assert os.listdir(tmp_path) == ["a.pcapng"]


def test_the_bytes_are_on_the_disk_before_the_name_points_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(f"fsync {os.fstat(descriptor).st_size}"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (calls.append("name"), replace(old, new)))
    save(tmp_path / "a.pcap", [Record(1, 0, b"\x01", 1)])
    # File header, record header, one byte.
    assert calls == ["fsync 41", "name"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "a.pcapng").symlink_to("real/b.pcapng")
    save(tmp_path / "a.pcapng", RECORDS)
    assert (tmp_path / "a.pcapng").is_symlink()
    assert os.listdir(tmp_path / "real") == ["b.pcapng"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.pcapng"
    os.mkfifo(fifo)
    got: list[Record] = []

    def read() -> None:
        with open_capture(fifo) as capture:
            got.extend(capture)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    save(fifo, RECORDS)
    reader.join(10)
    assert got == RECORDS
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_missing_folder_and_a_folder_are_the_systems_own_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "no" / "a.pcapng", RECORDS)
    with pytest.raises(IsADirectoryError):
        save(tmp_path, RECORDS)
    with pytest.raises(FileNotFoundError):
        open_capture(tmp_path / "no.pcapng")
    with pytest.raises(IsADirectoryError):
        open_capture(tmp_path)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_records_come_out_of_a_live_pipe_while_the_writer_still_has_it_open(packed: bool) -> None:
    ours, theirs = os.pipe()
    seen: queue.Queue[Record] = queue.Queue()

    def read() -> None:
        with open(ours, "rb") as reading:
            for record in open_capture(reading):
                seen.put(record)

    # A daemon, so that a reader which waits for more than it needs fails this test and does not hang it.
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with open(theirs, "wb") as writing:
        file = gzip.GzipFile(fileobj=writing, mode="wb") if packed else writing
        writer = Writer(file)  # type: ignore[arg-type]
        for record in RECORDS[:2]:
            writer.write(record)
            file.flush()
            writing.flush()
            assert seen.get(timeout=10) == record
        if packed:
            file.close()
    reader.join(10)
    assert not reader.is_alive()


def test_dash_is_standard_input_and_output(tmp_path: Path) -> None:
    save(tmp_path / "in.pcap.gz", RECORDS)
    copy = "from lab.pcap import open_capture, save; save('-', open_capture('-'))"
    with open(tmp_path / "in.pcap.gz", "rb") as packed:
        done = subprocess.run([sys.executable, "-c", copy], stdin=packed, capture_output=True, check=True)
    assert [r.data for r in open_capture(io.BytesIO(done.stdout))] == [r.data for r in RECORDS]


class Stuttering(io.RawIOBase):
    """A raw file that gives one byte at a time, as a socket may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        buffer[:1] = byte = self._data.read(1)
        return len(byte)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_stutters_is_read_whole(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / f"a.pcap{suffix}", RECORDS)
    raw = Stuttering((tmp_path / f"a.pcap{suffix}").read_bytes())
    assert [r.data for r in open_capture(raw)] == [r.data for r in RECORDS]  # type: ignore[arg-type]


def test_a_file_handed_over_stays_open_and_a_path_is_closed(tmp_path: Path) -> None:
    file = io.BytesIO()
    Writer(file)
    file.seek(0)
    with open_capture(file):
        pass
    assert not file.closed
    save(tmp_path / "a.pcap", RECORDS)
    with open_capture(tmp_path / "a.pcap") as capture:
        pass
    with pytest.raises(ValueError, match="closed file"):
        list(capture)


def test_a_path_that_is_no_capture_is_closed_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(CaptureError):  # and, warnings being errors, no ResourceWarning
        open_capture(tmp_path / "a.txt")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def many() -> Iterator[Record]:
        for number in range(20_000):
            yield Record(number, number, bytes(1000), 1000, comments=(b"x" * 50,))

    tracemalloc.start()
    try:
        save(tmp_path / "big.pcapng", many())
        with open_capture(tmp_path / "big.pcapng") as capture:
            assert sum(1 for _ in capture) == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "big.pcapng").stat().st_size > 20_000_000
    assert peak < 2_000_000
