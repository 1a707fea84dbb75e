"""The echo engine as packet diagrams: who asked, what went back, what was met with silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.datagram import Send
from lab.engine.echo import LAB_LIMITS, EchoEngine, EchoLimits, Refusal
from lab.engine.rate import Rate, RateLimit

S = 1_000_000_000
ASKED = "10.77.0.1"


def engine(limits: EchoLimits | None = None) -> EchoEngine:
    return EchoEngine(frozenset({7}), limits)


def test_what_was_sent_comes_back_to_the_port_that_sent_it() -> None:
    assert engine().receive(0, b"Nice day!", ("10.77.0.2", 40000), ASKED) == [Send(b"Nice day!", ("10.77.0.2", 40000))]


def test_an_empty_datagram_is_echoed_empty() -> None:
    assert engine().receive(0, b"", ("fd77::2", 40000), "fd77::1") == [Send(b"", ("fd77::2", 40000))]


@pytest.mark.parametrize(
    ("source", "asked", "why"),
    [
        (("10.77.0.2", 19), ASKED, Refusal.LOW_PORT),
        (("10.77.0.2", 0), ASKED, Refusal.LOW_PORT),
        (("10.77.0.2", 1023), ASKED, Refusal.LOW_PORT),
        (("255.255.255.255", 40000), ASKED, Refusal.NO_HOST),
        (("10.77.0.255", 40000), ASKED, Refusal.NO_HOST),
        (("::ffff:10.77.0.255", 40000), ASKED, Refusal.NO_HOST),
        (("224.0.0.1", 40000), ASKED, Refusal.NO_HOST),
        (("0.0.0.0", 40000), ASKED, Refusal.NO_HOST),
        (("ff02::1", 40000), "fd77::1", Refusal.NO_HOST),
        (("::", 40000), "fd77::1", Refusal.NO_HOST),
        (("10.77.0.2", 40000), None, Refusal.NOT_FOR_ONE),
        (("fd77::2", 40000), None, Refusal.NOT_FOR_ONE),
    ],
)
def test_a_source_that_is_no_single_asker_gets_silence(
    source: tuple[str, int], asked: str | None, why: Refusal
) -> None:
    echo = engine(EchoLimits(broadcasts=frozenset({"10.77.0.255"})))
    assert echo.receive(0, b"x", source, asked) == []
    assert echo.refused == {why: 1}


def test_two_echo_servers_of_ours_do_not_echo_for_ever() -> None:
    echo = EchoEngine(frozenset({7007}))
    assert echo.receive(0, b"x", ("10.77.0.3", 7007), ASKED) == []
    assert echo.refused == {Refusal.OWN_PORT: 1}


def test_a_burst_is_answered_up_to_the_limit_and_then_as_the_rate_allows() -> None:
    echo = engine(EchoLimits(rate=Rate(per_s=10, burst=3)))
    source = ("10.77.0.2", 40000)
    answers = [len(echo.receive(at, b"x", source, ASKED)) for at in (0, 0, 0, 0, S // 10, S // 10, 10 * S)]
    assert answers == [1, 1, 1, 0, 1, 0, 1]
    assert echo.refused == {Refusal.RATE: 2}


def test_one_source_over_its_rate_does_not_silence_another() -> None:
    echo = engine(EchoLimits(rate=Rate(per_s=1, burst=1)))
    assert echo.receive(0, b"x", ("10.77.0.2", 40000), ASKED)
    assert not echo.receive(0, b"x", ("10.77.0.2", 40001), ASKED), "the rate is the host's, not the port's"
    assert echo.receive(0, b"x", ("10.77.0.3", 40000), ASKED)


def test_the_lab_network_lifts_the_rate_and_nothing_else() -> None:
    echo = engine(LAB_LIMITS)
    assert all(echo.receive(0, b"x", ("10.77.0.2", 40000), ASKED) for _ in range(1000))
    assert echo.receive(0, b"x", ("10.77.0.2", 19), ASKED) == []


def test_the_rate_limit_remembers_a_bounded_number_of_sources() -> None:
    limit = RateLimit(Rate(per_s=1, burst=1), sources=2)
    assert [limit.allows(0, name) for name in ("a", "b", "c")] == [True, True, True]
    assert not limit.allows(0, "c")
    assert limit.allows(0, "a"), "the longest silent source was forgotten"


@given(
    data=st.binary(max_size=64),
    port=st.integers(0, 65535),
    host=st.ip_addresses(),
    asked=st.ip_addresses().map(str) | st.none(),
)
def test_whatever_comes_the_answer_is_those_bytes_to_that_source_or_silence(
    data: bytes, port: int, host: object, asked: str | None
) -> None:
    source = (str(host), port)
    assert engine().receive(0, data, source, asked) in ([], [Send(data, source)])
