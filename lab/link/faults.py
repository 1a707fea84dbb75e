"""What may befall a frame on its way: each fault is a description; a seed and the frames' order decide, nothing else.

The nth frame in one direction meets the same fate in simulation and on a real wire, so a seed carries over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Passage:
    """One copy of a frame that gets through, later by `delay_ns`, or once `overtaken_by` frames have gone first."""

    frame: bytes
    delay_ns: int = 0
    overtaken_by: int = 0


Fate = Callable[[bytes], tuple[Passage, ...]]
"""What becomes of each frame of one direction, asked frame by frame."""


class Fault(Protocol):
    """A description of a fault; `begin` makes it happen, with its own source of chance."""

    def begin(self, random: Random) -> Fate: ...


@dataclass(frozen=True, slots=True)
class Loss:
    """A frame never arrives."""

    rate: float

    def begin(self, random: Random) -> Fate:
        return lambda frame: () if random.random() < self.rate else (Passage(frame),)


@dataclass(frozen=True, slots=True)
class Copy:
    """A frame arrives twice, the copy `delay_s` later."""

    rate: float
    delay_s: float = 0.0

    def begin(self, random: Random) -> Fate:
        copy_delay_ns = round(self.delay_s * 1e9)

        def fate(frame: bytes) -> tuple[Passage, ...]:
            if random.random() < self.rate:
                return Passage(frame), Passage(frame, delay_ns=copy_delay_ns)
            return (Passage(frame),)

        return fate


@dataclass(frozen=True, slots=True)
class Reorder:
    """The next `by` frames go first. If they do not come, the frame waits no longer than the link's patience."""

    rate: float
    by: int = 1

    def begin(self, random: Random) -> Fate:
        return lambda frame: (Passage(frame, overtaken_by=self.by if random.random() < self.rate else 0),)


@dataclass(frozen=True, slots=True)
class Delay:
    """A frame arrives later, by a time between `least_s` and `most_s`."""

    least_s: float
    most_s: float
    rate: float = 1.0

    def begin(self, random: Random) -> Fate:
        def fate(frame: bytes) -> tuple[Passage, ...]:
            struck, delay_s = random.random() < self.rate, random.uniform(self.least_s, self.most_s)
            return (Passage(frame, delay_ns=round(delay_s * 1e9) if struck else 0),)

        return fate


@dataclass(frozen=True, slots=True)
class BitFlip:
    """One bit of a frame arrives inverted, at byte `start` or behind it (14 spares the Ethernet header)."""

    rate: float
    start: int = 0

    def begin(self, random: Random) -> Fate:
        def fate(frame: bytes) -> tuple[Passage, ...]:
            struck, where = random.random() < self.rate, random.random()
            if not struck or len(frame) <= self.start:
                return (Passage(frame),)
            bit = self.start * 8 + int(where * (len(frame) - self.start) * 8)
            flipped = bytearray(frame)
            flipped[bit // 8] ^= 0x80 >> bit % 8
            return (Passage(bytes(flipped)),)

        return fate


@dataclass(frozen=True, slots=True)
class Cut:
    """A frame arrives without its end; at least `keep` bytes of it are left."""

    rate: float
    keep: int = 14

    def begin(self, random: Random) -> Fate:
        def fate(frame: bytes) -> tuple[Passage, ...]:
            struck, where = random.random() < self.rate, random.random()
            if not struck or len(frame) <= self.keep:
                return (Passage(frame),)
            return (Passage(frame[: self.keep + int(where * (len(frame) - self.keep))]),)

        return fate


@dataclass(frozen=True, slots=True)
class Nth:
    """A scripted fault: `fault` befalls the frames with these numbers (from 1) among those that match, and no other.

    `Nth({3}, Loss(1), matching=is_data)` loses the third data frame.
    """

    numbers: frozenset[int] | set[int]
    fault: Fault
    matching: Callable[[bytes], bool] = lambda _frame: True

    def begin(self, random: Random) -> Fate:
        befall = self.fault.begin(random)
        seen = 0

        def fate(frame: bytes) -> tuple[Passage, ...]:
            nonlocal seen
            if not self.matching(frame):
                return (Passage(frame),)
            seen += 1
            return befall(frame) if seen in self.numbers else (Passage(frame),)

        return fate
