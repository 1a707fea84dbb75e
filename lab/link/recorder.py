"""Records an interface in a thread of its own: nothing missed from start(), nothing lost at stop(), each frame once.

The thread only copies the kernel's blocks while things happen; frames are made of them when there is time, since
every moment it takes is taken from the peers that it watches.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.link import netns
from lab.link.ring import Ring, frames_in, last_time_ns
from lab.link.tap import Recorded

__all__ = ["Recorded", "Recorder"]

QUIET_MS = 10
"""At the end the recorder waits this long for frames that another processor is still delivering."""

DRAIN_S = 2.0
BACKLOG_BLOCKS = 1024
"""How many blocks may wait for `each` (256 MiB); after that the kernel's ring fills, and drops are counted."""


class Recorder:
    """Collects what passes on one interface; `each`, if given, is called with every frame as it comes instead."""

    def __init__(
        self, interface: str, each: Callable[[Recorded], None] | None = None, *, network: int | None = None
    ) -> None:
        """:param each: is called in the recorder's thread; what it raises ends the recording and is raised by `stop`.
        :param network: a descriptor of the network in which `interface` is; otherwise the one of the calling thread.
        """
        self.interface = interface
        self.dropped = 0
        """Frames lost: not read in time, or such that the kernel could not hand them over. Known once stopped."""
        # A frame into loopback is captured going out and coming in; everywhere else out and in are different frames.
        self._outgoing = interface != "lo"
        self._each = each
        self._network = network
        self._ring: Ring | None = None
        self._thread: threading.Thread | None = None
        self._blocks: deque[bytes] = deque()
        self._frames: list[Recorded] = []
        self._wake = -1
        self._stopped_ns: int | None = None
        self._error: BaseException | None = None

    def open(self) -> Self:
        """From its return on no frame is missed: until `start` the kernel keeps them.

        :raises OSError: no such interface (ENODEV), or no right to capture (PermissionError).
        :raises NotEthernet: the interface has frames of another kind.
        """
        with netns.inside(self._network) if self._network is not None else nullcontext():
            self._ring = Ring(self.interface, outgoing=self._outgoing)
        return self

    def start(self, each: Callable[[Recorded], None] | None = None) -> Self:
        """Opens, if that has not been done, and begins to read. `each` replaces the one given at first."""
        if self._ring is None:
            self.open()
        self._each = each or self._each
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, args=(self._ring,), name="recorder", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> list[Recorded]:
        """Everything recorded, in the kernel's order; nothing if `each` took it. Raises what `each` raised."""
        if self._ring is None:
            return self._frames
        if self._thread is not None:
            self._stopped_ns = time.time_ns()
            os.eventfd_write(self._wake, 1)
            self._thread.join()
            os.close(self._wake)
        self.dropped = self._ring.dropped()
        self._ring.close()
        self._ring = self._thread = None
        if self._error is not None:
            raise self._error
        self._hand_out(self._frames.append, len(self._blocks))
        return self._frames

    def _run(self, ring: Ring) -> None:
        ready = select.poll()
        ready.register(ring, select.POLLIN)
        ready.register(self._wake, select.POLLIN)
        try:
            while self._wake not in dict(ready.poll(0 if self._each and self._blocks else None)):
                self._collect(ring)
                if self._each is not None:
                    self._hand_out(self._each, 1)
            self._drain(ring)
            if self._each is not None:
                self._hand_out(self._each, len(self._blocks))
        except BaseException as error:
            self._error = error

    def _collect(self, ring: Ring) -> None:
        while len(self._blocks) < BACKLOG_BLOCKS or self._each is None:
            block = ring.take()
            if block is None:
                return
            self._blocks.append(block)

    def _drain(self, ring: Ring) -> None:
        """What was on its way when `stop` was called belongs to the recording; what came later does not."""
        assert self._stopped_ns is not None
        ready = select.poll()
        ready.register(ring, select.POLLIN)
        deadline_ns = time.monotonic_ns() + int(DRAIN_S * 1e9)
        while time.monotonic_ns() < deadline_ns:
            arrived = bool(ready.poll(QUIET_MS))
            while (block := ring.take()) is not None:
                self._blocks.append(block)
                if last_time_ns(block) > self._stopped_ns:
                    return
            if not arrived and not ring.pending():
                return

    def _hand_out(self, each: Callable[[Recorded], None], blocks: int) -> None:
        """Makes frames of the oldest blocks."""
        for _ in range(min(blocks, len(self._blocks))):
            for recorded in frames_in(self._blocks.popleft(), outgoing=self._outgoing):
                if self._stopped_ns is None or recorded.time_ns <= self._stopped_ns:
                    each(recorded)

    def __enter__(self) -> Self:
        return self.start() if self._thread is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def interfaces() -> list[str]:
    """The interfaces of the calling thread's network, by name."""
    with open(Path("/proc/thread-self/net/dev"), encoding="ascii") as lines:
        return sorted(line.partition(":")[0].strip() for line in lines if ":" in line)
