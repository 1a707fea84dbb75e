"""The tshark reading says what tshark showed, also where that is not what the bytes say."""

from __future__ import annotations

import pytest

from lab.crosscheck.reading import Reading
from lab.crosscheck.tshark import TsharkField
from lab.crosscheck.tshark_reading import readings

NAME = bytes.fromhex("0001 61626300")


@pytest.mark.parametrize(
    ("frame", "shown", "value"),
    [
        (NAME, "abc", b"abc"),
        (NAME, "abd", b"abd"),
        # XML makes a blank of a line feed, and tshark an escape of a backslash: there the bytes speak.
        (bytes.fromhex("0001 610a6300"), "a c", b"a\nc"),
        (bytes.fromhex("0001 615c6300"), "a\\\\c", b"a\\c"),
        (bytes.fromhex("0001 e4bda000"), "你", "你".encode()),
    ],
)
def test_printable_text_is_tsharks_and_any_other_is_the_frames(frame: bytes, shown: str, value: bytes) -> None:
    field = TsharkField("tftp", "tftp.source_file", 2, 4, shown, frame[2:].hex(), f"Source File: {shown}")
    assert readings(frame, [field]) == [Reading("tftp.filename", 16, 32, "", value)]


def test_a_number_is_the_one_that_is_shown_and_its_order_follows_from_the_bytes() -> None:
    field = TsharkField("tftp", "tftp.block", 2, 2, "256", "0001", "Block: 256")
    assert readings(bytes.fromhex("0003 0001"), [field]) == [Reading("tftp.block", 16, 16, "little", 256)]


def test_a_number_that_is_none_is_shown_as_it_was() -> None:
    field = TsharkField("tftp", "tftp.block", 2, 2, "one", "0001", "Block: one")
    assert readings(bytes.fromhex("0003 0001"), [field]) == [Reading("tftp.block", 16, 16, "", b"one")]
