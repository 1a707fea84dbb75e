"""Every state of every TFTP engine × every event: never an exception, never a packet too many, always an end."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Failed, Finished, OpenFile, Publish, SendRun
from lab.engine.tftp_admission import Admission, Begin, Limits
from lab.engine.tftp_client import TftpClient
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_terms import Wishes
from lab.engine.tftp_timer import S, Timing
from lab.wire import tftp
from tests.engine.tftp_stage import CLIENT, SERVER, SERVER_TID, STRANGER

OPTIONS = [
    b"blksize\x008\0",
    b"windowsize\x002\0",
    b"tsize\x000\0",
    b"timeout\x001\0",
    b"foo\0bar\0",
    b"\0\0",
    b"blksize\0",
]
NUMBERS = st.sampled_from([0, 1, 2, 3, 4, 5, 65534, 65535]).map(lambda n: n.to_bytes(2, "big"))
PACKETS = st.one_of(
    st.binary(max_size=12),
    st.builds(
        lambda n, d: b"\0\3" + n + d,
        NUMBERS,
        st.sampled_from([b"", b"\r", b"1234567\r", b"\n2345678", b"123456789", bytes(600)]),
    ),
    st.builds(lambda n, d: b"\0\4" + n + d, NUMBERS, st.sampled_from([b"", b"\0"])),
    st.builds(lambda n, d: b"\0\5" + n + d, NUMBERS, st.binary(max_size=4)),
    st.builds(lambda o: b"\0\6" + b"".join(o), st.lists(st.sampled_from(OPTIONS), max_size=3)),
    st.builds(
        lambda k, m, o: k + b"f\0" + m + b"\0" + b"".join(o),
        st.sampled_from([b"\0\1", b"\0\2"]),
        st.sampled_from([b"octet", b"netascii", b"mail"]),
        st.lists(st.sampled_from(OPTIONS), max_size=3),
    ),
)
SOURCES = st.sampled_from([CLIENT, SERVER, SERVER_TID, STRANGER, (CLIENT[0], 1)])
EVENTS = st.one_of(
    st.tuples(st.just("receive"), PACKETS, SOURCES),
    st.tuples(st.just("run"), st.lists(PACKETS, max_size=3).map(b"".join), SOURCES, st.integers(1, 20)),
    st.tuples(st.just("wait"), st.sampled_from([0, S // 10, S, 40 * S])),
    st.tuples(st.just("deadline")),
    st.tuples(st.just("feed"), st.binary(max_size=20)),
    st.tuples(st.just("published")),
    st.tuples(st.just("refuse")),
    st.tuples(st.just("unreachable"), SOURCES),
)
WISHES = st.sampled_from([None, Wishes(blksize=8), Wishes(blksize=8, windowsize=2, tsize=0, timeout_s=1)])


def drive(engine: TftpClient | TftpSession, first: list[Action], events: list[tuple[object, ...]]) -> None:
    now_ns = 0
    ends = check(engine, first)
    for event in events:
        match event:
            case ("receive", bytes() as data, tuple() as source):
                actions = engine.receive(now_ns, data, source)  # type: ignore[arg-type]
                if data[:2] == b"\0\5":
                    assert not any(isinstance(a, Send | SendRun) for a in actions), "an ERROR was answered"
            case ("run", bytes() as data, tuple() as source, int() as size):
                actions = engine.receive_run(now_ns, data, size, source)  # type: ignore[arg-type]
            case ("wait", int() as time_ns):
                now_ns += time_ns
                actions = engine.timeout(now_ns)
            case ("deadline",):
                now_ns = max(now_ns, engine.deadline_ns or 0)
                actions = engine.timeout(now_ns)
            case ("feed", bytes() as data):
                actions = engine.feed(now_ns, data)
            case ("published",):
                actions = engine.published(now_ns)
            case ("refuse",):
                actions = engine.refuse(0, b"no")
            case ("unreachable", tuple() as source):
                actions = engine.unreachable(source)  # type: ignore[arg-type]
        ends += check(engine, actions)
        assert ends <= 1, "two outcomes"
    # Whatever happened before: left alone, it comes to an end.
    for _ in range(100):
        if engine.done or engine.deadline_ns is None:
            break
        now_ns = max(now_ns, engine.deadline_ns)
        check(engine, engine.timeout(now_ns))
    assert engine.deadline_ns is None or engine.done


def check(engine: TftpClient | TftpSession, actions: list[Action]) -> int:
    if engine.done:
        assert engine.deadline_ns is None
        assert engine.wants == 0
    ends = 0
    for action in actions:
        match action:
            case Send(data, _):
                tftp.parse(data)
            case SendRun():
                assert all(isinstance(tftp.parse(data), tftp.Data) for data in action.datagrams())
            case Finished() | Failed():
                ends += 1
    return ends


@settings(max_examples=400, deadline=None)
@given(st.booleans(), st.sampled_from([b"octet", b"netascii"]), WISHES, st.lists(EVENTS, max_size=25))
def test_a_client_in_any_state_meets_any_event(
    write: bool, mode: bytes, wishes: Wishes | None, events: list[tuple[object, ...]]
) -> None:
    client = TftpClient(0, SERVER, b"f", write=write, mode=mode, wishes=wishes, octets_max=100)
    drive(client, client.start(0), events)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([tftp.ReadRequest, tftp.WriteRequest]),
    st.sampled_from([b"octet", b"NetAscii", b"mail"]),
    WISHES,
    st.lists(EVENTS, max_size=25),
)
def test_a_session_in_any_state_meets_any_event(
    kind: type[tftp.ReadRequest | tftp.WriteRequest],
    mode: bytes,
    wishes: Wishes | None,
    events: list[tuple[object, ...]],
) -> None:
    session = TftpSession(0, CLIENT, kind(b"f", mode, (wishes or Wishes()).options()), timing=Timing(whole_s=100))
    first = session.start(0)
    if any(isinstance(action, OpenFile) for action in first):
        first = session.opened(0, 20)
    drive(session, first, events)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(PACKETS, SOURCES, st.integers(0, S)), max_size=30))
def test_the_listening_port_starts_transfers_and_nothing_else(events: list[tuple[bytes, Address, int]]) -> None:
    admission = Admission(Limits(sessions=3, half_open=2, per_source=2, rate_per_s=5, burst=3))
    living: deque[TftpSession] = deque()
    now_ns = 0
    for data, source, pause_ns in events:
        now_ns += pause_ns
        answer = admission.receive(now_ns, data, source)
        if isinstance(answer, Begin):
            assert data[:2] in (b"\0\1", b"\0\2")
            if answer.evicted is not None:
                living.remove(answer.evicted)
                admission.ended(answer.evicted)
            session = TftpSession(now_ns, source, answer.request)
            admission.begun(session)
            living.append(session)
        assert len(living) <= 3


def test_publish_without_a_word_from_the_shell_holds_the_last_ack() -> None:
    session = TftpSession(0, CLIENT, tftp.WriteRequest(b"f", b"octet"))
    session.start(0)
    session.opened(0)
    actions = session.receive(0, b"\0\3\0\1abc", CLIENT)
    assert [type(action).__name__ for action in actions] == ["Store", "Publish"]
    assert isinstance(actions[1], Publish)
    assert session.receive(0, b"\0\3\0\1abc", CLIENT) == []
    assert [action.data for action in session.published(0) if isinstance(action, Send)] == [b"\0\4\0\1"]
