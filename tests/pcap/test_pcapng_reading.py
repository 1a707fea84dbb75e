"""pcapng, read from literals, block by block: every kind that carries packets, in both byte orders."""

from __future__ import annotations

import io

import pytest

from lab.pcap import Capture, CaptureError, Record, open_capture

SECTION_LITTLE = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
SECTION_BIG = "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
INTERFACE_LITTLE = "01000000 14000000 0100 0000 00000400 14000000"
INTERFACE_BIG = "00000001 00000014 0001 0000 00040000 00000014"

# Interface 0, timestamp 0x0006_0a24181e_4478 = 1,700,000,000,001,144 us, 5 bytes of 1,500, padded to 8.
ENHANCED_LITTLE = "06000000 28000000 00000000 240a0600 78441e18 05000000 dc050000 0102030405 000000 28000000"
ENHANCED_BIG = "00000006 00000028 00000000 00060a24 181e4478 00000005 000005dc 0102030405 000000 00000028"


def opened(*blocks: str) -> Capture:
    return open_capture(io.BytesIO(bytes.fromhex("".join(blocks))))


def read(*blocks: str) -> list[Record]:
    return list(opened(*blocks))


@pytest.mark.parametrize(
    "blocks",
    [(SECTION_LITTLE, INTERFACE_LITTLE, ENHANCED_LITTLE), (SECTION_BIG, INTERFACE_BIG, ENHANCED_BIG)],
    ids=["little", "big"],
)
def test_an_enhanced_packet_is_read_in_both_byte_orders(blocks: tuple[str, ...]) -> None:
    assert read(*blocks) == [Record(1, 1_700_000_000_001_144_000, b"\x01\x02\x03\x04\x05", 1500)]


def test_the_comments_of_a_packet_stay_the_bytes_they_were() -> None:
    packet = (
        "06000000 40000000 00000000 00000000 01000000 01000000 01000000 ff000000"
        "0100 0300 e4b8ad00"  # a comment in UTF-8
        "0200 0400 01000000"  # flags, no business of ours
        "0100 0200 1bff0000"  # a comment that is no UTF-8
        "0000 0000 40000000"
    )
    (record,) = read(SECTION_LITTLE, INTERFACE_LITTLE, packet)
    assert record.comments == (b"\xe4\xb8\xad", b"\x1b\xff")
    assert (record.time_ns, record.data) == (1000, b"\xff")


def test_options_may_end_without_their_end_mark() -> None:
    packet = "06000000 2c000000 00000000 00000000 01000000 01000000 01000000 ff000000 0100 0200 68690000 2c000000"
    assert read(SECTION_LITTLE, INTERFACE_LITTLE, packet)[0].comments == (b"hi",)


@pytest.mark.parametrize(
    "blocks",
    [
        (SECTION_LITTLE, INTERFACE_LITTLE, "03000000 14000000 03000000 aabbcc00 14000000"),
        (SECTION_BIG, INTERFACE_BIG, "00000003 00000014 00000003 aabbcc00 00000014"),
    ],
    ids=["little", "big"],
)
def test_a_simple_packet_has_no_time_and_its_length_decides_what_is_padding(blocks: tuple[str, ...]) -> None:
    assert read(*blocks) == [Record(1, 0, b"\xaa\xbb\xcc", 3)]


def test_a_simple_packet_is_cut_by_the_snap_length_of_the_first_interface() -> None:
    interface = "01000000 14000000 0100 0000 02000000 14000000"
    (record,) = read(SECTION_LITTLE, interface, "03000000 14000000 dc050000 aabb0000 14000000")
    assert (record.data, record.original_length) == (b"\xaa\xbb", 1500)


def test_snap_length_zero_cuts_nothing() -> None:
    interface = "01000000 14000000 0100 0000 00000000 14000000"
    assert read(SECTION_LITTLE, interface, "03000000 14000000 02000000 aabb0000 14000000")[0].data == b"\xaa\xbb"


