"""Wireshark's tools read what the lab wrote, and the lab reads what they wrote."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.pcap import Interface, Record, Section, Writer, open_capture, save

FRAME = bytes.fromhex(
    "024c41420001 024c41420002 08004500 0021 0001 0000 40 11 6605 0a4d0002 0a4d00018235 0007 000d 000068656c6c6f"
)
T = 1_700_000_000_123_456_789
RECORDS = [
    Record(1, T, FRAME, len(FRAME), comments=("echo 中文".encode(),)),
    Record(2, T + 1, FRAME[:30], len(FRAME)),
    Record(3, T + 2_000_000_000, FRAME, len(FRAME), comments=(b"one", b"two")),
]


def fields(tshark: str, path: Path, *names: str) -> list[list[str]]:
    words = [tshark, "-n", "-r", str(path), "-T", "fields", "-E", "separator=|"]
    done = subprocess.run(
        [*words, *(word for name in names for word in ("-e", name))], capture_output=True, text=True, check=True
    )
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_tshark_reads_the_times_lengths_and_bytes_that_were_written(
    need: Any, tmp_path: Path, form: str, byte_order: str
) -> None:
    tshark = need.tool("tshark")
    path = tmp_path / f"a.{form}"
    with path.open("wb") as file:
        writer = Writer(
            file,
            format="pcap" if form == "pcap" else "pcapng",
            byte_order="big" if byte_order == "big" else "little",
        )
        for record in RECORDS:
            writer.write(record)
    assert fields(tshark, path, "frame.time_epoch", "frame.cap_len", "frame.len", "udp.srcport") == [
        ["1700000000.123456789", "47", "47", "33333"],
        ["1700000000.123456790", "30", "47", ""],
        ["1700000002.123456789", "47", "47", "33333"],
    ]


def test_tshark_reads_comments_and_interfaces(need: Any, tmp_path: Path) -> None:
    tshark = need.tool("tshark")
    path = tmp_path / "a.pcapng"
    save(path, RECORDS, interfaces=[Interface(name=b"lab0", description=b"the lab's wire")])
    seen = fields(tshark, path, "frame.comment", "frame.interface_name", "frame.interface_description")
    assert seen == [
        ["echo 中文", "lab0", "the lab's wire"],
        ["", "lab0", "the lab's wire"],
        ["one,two", "lab0", "the lab's wire"],
    ]


def test_scapy_reads_the_comments(tmp_path: Path) -> None:
    from scapy.utils import PcapNgReader

    save(tmp_path / "a.pcapng", RECORDS)
    with PcapNgReader(str(tmp_path / "a.pcapng")) as packets:
        assert [packet.comments for packet in packets] == [["echo 中文".encode()], None, [b"one", b"two"]]


def test_capinfos_reads_the_section_and_the_statistics(need: Any, tmp_path: Path) -> None:
    capinfos = need.tool("capinfos")
    path = tmp_path / "a.pcapng"
    with path.open("wb") as file:
        section = Section((b"a comment",), b"some hardware", b"some system", b"packet-lab 1")
        writer = Writer(file, interfaces=[Interface(name=b"lab0"), Interface(101, name=b"tun0")], section=section)
        writer.write_frame(T, FRAME)
        writer.write_frame(T, FRAME[14:], interface=1)
        writer.write_statistics(T, received=3, dropped=1)
    told = subprocess.run([capinfos, str(path)], capture_output=True, text=True, check=True).stdout
    for words in (
        "Wireshark/... - pcapng",
        "nanoseconds (9)",
        "Number of packets:   2",
        "Capture hardware:    some hardware",
        "Capture oper-sys:    some system",
        "Capture application: packet-lab 1",
        "Capture comment:     a comment",
        "Number of interfaces in file: 2",
        "Encapsulation = Raw IP",
        "Number of stat entries = 1",
    ):
        assert words in told


def test_an_empty_capture_is_one_that_tshark_accepts(need: Any, tmp_path: Path) -> None:
    tshark = need.tool("tshark")
    for name in ("a.pcap", "a.pcapng"):
        save(tmp_path / name, [])
        assert fields(tshark, tmp_path / name, "frame.len") == []


@pytest.mark.parametrize(
    ("kind", "resolution_ns"),
    [("pcap", 1000), ("nsecpcap", 1), ("pcapng", 1)],
)
def test_what_editcap_wrote_is_read(need: Any, tmp_path: Path, kind: str, resolution_ns: int) -> None:
    editcap = need.tool("editcap")
    save(tmp_path / "a.pcapng", RECORDS, interfaces=[Interface(name=b"lab0")])
    subprocess.run([editcap, "-F", kind, tmp_path / "a.pcapng", tmp_path / "b"], check=True, capture_output=True)
    with open_capture(tmp_path / "b") as capture:
        got = list(capture)
    assert [(r.number, r.data, r.original_length) for r in got] == [
        (r.number, r.data, r.original_length) for r in RECORDS
    ]
    assert [r.time_ns for r in got] == [r.time_ns // resolution_ns * resolution_ns for r in RECORDS]
    if kind == "pcapng":
        assert [r.comments for r in got] == [r.comments for r in RECORDS]
        assert capture.section.application == b"packet-lab"


def test_what_editcap_merged_and_commented_is_read(need: Any, tmp_path: Path) -> None:
    mergecap = need.tool("mergecap")
    save(tmp_path / "a.pcapng", RECORDS)
    save(tmp_path / "b.pcap", [Record(1, T + 1_000, FRAME[14:], 33, link_type=101)])
    merged = tmp_path / "c.pcapng"
    subprocess.run(
        [mergecap, "-w", merged, tmp_path / "a.pcapng", tmp_path / "b.pcap"], check=True, capture_output=True
    )
    with open_capture(merged) as capture:
        got = [(r.data, r.link_type) for r in capture]
    assert got == [(FRAME, 1), (FRAME[:30], 1), (FRAME[14:], 101), (FRAME, 1)]


@pytest.mark.parametrize("name", ["out.pcap", "out.pcapng", "out.pcapng.gz"])
def test_what_tshark_wrote_is_read(need: Any, tmp_path: Path, name: str) -> None:
    tshark = need.tool("tshark")
    save(tmp_path / "a.pcapng", RECORDS)
    kind = "pcap" if name.endswith(".pcap") else "pcapng"
    words = [tshark, "-r", tmp_path / "a.pcapng", "-F", kind, "-w", tmp_path / name]
    subprocess.run([*words, "--compress", "gzip"] if name.endswith(".gz") else words, check=True, capture_output=True)
    with open_capture(tmp_path / name) as capture:
        assert [(r.data, r.original_length) for r in capture] == [(r.data, r.original_length) for r in RECORDS]
