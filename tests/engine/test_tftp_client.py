"""The client's engine as packet diagrams. `<` comes from the server, `>` is what the client sends."""

from __future__ import annotations

import pytest

from lab.engine.tftp_actions import Action, Agreed, Failed, Finished, Reason
from lab.engine.tftp_client import TftpClient
from lab.engine.tftp_terms import Terms, Wishes
from lab.engine.tftp_timer import Timing
from lab.wire.error import BuildError
from tests.engine.tftp_stage import CONTENT, SERVER, SERVER_TID, STRANGER, Stage

TIMING = Timing(first_s=0.5, give_up_s=20, dally_s=0.5)


def reading(wishes: Wishes | None = None, **more: object) -> Stage:
    client = TftpClient(0, SERVER, b"f", wishes=wishes, timing=TIMING, **more)  # type: ignore[arg-type]
    return Stage(client).start()


def writing(wishes: Wishes | None = None, size: int = 600, **more: object) -> Stage:
    client = TftpClient(0, SERVER, b"f", write=True, wishes=wishes, timing=TIMING, **more)  # type: ignore[arg-type]
    return Stage(client, size=size).start()


def test_a_file_is_read_from_a_server_that_knows_no_options() -> None:
    stage = reading(Wishes(blksize=1428, windowsize=16, tsize=0)).play(
        """
        +0.0  >  RRQ f octet tsize=0 blksize=1428 windowsize=16
        +0.1  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.1  <  DATA 2 [88]
        +0.0  >  ACK 2
        """
    )
    assert stage.file == CONTENT[:600]
    assert stage.events == [Agreed(Terms()), Finished()]


def test_an_oack_is_accepted_by_ack_0_and_again_if_it_comes_again() -> None:
    stage = reading(Wishes(blksize=400)).play(
        """
        +0.0  >  RRQ f octet blksize=400
        +0.1  <  OACK blksize=300
        +0.0  >  ACK 0
        +0.1  <  OACK blksize=300
        +0.0  >  ACK 0
        +0.1  <  DATA 1 [300]
        +0.0  >  ACK 1
        +0.0  <  OACK blksize=300
        +0.1  <  DATA 2 [7]
        +0.0  >  ACK 2
        """
    )
    assert stage.file == CONTENT[:307]


def test_a_writer_answers_an_oack_by_block_1_and_a_second_oack_by_nothing() -> None:
    stage = writing(Wishes(blksize=400, tsize=600)).play(
        """
        +0.0  >  WRQ f octet tsize=600 blksize=400
        +0.1  <  OACK tsize=600 blksize=400
        +0.0  >  DATA 1 [400]
        +0.1  <  OACK tsize=600 blksize=400
        +0.0  <  ACK 1
        +0.0  >  DATA 2 [200]
        +0.0  <  ACK 2
        """
    )
    assert stage.outcome == Finished()
    assert stage.engine is not None
    assert stage.engine.done


def test_an_upload_is_over_only_with_the_ack_of_its_last_block() -> None:
    stage = writing().play(
        """
        +0.0  >  WRQ f octet
        +0.0  <  ACK 0
        +0.0  >  DATA 1 [512]
        +0.0  <  ACK 1
        +0.0  >  DATA 2 [88]
        +0.0  <  ACK 1
        +0.1  .  silence
        """
    )
    assert stage.outcome is None


def test_the_request_is_repeated_and_given_up() -> None:
    stage = reading().play(
        """
        +0.0  >  RRQ f octet
        +0.5  >  RRQ f octet
        +1.0  >  RRQ f octet
        +2.0  >  RRQ f octet
        +4.0  >  RRQ f octet
        +2.4  .  silence
        """
    )
    assert stage.outcome is None
    stage.play("+0.1 . silence\n+60 . silence")
    assert stage.outcome == Failed(Reason.SILENCE)


def test_a_reader_repeats_its_last_ack_when_no_data_comes_and_gives_up() -> None:
    stage = reading().play(
        """
        +0.0  >  RRQ f octet
        +0.1  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.5  >  ACK 1
        +1.0  >  ACK 1
        +2.0  >  ACK 1
        +0.1  <  DATA 2 [512]
        +0.0  >  ACK 2
        +0.5  >  ACK 2
        """
    )
    assert stage.outcome is None


