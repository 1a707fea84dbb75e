"""A Link on which faults befall the frames: wrapped round another Link, which knows nothing of it."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from random import Random

from lab.link.faults import Fate, Fault, Passage
from lab.link.link import Link

PATIENCE_S = 0.05


class FaultyLink:
    """Passes frames on as its faults decide, in the order in which the faults are given.

    Frames that must wait leave when this link is next used: whoever waits for an answer, in `receive`, drives it.
    """

    def __init__(
        self,
        link: Link,
        *,
        seed: int,
        sending: Sequence[Fault] = (),
        receiving: Sequence[Fault] = (),
        only: Callable[[bytes], bool] = lambda _frame: True,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """:param seed: the same seed and the same frames meet the same fate, whatever the link below.
        :param sending: the faults of the frames that go out.
        :param receiving: the faults of the frames that come in.
        :param only: other frames (address resolution, say) pass untouched and use up no chance.
        :param patience_s: how long a reordered frame waits for those that are to overtake it.
        """
        self._link = link
        self._only = only
        patience_ns = round(patience_s * 1e9)
        # Each direction has its own chance: how sends and receives interleave differs from wire to wire.
        self._out = _Lane(_chain(sending, f"{seed}/send"), patience_ns)
        self._in = _Lane(_chain(receiving, f"{seed}/receive"), patience_ns)
        self._arrived: deque[bytes] = deque()

    def send(self, frame: bytes) -> None:
        if self._only(frame):
            self._out.enter(frame, self._link.now_ns())
        else:
            self._link.send(frame)
        self._release()

    def receive(self, timeout_s: float) -> bytes | None:
        deadline_ns = self._link.now_ns() + round(timeout_s * 1e9)
        asked = False
        while True:
            self._release()
            if self._arrived:
                return self._arrived.popleft()
            left_ns = deadline_ns - self._link.now_ns()
            if left_ns <= 0 and asked:
                return None
            self._receive_one(max(left_ns, 0))
            asked = True

    def now_ns(self) -> int:
        return self._link.now_ns()

    def close(self) -> None:
        """What was on its way out still goes out."""
        for frame in self._out.leave(None):
            self._link.send(frame)
        self._link.close()

    def _receive_one(self, wait_ns: int) -> None:
        """Waits for a frame from below, but not beyond the moment at which one that is held becomes due."""
        dues = [due for lane in (self._in, self._out) if (due := lane.next_due_ns()) is not None]
        if dues:
            wait_ns = min(wait_ns, max(min(dues) - self._link.now_ns(), 0))
        frame = self._link.receive(wait_ns / 1e9)
        if frame is None:
            return
        if self._only(frame):
            self._in.enter(frame, self._link.now_ns())
        else:
            self._arrived.append(frame)

    def _release(self) -> None:
        now_ns = self._link.now_ns()
        for frame in self._out.leave(now_ns):
            self._link.send(frame)
        self._arrived.extend(self._in.leave(now_ns))


class _Held:
    """A frame that lets others go first."""

    def __init__(self, passage: Passage, latest_ns: int) -> None:
        self.passage = passage
        self.latest_ns = latest_ns
        self.overtakers = passage.overtaken_by


class _Lane:
    """One direction: frames enter as they are sent and leave as the faults decided."""

    def __init__(self, fate: Fate, patience_ns: int) -> None:
        self._fate = fate
        self._patience_ns = patience_ns
        self._queue: list[tuple[int, int, bytes]] = []
        self._held: list[_Held] = []
        self._sequence = count()

    def enter(self, frame: bytes, now_ns: int) -> None:
        overtaken = list(self._held)
        for passage in self._fate(frame):
            if passage.overtaken_by:
                self._held.append(_Held(passage, now_ns + self._patience_ns))
            else:
                self._push(passage, now_ns)
        for held in overtaken:
            held.overtakers -= 1
            if held.overtakers == 0:
                self._held.remove(held)
                self._push(held.passage, now_ns)

    def leave(self, now_ns: int | None) -> list[bytes]:
        """The frames due by now, or with None all that are left."""
        for held in [held for held in self._held if now_ns is None or held.latest_ns <= now_ns]:
            self._held.remove(held)
            self._push(held.passage, held.latest_ns)
        frames = []
        while self._queue and (now_ns is None or self._queue[0][0] <= now_ns):
            frames.append(heapq.heappop(self._queue)[2])
        return frames

    def next_due_ns(self) -> int | None:
        dues = [held.latest_ns for held in self._held] + [due for due, _, _ in self._queue[:1]]
        return min(dues, default=None)

    def _push(self, passage: Passage, now_ns: int) -> None:
        heapq.heappush(self._queue, (now_ns + passage.delay_ns, next(self._sequence), passage.frame))


def _chain(faults: Sequence[Fault], seed: str) -> Fate:
    """Lets each fault work on what the one before it let through."""
    fates = [fault.begin(Random(f"{seed}/{number}")) for number, fault in enumerate(faults)]

    def fate(frame: bytes) -> tuple[Passage, ...]:
        passages: tuple[Passage, ...] = (Passage(frame),)
        for befall in fates:
            passages = tuple(_behind(earlier, later) for earlier in passages for later in befall(earlier.frame))
        return passages

    return fate


def _behind(earlier: Passage, later: Passage) -> Passage:
    return Passage(
        later.frame,
        delay_ns=earlier.delay_ns + later.delay_ns,
        overtaken_by=max(earlier.overtaken_by, later.overtaken_by),
    )
