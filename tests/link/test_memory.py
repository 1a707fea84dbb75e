"""The wire in memory: frames arrive later, in order, and the clock moves only when somebody waits."""

from __future__ import annotations

import pytest

from lab.link.link import Link
from lab.link.memory import MemoryPort, MemoryWire


def test_a_frame_reaches_every_other_port_one_latency_later() -> None:
    wire = MemoryWire(latency_ns=500)
    a, b, c = wire.port("a"), wire.port("b"), wire.port("c")
    a.send(b"one")
    assert b.receive(1.0) == b"one"
    assert wire.now_ns() == 500
    assert c.receive(0.0) == b"one"
    assert a.receive(0.0) is None
    assert wire.now_ns() == 500


def test_waiting_in_vain_costs_virtual_time_only() -> None:
    wire = MemoryWire()
    port: Link = wire.port("a")
    assert port.receive(3600.0) is None
    assert port.now_ns() == 3600 * 10**9


def test_a_reacting_port_answers_while_the_other_waits() -> None:
    wire = MemoryWire(latency_ns=1_000)
    asking = wire.port("client")
    ports: list[MemoryPort] = []
    ports.append(wire.port("server", react=lambda frame: ports[0].send(frame[::-1])))
    asking.send(b"abc")
    assert asking.receive(1.0) == b"cba"
    assert wire.now_ns() == 2_000
    assert wire.frames == [(0, b"abc"), (1_000, b"cba")]


def test_timers_and_frames_happen_in_the_order_of_their_times() -> None:
    wire = MemoryWire(latency_ns=1_000)
    a, b = wire.port("a"), wire.port("b")
    happened: list[str] = []
    wire.at(1_500, lambda: happened.append("timer"))
    wire.at(200, lambda: a.send(b"late"))
    a.send(b"early")
    while frame := b.receive(1.0):
        happened.append(frame.decode())
    assert happened == ["early", "late", "timer"]


def test_frames_of_one_moment_arrive_in_the_order_in_which_they_were_sent() -> None:
    wire = MemoryWire()
    a, b = wire.port("a"), wire.port("b")
    for word in (b"1", b"2", b"3"):
        a.send(word)
    assert [b.receive(1.0) for _ in range(3)] == [b"1", b"2", b"3"]


def test_a_timer_set_for_the_past_fires_now_and_never_turns_the_clock_back() -> None:
    wire = MemoryWire(start_ns=5_000)
    at: list[int] = []
    wire.at(10, lambda: at.append(wire.now_ns()))
    wire.run_until(6_000)
    assert at == [5_000]
    assert wire.now_ns() == 6_000


def test_a_closed_port_hears_nothing_more() -> None:
    wire = MemoryWire()
    a, b = wire.port("a"), wire.port("b")
    b.close()
    a.send(b"x")
    assert b.receive(1.0) is None


def test_a_wire_without_latency_is_refused_since_its_clock_could_stand_still() -> None:
    with pytest.raises(ValueError, match="at least one nanosecond"):
        MemoryWire(latency_ns=0)
