"""The Internet checksum against published examples, and its three verdicts."""

from __future__ import annotations

from lab.wire import checksum
from lab.wire.frame import dissect
from lab.wire.udp import Datagram


def test_the_example_of_rfc_1071():
    data = bytes.fromhex("0001 f203 f4f5 f6f7")
    assert checksum.ones_complement_sum(data) == 0xDDF2
    assert checksum.internet_checksum(data) == 0x220D


def test_an_odd_byte_at_the_end_counts_as_the_high_half():
    assert checksum.ones_complement_sum(b"\x01") == 0x0100
    assert checksum.ones_complement_sum(b"\xff\xff\x01") == 0x0100


def test_the_pseudo_header_of_either_family():
    four = checksum.pseudo_header(bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2]), 17, 10)
    assert four == bytes.fromhex("0a4d0001 0a4d0002 00 11 000a")
    six = checksum.pseudo_header(bytes(15) + b"\1", bytes(15) + b"\2", 58, 0x12345)
    assert six == bytes(15) + b"\1" + bytes(15) + b"\2" + bytes.fromhex("00012345 000000 3a")


def test_zero_and_all_ones_are_the_same_number():
    assert checksum.judge(0xFFFF, 0) == "right"
    assert checksum.judge(0, 0xFFFF) == "right"
    assert checksum.judge(1, 0xFFFF) == "wrong"


def test_a_udp_checksum_that_comes_to_nought_is_sent_as_all_ones():
    # 0a4d + 0001 + 0a4d + 0002 + 0011 + 000c + 04d2 + 0045 + 000c + 0001 + e621 = ffff; 0 would mean "none" (RFC 768).
    datagram = Datagram(0x04D2, 0x0045, 12, 0, bytes.fromhex("0001 e621"))
    assert datagram.expected_checksum(bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2])) == 0xFFFF


def test_only_the_pseudo_headers_own_sum_is_partial():
    pseudo = checksum.pseudo_header(bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2]), 17, 10)
    assert checksum.ones_complement_sum(pseudo) == 0x14B8
    assert checksum.judge(0x14B8, 0xED93, pseudo) == "partial"
    assert checksum.judge(0xB814, 0xED93, pseudo) == "wrong"
    assert checksum.judge(0x14B8, 0xED93) == "wrong"


def test_an_unfinished_checksum_is_told_apart_from_a_wrong_one(vectors):
    (partial,) = dissect(vectors["frame-udp-partial-checksum"].data).notes
    assert partial.sentence == ("udp.checksum is 0x14b8: not filled in by the sender's kernel, it should become 0xed93")
    (wrong,) = dissect(vectors["frame-udp-wrong-checksum"].data).notes
    assert wrong.sentence == "udp.checksum is 0xed93 and should be 0xed92"


def test_an_unfinished_tcp_checksum_is_recognised_over_ipv6():
    data = bytes.fromhex(
        "60000000 0014 06 40 fd770000000000000000000000000001 fd770000000000000000000000000002"
        "0979 c350 00000001 00000002 5010 ffff fb0c 0000"
    )
    # 0xfd77 + 0xfd77 + 1 + 2 + protocol 6 + length 20 = 0x1fb0b, and the carry makes it 0xfb0c.
    (note,) = dissect(data, "ipv6").notes
    assert (note.kind, note.field, note.offset, note.found) == ("partial", "tcp.checksum", 56, 0xFB0C)
