"""FeiQ's header, options, sections and version field, as the clients in the field write them."""

from __future__ import annotations

import pytest

from lab.wire import feiq
from lab.wire.error import BuildError, WireError
from lab.wire.frame import dissect

SEED = b"1:1238605487:klaus:whoever_pc:32:Nice day!"


def test_the_seed_message_has_its_six_fields():
    packet = feiq.parse(SEED)
    assert (packet.version, packet.number, packet.user, packet.host) == (b"1", 1238605487, b"klaus", b"whoever_pc")
    assert (packet.code, packet.mode, packet.options) == (32, 0x20, 0)
    assert (packet.text, packet.sections, packet.attachments()) == (b"Nice day!", (b"Nice day!",), ())
    assert packet.feiq_version() is None


def test_the_command_is_unsigned_and_its_bits_stay_in_place():
    packet = feiq.parse(b"1:1:u:h:2149580832:x")
    assert (packet.mode, packet.options) == (0x20, 0x80200000)


def test_one_bit_has_one_name_in_a_message_and_another_in_presence():
    assert feiq.flag_names(0x120) == ("SENDCHECKOPT",)
    assert feiq.flag_names(0x101) == ("ABSENCEOPT",)
    assert feiq.flag_names(0x121) == ("0x100",)
    assert feiq.flag_names(6291716) == ("ABSENCEOPT", "FILEATTACHOPT", "ENCRYPTOPT")
    assert feiq.flag_names(0x00100200 | 0x20) == ("SECRETOPT", "READCHECKOPT")
    assert feiq.flag_names(0x00400800 | 0x60) == ("ENCFILEOPT", "ENCRYPTOPT")
    assert feiq.flag_names(0x00804018) == ("RETRYOPT", "UTF8OPT")


