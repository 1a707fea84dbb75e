"""The server's engine as packet diagrams. `<` comes from the client."""

from __future__ import annotations

import pytest

from lab.engine.tftp_actions import Failed, Finished, Reason
from lab.engine.tftp_timer import Timing
from tests.engine.tftp_stage import CLIENT, CONTENT, S, Stage


def test_a_file_is_read_in_lock_step_and_the_last_ack_ends_it() -> None:
    stage = Stage(size=600).play(
        """
        +0.0  <  RRQ "two-blocks" octet
        +0.0  >  DATA 1 [512]
        +0.1  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.1  <  ACK 2
        +60   .  silence
        """
    )
    assert stage.outcome == Finished()
    assert stage.engine is not None
    assert stage.engine.done
    assert stage.engine.deadline_ns is None


@pytest.mark.parametrize(
    ("size", "blocks"), [(0, [0]), (1, [1]), (511, [511]), (512, [512, 0]), (513, [512, 1]), (1024, [512, 512, 0])]
)
def test_a_file_ends_with_a_block_that_is_not_full(size: int, blocks: list[int]) -> None:
    lines = ['+0 < RRQ "f" octet']
    for number, octets in enumerate(blocks, 1):
        lines += [f"+0 > DATA {number} [{octets}]", f"+0 < ACK {number}"]
    assert Stage(size=size).play("\n".join(lines)).outcome == Finished()


def test_a_file_is_written_and_the_last_block_is_acknowledged_after_it_is_safe() -> None:
    stage = Stage().play(
        """
        +0.0  <  WRQ "f" octet
        +0.0  >  ACK 0
        +0.1  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.1  <  DATA 2 [88]
        +0.0  >  ACK 2
        """
    )
    assert stage.file == CONTENT[:600]
    assert stage.outcome == Finished()


def test_an_upload_that_cannot_be_published_gets_error_3_and_no_last_ack() -> None:
    stage = Stage()
    stage.refuse_publishing = (3, b"disk full")
    stage.play(
        """
        +0  <  WRQ "f" octet
        +0  >  ACK 0
        +0  <  DATA 1 [5]
        +0  >  ERROR 3
        +0  <  DATA 1 [5]
        +60 .  silence
        """
    )
    assert stage.outcome == Failed(Reason.REFUSED, 3, b"disk full")


def test_dallying_repeats_the_last_ack_for_as_long_as_agreed() -> None:
    stage = Stage(timing=Timing(dally_s=3)).play(
        """
        +0.0  <  WRQ "f" octet
        +0.0  >  ACK 0
        +0.0  <  DATA 1 [5]
        +0.0  >  ACK 1
        +0.2  <  DATA 1 [5]
        +0.0  >  ACK 1
        +2.0  <  DATA 1 [5]
        +0.0  >  ACK 1
        +0.9  <  DATA 1 [5]
        +9.0  .  silence
        """
    )
    assert stage.file == CONTENT[:5]


# The Sorcerer's Apprentice (RFC 1123 section 4.2.3.1).


def test_an_old_ack_that_arrives_late_does_not_make_the_sender_repeat_itself() -> None:
    Stage().play(
        """
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.1  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.1  <  ACK 1
        +0.05 .  silence
        +0.0  <  ACK 2
        +9.0  .  silence
        """
    )


def test_three_acks_for_one_block_bring_the_next_block_once() -> None:
    Stage(size=1100).play(
        """
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.0  <  ACK 1
        +0.0  >  DATA 2 [512]
        +0.0  <  ACK 1
        +0.0  <  ACK 1
        +0.0  <  ACK 2
        +0.0  >  DATA 3 [76]
        +0.0  <  ACK 2
        +0.1  .  silence
        """
    )


def test_a_second_ack_0_after_an_oack_brings_block_1_once() -> None:
    Stage(size=20).play(
        """
        +0  <  RRQ "f" octet blksize=8
        +0  >  OACK blksize=8
        +0  <  ACK 0
        +0  >  DATA 1 [8]
        +0  <  ACK 0
        +0.1 . silence
        """
    )


