"""RFC 7440's windows as packet diagrams: what is sent, what is acknowledged, where it goes on after a loss."""

from __future__ import annotations

import pytest

from lab.engine.datagram import Send
from lab.engine.tftp_actions import Finished, SendRun
from lab.engine.tftp_client import TftpClient
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_terms import Wishes
from lab.engine.tftp_timer import Timing
from lab.wire import tftp
from tests.engine.tftp_stage import CLIENT, CONTENT, SERVER, Stage

READ = """
    +0  <  RRQ "f" octet blksize=8 windowsize=4
    +0  >  OACK blksize=8 windowsize=4
    +0  <  ACK 0
    +0  >  DATA 1 [8]
    +0  >  DATA 2 [8]
    +0  >  DATA 3 [8]
    +0  >  DATA 4 [8]
"""
WRITE = """
    +0  <  WRQ "f" octet blksize=8 windowsize=4
    +0  >  OACK blksize=8 windowsize=4
"""


def data(first: int, last: int, arrow: str = ">", size: int = 8) -> str:
    return "\n".join(f"+0 {arrow} DATA {number} [{size}]" for number in range(first, last + 1))


# The sender.


def test_a_window_is_sent_and_then_the_sender_waits_for_the_ack_of_its_last_block() -> None:
    stage = Stage(size=76).play(
        f"""
        {READ}
        +0.1 .  silence
        +0   <  ACK 4
        {data(5, 8)}
        +0   <  ACK 8
        +0   >  DATA 9 [8]
        +0   >  DATA 10 [4]
        +0   <  ACK 10
        """
    )
    assert stage.outcome == Finished()


def test_after_a_timeout_the_window_starts_behind_the_last_ack() -> None:
    Stage(size=600).play(f"{READ}\n+0.01 < ACK 4\n{data(5, 8)}\n+0.2 > DATA 5 [8]\n{data(6, 8)}")


def test_an_ack_within_the_window_starts_the_next_window_behind_it() -> None:
    Stage(size=600).play(f"{READ}\n+0 < ACK 2\n{data(3, 6)}\n+0 < ACK 6\n{data(7, 10)}")


def test_a_receiver_that_lacks_the_first_block_gets_the_window_again_once() -> None:
    Stage(size=600).play(
        f"""
        {READ}
        +0 < ACK 4
        {data(5, 8)}
        +0 < ACK 4
        {data(5, 8)}
        +0 < ACK 4
        +0 < ACK 4
        +0 < ACK 4
        +0.1 . silence
        """
    )


def test_the_echo_of_a_window_sent_twice_is_not_taken_for_a_gap() -> None:
    Stage(size=600).play(
        f"""
        {READ}
        +0 < ACK 4
        {data(5, 8)}
        +0 < ACK 4
        {data(5, 8)}
        +0 < ACK 8
        {data(9, 12)}
        +0 < ACK 8
        +0.1 . silence
        +0 < ACK 12
        {data(13, 16)}
        """
    )


def test_a_late_ack_of_an_old_window_is_ignored() -> None:
    Stage(size=600).play(f"{READ}\n+0 < ACK 4\n{data(5, 8)}\n+0 < ACK 3\n+0 < ACK 0\n+0 < ACK 9\n+0.1 . silence")


@pytest.mark.parametrize(("size", "last"), [(32, 5), (31, 4), (33, 5), (64, 9)])
def test_the_last_block_may_stand_anywhere_in_a_window(size: int, last: int) -> None:
    lines = ['+0 < RRQ "f" octet blksize=8 windowsize=4', "+0 > OACK blksize=8 windowsize=4", "+0 < ACK 0"]
    for first in range(1, last + 1, 4):
        end = min(first + 3, last)
        for number in range(first, end + 1):
            lines.append(f"+0 > DATA {number} [{min(8, size - (number - 1) * 8)}]")
        lines.append(f"+0 < ACK {end}")
    assert Stage(size=size).play("\n".join(lines)).outcome == Finished()


def test_a_window_is_handed_out_as_one_run() -> None:
    session = TftpSession(0, CLIENT, tftp.ReadRequest(b"f", b"octet", ((b"blksize", b"8"), (b"windowsize", b"3"))))
    session.start(0)
    session.opened(0, 100)
    session.receive(0, b"\0\4\0\0", CLIENT)
    assert session.wants == 24
    (run,) = session.feed(0, CONTENT[:24])
    assert run == SendRun(1, 3, CONTENT[:24], 8, CLIENT)
    assert list(run.datagrams()) == [
        b"\0\3\0\1" + CONTENT[:8],
        b"\0\3\0\2" + CONTENT[8:16],
        b"\0\3\0\3" + CONTENT[16:24],
    ]


# The receiver.


def test_only_the_last_block_of_a_window_is_acknowledged_and_the_very_last_at_once() -> None:
    stage = Stage().play(
        f"""
        {WRITE}
        {data(1, 4, "<")}
        +0 > ACK 4
        {data(5, 6, "<")}
        +0 < DATA 7 [3]
        +0 > ACK 7
        """
    )
    assert stage.file == CONTENT[:51]