def test_a_repeated_block_is_acknowledged_again_and_stored_once() -> None:
    stage = reading().play(
        """
        +0.0  >  RRQ f octet
        +0.1  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.0  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.0  <  DATA 3 [5]
        +0.0  <  DATA 2 [88]
        +0.0  >  ACK 2
        +0.2  <  DATA 2 [88]
        +0.0  >  ACK 2
        +0.4  <  DATA 2 [88]
        +9.0  .  silence
        """
    )
    assert stage.file == CONTENT[:600]


def test_the_first_answer_fixes_the_tid_and_a_second_server_port_gets_error_5() -> None:
    stage = reading().play(
        """
        +0.0  >  RRQ f octet
        +0.1  <  DATA 1 [512]
        +0.0  >  ACK 1
        +0.0  <  port DATA 1 [512]
        +0.0  >  port ERROR 5
        +0.0  <  port ERROR 1
        +0.0  <  stranger DATA 2 [5]
        +0.0  >  stranger ERROR 5
        +0.0  <  DATA 2 [88]
        +0.0  >  ACK 2
        """
    )
    assert stage.file == CONTENT[:600]


def test_before_the_first_answer_another_host_is_a_stranger_too() -> None:
    reading().play(
        """
        +0.0  >  RRQ f octet
        +0.1  <  stranger DATA 1 [5]
        +0.0  >  stranger ERROR 5
        +0.0  <  stranger ERROR 1
        +0.4  >  RRQ f octet
        """
    )


@pytest.mark.parametrize("packet", ["ACK 0", "ACK 1", "DATA 2 [512]", "DATA 0 [0]", "hex 00", 'RRQ "f" octet'])
def test_what_answers_no_read_request_is_ignored(packet: str) -> None:
    reading().play(f"+0 > RRQ f octet\n+0.1 < {packet}\n+0.4 > RRQ f octet")


@pytest.mark.parametrize("packet", ["ACK 1", "DATA 1 [5]", "hex 00 04 00"])
def test_what_answers_no_write_request_is_ignored(packet: str) -> None:
    writing().play(f"+0 > WRQ f octet\n+0.1 < {packet}\n+0.4 > WRQ f octet")


def test_a_servers_error_ends_it_unanswered() -> None:
    stage = reading().play("+0 > RRQ f octet\n+0.1 < hex 00 05 00 01 6e 6f 00\n+60 . silence")
    assert stage.outcome == Failed(Reason.PEER_ERROR, 1, b"no")


@pytest.mark.parametrize(
    "options",
    [
        "blksize=1025",  # larger than asked
        "blksize=7",
        "blksize=0",
        "blksize=+512",
        "blksize=",
        "blksize=512 foo=bar",  # not asked
        "blksize=512 blksize=512",  # twice
        "windowsize=5",
        "windowsize=0",
        "timeout=4",
        "tsize=-1",
        "rollover=0",
    ],
)
def test_an_oack_that_goes_beyond_what_was_asked_is_refused_with_error_8(options: str) -> None:
    stage = reading(Wishes(blksize=1024, windowsize=4, timeout_s=3, tsize=0)).play(
        f"""
        +0  >  RRQ f octet tsize=0 blksize=1024 timeout=3 windowsize=4
        +0  <  OACK {options}
        +0  >  ERROR 8
        +60 .  silence
        """
    )
    assert isinstance(stage.outcome, Failed)
    assert stage.outcome.code == 8


def test_an_oack_where_nothing_was_asked_is_refused_with_error_8() -> None:
    reading().play("+0 > RRQ f octet\n+0 < OACK blksize=512\n+0 > ERROR 8")


def test_option_names_come_in_any_case_and_order() -> None:
    reading(Wishes(blksize=1024, windowsize=4)).play(
        """
        +0  >  RRQ f octet blksize=1024 windowsize=4
        +0  <  OACK WINDOWSIZE=2 BlkSize=600
        +0  >  ACK 0
        +0  <  DATA 1 [600]
        +0  <  DATA 2 [600]
        +0  >  ACK 2
        """
    )


