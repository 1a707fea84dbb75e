"""Two kernel hosts with the lab between them: every frame passes through our hands, and what we do to it is seen.

    kernel side            station side (no kernel answers)            far side
    lab0 10.77.0.1  ==== lab1 <- relay: hand over, lose, tag -> lab2 ==== lab3 10.77.0.2

Its one rule: a frame is handed on exactly as the `passing` function says, in the order in which it came.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from lab.link import netns, veth
from lab.link.namespace import STATION, PrivateNetwork
from lab.link.raw import RawLink
from lab.link.tap import Recorded

FAR_INTERFACE = "lab3"
MIDDLE_INTERFACE = "lab2"
LISTEN_S = 0.05
"""How long a direction waits before it looks whether it should end."""

Passing = Callable[[bytes], list[bytes]]
"""What becomes of a frame: the frames to hand on in its place."""


def hand_over(frame: bytes) -> list[bytes]:
    """Nothing happens to it."""
    return [frame]


class Relay:
    """A second kernel host, far_host 10.77.0.2 / fd77::2, behind a relay that sees every frame. Needs a PrivateNetwork.

    `seen` holds every frame that reached the relay, with the kernel's timestamp, whether it was handed on or not.
    """

    def __init__(self, network: PrivateNetwork, passing: Passing = hand_over) -> None:
        self._passing = passing
        self._far = -1
        self._ending = threading.Event()
        self._order = threading.Lock()
        self.seen: list[Recorded] = []
        with network.station_namespace():
            station = netns.current_network()
            try:
                with netns.inside(station):  # It comes back here from the network that it makes on the way.
                    self._lay_second_cable(station)
                self._links = (RawLink("lab1"), RawLink(MIDDLE_INTERFACE))
            finally:
                os.close(station)
        left, right = self._links
        self._threads = [
            threading.Thread(target=self._carry, args=ends, name="relay", daemon=True)
            for ends in ((left, right), (right, left))
        ]

    def _lay_second_cable(self, station: int) -> None:
        netns.unshare(netns.CLONE_NEWNET)
        self._far = netns.current_network()
        veth.lay_cable(FAR_INTERFACE, MIDDLE_INTERFACE, station)
        veth.switch_on_loopback()
        veth.kernel_host(FAR_INTERFACE, STATION, offloads=False)
        with netns.inside(station):
            veth.silent_side(MIDDLE_INTERFACE, veth.Host("02:4c:41:42:00:09", "", ""), offloads=False)
            veth.wait_until_up(MIDDLE_INTERFACE)
        veth.wait_until_up(FAR_INTERFACE)
        veth.wait_until_quiet(FAR_INTERFACE)

    @contextmanager
    def far_namespace(self) -> Iterator[None]:
        """The calling thread, and the children and sockets it makes, are on the far host for the length of a `with`."""
        with netns.inside(self._far):
            yield

    def _carry(self, source: RawLink, target: RawLink) -> None:
        while not self._ending.is_set():
            recorded = source.receive_recorded(LISTEN_S)
            if recorded is None:
                continue
            with self._order:
                self.seen.append(recorded)
                handed_on = self._passing(recorded.frame)
            for frame in handed_on:
                target.send(frame)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()
        for link in self._links:
            link.close()
        os.close(self._far)