@pytest.mark.parametrize("packet", ["ACK 7", "ACK 0", "ACK 65535", "DATA 1 [5]", "OACK blksize=8", "hex 00 04 00"])
def test_what_does_not_answer_the_last_block_changes_nothing(packet: str) -> None:
    Stage().play(
        f"""
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.0  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.05 <  port hex 00
        +0.0  <  {packet if not packet.startswith("RRQ") else "hex 00 01 66 00"}
        +0.05 .  silence
        +0.0  <  ACK 2
        +9.0  .  silence
        """
    )


def test_a_request_to_the_port_of_a_transfer_changes_nothing() -> None:
    stage = Stage().play('+0 < RRQ "f" octet\n+0 > DATA 1 [512]')
    assert stage.engine is not None
    assert stage.engine.receive(0, b"\0\1f\0octet\0", CLIENT) == []
    assert stage.engine.receive(0, b"\0\2g\0octet\0", CLIENT) == []
    stage.play("+0.1 < ACK 1\n+0 > DATA 2 [88]")


# Time.


def test_a_block_that_nobody_acknowledges_is_repeated_less_and_less_often_and_then_given_up() -> None:
    stage = Stage(timing=Timing(first_s=1, longest_s=8, give_up_s=30)).play(
        """
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.5  <  ACK 1
        +0.0  >  DATA 2 [88]
        +1.5  >  DATA 2 [88]
        +3.0  >  DATA 2 [88]
        +6.0  >  DATA 2 [88]
        +8.0  >  DATA 2 [88]
        +8.0  >  DATA 2 [88]
        +60   .  silence
        """
    )
    assert stage.outcome == Failed(Reason.SILENCE)


def test_the_interval_follows_the_round_trip_but_never_falls_below_a_fifth_of_a_second() -> None:
    Stage(size=1100).play(
        """
        +0.0   <  RRQ "f" octet
        +0.0   >  DATA 1 [512]
        +0.001 <  ACK 1
        +0.0   >  DATA 2 [512]
        +0.2   >  DATA 2 [512]
        +0.4   >  DATA 2 [512]
        +0.001 <  ACK 2
        +0.0   >  DATA 3 [76]
        +0.2   >  DATA 3 [76]
        """
    )


def test_a_stranger_and_stale_acks_do_not_restart_the_clock() -> None:
    Stage(timing=Timing(first_s=1)).play(
        """
        +0.0  <  RRQ "f" octet timeout=1
        +0.0  >  OACK timeout=1
        +0.0  <  ACK 0
        +0.0  >  DATA 1 [512]
        +0.4  <  ACK 0
        +0.4  <  port ACK 1
        +0.0  >  port ERROR 5
        +0.2  >  DATA 1 [512]
        """
    )


def test_an_agreed_timeout_is_the_interval() -> None:
    Stage().play(
        """
        +0.0  <  RRQ "f" octet timeout=3
        +0.0  >  OACK timeout=3
        +0.01 <  ACK 0
        +0.0  >  DATA 1 [512]
        +3.0  >  DATA 1 [512]
        """
    )


def test_a_timeout_of_255_seconds_still_allows_one_repetition() -> None:
    stage = Stage().play(
        """
        +0    <  RRQ "f" octet timeout=255
        +0    >  OACK timeout=255
        +0    <  ACK 0
        +0    >  DATA 1 [512]
        +255  >  DATA 1 [512]
        +300  .  silence
        """
    )
    assert stage.outcome == Failed(Reason.SILENCE)