def test_an_option_that_is_not_acknowledged_was_not_asked() -> None:
    stage = reading(Wishes(blksize=1024, tsize=0)).play(
        """
        +0  >  RRQ f octet tsize=0 blksize=1024
        +0  <  OACK tsize=600
        +0  >  ACK 0
        +0  <  DATA 1 [512]
        +0  >  ACK 1
        +0  <  DATA 2 [88]
        +0  >  ACK 2
        """
    )
    assert stage.events[0] == Agreed(Terms(tsize=600))


def test_an_empty_file_may_announce_tsize_0() -> None:
    stage = reading(Wishes(tsize=0)).play(
        """
        +0  >  RRQ f octet tsize=0
        +0  <  OACK tsize=0
        +0  >  ACK 0
        +0  <  DATA 1 [0]
        +0  >  ACK 1
        """
    )
    assert stage.file == b""
    assert stage.outcome == Finished()


def test_a_file_too_large_for_this_client_is_refused_with_error_3() -> None:
    reading(Wishes(tsize=0), octets_max=1000).play("+0 > RRQ f octet tsize=0\n+0 < OACK tsize=1001\n+0 > ERROR 3")


def test_a_download_that_cannot_be_stored_is_refused_to_the_server() -> None:
    stage = reading()
    stage.refuse_publishing = (3, b"disk full")
    stage.play("+0 > RRQ f octet\n+0 < DATA 1 [5]\n+0 > ERROR 3\n+0 < DATA 1 [5]\n+60 . silence")
    assert stage.outcome == Failed(Reason.REFUSED, 3, b"disk full")


def test_the_reader_dallies_and_then_is_done() -> None:
    stage = reading().play("+0 > RRQ f octet\n+0 < DATA 1 [5]\n+0 > ACK 1\n+0.4 < DATA 1 [5]\n+0 > ACK 1")
    assert stage.engine is not None
    assert not stage.engine.done
    stage.play("+0.1 . silence\n+0 < DATA 1 [5]\n+1 . silence")
    assert stage.engine.done


def test_a_port_unreachable_counts_only_for_the_address_talked_to() -> None:
    client = TftpClient(0, SERVER, b"f")
    client.start(0)
    assert client.unreachable(STRANGER) == []
    assert not client.done
    assert client.unreachable(SERVER) == [Failed(Reason.UNREACHABLE)]
    assert client.done
    client = TftpClient(0, SERVER, b"f")
    client.start(0)
    client.receive(0, b"\0\3\0\1" + bytes(512), SERVER_TID)
    assert client.unreachable(SERVER) == []
    assert client.unreachable(SERVER_TID) == [Failed(Reason.UNREACHABLE)]


def test_giving_up_on_our_side_tells_the_server_once() -> None:
    stage = reading().play("+0 > RRQ f octet\n+0 < DATA 1 [512]\n+0 > ACK 1")
    assert stage.engine is not None
    first: list[Action] = stage.engine.refuse(0, b"cancelled")
    assert [action for action in first if not isinstance(action, Failed)] != []
    assert stage.engine.refuse(0, b"cancelled") == []


def test_a_request_has_at_most_512_octets() -> None:
    TftpClient(0, SERVER, b"n" * 503)
    with pytest.raises(ValueError, match="513 octets"):
        TftpClient(0, SERVER, b"n" * 504)
    with pytest.raises(BuildError):
        TftpClient(0, SERVER, b"a\0b")


def test_rollover_1_skips_block_0_and_lock_step_tells_it_without_the_option() -> None:
    stage = reading(Wishes(blksize=8)).play("+0 > RRQ f octet blksize=8\n+0 < OACK blksize=8\n+0 > ACK 0")
    engine = stage.engine
    assert engine is not None
    number = 0
    for block in range(1, 65_540):
        number = 1 if number == 65_535 else number + 1
        engine.receive(0, b"\0\3" + number.to_bytes(2, "big") + block.to_bytes(8, "big"), SERVER_TID)
    sent = engine.receive(0, b"\0\3\0\5" + b"end", SERVER_TID)
    assert [getattr(action, "octets", None) for action in sent] == [b"end", None]