def test_modes_have_names_and_unknown_ones_survive():
    assert feiq.mode_name(0x120) == "SENDMSG"
    assert feiq.mode_name(0xD1) == "FEIQ_SHAKE"
    assert feiq.mode_name(0xEE) == "unknown"
    assert feiq.parse(b"1:1:u:h:238:x").mode == 0xEE


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"", "feiq.version", 0),
        (b"\0", "feiq.version", 0),
        (b"1", "feiq.version", 0),
        (b"1:2", "feiq.packet_no", 2),
        (b"1:2:u", "feiq.user", 4),
        (b"1:2:u:h", "feiq.host", 6),
        (b"1:2:u:h:32", "feiq.command", 8),
        (b"1::u:h:32:x", "feiq.packet_no", 2),
        (b"1:-5:u:h:32:x", "feiq.packet_no", 2),
        (b"1:0x10:u:h:32:x", "feiq.packet_no", 2),
        (b"1:111111111111111111111:u:h:32:x", "feiq.packet_no", 2),
        (b"1:2:u:h::x", "feiq.command", 8),
        (b"1:2:u:h:+32:x", "feiq.command", 8),
        (b"1:2:u:h:-1:x", "feiq.command", 8),
        (b"1:2:u:h:4294967296:x", "feiq.command", 8),
        ("1:２:u:h:32:x".encode(), "feiq.packet_no", 2),
        (b"IP2:3d:key1:3:3e8:Z", "feiq.packet_no", 4),
    ],
)
def test_an_error_names_the_field_and_where_it_stands(data, field, offset):
    with pytest.raises(WireError) as caught:
        feiq.parse(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@pytest.mark.parametrize(
    "data",
    [
        b"1:0:u:h:32:",
        b"1:4294967295:u:h:4294967295:x",
        b"1:1700000000123:u:h:32:x",
        b"1:007:u:h:032:x\0",
        b"2:1:u:h:32:x",
        b":1:u:h:32:x",
        b"abc:1:u:h:32:x",
        b"1:1:::32:x",
        b"1:1:a\nb\x07:h\0h:32:x",
        b"1:1:u:h:32:" + bytes(65),
    ],
)
def test_what_is_odd_but_readable_keeps_its_bytes(data):
    assert feiq.parse(data).build() == data


def test_no_section_opens_after_the_last_nul():
    def sections(body):
        return feiq.Packet(b"1", b"1", b"u", b"h", b"1", body).sections

    assert sections(b"") == (b"",)
    assert sections(b"\0") == (b"",)
    assert sections(b"nick") == (b"nick",)
    assert sections(b"nick\0") == (b"nick",)
    assert sections(b"nick\0group") == (b"nick", b"group")
    assert sections(b"nick\0\0") == (b"nick", b"")
    assert sections(b"\0\0\nUN:u") == (b"", b"", b"\nUN:u")


def test_utf8_names_count_only_where_the_sender_says_it_can_utf8(vectors):
    packet = feiq.parse(vectors["feiq-entry-with-utf8-names"].data)
    names = {b"UN": b"li", b"HN": b"pc1", b"NN": "李雷".encode(), b"VS": b"00010002:5:6:0"}
    assert packet.utf8_names() == names
    assert feiq.parse(packet.build().replace(b":23068673:", b":6291457:")).utf8_names() == {}
    assert feiq.parse(packet.build().replace(b":23068673:", b":16777248:")).utf8_names() == {}


def test_a_group_that_begins_with_a_line_feed_is_the_utf8_block():
    packet = feiq.parse(b"1:1:u:h:16777217:nick\0\nNN:x:y\nnothing\n:z\0")
    assert packet.utf8_names() == {b"NN": b"x:y", b"": b"z"}
    assert dissect(packet.build(), "feiq").fields[-1].name == "feiq.extension"


def test_text_is_split_before_it_is_decoded():
    """The second bytes of GBK characters can be 0x5c or 0x7c; none is a colon or a NUL."""
    packet = feiq.parse(b"1:1:\x81\x5c\x81\x7c:h:32:\x84\x31\xa4\x37\0")
    assert (packet.user, packet.text) == (b"\x81\x5c\x81\x7c", b"\x84\x31\xa4\x37")


def test_a_packet_is_composed_with_one_nul_at_its_end():
    packet = feiq.compose(number=100, user=b"shirouzu", host=b"jupiter", code=32, sections=[b"Hello"])
    assert packet.build() == b"1:100:shirouzu:jupiter:32:Hello\0"
    assert feiq.compose(number=1, user=b"u", host=b"h", code=0).build() == b"1:1:u:h:0:\0"


@pytest.mark.parametrize(
    "change",
    [
        {"user": b""},
        {"host": b""},
        {"user": b"a:b"},
        {"host": b"a\0b"},
        {"version": b"1:2"},
        {"number": -1},
        {"number": 10**20},
        {"code": -1},
        {"code": 1 << 32},
        {"sections": [b"a\0b"]},
    ],
)
def test_what_the_format_cannot_carry_is_refused_as_our_own_mistake(change):
    with pytest.raises(BuildError):
        feiq.compose(**{"number": 1, "user": b"u", "host": b"h", "code": 32} | change)


def test_a_colon_in_a_header_field_cannot_be_built():
    with pytest.raises(BuildError):
        feiq.Packet(b"1", b"1", b"a:b", b"h", b"32", b"").build()


def test_feiqs_version_field_is_taken_apart():
    version = feiq.Packet(b"1_lbt6_27#163#AABBCCDDEEFF#3394#12#32#4001#9", b"1", b"u", b"h", b"35", b"").feiq_version()
    assert (version.family, version.generation, version.avatar, version.rank) == (b"1_lbt6_27", 6, 27, 163)
    assert (version.mac, version.avatar_size, version.picture_size) == (b"AABBCCDDEEFF", 3394, 12)
    assert (version.ciphertext_length, version.build_mark) == (32, b"4001")
    assert version.build() == b"1_lbt6_27#163#AABBCCDDEEFF#3394#12#32#4001#9"


@pytest.mark.parametrize(
    ("field", "parts"),
    [
        (b"1_lbt4_1#163#001122334455#0#0#0", 6),
        (b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#2.5a", 7),
        (b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9", 8),
        (b"1_lbt6_0#128#0011223344556677#0#0#0#4001#9", 8),
        (b"1_lbt4", 1),
        (b"1_lbt6_0#x#y#z#-1#99999999999", 6),
    ],
)
def test_feiqs_version_field_has_one_six_seven_or_eight_parts(field, parts):
    version = feiq.Packet(field, b"1", b"u", b"h", b"1", b"").feiq_version()
    assert len(version.parts) == parts
    assert version.build() == field


@pytest.mark.parametrize("field", [b"1", b"1_iptux 0.8.3", b"1_iptux_0#5#2", b"1@shiyeline", b"", b"1_lbt6x"])
def test_other_clients_version_fields_are_not_feiqs(field):
    assert feiq.Packet(field, b"1", b"u", b"h", b"1", b"").feiq_version() is None


def test_a_number_in_decimal_text_has_no_byte_order():
    field = dissect(SEED, "feiq").field("feiq.command")
    assert (field.value, field.raw, field.order, field.swapped) == (32, b"32:", "", None)