def test_a_transfer_that_takes_too_long_ends_even_if_the_peer_answers() -> None:
    lines = ['+0 < RRQ "f" octet blksize=8', "+0 > OACK blksize=8", "+0 < ACK 0", "+0 > DATA 1 [8]"]
    for number in range(1, 5):
        lines += [f"+0.15 < ACK {number}", f"+0 > DATA {number + 1} [8]"]
    stage = Stage(size=600, timing=Timing(whole_s=0.75)).play("\n".join([*lines, "+0.14 . silence", "+9 . silence"]))
    assert stage.outcome == Failed(Reason.TOO_LONG)


# An unproven peer (nothing heard since the request) is repeated to once.


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        ('RRQ "f" octet', "DATA 1 [512]"),
        ('RRQ "f" octet blksize=512', "OACK blksize=512"),
        ('WRQ "f" octet', "ACK 0"),
        ('WRQ "f" octet blksize=512', "OACK blksize=512"),
    ],
)
def test_an_unproven_peer_gets_one_unasked_repetition_and_more_only_if_it_asks(request_line: str, answer: str) -> None:
    stage = Stage().play(
        f"""
        +0.0  <  {request_line}
        +0.0  >  {answer}
        +1.0  >  {answer}
        +9.0  .  silence
        +0.0  <  {request_line}
        +0.0  >  {answer}
        +60   .  silence
        """
    )
    assert stage.outcome == Failed(Reason.SILENCE)


# Strangers (RFC 1350 section 4) and errors (section 7).


@pytest.mark.parametrize("who", ["stranger", "port"])
@pytest.mark.parametrize("packet", ["ACK 1", "DATA 1 [5]", "OACK blksize=8", "ACK 2"])
def test_a_stranger_gets_error_5_and_the_transfer_goes_on(who: str, packet: str) -> None:
    stage = Stage().play(
        f"""
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.0  <  {who} {packet}
        +0.0  >  {who} ERROR 5
        +0.0  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.0  <  {who} {packet}
        +0.0  >  {who} ERROR 5
        +0.0  <  ACK 2
        """
    )
    assert stage.outcome == Finished()


def test_an_error_is_never_answered_and_a_strangers_error_ends_nothing() -> None:
    stage = Stage().play(
        """
        +0.0  <  RRQ "f" octet
        +0.0  >  DATA 1 [512]
        +0.0  <  stranger ERROR 0
        +0.0  <  stranger hex 00 05 00 01 6e 6f 00
        +0.0  <  port hex 00 05 00 01 6e 6f 00
        +0.1  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.0  <  hex 00 05 00 00 73 74 6f 70 00
        +60   .  silence
        """
    )
    assert stage.outcome == Failed(Reason.PEER_ERROR, 0, b"stop")


@pytest.mark.parametrize(
    ("packet", "code", "message"),
    [
        ("00 05 00 01", 1, b""),
        ("00 05 03 e7 78", 999, b"x"),
        ("00 05 00 00 61 00 62 63", 0, b"a"),
        ("00 05 00 00 ff 00", 0, b"\xff"),
    ],
)
def test_an_odd_error_still_ends_the_transfer(packet: str, code: int, message: bytes) -> None:
    stage = Stage().play(
        f"""
        +0  <  RRQ "f" octet
        +0  >  DATA 1 [512]
        +0  <  hex {packet}
        +60 .  silence
        """
    )
    assert stage.outcome == Failed(Reason.PEER_ERROR, code, message)


def test_a_flood_of_strangers_is_not_worth_an_answer_each() -> None:
    lines = ['+0 < RRQ "f" octet', "+0 > DATA 1 [512]"]
    for index in range(40):
        lines += ["+0 < stranger ACK 1"] + (["+0 > stranger ERROR 5"] if index < 16 else [])
    Stage().play("\n".join([*lines, "+0 < ACK 1", "+0 > DATA 2 [88]"]))


def test_the_virtual_clock_of_the_stage_is_the_only_one() -> None:
    stage = Stage().play('+1000 < RRQ "f" octet\n+0 > DATA 1 [512]')
    assert stage.engine is not None
    assert stage.engine.deadline_ns == 1001 * S
