"""One frame out of many, read with what the frames before it told."""

from __future__ import annotations

from typing import Any

import pytest

from lab.report.pick import NoSuchFrame, UnknownLink, pick
from lab.wire import tftp


def test_a_block_between_two_tids_is_known_for_tftp_because_the_request_came_before(tape: Any) -> None:
    tape.add("10.77.0.2", 50123, "10.77.0.1", 69, b"\0\1boot.img\0octet\0")
    tape.add("10.77.0.1", 40312, "10.77.0.2", 50123, b"\0\3\0\1abc")
    layer = pick(tape.records, 2).dissection.layer("tftp")
    assert layer is not None
    assert layer.packet == tftp.Data(1, b"abc")
    assert pick(tape.records[1:], 1).dissection.layer("tftp") is None


def test_a_frame_after_the_last_is_told_with_how_many_there_are(tape: Any) -> None:
    tape.raw(b"\0" * 60)
    with pytest.raises(NoSuchFrame) as caught:
        pick(tape.records, 2)
    assert caught.value.frames == 1


def test_an_unknown_link_type_is_not_guessed_but_may_be_overruled(tape: Any) -> None:
    tape.raw(b"\0\4\0\1", link_type=147)
    with pytest.raises(UnknownLink):
        pick(tape.records, 1)
    assert pick(tape.records, 1, "tftp").dissection.layer("tftp") is not None


@pytest.mark.parametrize(("link_type", "first", "start"), [(101, 0x45, "ipv4"), (101, 0x60, "ipv6"), (228, 0, "ipv4")])
def test_raw_ip_says_by_its_first_four_bits_which_it_is(tape: Any, link_type: int, first: int, start: str) -> None:
    tape.raw(bytes([first]) + b"\0" * 40, link_type)
    assert pick(tape.records, 1).start == start
