"""What one frame can have wrong, each shown by deliberately changed bytes of a right one."""

from __future__ import annotations

import pytest

from lab.crosscheck.finding import Finding
from lab.crosscheck.framing import check_frame
from lab.wire.frame import dissect
from tests.crosscheck.frames import ARP, DATA_1, ERROR, FEIQ_HOSTS, FEIQ_SEED, READ_REQUEST, VLAN, WELL_FORMED, changed


def noticed(frame: bytes, original_length: int = 0) -> list[Finding]:
    return check_frame(1, dissect(frame), original_length or len(frame))


def wrong(frame: bytes) -> dict[str, str]:
    return {found.field: found.sentence for found in noticed(frame) if found.severity == "wrong"}


@pytest.mark.parametrize("frame", WELL_FORMED)
def test_nothing_is_wrong_in_a_right_frame(frame: bytes) -> None:
    assert wrong(frame) == {}


def test_a_wrong_ip_checksum_is_named_with_what_it_should_be() -> None:
    assert wrong(changed(DATA_1, 24, b"\x12\x34")) == {
        "ipv4.header_checksum": "ipv4.header_checksum is 0x1234 and should be 0x6624"
    }


def test_a_swapped_ip_checksum_is_said_to_be_swapped() -> None:
    assert "sent little-endian" in wrong(changed(DATA_1, 24, b"\x24\x66"))["ipv4.header_checksum"]


def test_a_checksum_that_the_card_should_have_filled_in_is_a_remark() -> None:
    # 0a4d + 0001 + 0a4d + 0002 + 0011 + 0015: addresses, protocol and length, as the kernel leaves it.
    found = noticed(changed(DATA_1, 40, b"\x14\xc3"))
    assert [(f.severity, f.field) for f in found] == [("remark", "udp.checksum")]
    assert "not filled in by the sender's kernel" in found[0].sentence


def test_a_udp_length_in_the_wrong_order_is_said_to_be_swapped() -> None:
    found = wrong(changed(DATA_1, 38, b"\x15\x00"))
    assert "sent little-endian" in found["udp.length"]


def test_a_udp_length_that_is_too_short_is_wrong() -> None:
    assert "udp.length" in wrong(changed(DATA_1, 38, b"\x00\x09"))


def test_an_ip_length_beyond_the_frame_is_wrong() -> None:
    assert "ipv4.total_length" in wrong(changed(DATA_1, 16, b"\x10\x00"))


def test_padding_that_is_not_zero_is_wrong() -> None:
    assert "ethernet.padding" in wrong(changed(ARP, 50, b"secret"))


def test_a_little_endian_opcode_is_named() -> None:
    found = wrong(changed(READ_REQUEST, 42, b"\1\0"))
    assert "with its bytes swapped it is RRQ: sent little-endian" in found["tftp.opcode"]


def test_a_little_endian_ethertype_is_named() -> None:
    assert "IPv4 with its bytes swapped" in wrong(changed(DATA_1, 12, b"\0\x08"))["ethernet.type"]


@pytest.mark.parametrize(
    ("frame", "offset", "field", "name"),
    [
        (VLAN, 12, "ethernet.type", "802.1Q"),
        (VLAN, 16, "vlan.type", "IPv4"),
        (ARP, 14, "arp.hardware_type", "Ethernet"),
        (ARP, 16, "arp.protocol_type", "IPv4"),
        (ARP, 20, "arp.operation", "request"),
        (changed(ERROR, 34, b"\0\x45"), 44, "tftp.error_code", "FILE_NOT_FOUND"),
    ],
)
def test_a_little_endian_number_with_a_name_is_named(frame: bytes, offset: int, field: str, name: str) -> None:
    one, other = frame[offset : offset + 2]
    assert f"{name} with its bytes swapped: sent" in wrong(changed(frame, offset, bytes([other, one])))[field]


def test_the_length_of_an_ieee_802_3_frame_is_no_swapped_type() -> None:
    bridges = bytes.fromhex("0180c2000000 024c41420001 0008 424203 0000030200") + bytes(38)
    assert wrong(bridges) == {}


def test_a_little_endian_port_before_a_request_is_named() -> None:
    found = wrong(changed(READ_REQUEST, 36, b"\x45\x00"))
    assert found["udp.destination_port"].startswith("17664 is 69 with its bytes swapped")


def test_a_little_endian_feiq_port_is_named() -> None:
    assert "30985 is 2425" in wrong(changed(FEIQ_SEED, 36, b"\x79\x09"))["udp.destination_port"]


def test_an_ordinary_port_is_nothing_to_speak_of() -> None:
    assert "udp.destination_port" not in wrong(changed(DATA_1, 36, b"\x45\x00"))


def test_the_port_in_a_host_list_is_known_to_be_swapped() -> None:
    assert [(f.severity, f.raw) for f in noticed(FEIQ_HOSTS)] == [("remark", b"30985")]


def test_a_message_without_its_nul_is_a_remark() -> None:
    assert [(f.severity, f.field) for f in noticed(FEIQ_SEED)] == [("remark", "feiq.text")]


def test_a_missing_nul_in_a_request_is_wrong() -> None:
    assert "tftp.option_value" in wrong(changed(READ_REQUEST, len(READ_REQUEST) - 1, b"2"))


def test_a_frame_of_which_the_capture_holds_a_part_is_a_remark_and_nothing_else() -> None:
    found = noticed(DATA_1[:30], original_length=len(DATA_1))
    assert [(f.severity, f.field) for f in found] == [("remark", "frame")]
    assert "30 bytes" in found[0].sentence
