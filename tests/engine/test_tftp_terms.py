"""Options: what is granted, what is accepted, and which digits are a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.tftp_terms import Bounds, Terms, TermsRefused, Wishes, accept, grant, number

PAIRS = st.lists(
    st.tuples(
        st.sampled_from([b"blksize", b"TSIZE", b"timeout", b"WindowSize", b"rollover", b"foo", b""]),
        st.one_of(st.binary(max_size=4), st.integers(-2, 70_000).map(lambda value: b"%d" % value)),
    ),
    max_size=8,
).map(tuple)


@pytest.mark.parametrize(("raw", "value"), [(b"0", 0), (b"512", 512), (b"00512", 512), (b"4294967808", 4294967808)])
def test_decimal_digits_are_a_number(raw: bytes, value: int) -> None:
    assert number(raw) == value


@pytest.mark.parametrize(
    "raw", [b"", b"-1", b"+1", b" 1", b"1 ", b"0x10", b"1e3", b"1.5", "５１２".encode(), b"9" * 21, b"1\n", b"abc"]
)
def test_anything_else_is_not(raw: bytes) -> None:
    assert number(raw) is None


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ((b"blksize", b"8"), (b"blksize", b"8")),
        ((b"blksize", b"65464"), (b"blksize", b"65464")),
        ((b"blksize", b"7"), None),
        ((b"blksize", b"0"), None),
        ((b"blksize", b"65465"), None),
        ((b"blksize", b"4294967808"), None),
        ((b"timeout", b"1"), (b"timeout", b"1")),
        ((b"timeout", b"255"), (b"timeout", b"255")),
        ((b"timeout", b"0"), None),
        ((b"timeout", b"256"), None),
        ((b"windowsize", b"1"), (b"windowsize", b"1")),
        ((b"windowsize", b"65535"), (b"windowsize", b"64")),
        ((b"windowsize", b"0"), None),
        ((b"windowsize", b"65536"), None),
        ((b"tsize", b"0"), (b"tsize", b"123")),
        ((b"rollover", b"1"), (b"rollover", b"1")),
        ((b"rollover", b"2"), None),
        ((b"blksiz", b"512"), None),
        ((b"blksize2", b"512"), None),
        ((b"blksize", b" 512"), None),
    ],
)
def test_a_server_grants_what_is_in_range(asked: tuple[bytes, bytes], granted: tuple[bytes, bytes] | None) -> None:
    assert grant((asked,), 123, Bounds())[1] == ((granted,) if granted else ())


def test_an_option_named_twice_counts_once_and_the_first_time() -> None:
    asked = ((b"blksize", b"100"), (b"BLKSIZE", b"200"), (b"blksize", b"300"))
    assert grant(asked, None, Bounds()) == (Terms(blksize=100), ((b"blksize", b"100"),))


def test_of_a_thousand_options_the_first_sixteen_are_read() -> None:
    unknown = tuple((b"x%d" % index, b"1") for index in range(1000))
    assert grant((*unknown, (b"blksize", b"8")), None, Bounds()) == (Terms(), ())
    assert grant((*unknown[:15], (b"blksize", b"8")), None, Bounds()) == (Terms(blksize=8), ((b"blksize", b"8"),))


def test_a_window_of_huge_blocks_is_kept_within_memory() -> None:
    terms, granted = grant(((b"windowsize", b"65535"), (b"blksize", b"65464")), None, Bounds())
    assert terms.blksize * terms.windowsize <= 4 << 20
    assert granted == ((b"windowsize", b"64"), (b"blksize", b"65464"))
    assert grant(((b"windowsize", b"9"), (b"blksize", b"999")), None, Bounds(window_octets_max=2000))[0].windowsize == 2


@given(PAIRS, st.none() | st.integers(0, 1 << 40))
def test_a_client_that_asked_accepts_whatever_a_server_of_ours_grants(
    options: tuple[tuple[bytes, bytes], ...], size: int | None
) -> None:
    values = {name.lower(): number(value) for name, value in reversed(options)}
    wishes = Wishes(
        blksize=values.get(b"blksize"),
        windowsize=values.get(b"windowsize"),
        timeout_s=values.get(b"timeout"),
        tsize=values.get(b"tsize"),
        rollover=values.get(b"rollover"),
    )
    terms, granted = grant(wishes.options(), size, Bounds())
    assert accept(wishes, granted) == terms
    assert {name for name, _ in granted} <= {name for name, _ in wishes.options()}


@given(PAIRS)
def test_any_oack_is_accepted_or_refused_and_never_beyond_the_wishes(options: tuple[tuple[bytes, bytes], ...]) -> None:
    try:
        terms = accept(Wishes(blksize=1000, windowsize=10, timeout_s=3, tsize=0), options)
    except TermsRefused:
        return
    assert 8 <= terms.blksize <= 1000
    assert 1 <= terms.windowsize <= 10
    assert terms.timeout_s in (None, 3)
