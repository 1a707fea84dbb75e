"""Classic pcap, read from literals: four magics, both byte orders, what old writers did."""

from __future__ import annotations

import io

import pytest

from lab.pcap import CaptureError, Record, open_capture

LITTLE_HEADER = "0200 0400 00000000 00000000 ffff0000 01000000"
BIG_HEADER = "0002 0004 00000000 00000000 0000ffff 00000001"

LITTLE_RECORDS = "00f15365 78040000 03000000 03000000 aabbcc  01f15365 ffe0f505 02000000 dc050000 ddee"
"""1,700,000,000 s and 1,144 ticks, three bytes whole; 1,700,000,001 s and 99,999,999 ticks, two bytes of 1,500."""
BIG_RECORDS = "6553f100 00000478 00000003 00000003 aabbcc  6553f101 05f5e0ff 00000002 000005dc ddee"


def read(text: str) -> list[Record]:
    return list(open_capture(io.BytesIO(bytes.fromhex(text))))


@pytest.mark.parametrize(
    ("magic", "header", "records", "first_ns"),
    [
        ("d4c3b2a1", LITTLE_HEADER, LITTLE_RECORDS, 1_700_000_000_001_144_000),
        ("a1b2c3d4", BIG_HEADER, BIG_RECORDS, 1_700_000_000_001_144_000),
        ("4d3cb2a1", LITTLE_HEADER, LITTLE_RECORDS, 1_700_000_000_000_001_144),
        ("a1b23c4d", BIG_HEADER, BIG_RECORDS, 1_700_000_000_000_001_144),
    ],
)
def test_each_magic_tells_byte_order_and_resolution(magic: str, header: str, records: str, first_ns: int) -> None:
    first, second = read(magic + header + records)
    assert first == Record(1, first_ns, b"\xaa\xbb\xcc", 3, link_type=1, interface=0, comments=())
    assert (second.number, second.data, second.original_length) == (2, b"\xdd\xee", 1500)
    assert not first.cut
    assert second.cut


def test_the_header_describes_the_one_interface() -> None:
    capture = open_capture(io.BytesIO(bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 71000000")))
    assert capture.format == "pcap"
    assert [(i.link_type, i.snap_length, i.ticks_per_s) for i in capture.interfaces] == [(113, 262144, 1_000_000)]
    assert list(capture) == []


def test_the_frame_check_length_is_no_part_of_the_link_type() -> None:
    capture = open_capture(io.BytesIO(bytes.fromhex("a1b2c3d4 0002 0004 00000000 00000000 0000ffff 24000001")))
    assert capture.interfaces[0].link_type == 1


def test_a_second_that_holds_more_than_a_million_microseconds_is_carried_over() -> None:
    (record,) = read("d4c3b2a1" + LITTLE_HEADER + "01000000 80841e00 00000000 00000000")
    assert record.time_ns == 3_000_000_000


def test_version_2_2_had_the_two_lengths_the_other_way_round() -> None:
    (record,) = read("d4c3b2a1 0200 0200 00000000 00000000 ffff0000 01000000  00000000 00000000 05000000 02000000 ddee")
    assert (record.data, record.original_length) == (b"\xdd\xee", 5)


def test_version_2_3_is_believed_where_only_one_order_makes_sense() -> None:
    header = "d4c3b2a1 0200 0300 00000000 00000000 ffff0000 01000000"
    for lengths in ("05000000 02000000", "02000000 05000000"):
        (record,) = read(header + "00000000 00000000" + lengths + "ddee")
        assert (record.data, record.original_length) == (b"\xdd\xee", 5)


def test_an_unknown_major_version_is_refused_by_name() -> None:
    with pytest.raises(CaptureError, match=r"^offset 4: pcap version 3\.0 is not known; 2\.4 is$"):
        read("d4c3b2a1 0300 0000 00000000 00000000 ffff0000 01000000")


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("", "the file is empty"),
        ("d4c3", "no pcap or pcapng file: it starts with d4 c3"),
        ("47494638 39610000", "no pcap or pcapng file: it starts with 47 49 46 38"),
        ("34cdb2a1 00000000", "this is a modified pcap (with packet types); editcap can convert it"),
        ("736e6f6f 70000000", "this is a Solaris snoop file; editcap can convert it"),
        ("28b52ffd 00000000", "this is a file packed with zstd; unpack it with zstd -d"),
    ],
)
def test_what_is_no_capture_is_told_apart(start: str, says: str) -> None:
    with pytest.raises(CaptureError) as told:
        read(start)
    assert (told.value.offset, told.value.what) == (0, says)
