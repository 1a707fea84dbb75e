"""The FeiQ layer: the seed's line and FeiQ's own, split on bytes; numbers read for their mode; nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.craft import feiq_numbers
from lab.craft.error import MalformedError
from lab.craft.feiq_layer import LabFeiQ, read_attachments, read_strictly
from lab.craft.field import Unterminated

SEED = b"1:1238605487:klaus:whoever_pc:32:Nice day!"


def test_the_seeds_line_has_six_fields() -> None:
    packet = read_strictly(SEED)
    assert packet.fields == {
        "version": b"1",
        "packet_no": b"1238605487",
        "user": b"klaus",
        "host": b"whoever_pc",
        "command_no": b"32",
        "sections": (b"Nice day!",),
    }
    assert (packet.mode, packet.flags, packet.text) == (0x20, 0, b"Nice day!")


def test_the_seeds_line_is_written_byte_for_byte() -> None:
    packet = LabFeiQ(packet_no=1238605487, user="klaus", host="whoever_pc", command_no="SENDMSG", sections="Nice day!")
    assert bytes(packet) == SEED


def test_the_default_ends_on_one_nul_and_states_every_field() -> None:
    assert bytes(LabFeiQ()) == b"1:1:lab:packet-lab:32:\0"


def test_colons_after_the_fifth_belong_to_the_text() -> None:
    assert read_strictly(b"1:100:u:h:32:at 12:30: here").text == b"at 12:30: here"


def test_text_is_split_on_bytes_before_anybody_decodes_it() -> None:
    packet = read_strictly(b"1:7:\xc5\xed\x5c:h:6291457:\xb7\xc9\xc7\xef\0\xd7\xe9\0")
    assert packet.user == b"\xc5\xed\x5c"
    assert packet.sections == (b"\xb7\xc9\xc7\xef", b"\xd7\xe9", b"")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (32, "SENDMSG"),
        (288, "SENDMSG|SENDCHECKOPT"),
        (0x101, "BR_ENTRY|ABSENCEOPT"),  # The same bit, another meaning.
        (6291457, "BR_ENTRY|FILEATTACHOPT|ENCRYPTOPT"),
        (0x800020, "SENDMSG|UTF8OPT"),
        (0xD1, "FEIQ_SHAKE"),
        (2149580832, "SENDMSG|FILEATTACHOPT|0x80000000"),
        (0xEE, "0xee"),
    ],
)
def test_a_command_reads_as_words_and_the_words_as_the_command(code: int, words: str) -> None:
    assert feiq_numbers.words(code) == words
    assert feiq_numbers.number(words) == code
    assert words in repr(LabFeiQ(command_no=code))


def test_an_unknown_word_in_a_command_is_named() -> None:
    with pytest.raises(ValueError, match="SHOUT"):
        LabFeiQ(command_no="SHOUT")


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"", "version: missing"),
        (b"hello", "version: no colon after it"),
        (b"1:2:3:4", "host: no colon after it"),
        (b"1:2:3:4:5", "command_no: no colon after it"),
        (b"1:x:u:h:32:t", "packet_no: not the decimal digits of a 32-bit number"),
        (b"1:1:u:h:-32:t", "command_no: not the decimal digits of a 32-bit number"),
        (b"1:1:u:h:4294967296:t", "command_no: not the decimal digits of a 32-bit number"),
        (b"1:1:u:h::t", "command_no: not the decimal digits of a 32-bit number"),
    ],
)
def test_what_is_malformed_is_named(wire: bytes, problem: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_strictly(wire)
    assert problem in caught.value.problems


@given(st.binary(min_size=1, max_size=200) | st.lists(st.sampled_from([b"1", b":", b"\0", b"\a", b"x"])).map(b"".join))
def test_any_bytes_are_taken_apart_and_come_back_without_the_cache(wire: bytes) -> None:
    if not wire:
        return
    packet = LabFeiQ(wire)
    packet.clear_cache()
    assert bytes(packet) == wire
    assert isinstance(packet.summary(), str)
    packet.problems()
    packet.attachments()
    packet.feiq_version()


def test_leading_zeros_and_other_oddities_stay_as_they_were() -> None:
    packet = LabFeiQ(b"1:007:u:h:032:x")
    packet.clear_cache()
    assert bytes(packet) == b"1:007:u:h:032:x"
    assert packet.code == 32


def test_a_packet_cut_in_its_header_shows_where() -> None:
    assert LabFeiQ(b"1:2:us").user == Unterminated(b"us")


def test_feiqs_version_field_has_parts() -> None:
    version = read_strictly(b"1_lbt6_0#128#AABBCCDDEEFF#0#0#24#4001#9:1:u:h:35:x").feiq_version()
    assert version is not None
    assert (version.family, version.mac, version.group_length) == (b"1_lbt6_0", b"AABBCCDDEEFF", 24)
    assert read_strictly(b"1_iptux 0.8.3:1:u:h:32:x").feiq_version() is None


def test_a_file_list_is_read_whatever_ends_its_entries() -> None:
    for end in (b"\a", b":\a", b"\a:", b":\a:"):
        first, second = read_attachments(b"0:a::b.txt:a:5f:1" + end + b"11:dir:0:5f:2" + end)
        assert (first.file_id, first.name, first.rest[:3]) == (b"0", b"a:b.txt", (b"a", b"5f", b"1"))
        assert (second.file_id, second.name) == (b"11", b"dir")


def test_attachments_are_read_only_where_the_message_announces_them() -> None:
    announced = LabFeiQ(command_no="SENDMSG|FILEATTACHOPT", sections=("hi", "0:f:1:2:1:\a", ""))
    assert [entry.name for entry in announced.attachments()] == [b"f"]
    assert LabFeiQ(command_no="SENDMSG", sections=("hi", "0:f:1:2:1:\a", "")).attachments() == []


def message(number: int, command: str, text: str = "") -> LabFeiQ:
    return LabFeiQ(packet_no=number, command_no=command, sections=(text, ""))


@pytest.mark.parametrize(
    ("asked", "answer", "is_one"),
    [
        (message(1, "BR_ENTRY"), message(9, "ANSENTRY"), True),
        (message(1, "BR_ENTRY|ABSENCEOPT"), message(9, "RECVMSG", "1"), False),
        (message(5, "SENDMSG|SENDCHECKOPT"), message(9, "RECVMSG", "5"), True),
        (message(5, "SENDMSG|SENDCHECKOPT"), message(9, "RECVMSG", "6"), False),
        (message(5, "SENDMSG"), message(9, "RECVMSG", "5"), False),
        (message(5, "READMSG|READCHECKOPT"), message(9, "ANSREADMSG", "5"), True),
        (message(5, "BR_ABSENCE"), message(9, "ANSENTRY"), False),
        (message(5, "FEIQ_SHAKE"), message(9, "FEIQ_SHAKE_ANSWER"), True),
    ],
)
def test_an_answer_is_what_the_protocol_sends_for_the_question(asked: LabFeiQ, answer: LabFeiQ, is_one: bool) -> None:
    assert bool(answer.answers(asked)) is is_one
    if is_one:
        assert answer.hashret() == asked.hashret()


def test_the_summary_says_who_says_what() -> None:
    assert read_strictly(SEED).summary() == "FeiQ SENDMSG b'klaus'@b'whoever_pc' no b'1238605487' b'Nice day!'"
