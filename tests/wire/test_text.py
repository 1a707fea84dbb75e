"""Text from the wire: FeiQ's order of encodings, and nothing shown that could act on a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.wire import text


@pytest.mark.parametrize(
    ("raw", "shown", "charset"),
    [
        (b"Nice day!", "Nice day!", "ascii"),
        (bytes.fromhex("e4bda0e5a5bd"), "你好", "utf-8"),
        (bytes.fromhex("c4e3bac3"), "你好", "gb18030"),
        ("飞秋".encode("gbk"), "飞秋", "gb18030"),
        ("𠀀".encode("gb18030"), "𠀀", "gb18030"),
        (b"\x81\x5c", "乗", "gb18030"),
        (b"\xff\xfe\x80", r"\xff\xfe\x80", ""),
        (b"hi \xff\xff there", r"hi \xff\xff there", ""),
        (b"", "", "ascii"),
    ],
)
def test_utf8_is_tried_first_then_gb18030_then_the_bytes_are_shown(raw, shown, charset):
    assert text.decode(raw) == shown
    assert text.charset(raw) == charset


def test_a_character_cut_in_half_does_not_spoil_the_text_before_it():
    assert text.decode(bytes.fromhex("c4e3bac3c4")) == "你好\\xc4"
    assert text.decode(bytes.fromhex("e4bda0e5a5")) == "你\\xe5\\xa5"
    assert text.decode(b"\xc4") == "\\xc4"


def test_utf8opt_means_utf8_and_nothing_else():
    assert text.decode(bytes.fromhex("e4bda0"), utf8=True) == "你"
    assert text.decode(bytes.fromhex("c4e3bac3"), utf8=True) == "\\xc4\\xe3\\xba\\xc3"
    assert text.decode(b"ok " + bytes.fromhex("c4e3"), utf8=True) == "ok \\xc4\\xe3"
    assert text.charset(bytes.fromhex("c4e3bac3"), utf8=True) == ""


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x1b]52;c;ZXZpbA==\x1b\\", "\\x1b]52;c;ZXZpbA==\\x1b\\"),
        ("good\rbad\n", "good\\x0dbad\\x0a"),
        ("\x9b31m\x85", "\\x9b31m\\x85"),
        ("\x7f\x00\t", "\\x7f\\x00\\x09"),
        ("abc\u202etxt.exe\u202c\u2066\u2069", "abc\\u202etxt.exe\\u202c\\u2066\\u2069"),
        ("a\u200bb\u200dc\ufeffd\u2028e\u2029", "a\\u200bb\\u200dc\\ufeffd\\u2028e\\u2029"),
        ("a\u00a0b\u2003c", "a\\xa0b\\u2003c"),
        ("\u2800\u3164\u115f\uffa0", "\\u2800\\u3164\\u115f\\uffa0"),
        ("\U000e0041\ud800", "\\U000e0041\\ud800"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302\\u0303\\u0304"),
        ("全角\u3000空格 plain", "全角\u3000空格 plain"),
        ("e\ufe0f\U000e0100\u034f", "e\ufe0f\U000e0100\\u034f"),
    ],
)
def test_nothing_that_could_act_is_shown_as_itself(hostile, shown):
    assert text.safe(hostile) == shown


def test_bytes_are_decoded_before_they_are_shown():
    assert text.safe(bytes.fromhex("c4e3bac3") + b"\x1b[0m") == "你好\\x1b[0m"
    assert text.safe(b"\xff\xfe\x80\x1b") == "\\xff\\xfe\\x80\\x1b"


def test_long_text_ends_in_an_ellipsis_within_its_columns():
    assert text.safe("a" * 256) == "a" * 256
    assert text.safe("a" * 257) == "a" * 255 + "…"
    assert text.safe("你好你好", 8) == "你好你好"
    assert text.safe("你好你好", 7) == "你好你…"
    assert text.safe("你好你好", 6) == "你好…"
    assert text.safe("ab\x1b", 5) == "ab…"
    assert text.safe("ab", 0) == ""


@given(st.text() | st.binary().map(text.safe), st.integers(0, 40))
def test_whatever_comes_is_printable_and_narrow_enough(hostile, columns):
    shown = text.safe(hostile, columns)
    assert all(letter.isprintable() or letter == "\u3000" for letter in shown)
    seen = [letter for letter in shown if unicodedata.category(letter) not in ("Mn", "Me")]
    assert sum(2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1 for letter in seen) <= columns


@given(st.binary())
def test_any_bytes_decode_to_text_that_can_be_written_out(raw):
    text.decode(raw).encode("utf-8")
    text.decode(raw, utf8=True).encode("utf-8")
