"""Records an interface in a thread of its own: nothing missed from start(), nothing lost at stop(), each frame once."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.link import netns
from lab.link.tap import Recorded, Tap

__all__ = ["Recorded", "Recorder"]

QUIET_MS = 10
"""At the end the recorder waits this long for frames that another processor is still delivering."""


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
        """Frames lost because they were not read in time; known once stopped."""
        self._frames: list[Recorded] = []
        self._each = each or self._frames.append
        self._network = network
        self._tap: Tap | None = None
        self._thread: threading.Thread | None = None
        self._wake = -1
        self._stopped_ns = 0
        self._error: BaseException | None = None

    def open(self) -> Self:
        """From its return on no frame is missed: until `start` the kernel keeps them.

        :raises OSError: no such interface (ENODEV), or no right to capture (PermissionError).
        :raises NotEthernet: the interface has frames of another kind.
        """
        # A frame into loopback is captured going out and coming in; everywhere else out and in are different frames.
        outgoing = self.interface != "lo"
        with netns.inside(self._network) if self._network is not None else nullcontext():
            self._tap = Tap(self.interface, outgoing=outgoing)
        return self

    def start(self, each: Callable[[Recorded], None] | None = None) -> Self:
        """Opens, if that has not been done, and begins to read. `each` replaces the one given at first."""
        if self._tap is None:
            self.open()
        if each is not None:
            self._each = each
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, args=(self._tap,), name="recorder", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> list[Recorded]:
        """Everything recorded, in the kernel's order; nothing if `each` took it. Raises what `each` raised."""
        if self._tap is None:
            return self._frames
        if self._thread is not None:
            self._stopped_ns = time.time_ns()
            os.eventfd_write(self._wake, 1)
            self._thread.join()
            os.close(self._wake)
        self.dropped = self._tap.dropped()
        self._tap.close()
        self._tap = self._thread = None
        if self._error is not None:
            raise self._error
        return self._frames

    def _run(self, tap: Tap) -> None:
        ready = select.poll()
        ready.register(tap, select.POLLIN)
        ready.register(self._wake, select.POLLIN)
        try:
            while self._wake not in dict(ready.poll()):
                self._take_all(tap)
            self._drain(tap)
        except BaseException as error:
            self._error = error

    def _drain(self, tap: Tap) -> None:
        """What was on its way when `stop` was called belongs to the recording; what came later does not."""
        ready = select.poll()
        ready.register(tap, select.POLLIN)
        while ready.poll(QUIET_MS) and self._take_all(tap):
            pass

    def _take_all(self, tap: Tap) -> bool:
        """Reads until nothing is left. False once a frame is newer than the stop."""
        while True:
            try:
                frames = tap.read()
            except BlockingIOError:
                return True
            for recorded in frames:
                if self._stopped_ns and recorded.time_ns > self._stopped_ns:
                    return False
                self._each(recorded)

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
