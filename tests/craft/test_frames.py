"""Frames with every field stated: the same bytes everywhere, and a clear no to values no field can carry."""

from __future__ import annotations

from typing import Any

import pytest

from lab.craft import frames
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError

V4 = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 49152, 69)
V6 = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "fd77::2", "fd77::1", 49152, 69)


def test_a_read_request_over_ipv4_is_these_bytes() -> None:
    built = bytes(frames.tftp_read_request(V4, "a", options=[("blksize", 8)]))
    assert built == bytes.fromhex(
        "024c41420001024c4142000208004500003000010000401166200a4d00020a4d0001"
        "c0000045001c9dae000161006f6374657400626c6b73697a65003800"
    )


def test_a_data_packet_over_ipv6_is_these_bytes() -> None:
    assert bytes(frames.tftp_data(V6, 258, b"ab")) == bytes.fromhex(
        "024c41420001024c4142000286dd60000000000e1140"
        "fd770000000000000000000000000002fd770000000000000000000000000001"
        "c0000045000e" + "e232" + "000301026162"
    )


def test_a_tag_states_priority_and_vlan() -> None:
    tagged = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 1, 2, vlan=5, vlan_priority=3)
    assert bytes(frames.udp(tagged, b""))[12:18] == bytes.fromhex("8100 6005 0800")


def test_every_field_of_the_envelope_reaches_the_wire() -> None:
    stated = Envelope(
        "02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 1, 2,
        ttl=1, tos=0xB8, identification=0x1234, dont_fragment=True,
    )  # fmt: skip
    assert bytes(frames.udp(stated, b"x"))[14:24] == bytes.fromhex("45b8 001d 1234 4000 0111")
    labelled = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "fd77::2", "fd77::1", 1, 2, ttl=1, flow_label=0xABCDE)
    assert bytes(frames.udp(labelled, b"x"))[14:22] == bytes.fromhex("600abcde 0009 11 01")


def test_nothing_depends_on_the_order_of_calls() -> None:
    assert bytes(frames.tftp_ack(V4, 1)) == bytes(frames.tftp_ack(V4, 1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source_mac": "02:4c"}, "source_mac"),
        ({"destination": "10.77.0.256"}, "destination"),
        ({"destination": "fd77::1"}, "destination"),
        ({"source_port": 65536}, "source_port"),
        ({"destination_port": -1}, "destination_port"),
        ({"ttl": 256}, "ttl"),
        ({"vlan": 4096}, "vlan"),
        ({"identification": 65536}, "identification"),
    ],
)
def test_a_value_that_no_field_can_carry_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    values = {name: getattr(V4, name) for name in Envelope.__slots__} | changes
    with pytest.raises(BuildError) as caught:
        Envelope(**values)
    assert caught.value.field == field


def test_a_nul_in_a_name_and_a_block_beyond_16_bits_are_refused() -> None:
    with pytest.raises(BuildError, match="no NUL inside"):
        frames.tftp_read_request(V4, b"a\0b")
    with pytest.raises(BuildError, match="0 to 65535"):
        frames.tftp_data(V4, 65536, b"")
    with pytest.raises(BuildError, match="at most 65507 bytes"):
        frames.udp(V4, bytes(65508))


def test_a_feiq_message_is_these_bytes() -> None:
    frame = frames.feiq(
        V4, number=1238605487, user="klaus", host="whoever_pc", command="SENDMSG", sections=["Nice day!"]
    )
    assert bytes(frame)[42:] == b"1:1238605487:klaus:whoever_pc:32:Nice day!"


@pytest.mark.parametrize(
    "wrong",
    [{"user": ""}, {"user": "a:b"}, {"host": "a\0b"}, {"command": "SHOUT"}, {"command": 2**32}, {"number": 2**32}],
)
def test_a_feiq_header_that_cannot_be_read_back_is_refused(wrong: dict[str, Any]) -> None:
    values: dict[str, Any] = {"number": 1, "user": "u", "host": "h", "command": 32}
    with pytest.raises(BuildError):
        frames.feiq(V4, **(values | wrong))


def test_fragments_say_their_place_and_carry_all_bytes() -> None:
    whole = frames.udp(V4, bytes(range(100)))
    first, second = frames.fragments(whole, 64, identification=9)
    assert bytes(first)[16:22] == bytes.fromhex("0054 0009 2000")
    assert bytes(second)[16:22] == bytes.fromhex("0040 0009 0008")
    assert bytes(first)[34:] + bytes(second)[34:] == bytes(whole)[34:]


def test_fragments_over_ipv6_have_a_header_of_their_own() -> None:
    whole = frames.udp(V6, bytes(range(100)))
    first, second = frames.fragments(whole, 64, identification=9)
    assert bytes(first)[18:21] == bytes.fromhex("0048 2c")
    assert bytes(first)[54:62] == bytes.fromhex("1100 0001 00000009")
    assert bytes(second)[54:62] == bytes.fromhex("1100 0040 00000009")
    assert bytes(first)[62:] + bytes(second)[62:] == bytes(whole)[54:]


def test_a_fragment_size_that_is_no_multiple_of_8_is_refused() -> None:
    with pytest.raises(BuildError, match="multiple of 8"):
        frames.fragments(frames.udp(V4, bytes(100)), 65)
