"""A wire in memory with a clock of its own: time passes only when somebody waits, so a simulated hour takes no time.

Everything runs in the caller's thread: a port either reacts (a callback) or asks (`receive`); the wire is a hub.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

from lab.link.tap import Recorded


class MemoryWire:
    """A hub with any number of ports. What one port sends, all others receive one `latency_ns` later."""

    def __init__(self, *, latency_ns: int = 1_000, start_ns: int = 0) -> None:
        # Without latency two ports that answer each other would never let the clock move.
        if latency_ns < 1:
            raise ValueError("a frame takes at least one nanosecond")
        self.frames: list[Recorded] = []
        """Every frame sent, with the time of sending."""
        self._latency_ns = latency_ns
        self._now_ns = start_ns
        self._ports: list[MemoryPort] = []
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._sequence = count()

    def port(self, name: str, react: Callable[[bytes], None] | None = None) -> MemoryPort:
        """Plugs in a port. With `react` every arriving frame is handed to it at once; else `receive` fetches it."""
        port = MemoryPort(self, name, react)
        self._ports.append(port)
        return port

    def at(self, time_ns: int, act: Callable[[], None]) -> None:
        """Calls `act` when the clock reaches `time_ns`: how an engine gets its timeout."""
        heapq.heappush(self._events, (max(time_ns, self._now_ns), next(self._sequence), act))

    def now_ns(self) -> int:
        return self._now_ns

    def run_until(self, time_ns: int, enough: Callable[[], bool] = lambda: False) -> None:
        """Lets events happen, in the order of their times, up to `time_ns` or until `enough()`."""
        while not enough() and self._events and self._events[0][0] <= time_ns:
            self._now_ns, _, act = heapq.heappop(self._events)
            act()
        if not enough():
            self._now_ns = max(self._now_ns, time_ns)

    def _carry(self, sender: MemoryPort, frame: bytes) -> None:
        self.frames.append(Recorded(self._now_ns, frame))
        for port in self._ports:
            if port is not sender:
                self.at(self._now_ns + self._latency_ns, lambda port=port: port.arrive(frame))  # type: ignore[misc]

    def _unplug(self, port: MemoryPort) -> None:
        if port in self._ports:
            self._ports.remove(port)


class MemoryPort:
    """A Link on a MemoryWire."""

    def __init__(self, wire: MemoryWire, name: str, react: Callable[[bytes], None] | None) -> None:
        self.name = name
        self._wire = wire
        self._react = react
        self._arrived: deque[bytes] = deque()

    def send(self, frame: bytes) -> None:
        self._wire._carry(self, bytes(frame))

    def receive(self, timeout_s: float) -> bytes | None:
        """The next frame. Waiting is what makes the wire's clock go, and the other ports react."""
        deadline_ns = self._wire.now_ns() + round(timeout_s * 1e9)
        self._wire.run_until(deadline_ns, enough=lambda: bool(self._arrived))
        return self._arrived.popleft() if self._arrived else None

    def arrive(self, frame: bytes) -> None:
        if self._react is not None:
            self._react(frame)
        else:
            self._arrived.append(frame)

    def now_ns(self) -> int:
        return self._wire.now_ns()

    def close(self) -> None:
        self._wire._unplug(self)
