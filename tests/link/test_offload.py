"""What the kernel left to hardware is finished as hardware would; everything else stays as it was, right or wrong."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.link.offload import VirtioNetHeader, as_on_the_wire

ETHERNET4 = bytes.fromhex("024c41420002 024c41420001 0800")
ETHERNET6 = bytes.fromhex("024c41420002 024c41420001 86dd")
NOTHING_LEFT = VirtioNetHeader(0, 0, 0, 0, 0, 0)


def summed(data: bytes) -> int:
    """RFC 1071 by the book, word by word: 0xffff when the checksum in `data` is right."""
    total = 0
    for high, low in zip(data[::2], data[1::2] + b"\0", strict=False):
        total += high << 8 | low
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo4(packet: bytes, protocol: int) -> bytes:
    return packet[12:20] + struct.pack("!BBH", 0, protocol, len(packet) - 20)


def test_a_finished_frame_stays_as_it_is_even_if_its_checksum_is_wrong() -> None:
    frame = ETHERNET4 + bytes.fromhex("4500001d0001000040110000 0a4d0001 0a4d0002 c0000007 0009 dead 41")
    assert as_on_the_wire(NOTHING_LEFT, frame) == [frame]


def test_a_partial_udp_checksum_is_completed() -> None:
    # The kernel left the pseudo header's sum 0x14ba in the field: 0a4d + 0001 + 0a4d + 0002 + 0011 + 000c.
    frame = ETHERNET4 + bytes.fromhex("450000200001400040112661 0a4d0001 0a4d0002 04d20045 000c 14ba 0001 6161")
    [finished] = as_on_the_wire(VirtioNetHeader(1, 0, 0, 0, 34, 6), frame)
    # 14ba + 04d2 + 0045 + 000c + 0001 + 6161 = 7b3f, inverted 84c0
    assert finished == frame[:40] + bytes.fromhex("84c0") + frame[42:]
    assert summed(pseudo4(finished[14:], 17) + finished[34:]) == 0xFFFF


def test_a_checksum_that_would_be_nought_is_written_as_all_ones() -> None:
    frame = ETHERNET4 + bytes.fromhex("450000200001400040112661 0a4d0001 0a4d0002 04d20045 000c 14ba 0001 e621")
    [finished] = as_on_the_wire(VirtioNetHeader(1, 0, 0, 0, 34, 6), frame)
    assert finished[40:42] == b"\xff\xff"


def test_an_sctp_checksum_is_a_crc_and_is_not_touched() -> None:
    frame = ETHERNET4 + bytes(20) + bytes.fromhex("0001000200000003deadbeef")
    assert as_on_the_wire(VirtioNetHeader(1, 0, 0, 0, 34, 8), frame) == [frame]


def test_a_udp_super_frame_becomes_datagrams_with_consecutive_ids_and_own_lengths_and_checksums() -> None:
    header = bytes.fromhex("45000021ffff400040110000 0a4d0001 0a4d0002 04d20045 000d 14bb")
    frames = as_on_the_wire(VirtioNetHeader(1, 5, 42, 2, 34, 6), ETHERNET4 + header + b"abcde")
    assert [frame[42:] for frame in frames] == [b"ab", b"cd", b"e"]
    assert [frame[16:18].hex() for frame in frames] == ["001e", "001e", "001d"]
    assert [frame[18:20].hex() for frame in frames] == ["ffff", "0000", "0001"]
    assert [frame[38:40].hex() for frame in frames] == ["000a", "000a", "0009"]
    for frame in frames:
        assert summed(frame[14:34]) == 0xFFFF
        assert summed(pseudo4(frame[14:], 17) + frame[34:]) == 0xFFFF


def test_an_ipv6_super_frame_behind_a_vlan_tag_is_split_too() -> None:
    ip = bytes.fromhex("60000000 000d 11 40" + "fd77" + "00" * 13 + "01" + "fd77" + "00" * 13 + "02")
    frame = ETHERNET6[:12] + bytes.fromhex("8100 0005 86dd") + ip + bytes.fromhex("04d20045 000d 0000") + b"abcde"
    frames = as_on_the_wire(VirtioNetHeader(1, 5, 66, 3, 58, 6), frame)
    assert [frame[66:] for frame in frames] == [b"abc", b"de"]
    assert [frame[22:24].hex() for frame in frames] == ["000b", "000a"]
    for piece in frames:
        pseudo = piece[26:58] + struct.pack("!II", len(piece) - 58, 17)
        assert summed(pseudo + piece[58:]) == 0xFFFF


def test_a_tcp_super_frame_keeps_fin_and_psh_for_the_last_piece_and_cwr_for_the_first() -> None:
    ip = bytes.fromhex("4500002d000a400040060000 0a4d0001 0a4d0002")
    # Sequence 0xfffffffe wraps on the way; flags CWR, ACK, PSH, FIN.
    tcp = bytes.fromhex("0016c000 fffffffe 00000001 50 99 ffff 0000 0000")
    frames = as_on_the_wire(VirtioNetHeader(1, 0x81, 54, 2, 34, 16), ETHERNET4 + ip + tcp + b"abcde")
    assert [frame[54:] for frame in frames] == [b"ab", b"cd", b"e"]
    assert [frame[38:42].hex() for frame in frames] == ["fffffffe", "00000000", "00000002"]
    assert [frame[47:48].hex() for frame in frames] == ["90", "10", "19"]
    for frame in frames:
        assert summed(frame[14:34]) == 0xFFFF
        assert summed(pseudo4(frame[14:], 6) + frame[34:]) == 0xFFFF


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_a_super_frame_too_short_for_its_headers_is_left_whole(length: int) -> None:
    frame = (ETHERNET4 + bytes.fromhex("45") + bytes(60))[:length]
    assert as_on_the_wire(VirtioNetHeader(1, 1, 54, 2, 34, 16), frame) == [frame]


@given(
    st.sampled_from([b"", ETHERNET4 + b"E", ETHERNET6 + b"`", ETHERNET4[:12] + b"\x81\x00" * 9]),
    st.binary(max_size=200),
    st.sampled_from([0, 1, 3, 4, 5, 0x81]),
    st.integers(1, 64),
    st.integers(0, 80),
    st.integers(0, 40),
)
def test_no_offload_state_whatever_breaks_the_recorder(
    start: bytes, rest: bytes, kind: int, size: int, csum_start: int, csum_offset: int
) -> None:
    frame = start + rest
    frames = as_on_the_wire(VirtioNetHeader(1, kind, 0, size, csum_start, csum_offset), frame)
    assert frames
    assert sum(map(len, frames)) >= len(frame)
