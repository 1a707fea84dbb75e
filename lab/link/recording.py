"""From an interface to a capture file: what the recorder sees is written at once, until it is enough."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass

from lab.link.recorder import Recorded
from lab.pcap import Writer


@dataclass(frozen=True, slots=True)
class Summary:
    """What a recording holds, and what it should hold but does not."""

    frames: int
    octets: int
    dropped: int
    seconds: float


class Ending:
    """The word to stop, from another thread or from a signal handler: threading.Event may lock up in a handler."""

    def __init__(self) -> None:
        self._word = os.eventfd(0, os.EFD_CLOEXEC)

    def set(self) -> None:
        os.eventfd_write(self._word, 1)

    def wait(self, timeout_s: float | None) -> bool:
        """True once somebody has said it, False when `timeout_s` has passed."""
        heard = select.poll()
        heard.register(self._word, select.POLLIN)
        return bool(heard.poll(None if timeout_s is None else timeout_s * 1000))

    def close(self) -> None:
        os.close(self._word)


class Recording:
    """Give `take` to a Recorder. It sets `ended` when it has what it wants, or can write no more."""

    def __init__(self, writer: Writer, ended: Ending, *, count: int | None = None, live: bool = False) -> None:
        """:param count: how many frames are wanted; None for all that come.
        :param live: each frame is pushed out at once, for a reader at the other end of a pipe.
        """
        self._ended = ended
        self._writer = writer
        self._count = count
        self._live = live
        self._octets = 0
        self._started_ns = time.time_ns()

    def take(self, recorded: Recorded) -> None:
        """Writes one frame. An OSError of the file ends the recording and passes on to the recorder."""
        if self._writer.count == self._count:
            return
        try:
            self._writer.write_frame(recorded.time_ns, recorded.frame)
            if self._live:
                self._writer.flush()
        except BaseException:
            self._ended.set()
            raise
        self._octets += len(recorded.frame)
        if self._writer.count == self._count:
            self._ended.set()

    def finish(self, dropped: int) -> Summary:
        """Closes the recording with the interface's statistics. Call it when the recorder has stopped."""
        now_ns = time.time_ns()
        frames = self._writer.count
        self._writer.write_statistics(now_ns, received=frames + dropped, dropped=dropped)
        return Summary(frames, self._octets, dropped, (now_ns - self._started_ns) / 1e9)
