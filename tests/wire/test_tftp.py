"""TFTP's six packets: network order, NULs, nothing left over, unknown codes kept."""

from __future__ import annotations

import pytest

from lab.wire import tftp
from lab.wire.error import BuildError, WireError
from lab.wire.field import Reader


def test_the_block_number_stands_in_network_order():
    assert tftp.Data(0x0102, b"x").build() == b"\x00\x03\x01\x02x"
    assert tftp.parse(b"\x00\x03\x01\x02x") == tftp.Data(0x0102, b"x")
    assert tftp.Ack(0x0102).build() == b"\x00\x04\x01\x02"
    assert tftp.parse(b"\x00\x04\x01\x02") == tftp.Ack(0x0102)


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"", "tftp.opcode", 0),
        (b"\0", "tftp.opcode", 0),
        (b"\0\0", "tftp.opcode", 0),
        (b"\0\7", "tftp.opcode", 0),
        (b"\1\0a\0octet\0", "tftp.opcode", 0),
        (b"\0\1", "tftp.filename", 2),
        (b"\0\1name", "tftp.filename", 2),
        (b"\0\1name\0", "tftp.mode", 7),
        (b"\0\2name\0octet", "tftp.mode", 7),
        (b"\0\1n\0octet\0blksize", "tftp.option_name", 10),
        (b"\0\1n\0octet\0blksize\0", "tftp.option_value", 18),
        (b"\0\1n\0octet\0blksize\x00512", "tftp.option_value", 18),
        (b"\0\3", "tftp.block", 2),
        (b"\0\3\0", "tftp.block", 2),
        (b"\0\4\0", "tftp.block", 2),
        (b"\0\4\0\1\0", "tftp.trailing", 4),
        (b"\0\5\0", "tftp.error_code", 2),
        (b"\0\5\0\1", "tftp.error_message", 4),
        (b"\0\5\0\1no", "tftp.error_message", 4),
        (b"\0\5\0\1no\0more", "tftp.trailing", 7),
        (b"\0\6blksize\0", "tftp.option_value", 10),
    ],
)
def test_an_error_names_the_field_and_where_it_stands(data, field, offset):
    with pytest.raises(WireError) as caught:
        tftp.parse(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)
    assert f"{field} at offset {offset}: wanted " in str(caught.value)


def test_offsets_count_from_the_start_of_the_whole_input():
    with pytest.raises(WireError) as caught:
        tftp.read(Reader(b"...." + b"\0\1name", "tftp", 4))
    assert caught.value.offset == 6


def test_an_option_acknowledgment_may_be_empty():
    assert tftp.parse(b"\0\6") == tftp.Oack(())
    assert tftp.Oack(()).build() == b"\0\6"


def test_strings_keep_their_case_their_order_and_their_bytes():
    data = b"\0\1\xc4\xe3\0oCtEt\0B\0b\0b\0\0\0x\0"
    assert tftp.parse(data) == tftp.ReadRequest(b"\xc4\xe3", b"oCtEt", ((b"B", b"b"), (b"b", b""), (b"", b"x")))
    assert tftp.parse(data).build() == data


@pytest.mark.parametrize(
    "packet",
    [
        tftp.Data(65536, b""),
        tftp.Data(-1, b""),
        tftp.Ack(65536),
        tftp.Error(70000, b""),
        tftp.Error(0, b"a\0b"),
        tftp.ReadRequest(b"a\0b", b"octet"),
        tftp.WriteRequest(b"a", b"oc\0tet"),
        tftp.ReadRequest(b"a", b"octet", ((b"a\0", b"1"),)),
        tftp.Oack(((b"a", b"1\0"),)),
    ],
)
def test_what_the_format_cannot_carry_is_refused_as_our_own_mistake(packet):
    with pytest.raises(BuildError):
        packet.build()
