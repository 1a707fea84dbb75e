"""Who is let in on the listening port, and who makes room."""

from __future__ import annotations

from lab.engine.datagram import Address
from lab.engine.tftp_admission import Admission, AskedAgain, Begin, Limits
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_timer import S

RRQ = b"\0\1f\0octet\0"


def begin(admission: Admission, source: Address, now_ns: int = 0) -> TftpSession | None:
    answer = admission.receive(now_ns, RRQ, source)
    if not isinstance(answer, Begin):
        return None
    if answer.evicted is not None:
        admission.ended(answer.evicted)
    session = TftpSession(now_ns, source, answer.request)
    session.start(now_ns)
    session.opened(now_ns, 5)
    admission.begun(session)
    return session


def prove(session: TftpSession | None) -> TftpSession:
    assert session is not None
    session.feed(0, b"12345")
    session.feed(0, b"")
    session.receive(0, b"\0\4\0\1", session.peer)
    assert session.proven
    return session


def test_a_request_that_comes_again_belongs_to_the_session_it_began() -> None:
    admission = Admission()
    session = begin(admission, ("10.0.0.1", 1000))
    assert admission.receive(0, RRQ, ("10.0.0.1", 1000)) == AskedAgain(session)  # type: ignore[arg-type]
    assert isinstance(admission.receive(0, RRQ, ("10.0.0.1", 1001)), Begin)
    assert isinstance(admission.receive(0, b"\0\1g\0octet\0", ("10.0.0.1", 1000)), Begin)


def test_a_request_after_the_transfer_was_proven_begins_a_new_one() -> None:
    """Firmware with a fixed port asks from it again after a reset."""
    admission = Admission()
    prove(begin(admission, ("10.0.0.1", 1000)))
    assert isinstance(admission.receive(0, RRQ, ("10.0.0.1", 1000)), Begin)


def test_a_source_has_so_many_sessions_and_one_more_when_one_ends() -> None:
    admission = Admission(Limits(per_source=2, rate_per_s=0))
    first = begin(admission, ("10.0.0.1", 1))
    assert begin(admission, ("10.0.0.1", 2))
    assert begin(admission, ("10.0.0.1", 3)) is None
    assert begin(admission, ("10.0.0.2", 3))
    assert first is not None
    admission.ended(first)
    admission.ended(first)
    assert begin(admission, ("10.0.0.1", 4))
    assert begin(admission, ("10.0.0.1", 5)) is None


def test_the_oldest_session_that_nobody_answered_makes_room() -> None:
    admission = Admission(Limits(half_open=3, rate_per_s=0))
    proven = prove(begin(admission, ("10.0.0.1", 1)))
    waiting = [begin(admission, (f"10.0.1.{index}", 1)) for index in range(3)]
    answer = admission.receive(0, RRQ, ("10.0.2.1", 1))
    assert isinstance(answer, Begin)
    assert answer.evicted is waiting[0]
    assert answer.evicted is not proven


def test_a_full_server_evicts_only_who_has_not_answered() -> None:
    admission = Admission(Limits(sessions=2, rate_per_s=0))
    prove(begin(admission, ("10.0.0.1", 1)))
    half_open = begin(admission, ("10.0.0.2", 1))
    answer = admission.receive(0, RRQ, ("10.0.0.3", 1))
    assert isinstance(answer, Begin)
    assert answer.evicted is half_open
    prove(half_open)
    assert admission.receive(0, RRQ, ("10.0.0.3", 1)) is None


def test_the_rate_of_each_source_is_limited_and_recovers() -> None:
    admission = Admission(Limits(rate_per_s=2, burst=3, per_source=100))
    let_in = [begin(admission, ("10.0.0.1", port)) is not None for port in range(1, 6)]
    assert let_in == [True, True, True, False, False]
    assert begin(admission, ("10.0.0.2", 1))
    assert begin(admission, ("10.0.0.1", 9), now_ns=S // 2)
    assert begin(admission, ("10.0.0.1", 10), now_ns=S // 2) is None


def test_source_port_0_cannot_be_answered() -> None:
    assert Admission().receive(0, RRQ, ("10.0.0.1", 0)) is None


def test_the_memory_for_sources_is_bounded() -> None:
    admission = Admission(Limits(per_source=1))
    for index in range(5000):
        admission.receive(0, RRQ, (f"10.0.{index // 256}.{index % 256}", 9))
    assert len(admission._allowances) == 4096