@pytest.mark.parametrize(
    "blocks",
    [
        (
            SECTION_LITTLE,
            INTERFACE_LITTLE,
            "02000000 24000000 0000 0700 240a0600 78441e18 02000000 03000000 aabb0000 24000000",
        ),
        (
            SECTION_BIG,
            INTERFACE_BIG,
            "00000002 00000024 0000 0007 00060a24 181e4478 00000002 00000003 aabb0000 00000024",
        ),
    ],
    ids=["little", "big"],
)
def test_the_obsolete_packet_block_has_a_short_interface_and_a_drop_count(blocks: tuple[str, ...]) -> None:
    assert read(*blocks) == [Record(1, 1_700_000_000_001_144_000, b"\xaa\xbb", 3)]


@pytest.mark.parametrize(
    ("resolution", "ticks", "expected_ns"),
    [
        ("00", "0200000000000000", 8_589_934_592_000_000_000),
        ("03", "0000000001000000", 1_000_000),
        ("09", "0000000001000000", 1),
        ("0c", "00000000e8030000", 1),
        ("0c", "00000000e7030000", 0),
        ("7f", "ffffffffffffffff", 0),
        ("80", "0000000007000000", 7_000_000_000),
        ("8a", "0000000000040000", 1_000_000_000),
        ("9e", "0000000001000000", 0),
        ("a0", "0100000000000080", 1_500_000_000),
        ("ff", "ffffffffffffffff", 0),
    ],
)
def test_timestamps_count_in_powers_of_ten_or_of_two(resolution: str, ticks: str, expected_ns: int) -> None:
    interface = f"01000000 20000000 0100 0000 00000000 0900 0100 {resolution}000000 0000 0000 20000000"
    packet = f"06000000 20000000 00000000 {ticks} 00000000 00000000 20000000"
    assert read(SECTION_LITTLE, interface, packet)[0].time_ns == expected_ns


@pytest.mark.parametrize(
    ("offset", "expected_ns"), [("0a00000000000000", 10_000_001_000), ("ffffffffffffffff", -999_999_000)]
)
def test_the_interface_may_add_seconds_to_every_timestamp(offset: str, expected_ns: int) -> None:
    interface = f"01000000 20000000 0100 0000 00000000 0e00 0800 {offset} 20000000"
    packet = "06000000 20000000 00000000 00000000 01000000 00000000 00000000 20000000"
    assert read(SECTION_LITTLE, interface, packet)[0].time_ns == expected_ns


def test_blocks_without_packets_are_stepped_over() -> None:
    names = "04000000 10000000 00000000 10000000"
    statistics = "05000000 18000000 00000000 00000000 00000000 18000000"
    secrets = "0a000000 14000000 4b534c54 00000000 14000000"
    custom = "ad0b0000 10000000 01020304 10000000"
    local = "00000080 0c000000 0c000000"
    capture = opened(SECTION_LITTLE, names, INTERFACE_LITTLE, statistics, ENHANCED_LITTLE, secrets, custom, local)
    assert [record.number for record in capture] == [1]


def test_each_section_has_its_own_byte_order_and_interfaces_and_the_count_goes_on() -> None:
    raw_ip = "00000001 00000014 0065 0000 00040000 00000014"
    with opened(
        SECTION_LITTLE, INTERFACE_LITTLE, ENHANCED_LITTLE, SECTION_BIG, INTERFACE_BIG, raw_ip,
        ENHANCED_BIG.replace("00000028 00000000", "00000028 00000001", 1), ENHANCED_BIG,
    ) as capture:  # fmt: skip
        seen = [(record.number, record.interface, record.link_type) for record in capture]
    assert seen == [(1, 0, 1), (2, 2, 101), (3, 1, 1)]
    assert [interface.link_type for interface in capture.interfaces] == [1, 1, 101]


def test_an_interface_of_an_earlier_section_is_not_there_in_the_next() -> None:
    with pytest.raises(CaptureError, match="a packet of interface 0, but its section has described 0"):
        read(SECTION_LITTLE, INTERFACE_LITTLE, SECTION_LITTLE, ENHANCED_LITTLE)


