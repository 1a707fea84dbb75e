"""Faults: a seed and the frames' order decide alone, the same in memory and on a real wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.link.faults import BitFlip, Copy, Cut, Delay, Fault, Loss, Nth, Reorder
from lab.link.faulty import FaultyLink
from lab.link.link import Link
from lab.link.memory import MemoryWire

FRAMES = [bytes([number]) * 20 for number in range(10)]


def sent_through(faults: Sequence[Fault], frames: list[bytes], seed: int = 1, **options: Any) -> list[bytes]:
    """What arrives of frames sent at once through a link with these faults."""
    wire = MemoryWire()
    link = FaultyLink(wire.port("a"), seed=seed, sending=faults, **options)
    other = wire.port("b")
    for frame in frames:
        link.send(frame)
    link.receive(10.0)  # Waiting drives the link, as a real user of it does.
    arrived = []
    while (frame := other.receive(1.0)) is not None:
        arrived.append(frame)
    return arrived


def received_through(faults: Sequence[Fault], frames: list[bytes], seed: int = 1) -> list[bytes]:
    wire = MemoryWire()
    sender = wire.port("a")
    link = FaultyLink(wire.port("b"), seed=seed, receiving=faults)
    for frame in frames:
        sender.send(frame)
    arrived = []
    while (frame := link.receive(1.0)) is not None:
        arrived.append(frame)
    return arrived


def test_without_faults_everything_passes_in_order_both_ways() -> None:
    assert sent_through([], FRAMES) == FRAMES
    assert received_through([], FRAMES) == FRAMES


def test_each_direction_has_a_chance_of_its_own() -> None:
    many = [number.to_bytes(2, "big") * 10 for number in range(200)]
    assert sent_through([Loss(0.5)], many) != received_through([Loss(0.5)], many), "seed 1"


def test_loss_loses_every_frame_at_rate_one_and_none_at_nought() -> None:
    assert sent_through([Loss(1)], FRAMES) == []
    assert sent_through([Loss(0)], FRAMES) == FRAMES


def test_loss_at_a_rate_loses_about_that_many() -> None:
    left = len(sent_through([Loss(0.3)], [b"x" * 20] * 2000))
    assert 1300 < left < 1500, "seed 1"


def test_the_same_seed_meets_the_same_fate_and_another_seed_another() -> None:
    faults = [Loss(0.2), Copy(0.2), Reorder(0.2), BitFlip(0.2), Cut(0.2, keep=1)]
    assert sent_through(faults, FRAMES * 10, seed=7) == sent_through(faults, FRAMES * 10, seed=7)
    assert sent_through(faults, FRAMES * 10, seed=7) != sent_through(faults, FRAMES * 10, seed=8)


def test_a_copy_arrives_twice_and_a_late_copy_behind_those_that_followed() -> None:
    assert sent_through([Copy(1)], FRAMES[:2]) == [FRAMES[0], FRAMES[0], FRAMES[1], FRAMES[1]]
    assert sent_through([Nth({1}, Copy(1, delay_s=0.5))], FRAMES[:3]) == [*FRAMES[:3], FRAMES[0]]


def test_a_reordered_frame_lets_the_next_ones_go_first() -> None:
    assert sent_through([Nth({2}, Reorder(1))], FRAMES[:4]) == [FRAMES[0], FRAMES[2], FRAMES[1], FRAMES[3]]
    assert sent_through([Nth({1}, Reorder(1, by=3))], FRAMES[:5]) == [*FRAMES[1:4], FRAMES[0], FRAMES[4]]


def test_a_reordered_frame_that_nothing_follows_arrives_all_the_same() -> None:
    wire = MemoryWire(latency_ns=1)
    sender = wire.port("a")
    link = FaultyLink(wire.port("b"), seed=1, receiving=[Reorder(1)], patience_s=0.25)
    sender.send(b"alone")
    assert link.receive(0.1) is None
    assert link.receive(10.0) == b"alone"
    assert wire.now_ns() == pytest.approx(250_000_000, abs=10)


def test_a_delayed_frame_arrives_neither_early_nor_late() -> None:
    wire = MemoryWire(latency_ns=1)
    sender = wire.port("a")
    link = FaultyLink(wire.port("b"), seed=1, receiving=[Delay(0.010, 0.020)])
    sender.send(b"late")
    assert link.receive(0.009) is None
    assert link.receive(1.0) == b"late"
    assert 10_000_000 <= wire.now_ns() <= 20_000_002


def test_a_delayed_send_leaves_while_its_sender_waits_for_the_answer() -> None:
    wire = MemoryWire(latency_ns=1)
    link = FaultyLink(wire.port("a"), seed=1, sending=[Delay(0.5, 0.5)])
    other = wire.port("b")
    link.send(b"question")
    assert other.receive(0.4) is None
    assert link.receive(0.2) is None
    assert wire.frames == [(500_000_000, b"question")]


def test_what_is_still_held_at_the_end_goes_out() -> None:
    wire = MemoryWire()
    link = FaultyLink(wire.port("a"), seed=1, sending=[Delay(5.0, 5.0)])
    link.send(b"held")
    link.close()
    assert [frame for _, frame in wire.frames] == [b"held"]


def test_a_bit_flip_inverts_one_bit_behind_its_start() -> None:
    for seed in range(50):
        [frame] = sent_through([BitFlip(1, start=14)], [bytes(20)], seed=seed)
        assert frame[:14] == bytes(14), f"seed {seed}"
        assert int.from_bytes(frame, "big").bit_count() == 1, f"seed {seed}"
    assert sent_through([BitFlip(1, start=20)], [bytes(20)]) == [bytes(20)]


def test_a_cut_frame_is_a_beginning_of_it() -> None:
    whole = bytes(range(40))
    for seed in range(50):
        [frame] = sent_through([Cut(1, keep=14)], [whole], seed=seed)
        assert 14 <= len(frame) < 40, f"seed {seed}"
        assert frame == whole[: len(frame)], f"seed {seed}"


def test_a_scripted_fault_befalls_the_nth_frame_that_matches_and_no_other() -> None:
    data = [b"data 1", b"other", b"data 2", b"data 3"]
    lost = Nth({2}, Loss(1), matching=lambda frame: frame.startswith(b"data"))
    assert sent_through([lost], data) == [b"data 1", b"other", b"data 3"]
    assert sent_through([lost], data) == [b"data 1", b"other", b"data 3"], "a description has no memory"


def test_frames_that_the_faults_do_not_concern_use_up_no_chance() -> None:
    noise = b"who has 10.77.0.2?"
    faults = [Loss(0.5)]
    quiet = sent_through(faults, FRAMES, seed=3, only=lambda frame: frame != noise)
    noisy = [frame for pair in zip(FRAMES, [noise] * 10, strict=True) for frame in pair]
    loud = sent_through(faults, noisy, seed=3, only=lambda frame: frame != noise)
    assert [frame for frame in loud if frame != noise] == quiet
    assert loud.count(noise) == 10


def test_what_one_direction_meets_does_not_depend_on_the_other() -> None:
    wire = MemoryWire()
    link = FaultyLink(wire.port("a"), seed=5, sending=[Loss(0.5)], receiving=[Loss(0.5)])
    other = wire.port("b")
    arrived = []
    for frame in FRAMES:
        other.send(b"noise")
        link.receive(0.001)
        link.send(frame)
        if (got := other.receive(0.001)) is not None:
            arrived.append(got)
    assert arrived == sent_through([Loss(0.5)], FRAMES, seed=5)


rates = st.floats(0, 1)
any_fault = st.one_of(
    st.builds(Loss, rates),
    st.builds(Copy, rates, st.floats(0, 2)),
    st.builds(Reorder, rates, st.integers(1, 5)),
    st.builds(Delay, st.floats(0, 1), st.floats(1, 2), rates),
    st.builds(BitFlip, rates, st.integers(0, 30)),
    st.builds(Cut, rates, st.integers(0, 30)),
)
gentle_fault = st.one_of(
    st.builds(Reorder, rates, st.integers(1, 5)), st.builds(Delay, st.floats(0, 1), st.floats(1, 2), rates)
)


@given(st.lists(any_fault, max_size=4), st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 2**32))
def test_any_faults_in_any_order_end_and_never_break(faults: list[Fault], frames: list[bytes], seed: int) -> None:
    assert len(received_through(faults, frames, seed)) <= len(frames) * 2 ** len(faults)


@given(st.lists(gentle_fault, max_size=4), st.lists(st.binary(max_size=4), max_size=12), st.integers(0, 2**32))
def test_delaying_and_reordering_lose_nothing(faults: list[Fault], frames: list[bytes], seed: int) -> None:
    wire = MemoryWire()
    sender = wire.port("a")
    link = FaultyLink(wire.port("b"), seed=seed, receiving=faults)
    for frame in frames:
        sender.send(frame)
    arrived = []
    while (frame := link.receive(30.0)) is not None:
        arrived.append(frame)
    assert sorted(arrived) == sorted(frames)


def test_a_faulty_link_is_a_link() -> None:
    wire = MemoryWire()
    link: Link = FaultyLink(FaultyLink(wire.port("a"), seed=1), seed=2, receiving=[Loss(1)])
    link.send(b"x")
    assert link.receive(0.5) is None
    assert link.now_ns() == 500_000_000


def test_a_seed_found_in_simulation_means_the_same_on_the_wire(scene: Callable[[str], Any]) -> None:
    station = bytes.fromhex("024c41420001 024c41420002 88b5")
    frames = [station + bytes([number]) * 50 for number in range(40)]
    faults = [Loss(0.2), Copy(0.2), Reorder(0.2), BitFlip(0.2, start=14), Cut(0.2, keep=14)]
    on_the_wire = [bytes.fromhex(frame) for _, frame in scene("faults_on_the_wire")]
    assert [frame for frame in on_the_wire if frame[6:12] == station[6:12]] == sent_through(faults, frames, seed=7)
