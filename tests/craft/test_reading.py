"""The Scapy reading says where every field stands, and its rebuilding can fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.craft import frames
from lab.craft.envelope import Envelope
from lab.craft.reading import ScapyField, dissect, read_frame, rebuild
from lab.craft.session import FeiQSession, TFTPSession
from lab.craft.tftp_layer import LabTFTP

# Ethernet II, 802.1Q (priority 3, VLAN 5), IPv4, UDP 49152 > 69, RRQ "a" octet blksize 8.
TAGGED = bytes.fromhex(
    "024c41420001 024c41420002 8100 6005 0800"
    "4500 0030 0007 0000 40 11 661a 0a4d0002 0a4d0001"
    "c000 0045 001c 9dae"
    "0001 6100 6f6374657400 626c6b73697a6500 3800"
)
# IPv6, UDP 2425 > 2425, the seed's line.
SEED6 = (
    bytes.fromhex(
        "024c41420001 024c41420002 86dd"
        "60000000 0032 11 40 fd770000000000000000000000000002 fd770000000000000000000000000001"
        "0979 0979 0032 5224"
    )
    + b"1:1238605487:klaus:whoever_pc:32:Nice day!"
)


def where(found: list[ScapyField], layer: str) -> list[tuple[str, int, int, object]]:
    return [(f.field, f.offset_bits, f.width_bits, f.value) for f in found if f.layer == layer]


def test_every_field_of_a_tagged_request_stands_where_the_bytes_are() -> None:
    found = read_frame(TAGGED)
    assert where(found, "Dot1Q") == [
        ("prio", 112, 3, 3),
        ("dei", 115, 1, 0),
        ("vlan", 116, 12, 5),
        ("type", 128, 16, 0x0800),
    ]
    assert where(found, "UDP") == [
        ("sport", 304, 16, 49152),
        ("dport", 320, 16, 69),
        ("len", 336, 16, 28),
        ("chksum", 352, 16, 0x9DAE),
    ]
    assert where(found, "LabTFTP") == [
        ("op", 368, 16, 1),
        ("filename", 384, 16, b"a"),
        ("mode", 400, 48, b"octet"),
        ("options[0].option", 448, 64, b"blksize"),
        ("options[0].value", 512, 16, b"8"),
    ]
    assert ("src", 240, 32, "10.77.0.2") in where(found, "IP")


def test_feiq_sections_are_fields_of_their_own() -> None:
    assert where(read_frame(b"1:2:u:h:32:hi\0more\0", "feiq"), "LabFeiQ")[4:] == [
        ("command_no", 64, 24, b"32"),
        ("sections[0]", 88, 24, b"hi"),
        ("sections[1]", 112, 40, b"more"),
    ]
    assert where(read_frame(SEED6), "LabFeiQ")[-1] == ("sections[0]", 760, 72, b"Nice day!")


def test_padding_of_a_short_frame_is_no_part_of_the_data() -> None:
    envelope = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 49152, 69)
    short = bytes(frames.tftp_ack(envelope, 1))
    found = read_frame(short + bytes(60 - len(short)))
    assert where(found, "LabTFTP") == [("op", 336, 16, 4), ("block", 352, 16, 1)]
    assert where(found, "Padding") == [("load", 368, 112, bytes(14))]


def test_a_rebuilding_without_the_cache_gives_the_same_bytes() -> None:
    assert rebuild(TAGGED) == TAGGED
    assert rebuild(SEED6) == SEED6


def test_a_wrong_checksum_survives_a_rebuilding_and_a_recomputing_mends_it() -> None:
    wrong = TAGGED[:44] + b"\x12\x34" + TAGGED[46:]
    assert rebuild(wrong) == wrong
    assert rebuild(wrong, recompute=True) == rebuild(TAGGED, recompute=True) != wrong


def test_a_udp_checksum_of_zero_over_ipv4_is_left_alone() -> None:
    none = TAGGED[:44] + b"\0\0" + TAGGED[46:]
    assert rebuild(none, recompute=True)[44:46] == b"\0\0"


def test_the_rebuilding_fails_when_the_layer_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not hand back what it was given: with DATA's block in the wrong byte order the bytes differ."""
    field = LabTFTP().get_field("block").fld
    monkeypatch.setattr(type(field), "addfield", lambda self, pkt, s, val: s + val.to_bytes(2, "little"))
    data = b"\0\x03\x01\x02x"
    assert rebuild(data, "tftp") == b"\0\x03\x02\x01x"


def test_a_session_carries_the_transfer_from_frame_to_frame() -> None:
    there = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 50000, 69)
    request = bytes(frames.tftp_read_request(there, "f"))
    back = Envelope("02:4c:41:42:00:01", "02:4c:41:42:00:02", "10.77.0.1", "10.77.0.2", 40000, 50000)
    data = bytes(frames.tftp_data(back, 1, b"x"))
    session = TFTPSession()
    read_frame(request, session=session)
    assert where(read_frame(data, session=session), "LabTFTP")[1][0] == "block"
    assert where(read_frame(data, session=TFTPSession()), "LabTFTP") == []


def test_what_udp_carries_does_not_depend_on_what_was_imported() -> None:
    import scapy.layers.tftp  # noqa: F401  (binds Scapy's own TFTP to destination port 69)

    assert where(read_frame(TAGGED), "LabTFTP")
    assert not where(read_frame(TAGGED), "TFTP")


def test_fragments_are_not_read_as_datagrams() -> None:
    envelope = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 50000, 69)
    first, *_ = frames.fragments(frames.tftp_read_request(envelope, "f" * 100), 64)
    assert where(read_frame(bytes(first)), "LabTFTP") == []
    assert rebuild(bytes(first)) == bytes(first)
    assert rebuild(bytes(first), recompute=True) == bytes(first)


@pytest.mark.parametrize("start", ["ethernet", "ipv4", "ipv6", "udp"])
@given(data=st.binary(min_size=1, max_size=120))
@settings(deadline=None)
def test_any_bytes_have_a_reading_in_order_and_without_overlaps(start: str, data: bytes) -> None:
    offset = 0
    for field in read_frame(data, start):
        assert field.offset_bits >= offset
        offset = field.offset_bits + field.width_bits
    assert offset <= 8 * len(data)


@given(data=st.binary(min_size=1, max_size=120))
@settings(deadline=None)
def test_any_payload_in_a_frame_is_read_and_rebuilt(data: bytes) -> None:
    for port in (69, 2425, 9):
        envelope = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "fd77::2", "fd77::1", 50000, port)
        frame = bytes(frames.udp(envelope, data))
        assert sum(field.width_bits for field in read_frame(frame)) == 8 * len(frame)
        assert rebuild(frame) == frame == rebuild(frame, recompute=True)


def test_no_bytes_and_unknown_starts_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="no bytes"):
        read_frame(b"")
    with pytest.raises(ValueError, match="not at 'tcp'"):
        dissect(b"x", "tcp")


def test_a_session_ends_with_its_object_and_nothing_is_bound() -> None:
    from scapy.layers.inet import UDP

    before = list(UDP.payload_guess)
    dissect(TAGGED)
    FeiQSession().process(dissect(SEED6))
    assert UDP.payload_guess == before
