"""The TFTP layer: literal bytes both ways, nothing lost, and "Scapy dissected it" is not "it is well formed"."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.craft.error import MalformedError
from lab.craft.field import MISSING, Unterminated
from lab.craft.tftp_layer import ACK, DATA, ERROR, OACK, RRQ, WRQ, LabTFTP, LabTFTPOption, read_strictly


def fields(packet: LabTFTP) -> dict[str, Any]:
    return dict(packet.fields)


@pytest.mark.parametrize(
    ("packet", "wire"),
    [
        (LabTFTP(op=RRQ, filename="boot.img"), b"\0\x01boot.img\0octet\0"),
        (
            LabTFTP(op=WRQ, filename="f", mode="netascii", options=[LabTFTPOption(option="blksize", value=1428)]),
            b"\0\x02f\0netascii\0blksize\x001428\0",
        ),
        (LabTFTP(op=DATA, block=258, data=b"abc"), b"\0\x03\x01\x02abc"),
        (LabTFTP(op=DATA, block=65535), b"\0\x03\xff\xff"),
        (LabTFTP(op=ACK, block=1), b"\0\x04\0\x01"),
        (LabTFTP(op=ERROR, error_code=1, error_message="gone"), b"\0\x05\0\x01gone\0"),
        (LabTFTP(op=OACK, options=[LabTFTPOption(option="tsize", value=0)]), b"\0\x06tsize\x000\0"),
    ],
    ids=["RRQ", "WRQ", "DATA", "empty DATA", "ACK", "ERROR", "OACK"],
)
def test_each_packet_is_written_and_read_in_network_order(packet: LabTFTP, wire: bytes) -> None:
    assert bytes(packet) == wire
    assert packet.problems() == []
    again = read_strictly(wire)
    again.clear_cache()
    assert bytes(again) == wire
    assert again.op == packet.op


def test_datas_block_number_is_big_endian() -> None:
    assert read_strictly(b"\0\x03\x01\x02abc").block == 0x0102
    assert bytes(LabTFTP(op=DATA, block=0x0102, data=b"")) == b"\0\x03\x01\x02"


def test_a_packet_has_only_the_fields_of_its_kind() -> None:
    assert fields(LabTFTP(b"\0\x03\0\x01abc")) == {"op": 3, "block": 1, "data": b"abc"}
    assert fields(LabTFTP(b"\0\x04\0\x01")) == {"op": 4, "block": 1}
    assert fields(LabTFTP(b"\0\x05\0\x02no\0")) == {"op": 5, "error_code": 2, "error_message": b"no"}


def test_options_keep_their_order_their_case_and_their_doubles() -> None:
    packet = read_strictly(b"\0\x01f\0OCTET\0BLKSIZE\x008\0blksize\x009\0x\0\0")
    assert packet.option_pairs() == [(b"BLKSIZE", b"8"), (b"blksize", b"9"), (b"x", b"")]
    assert packet.mode == b"OCTET"


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"", "op: 2 bytes wanted, 0 left"),
        (b"\0", "op: 2 bytes wanted, fewer left"),
        (b"\0\x04\0", "block: 2 bytes wanted, fewer left"),
        (b"\0\x04\0\x01xy", "trailing: 2 bytes after the end of the packet"),
        (b"\0\x01f", "filename: no NUL at its end"),
        (b"\0\x01f\0octet", "mode: no NUL at its end"),
        (b"\0\x01f\0", "mode: missing"),
        (b"\0\x01f\0octet\0a", "options[0].option: no NUL at its end"),
        (b"\0\x06a\x001\0b\0", "options[1].value: missing"),
        (b"\0\x05\0\x01x", "error_message: no NUL at its end"),
        (b"\0\x07", "op: 7 is no TFTP opcode"),
    ],
)
def test_what_is_malformed_is_named(wire: bytes, problem: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_strictly(wire)
    assert problem in caught.value.problems


def test_what_is_not_there_shows_as_missing_and_never_as_a_default() -> None:
    assert LabTFTP(b"\0\x04\0").block is MISSING
    assert LabTFTP(b"\0").op is MISSING
    assert LabTFTP(b"\0\x01f").filename == Unterminated(b"f")
    assert "MISSING" in repr(LabTFTP(b"\0\x04"))
    assert "Unterminated" in repr(LabTFTP(b"\0\x01f"))


def test_a_cut_packet_can_be_built_on_purpose() -> None:
    assert bytes(LabTFTP(op=RRQ, filename=Unterminated(b"f"), mode=MISSING)) == b"\0\x01f"
    assert bytes(LabTFTP(op=ACK, block=MISSING)) == b"\0\x04"


def test_a_copy_keeps_what_is_missing() -> None:
    assert bytes(LabTFTP(b"\0\x01f").copy()) == b"\0\x01f"


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_taken_apart_and_come_back_without_the_cache(wire: bytes) -> None:
    packet = LabTFTP(wire)
    packet.clear_cache()
    assert bytes(packet) == wire
    assert isinstance(packet.summary(), str)
    assert isinstance(packet.problems(), list)


def test_the_largest_request_of_nothing_but_options_is_read() -> None:
    wire = b"\0\x01f\0octet\0" + b"a\0b\0" * 2000
    assert len(LabTFTP(wire).options) == 2000


RRQ_PLAIN = b"\0\x01f\0octet\0"
RRQ_OPTIONS = b"\0\x01f\0octet\0blksize\x008\0"
WRQ_PLAIN = b"\0\x02f\0octet\0"
OACK_8 = b"\0\x06blksize\x008\0"
ACK_0, ACK_1, ACK_65535 = b"\0\x04\0\0", b"\0\x04\0\x01", b"\0\x04\xff\xff"
DATA_0, DATA_1, DATA_2 = b"\0\x03\0\0x", b"\0\x03\0\x01x", b"\0\x03\0\x02x"
ERROR_1 = b"\0\x05\0\x01\0"


@pytest.mark.parametrize(
    ("asked", "answer", "is_one"),
    [
        (RRQ_PLAIN, DATA_1, True),
        (RRQ_PLAIN, DATA_2, False),
        (RRQ_PLAIN, OACK_8, False),
        (RRQ_PLAIN, ACK_0, False),
        (RRQ_OPTIONS, OACK_8, True),
        (RRQ_OPTIONS, DATA_1, True),
        (WRQ_PLAIN, ACK_0, True),
        (WRQ_PLAIN, ACK_1, False),
        (OACK_8, ACK_0, True),
        (OACK_8, DATA_1, True),
        (ACK_0, DATA_1, True),
        (ACK_1, DATA_2, True),
        (ACK_1, DATA_1, False),
        (ACK_65535, DATA_0, True),
        (DATA_1, ACK_1, True),
        (DATA_2, ACK_1, False),
        (DATA_1, ERROR_1, True),
        (ERROR_1, ERROR_1, False),
        (ERROR_1, ACK_0, False),
    ],
)
def test_an_answer_is_the_next_step_in_lock_step(asked: bytes, answer: bytes, is_one: bool) -> None:
    question, reply = LabTFTP(asked), LabTFTP(answer)
    assert bool(reply.answers(question)) is is_one
    assert reply.hashret() == question.hashret() != b""


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (RRQ_OPTIONS, "TFTP RRQ b'f' b'octet' b'blksize'=b'8'"),
        (DATA_1, "TFTP DATA 1 [1]"),
        (ERROR_1, "TFTP ERROR 1 b''"),
        (b"\0\x09", "TFTP opcode 9"),
    ],
)
def test_the_summary_says_what_the_packet_says(wire: bytes, words: str) -> None:
    assert LabTFTP(wire).summary() == words


def test_scapys_own_tftp_is_neither_imported_nor_replaced() -> None:
    import sys

    from scapy.layers.inet import UDP

    assert all(bound is not LabTFTP for _, bound in UDP.payload_guess)
    module = sys.modules.get("scapy.layers.tftp")
    assert module is None or not hasattr(module, "LabTFTP")
