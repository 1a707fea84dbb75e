"""Requests and options, as the server's engine answers them. `<` comes from the client."""

from __future__ import annotations

import pytest

from lab.engine.tftp_actions import Agreed, Failed, OpenFile
from lab.engine.tftp_terms import Bounds, Terms
from tests.engine.tftp_stage import CONTENT, Stage


def test_the_file_is_opened_with_the_name_from_the_wire() -> None:
    stage = Stage().play('+0 < WRQ "ä b" OCTET tsize=600\n+0 > OACK tsize=600')
    assert stage.events[0] == OpenFile("ä b".encode(), write=True, tsize=600)


@pytest.mark.parametrize("mode", ["octet", "OcTeT", "NETASCII", "NetAscii"])
def test_modes_are_known_in_any_case(mode: str) -> None:
    Stage(size=5).play(f'+0 < RRQ "f" {mode}\n+0 > DATA 1 [5]')


@pytest.mark.parametrize("mode", ["mail", "bogus", "''"])
def test_other_modes_are_refused_with_error_4(mode: str) -> None:
    stage = Stage().play(f'+0 < RRQ "f" {mode}\n+0 > ERROR 4\n+60 . silence')
    assert stage.engine is not None
    assert stage.engine.done


def test_a_file_that_is_not_there_is_error_1_said_once() -> None:
    stage = Stage()
    stage.refuse_file = (1, b"file not found")
    stage.play('+0 < RRQ "f" octet\n+0 > ERROR 1\n+60 . silence')


def test_padding_after_the_request_is_forgiven() -> None:
    padded = b"\0\1f\0octet\0" + bytes(500)
    Stage(size=5).play(f"+0 < hex {padded.hex()}\n+0 > DATA 1 [5]")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0\1",
        b"\0\1f",
        b"\0\1f\0",
        b"\0\1f\0octet",
        b"\1\0f\0octet\0",
        b"\0\0f\0octet\0",
        b"\0\7f\0octet\0",
        b"\0\3\0\1abc",
        b"\0\4\0\1",
        b"\0\5\0\1no\0",
        b"\0\6blksize\0008\0",
        b"\0\1f\0octet\0blksize\0",
        b"\0\1f\0octet\0blksize\x008",
        b"\0\1" + b"n" * 1100 + b"\0octet\0",
    ],
)
def test_what_is_no_request_gets_silence_on_the_listening_port(data: bytes) -> None:
    Stage().play(f"+0 < hex {data.hex()}\n+60 . silence")


# Options.


def test_an_oack_holds_what_was_asked_and_nothing_else() -> None:
    stage = Stage(size=20).play(
        """
        +0  <  RRQ "f" octet foo=bar blksize=8 tsize=0 timeout=1 windowsize=2
        +0  >  OACK blksize=8 tsize=20 timeout=1 windowsize=2
        +0  <  ACK 0
        +0  >  DATA 1 [8]
        +0  >  DATA 2 [8]
        +0  <  ACK 2
        +0  >  DATA 3 [4]
        +0  <  ACK 3
        """
    )
    assert Agreed(Terms(blksize=8, windowsize=2, timeout_s=1, tsize=20)) in stage.events


def test_a_request_with_unknown_options_alone_is_served_without_oack() -> None:
    Stage(size=5).play('+0 < RRQ "f" octet foo=bar multicast=\n+0 > DATA 1 [5]')


def test_an_oack_to_a_writer_is_answered_by_block_1() -> None:
    stage = Stage().play(
        """
        +0  <  WRQ "f" octet blksize=300 tsize=600
        +0  >  OACK blksize=300 tsize=600
        +0  <  DATA 1 [300]
        +0  >  ACK 1
        +0  <  DATA 2 [300]
        +0  >  ACK 2
        +0  <  DATA 3 [0]
        +0  >  ACK 3
        """
    )
    assert stage.file == CONTENT[:600]


def test_error_8_from_the_client_ends_the_session_in_silence() -> None:
    Stage().play(
        """
        +0  <  RRQ "f" octet tsize=0
        +0  >  OACK tsize=600
        +0  <  ERROR 8
        +60 .  silence
        """
    )


def test_the_size_of_an_empty_file_is_told_too() -> None:
    Stage(size=0).play('+0 < RRQ "f" octet tsize=0\n+0 > OACK tsize=0')


def test_the_size_of_a_text_is_not_guessed() -> None:
    Stage(size=5).play('+0 < RRQ "f" netascii tsize=0\n+0 > DATA 1 [5]')


def test_data_longer_than_a_block_is_refused_and_not_cut() -> None:
    stage = Stage().play(
        """
        +0  <  WRQ "f" octet
        +0  >  ACK 0
        +0  <  DATA 1 [513]
        +0  >  ERROR 4
        +60 .  silence
        """
    )
    assert isinstance(stage.outcome, Failed)
    assert stage.file == b""


def test_bounds_limit_what_is_granted() -> None:
    Stage(bounds=Bounds(blksize_max=1000, windowsize_max=64, window_octets_max=4000)).play(
        '+0 < RRQ "f" octet windowsize=99 blksize=9000\n+0 > OACK windowsize=4 blksize=1000'
    )
