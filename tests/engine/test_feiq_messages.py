"""Messages and receipts as packet diagrams: what is shown, what is acknowledged, what is sent again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.datagram import Send
from lab.engine.feiq_event import Action, Announce, Delivered, MessageCame, Peer, PeerCame, Undelivered
from lab.engine.feiq_profile import Habits
from lab.engine.rate import Rate
from lab.wire import feiq
from lab.wire.error import BuildError
from tests.engine.feiq_stage import KLAUS, STRANGER, S, Stage

SEED = b"1:1238605487:klaus:whoever_pc:32:Nice day!"
CHECKED = b"1:1238605487:klaus:whoever_pc:288:Nice day!"
RECEIPT = Send(b"1:100:lab:labhost:33:1238605487\0", KLAUS)


def texts(stage: Stage) -> list[str]:
    return [event.text for event in stage.seen(MessageCame)]


def test_the_seeds_message_is_shown_and_draws_no_receipt() -> None:
    stage = Stage()
    assert stage.hear(SEED) == []
    klaus = Peer(KLAUS, "klaus", "whoever_pc", "klaus")
    assert stage.events == [
        PeerCame(klaus),
        MessageCame(klaus, 1238605487, "Nice day!", b"Nice day!", 32, receipted=False),
    ]


def test_a_checked_message_is_shown_and_receipted_by_its_number_to_the_port_it_came_from() -> None:
    stage = Stage()
    assert stage.hear(CHECKED, STRANGER) == [Send(b"1:100:lab:labhost:33:1238605487\0", STRANGER)]
    assert texts(stage) == ["Nice day!"]


@pytest.mark.parametrize("option", [0x400, 0x2000], ids=["BROADCASTOPT", "AUTORETOPT"])
def test_a_broadcast_or_automatic_message_is_never_receipted(option: int) -> None:
    stage = Stage()
    assert stage.hear(b"1:5:klaus:whoever_pc:%d:x\0" % (0x20 | 0x100 | option)) == []
    assert texts(stage) == ["x"]


def test_a_repeated_message_is_receipted_again_and_shown_once() -> None:
    stage = Stage()
    assert stage.hear(CHECKED) == [RECEIPT]
    assert stage.hear(CHECKED) == [Send(b"1:101:lab:labhost:33:1238605487\0", KLAUS)]
    # The original client pads its late repetitions with zeros.
    assert stage.hear(CHECKED + b"\0" * 64) == [Send(b"1:102:lab:labhost:33:1238605487\0", KLAUS)]
    assert texts(stage) == ["Nice day!"]


def test_the_senders_names_are_compared_without_case() -> None:
    stage = Stage()
    stage.hear(CHECKED)
    stage.hear(b"1:1238605487:KLAUS:Whoever_PC:288:Nice day!")
    assert texts(stage) == ["Nice day!"]


def test_the_same_number_from_another_host_or_user_is_another_message() -> None:
    stage = Stage()
    stage.hear(SEED)
    stage.hear(SEED, STRANGER)
    stage.hear(b"1:1238605487:klara:whoever_pc:32:Nice day!")
    assert texts(stage) == ["Nice day!"] * 3


def test_a_peer_that_left_and_came_back_may_number_from_the_start() -> None:
    stage = Stage()
    stage.hear(b"1:1:klaus:whoever_pc:32:before\0")
    stage.hear(b"1:2:klaus:whoever_pc:2:\0")
    stage.hear(b"1:1:klaus:whoever_pc:32:after\0")
    assert texts(stage) == ["before", "after"]


def test_the_last_32_numbers_of_a_sender_are_remembered() -> None:
    stage = Stage()
    for number in [*range(1, 33), 1, 33, 2, 1]:
        stage.hear(b"1:%d:klaus:whoever_pc:32:%d\0" % (number, number))
    assert texts(stage) == [str(number) for number in [*range(1, 34), 1]]


@pytest.mark.parametrize(
    ("options", "raw", "text"),
    [
        (0, b"\xc4\xe3\xba\xc3", "你好"),
        (0, b"\xe4\xbd\xa0\xe5\xa5\xbd", "你好"),
        (0x800000, b"\xe4\xbd\xa0\xe5\xa5\xbd", "你好"),
        (0, b"\xff\xfe\x80", "\\xff\\xfe\\x80"),
        (0x800000, b"\xff\xfe\x80", "\\xff\\xfe\\x80"),
        (0, b"\xd5\x5c\xd5\x7c", "誠諀"),
        (0, b"a:b:c", "a:b:c"),
        (0, b"one\ntwo", "one\ntwo"),
        (0, b"", ""),
    ],
    ids=["gbk", "utf-8 unannounced", "utf-8", "neither", "false utf-8", "trail bytes", "colons", "lines", "empty"],
)
def test_a_message_is_receipted_whether_or_not_its_text_decodes(options: int, raw: bytes, text: str) -> None:
    stage = Stage()
    code = 0x20 | 0x100 | options
    assert stage.hear(b"1:1238605487:klaus:whoever_pc:%d:" % code + raw + b"\0") == [RECEIPT]
    [message] = stage.seen(MessageCame)
    assert (message.text, message.raw) == (text, raw)


def test_utf_8_after_gbk_from_the_same_peer_is_still_right() -> None:
    stage = Stage()
    stage.hear(b"1:1:klaus:whoever_pc:32:\xc4\xe3\xba\xc3\0")
    stage.hear(b"1:2:klaus:whoever_pc:8388640:\xe4\xbd\xa0\xe5\xa5\xbd\0")
    stage.hear(b"1:3:klaus:whoever_pc:32:\xc4\xe3\xba\xc3\0")
    assert texts(stage) == ["你好"] * 3


def test_a_message_that_asks_so_does_not_put_its_sender_on_the_list() -> None:
    stage = Stage()
    stage.hear(b"1:1:klaus:whoever_pc:%d:x\0" % (0x20 | 0x80000))
    assert texts(stage) == ["x"]
    assert stage.engine.peers == []


def test_a_message_that_we_cannot_decrypt_is_neither_shown_nor_receipted() -> None:
    stage = Stage()
    assert stage.hear(b"1:1:klaus:whoever_pc:%d:20002:ab:cd\0" % (0x20 | 0x100 | 0x400000)) == []
    assert stage.events == []


def test_a_sealed_message_is_receipted_as_come_and_not_as_opened() -> None:
    stage = Stage()
    sent = stage.hear(b"1:1238605487:klaus:whoever_pc:%d:psst\0" % (0x20 | 0x100 | 0x200 | 0x100000))
    assert sent == [RECEIPT]
    assert stage.seen(MessageCame)[0].sealed


def test_receipts_to_one_host_keep_to_the_rate_and_the_message_is_shown_all_the_same() -> None:
    stage = Stage(Habits(answer_rate=Rate(per_s=1, burst=1)))
    assert len(stage.hear(b"1:1:klaus:whoever_pc:288:one\0")) == 1
    assert stage.hear(b"1:2:klaus:whoever_pc:288:two\0") == []
    assert [(event.text, event.receipted) for event in stage.seen(MessageCame)] == [("one", True), ("two", False)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello",
        b"1:1:klaus:pc:288",
        b"1:x:klaus:pc:288:x",
        b"1:1:klaus:pc:0x120:x",
        b"1:1:klaus:pc:-1:x",
        b"1:1:klaus:pc:99999999999:x",
        b"2:1:klaus:pc:288:x",
        b"abc:1:klaus:pc:288:x",
        b"11:1:klaus:pc:288:x",
        b"IP2:3d:key1:3:3e8:Z",
        b"1:1:klaus:pc:%d:x" % 0x177,
        b"1:1:klaus:pc:%d:x" % 0x1D1,
        b"1:1:klaus:pc:%d:x" % 0x1EE,
        b"1:1:klaus:pc:%d:1" % 0x30,
        b"1:1:klaus:pc:%d:" % 0x40,
        b"1:1:klaus:pc:%d:1" % 0x121,
    ],
)
def test_what_is_no_packet_or_no_mode_of_ours_gets_silence(data: bytes) -> None:
    stage = Stage()
    assert stage.hear(data) == []
    assert stage.wait(10) == []
    assert stage.events == []


@pytest.mark.parametrize("version", [b"1", b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9", b"1_iptux 0.8.3", b"1@shiyeline"])
def test_every_version_that_begins_with_the_number_one_is_understood(version: bytes) -> None:
    stage = Stage()
    stage.hear(version + b":1:klaus:whoever_pc:32:x\0")
    assert texts(stage) == ["x"]


def test_a_message_of_ours_is_sent_again_unchanged_until_its_receipt_comes() -> None:
    stage = Stage()
    number, sent = stage.engine.message(0, KLAUS, "Hello")
    packet = Send(b"1:100:lab:labhost:288:Hello\0", KLAUS)
    assert (number, sent) == (100, [packet])
    assert stage.wait(2.5) == [(1.0, packet), (2.0, packet)]
    stage.hear(b"1:9:klaus:whoever_pc:33:100\0")
    assert stage.wait(60) == []
    assert stage.events == [Delivered(100, KLAUS)]


def test_without_a_receipt_it_is_given_up_after_the_configured_repetitions() -> None:
    stage = Stage(Habits(resends=2, resend_interval_s=0.5))
    _, [packet] = stage.engine.message(0, KLAUS, "Hello")
    assert stage.wait(60) == [(0.5, packet), (1.0, packet)]
    assert stage.events == [Undelivered(100, KLAUS, transmissions=3)]
    assert stage.engine.deadline_ns is None


def test_a_receipt_that_comes_twice_or_too_late_changes_nothing() -> None:
    stage = Stage()
    stage.engine.message(0, KLAUS, "Hello")
    for _ in range(2):
        stage.hear(b"1:9:klaus:whoever_pc:33:100\0")
    assert stage.events == [Delivered(100, KLAUS)]


@pytest.mark.parametrize(
    ("receipt", "source"),
    [
        (b"1:9:klaus:whoever_pc:33:101\0", KLAUS),
        (b"1:9:klaus:whoever_pc:33:100\0", ("10.77.0.3", 2425)),
        (b"1:9:klaus:whoever_pc:33:100\0", ("10.77.0.2", 40000)),
        (b"1:9:klaus:whoever_pc:33:100x\0", KLAUS),
        (b"1:9:klaus:whoever_pc:33:-100\0", KLAUS),
        (b"1:9:klaus:whoever_pc:33:\0", KLAUS),
        (b"1:9:klaus:whoever_pc:33:" + b"9" * 5000, KLAUS),
    ],
    ids=["other number", "other host", "other port", "garbage", "negative", "empty", "huge"],
)
def test_a_receipt_for_something_else_is_ignored(receipt: bytes, source: tuple[str, int]) -> None:
    stage = Stage()
    stage.engine.message(0, KLAUS, "Hello")
    assert stage.hear(receipt, source) == []
    assert stage.events == []
    assert len(stage.wait(1)) == 1


def test_a_receipt_that_carries_bit_0x100_is_not_receipted() -> None:
    stage = Stage()
    stage.engine.message(0, KLAUS, "Hello")
    assert stage.hear(b"1:9:klaus:whoever_pc:289:100\0") == []
    assert stage.events == [Delivered(100, KLAUS)]


def test_a_message_without_check_is_sent_once() -> None:
    stage = Stage()
    assert stage.engine.message(0, KLAUS, "Hello", check=False) == (100, [Send(b"1:100:lab:labhost:32:Hello\0", KLAUS)])
    assert stage.wait(60) == []


def test_a_shell_that_overslept_sends_one_repetition_and_not_a_burst() -> None:
    stage = Stage()
    stage.engine.message(0, KLAUS, "Hello")
    assert len(stage.engine.timeout(10 * S)) == 1
    assert stage.engine.timeout(10 * S) == []
    assert stage.engine.deadline_ns == 11 * S


def test_text_is_in_gb18030_for_a_peer_of_whom_nothing_is_known() -> None:
    _, [sent] = Stage().engine.message(0, KLAUS, "你好", check=False)
    assert sent == Send(b"1:100:lab:labhost:32:\xc4\xe3\xba\xc3\0", KLAUS)


def test_text_is_in_utf_8_for_a_peer_that_announced_it_reads_that() -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:16777219:Klaus\0\0")
    _, [sent] = stage.engine.message(0, KLAUS, "你好", check=False)
    assert sent == Send(b"1:100:lab:labhost:8388640:\xe4\xbd\xa0\xe5\xa5\xbd\0", KLAUS)


def test_who_writes_in_utf_8_is_answered_in_utf_8() -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:8388640:\xe4\xbd\xa0\0")
    _, [sent] = stage.engine.message(0, KLAUS, "好", check=False)
    assert sent == Send(b"1:100:lab:labhost:8388640:\xe5\xa5\xbd\0", KLAUS)


def test_the_end_of_a_line_is_lf_on_the_wire() -> None:
    _, [sent] = Stage().engine.message(0, KLAUS, "a\r\nb\rc\nd", check=False)
    assert sent == Send(b"1:100:lab:labhost:32:a\nb\nc\nd\0", KLAUS)


def test_text_that_the_charset_lacks_is_refused_and_never_replaced() -> None:
    engine = Stage().engine
    with pytest.raises(BuildError, match="characters that gbk has"):
        engine.message(0, KLAUS, "ok 🙂", charset="gbk")
    with pytest.raises(BuildError, match="no NUL inside"):
        engine.message(0, KLAUS, "a\0b")
    assert engine.deadline_ns is None, "nothing waits for a receipt"


def test_the_packet_numbers_of_a_peer_grow() -> None:
    engine = Stage().engine
    numbers = [engine.message(0, KLAUS, "x")[0] for _ in range(3)]
    assert numbers == [100, 101, 102]


packets = st.builds(
    lambda version, number, user, host, code, body: b"%b:%b:%b:%b:%b:%b" % (version, number, user, host, code, body),
    st.sampled_from([b"1", b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9", b"2"]) | st.binary(max_size=8),
    st.integers(0, 40).map(b"%d".__mod__) | st.binary(max_size=4),
    st.sampled_from([b"klaus", b"lab", b""]) | st.binary(max_size=8),
    st.sampled_from([b"pc", b"labhost"]) | st.binary(max_size=8),
    (st.integers(0, 0xFFFFFFFF) | st.sampled_from([1, 2, 3, 4, 32, 33, 288])).map(b"%d".__mod__),
    st.binary(max_size=64),
)


datagrams = st.tuples(packets | st.binary(max_size=64), st.integers(1, 3), st.integers(0, 3 * S))


@given(heard=st.lists(datagrams, max_size=20))
def test_whatever_comes_the_engine_answers_well_or_is_silent_and_ends(heard: list[tuple[bytes, int, int]]) -> None:
    stage = Stage(Habits(peers=2))
    stage.split(stage.engine.enter())
    out: list[Action] = list(stage.engine.message(0, ("10.77.0.1", 2425), "x")[1])
    for data, host, pause_ns in heard:
        out += stage.hear(data, (f"10.77.0.{host}", 2425))
        out += [action for _, action in stage.wait(pause_ns / S)]
    out += [action for _, action in stage.wait(60)]
    assert stage.engine.deadline_ns is None
    assert len(stage.engine.peers) <= 2
    for action in out:
        assert isinstance(action, Send)
        packet = feiq.parse(action.data)
        assert packet.mode in (feiq.Mode.ANSENTRY, feiq.Mode.RECVMSG, feiq.Mode.SENDMSG)
        assert packet.user == b"lab"


def test_packet_numbers_begin_again_after_32_bits() -> None:
    stage = Stage(first_number=2**32 - 1)
    assert [stage.engine.message(0, KLAUS, "x")[0] for _ in range(2)] == [4294967295, 0]


def test_an_announcement_is_no_datagram_to_anybody() -> None:
    assert all(isinstance(action, Announce) for action in Stage().engine.enter())
