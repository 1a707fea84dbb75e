"""What is written, byte for byte; what is refused; and that reading gives back what was written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.pcap import Interface, Record, Section, Writer, open_capture

T = 1_700_000_000_123_456_789
"""0x17979cfe_3d85cd15 as 64 bits; 0x6553f100 s and 0x075bcd15 ns."""


def test_pcapng_is_written_byte_for_byte() -> None:
    file = io.BytesIO()
    writer = Writer(file, interfaces=[Interface(name=b"lab0", description=b"veth")])
    writer.write_frame(T, b"\x01\x02\x03\x04\x05", comment="step 中", original_length=1500)
    assert file.getvalue() == bytes.fromhex(
        "0a0d0d0a 30000000 4d3c2b1a 0100 0000 ffffffffffffffff"
        "0400 0a00 7061636b65742d6c6162 0000 00000000 30000000"
        "01000000 30000000 0100 0000 00000400"
        "0200 0400 6c616230 0300 0400 76657468 0900 0100 09000000 00000000 30000000"
        "06000000 38000000 00000000 fe9c9717 15cd853d 05000000 dc050000 0102030405000000"
        "0100 0800 7374657020e4b8ad 00000000 38000000"
    )


def test_pcapng_is_written_in_network_order_when_asked() -> None:
    file = io.BytesIO()
    Writer(file, byte_order="big", section=Section()).write_frame(T, b"\xff")
    assert file.getvalue() == bytes.fromhex(
        "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
        "00000001 00000020 0001 0000 00040000 0009 0001 09000000 00000000 00000020"
        "00000006 00000024 00000000 17979cfe 3d85cd15 00000001 00000001 ff000000 00000024"
    )


@pytest.mark.parametrize(
    ("byte_order", "expected"),
    [
        (
            "little",
            "4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000 00f15365 15cd5b07 02000000 dc050000 aabb",
        ),
        ("big", "a1b23c4d 0002 0004 00000000 00000000 00040000 00000001 6553f100 075bcd15 00000002 000005dc aabb"),
    ],
)
def test_pcap_is_written_with_nanoseconds(byte_order: str, expected: str) -> None:
    file = io.BytesIO()
    writer = Writer(file, format="pcap", byte_order="big" if byte_order == "big" else "little")
    writer.write_frame(T, b"\xaa\xbb", original_length=1500, comment="pcap has no place for this")
    assert file.getvalue() == bytes.fromhex(expected)


def test_statistics_say_what_the_recorder_lost() -> None:
    file = io.BytesIO()
    writer = Writer(file)
    before = len(file.getvalue())
    writer.write_statistics(T, received=300, dropped=2)
    assert file.getvalue()[before:] == bytes.fromhex(
        "05000000 34000000 00000000 fe9c9717 15cd853d"
        "0400 0800 2c01000000000000 0500 0800 0200000000000000 00000000 34000000"
    )
    assert writer.count == 0


def test_an_interface_met_on_the_way_is_described_before_its_packet() -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.write(Record(1, T, b"\x01", 1))
    writer.write(Record(2, T, b"\x02", 1, link_type=101, interface=4))
    writer.write(Record(3, T, b"\x03", 1, link_type=101, interface=4))
    assert writer.count == 3
    file.seek(0)
    with open_capture(file) as capture:
        assert [(r.interface, r.link_type, r.data) for r in capture] == [
            (0, 1, b"\x01"),
            (1, 101, b"\2"),
            (1, 101, b"\3"),
        ]
        assert [interface.link_type for interface in capture.interfaces] == [1, 101]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize(
    ("time_ns", "size", "original", "interface", "says"),
    [
        (-1, 1, None, 0, "time -1 ns does not fit"),
        (1 << 64, 1, None, 0, "time 18446744073709551616 ns does not fit"),
        (0, 262_145, None, 0, "a packet of 262145 bytes; a record holds at most 262144"),
        (0, 1, 1 << 32, 0, "original length 4294967296 does not fit 32 bits"),
        (0, 1, -1, 0, "original length -1 does not fit 32 bits"),
        (0, 1, None, 1, "interface 1 has not been described; there are 1"),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_byte_is(
    form: str, time_ns: int, size: int, original: int | None, interface: int, says: str
) -> None:
    file = io.BytesIO()
    writer = Writer(file, format="pcap" if form == "pcap" else "pcapng")
    before = file.getvalue()
    with pytest.raises(ValueError, match=says):
        writer.write_frame(time_ns, bytes(size), original_length=original, interface=interface)
    assert file.getvalue() == before
    assert writer.count == 0


@pytest.mark.parametrize("comment", ["\ud800", "x" * 65_536])
def test_a_comment_that_is_no_utf8_or_too_long_is_refused_before_a_byte_is_written(comment: str) -> None:
    file = io.BytesIO()
    writer = Writer(file)
    before = file.getvalue()
    with pytest.raises(ValueError, match=r"surrogates not allowed|holds at most 65535"):
        writer.write_frame(0, b"", comment=comment)
    assert file.getvalue() == before


@pytest.mark.parametrize(
    ("interface", "says"),
    [
        (Interface(link_type=65_536), "link type 65536 does not fit 16 bits"),
        (Interface(link_type=-1), "link type -1 does not fit 16 bits"),
        (Interface(snap_length=1 << 32), "snap length 4294967296 does not fit 32 bits"),
    ],
)
def test_an_interface_that_cannot_be_described_is_refused(interface: Interface, says: str) -> None:
    for form in ("pcap", "pcapng"):
        with pytest.raises(ValueError, match=says):
            Writer(io.BytesIO(), format="pcap" if form == "pcap" else "pcapng", interfaces=[interface])


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="dropped -1 does not fit 64 bits"):
        Writer(io.BytesIO()).write_statistics(0, received=0, dropped=-1)


def test_pcap_has_one_link_type() -> None:
    with pytest.raises(ValueError, match="a pcap file has one link type"):
        Writer(io.BytesIO(), format="pcap", interfaces=[Interface(1), Interface(101)])
    with pytest.raises(ValueError, match="a pcap file has one link type"):
        Writer(io.BytesIO(), format="pcap").write(Record(1, 0, b"", 0, link_type=101))


HOSTILE = [
    b"\x1b]0;title\x07\x1b[2J",
    b"two\nlines\r\tand a tab",
    "\u202eright to left\u2066".encode(),
    b"\xff\xfe not UTF-8",
    b"\0within\0",
    b"\xc2\x9b31m",
    "\U000e0041 \ufeff\u200b".encode(),
]


@pytest.mark.parametrize("comment", HOSTILE)
def test_a_hostile_comment_comes_back_as_the_bytes_it_was(comment: bytes) -> None:
    file = io.BytesIO()
    writer = Writer(file)
    writer.write_frame(0, b"\x01", comments=[comment, "ours"])
    writer.write_frame(1, b"\x02")
    file.seek(0)
    assert [record.comments for record in open_capture(file)] == [(comment, b"ours"), ()]


RECORDS = st.lists(
    st.tuples(
        st.integers(0, (1 << 32) * 1_000_000_000 - 1),
        st.binary(max_size=70),
        st.integers(0, 0xFFFFFFFF),
        st.lists(st.binary(max_size=20), max_size=3),
    ),
    max_size=6,
)


@given(RECORDS, st.sampled_from(["pcap", "pcapng"]), st.sampled_from(["little", "big"]))
def test_what_is_read_is_what_was_written(
    packets: list[tuple[int, bytes, int, list[bytes]]], form: str, byte_order: str
) -> None:
    ng = form == "pcapng"
    file = io.BytesIO()
    writer = Writer(
        file, format="pcapng" if ng else "pcap", byte_order="big" if byte_order == "big" else "little", link_type=101
    )
    records = [
        Record(number, time_ns, data, original, 101, 0, tuple(comments) if ng else ())
        for number, (time_ns, data, original, comments) in enumerate(packets, 1)
    ]
    for record in records:
        writer.write(record)
    file.seek(0)
    capture = open_capture(file)
    assert list(capture) == records
    assert capture.format == form
    assert capture.interfaces[0].link_type == 101
