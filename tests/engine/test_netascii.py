"""Netascii: the same text however it is cut, and nothing lost of what is no text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine import netascii
from lab.engine.netascii import Decoder
from tests.engine.tftp_stage import Stage

SPECIAL = st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"a", b"\xe4", b"bc"])).map(b"".join)


@pytest.mark.parametrize(
    ("local", "wire"),
    [
        (b"", b""),
        (b"a\n", b"a\r\n"),
        (b"a\rb", b"a\r\0b"),
        (b"a\r\n", b"a\r\0\r\n"),
        (b"\r", b"\r\0"),
        (b"\n\n\r\r", b"\r\n\r\n\r\0\r\0"),
        (b"\x80\xff\0", b"\x80\xff\0"),
    ],
)
def test_line_ends_are_cr_lf_and_a_cr_alone_is_cr_nul(local: bytes, wire: bytes) -> None:
    assert netascii.encode(local) == wire
    decoder = Decoder()
    assert decoder.decode(wire) + decoder.finish() == local


@pytest.mark.parametrize(
    ("wire", "local"), [(b"a\rb", b"a\rb"), (b"\r\r\n", b"\r\n"), (b"\r\r\0", b"\r\r"), (b"a\r", b"a\r")]
)
def test_a_cr_that_means_nothing_is_kept(wire: bytes, local: bytes) -> None:
    decoder = Decoder()
    assert decoder.decode(wire) + decoder.finish() == local


@given(SPECIAL, st.lists(st.integers(1, 4)))
def test_text_comes_back_however_it_is_cut(local: bytes, cuts: list[int]) -> None:
    wire = netascii.encode(local)
    decoder = Decoder()
    got = b""
    for cut in cuts:
        got += decoder.decode(wire[:cut])
        wire = wire[cut:]
    assert got + decoder.decode(wire) + decoder.finish() == local


@given(SPECIAL, st.integers(0, 30))
def test_decoding_any_octets_does_not_depend_on_where_they_are_cut(wire: bytes, cut: int) -> None:
    whole, parts = Decoder(), Decoder()
    assert whole.decode(wire) + whole.finish() == parts.decode(wire[:cut]) + parts.decode(wire[cut:]) + parts.finish()


def test_blocks_are_cut_from_the_encoded_text_and_repeated_as_they_were() -> None:
    """The line end falls between two blocks; the short block is short in encoded octets."""
    Stage(content=b"1234567\n890").play(
        r"""
        +0  <  RRQ "f" netascii blksize=8
        +0  >  OACK blksize=8
        +0  <  ACK 0
        +0  >  DATA 1 "1234567\r"
        +0.2 > DATA 1 "1234567\r"
        +0  <  ACK 1
        +0  >  DATA 2 "\n890"
        +0.2 > DATA 2 "\n890"
        +0  <  ACK 2
        """
    )


def test_an_encoded_text_of_whole_blocks_ends_with_an_empty_block() -> None:
    Stage(content=b"123456\n").play(
        r"""
        +0  <  RRQ "f" netascii blksize=8
        +0  >  OACK blksize=8
        +0  <  ACK 0
        +0  >  DATA 1 "123456\r\n"
        +0  <  ACK 1
        +0  >  DATA 2 ""
        +0  <  ACK 2
        """
    )


def test_a_cr_at_a_blocks_end_waits_for_the_next_block() -> None:
    stage = Stage().play(
        r"""
        +0  <  WRQ "f" netascii blksize=8
        +0  >  OACK blksize=8
        +0  <  DATA 1 "1234567\r"
        +0  >  ACK 1
        +0  <  DATA 1 "1234567\r"
        +0  >  ACK 1
        +0  <  DATA 2 "\n901234\r"
        +0  >  ACK 2
        +0  <  DATA 3 "\0x\r"
        +0  >  ACK 3
        """
    )
    assert stage.file == b"1234567\n901234\rx\r"
