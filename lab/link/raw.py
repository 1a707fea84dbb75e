"""The one place where a frame leaves the lab: a raw socket that opens only on an interface the lab itself made."""

from __future__ import annotations

import select
import socket
import time
from collections import deque

from lab.link.tap import Recorded, Tap


class NotOurInterface(Exception):
    """The lab sends frames on its own cable only; this interface is not an end of it."""

    def __init__(self, interface: str) -> None:
        super().__init__(f"{interface} was not made by the lab: frames are sent on the lab's own cable only")
        self.interface = interface


class RawLink:
    """A Link on an end of the lab's cable, in the network that the calling thread is in when it is made."""

    def __init__(self, interface: str) -> None:
        """:raises NotOurInterface: the choke point: nothing can be sent on a real network through this class."""
        from lab.link.veth import made_by_the_lab

        if not made_by_the_lab(interface):
            raise NotOurInterface(interface)
        self._tap = Tap(interface)
        # Protocol 0: this socket only sends, so what arrives does not pile up in it.
        self._out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._out.bind((interface, 0))
        self._ready = select.poll()
        self._ready.register(self._tap, select.POLLIN)
        self._arrived: deque[Recorded] = deque()

    def send(self, frame: bytes) -> None:
        """Puts one whole frame on the wire. Raises OSError (EMSGSIZE) when it is longer than the wire's MTU."""
        self._out.send(frame)

    def receive(self, timeout_s: float) -> bytes | None:
        """The next frame, or None when `timeout_s` passes."""
        recorded = self.receive_recorded(timeout_s)
        return recorded.frame if recorded else None

    def receive_recorded(self, timeout_s: float) -> Recorded | None:
        """As `receive`, with the kernel's timestamp in nanoseconds since 1970."""
        deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
        while not self._arrived:
            left_ms = (deadline_ns - time.monotonic_ns()) / 1e6
            if not self._ready.poll(max(left_ms, 0)) and left_ms <= 0:
                return None
            try:
                self._arrived.extend(self._tap.read())
            except BlockingIOError:
                continue
        return self._arrived.popleft()

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def dropped(self) -> int:
        """Frames that arrived and were lost, because nobody received them in time."""
        return self._tap.dropped()

    def close(self) -> None:
        self._tap.close()
        self._out.close()