def test_a_gap_is_told_once_and_the_window_is_counted_anew() -> None:
    stage = Stage().play(
        f"""
        {WRITE}
        +0 < DATA 1 [8]
        +0 < DATA 3 [8]
        +0 > ACK 1
        +0 < DATA 4 [8]
        {data(2, 5, "<")}
        +0 > ACK 5
        """
    )
    assert stage.file == CONTENT[:40]


def test_a_lost_first_block_is_told_by_the_ack_of_the_window_before() -> None:
    Stage().play(f"{WRITE}\n{data(1, 4, '<')}\n+0 > ACK 4\n+0 < DATA 6 [8]\n+0 > ACK 4\n+0 < DATA 7 [8]")


def test_a_window_that_comes_again_is_acknowledged_again_once() -> None:
    stage = Stage().play(f"{WRITE}\n{data(1, 4, '<')}\n+0 > ACK 4\n{data(1, 4, '<')}\n+0 > ACK 4\n{data(5, 7, '<')}")
    assert stage.file == CONTENT[:56]


def test_blocks_of_a_window_are_not_acknowledged_twice_when_the_first_were_known() -> None:
    """The sender's window began at 3 because ACK 4 was lost on the way: 3 and 4 are old, 5 and 6 are new."""
    Stage().play(
        f"{WRITE}\n{data(1, 4, '<')}\n+0 > ACK 4\n{data(5, 6, '<')}\n{data(3, 6, '<')}\n{data(7, 8, '<')}\n+0 > ACK 8"
    )


def test_silence_within_a_window_is_answered_by_the_last_block_in_order() -> None:
    Stage(timing=Timing(first_s=1)).play(
        f"""
        {WRITE}
        {data(1, 2, "<")}
        +1 > ACK 2
        {data(3, 6, "<")}
        +0 > ACK 6
        """
    )


def test_a_run_of_datagrams_from_the_kernel_is_read_like_single_ones() -> None:
    client = TftpClient(0, SERVER, b"f", wishes=Wishes(blksize=8, windowsize=4))
    client.start(0)
    client.receive(0, b"\0\6blksize\x008\0windowsize\x004\0", SERVER)
    run = b"".join(b"\0\3" + number.to_bytes(2, "big") + bytes([number]) * 8 for number in range(1, 5))
    stored, ack = client.receive_run(0, run, 12, SERVER)
    assert getattr(stored, "octets", None) == b"\1" * 8 + b"\2" * 8 + b"\3" * 8 + b"\4" * 8
    assert getattr(ack, "data", None) == b"\0\4\0\4"
    stored, _ = client.receive_run(0, b"\0\3\0\5" + b"\5" * 8 + b"\0\3\0\6" + b"end", 12, SERVER)
    assert getattr(stored, "octets", None) == b"\5" * 8 + b"end"


# The wrap.


@pytest.mark.parametrize(
    ("rollover", "after"), [("", [65535, 0, 1]), (" rollover=0", [65535, 0, 1]), (" rollover=1", [65535, 1, 2])]
)
def test_block_numbers_go_on_after_65535(rollover: str, after: list[int]) -> None:
    blocks = 65_540
    content = bytes(8 * blocks)
    stage = Stage(content=content).play(
        f'+0 < RRQ "f" octet blksize=8 windowsize=16{rollover}\n+0 > OACK blksize=8 windowsize=16{rollover}'
    )
    engine = stage.engine
    assert engine is not None
    numbers: list[int] = []
    ack = 0
    while not engine.done:
        stage._do(engine.receive(0, b"\0\4" + ack.to_bytes(2, "big"), CLIENT))
        window = [int.from_bytes(data[2:4], "big") for _, data, _ in stage.sent]
        stage.sent.clear()
        numbers += window
        if window:
            ack = window[-1]
    assert len(numbers) == blocks + 1
    assert numbers[65534:65537] == after
    assert stage.outcome == Finished()


@pytest.mark.parametrize(("blocks", "answer"), [(65_536, [b"\0\4\0\1"]), (65_535, []), (65_537, [])])
def test_an_empty_block_1_after_a_last_block_0_is_acknowledged_for_senders_that_lost_count(
    blocks: int, answer: list[bytes]
) -> None:
    """curl 7.88 and tftp-hpa 5.2 add it, and fail if nobody answers. No other block after the last is answered."""
    session = TftpSession(0, CLIENT, tftp.WriteRequest(b"f", b"octet", ((b"blksize", b"8"),)))
    session.start(0)
    session.opened(0)
    for block in range(1, blocks + 1):
        octets = bytes(8) if block < blocks else b"end"
        session.receive(0, b"\0\3" + (block & 0xFFFF).to_bytes(2, "big") + octets, CLIENT)
    assert isinstance(session.published(0)[-1], Finished)
    after = ((blocks + 1) & 0xFFFF).to_bytes(2, "big")
    sent = session.receive(0, b"\0\3" + after, CLIENT)
    assert [action.data for action in sent if isinstance(action, Send)] == answer
    assert session.receive(0, b"\0\3" + after + b"more", CLIENT) == []