def test_the_section_tells_its_hardware_system_application_and_comment() -> None:
    section = (
        "0a0d0d0a 44000000 4d3c2b1a 0100 0000 ffffffffffffffff"
        "0100 0200 68690000 0200 0300 78383600 0300 0500 4c696e7578000000 0400 0300 6c616200 0000 0000 44000000"
    )
    told = opened(section).section
    assert (told.comments, told.hardware, told.operating_system, told.application) == (
        (b"hi",),
        b"x86",
        b"Linux",
        b"lab",
    )


def test_the_interface_tells_its_name_and_description() -> None:
    interface = "01000000 28000000 0100 0000 00000000 0200 0400 6c616230 0300 0400 76657468 0000 0000 28000000"
    capture = opened(SECTION_LITTLE, interface)
    assert list(capture) == []
    assert (capture.interfaces[0].name, capture.interfaces[0].description) == (b"lab0", b"veth")


@pytest.mark.parametrize(
    ("blocks", "offset", "says"),
    [
        ((SECTION_LITTLE.replace("4d3c2b1a", "4d3c2b1b"),), 0, "the section header's byte order magic is 4d3c2b1b"),
        ((SECTION_LITTLE.replace("0100", "0200", 1),), 0, "pcapng version 2.0 is not known; 1.0 is"),
        ((SECTION_LITTLE, ENHANCED_LITTLE), 28, "a packet of interface 0, but its section has described 0"),
        ((SECTION_LITTLE, "01000000 0b000000 00000000"), 28, "block length 11 is not a multiple of 4 of at least 12"),
        ((SECTION_LITTLE, "01000000 00000000 00000000"), 28, "block length 0 is not a multiple of 4 of at least 12"),
        ((SECTION_LITTLE, "01000000 15000000 00000000"), 28, "block length 21 is not a multiple of 4"),
        ((SECTION_LITTLE, "01000000 fcffffff 00000000"), 28, "a block of 4294967292 bytes; the limit is 16777216"),
        (
            (SECTION_LITTLE, "01000000 10000000 01000000 10000000"),
            28,
            "a block of type 0x1 needs a body of 8 bytes, it",
        ),
        (
            (SECTION_LITTLE, INTERFACE_LITTLE[:-8] + "18000000"),
            28,
            "the block says 20 bytes at its head and 24 at its end",
        ),
        (
            (SECTION_LITTLE, INTERFACE_LITTLE, ENHANCED_LITTLE.replace("05000000", "09000000")),
            48,
            "a packet claims 9 bytes; its block has room for 8",
        ),
        (
            (SECTION_LITTLE, INTERFACE_LITTLE, ENHANCED_LITTLE.replace("05000000", "01000400")),
            48,
            "a record of 262145 bytes; the limit is 262144",
        ),
        (
            (SECTION_LITTLE, "01000000 20000000 0100 0000 00000000 0900 0200 06060000 0000 0000 20000000"),
            28,
            "if_tsresol has 2 bytes, not 1",
        ),
        (
            (SECTION_LITTLE, "01000000 1c000000 0100 0000 00000000 0e00 0400 06060000 1c000000"),
            28,
            "if_tsoffset has 4 bytes, not 8",
        ),
        (
            (SECTION_LITTLE, "01000000 1c000000 0100 0000 00000000 0200 0500 6c616230 1c000000"),
            28,
            "option 2 claims 5 bytes; its block has 4 left",
        ),
    ],
)
def test_a_block_that_contradicts_itself_is_named_with_its_offset(
    blocks: tuple[str, ...], offset: int, says: str
) -> None:
    with pytest.raises(CaptureError) as told:
        read(*blocks)
    assert told.value.offset == offset
    assert told.value.what.startswith(says)


def test_a_thousand_and_twenty_four_interfaces_are_enough() -> None:
    assert read(SECTION_LITTLE, *[INTERFACE_LITTLE] * 1024) == []
    with pytest.raises(CaptureError, match=f"^offset {28 + 20 * 1024}: more than 1024 interfaces$"):
        read(SECTION_LITTLE, *[INTERFACE_LITTLE] * 1025)
