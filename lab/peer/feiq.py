"""A FeiQ/IP Messenger peer on ordinary sockets, IPv4 and IPv6.

The one rule: nothing goes to more than one host unless the caller named the interface for it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from lab.engine.datagram import Address
from lab.engine.feiq_event import Action, Announce, Delivered, Event, Peer, Undelivered
from lab.engine.feiq_peer import FeiqEngine
from lab.engine.feiq_profile import FEIQ, IPMSG, Dialect, Habits, Identity
from lab.engine.feiq_text import Charset
from lab.peer.udp import address_of
from lab.peer.udp_server import UdpServer
from lab.wire.feiq import PORT

FEIQ_GROUP = "226.81.9.8"
"""FeiQ sends its presence to this multicast group too (seen in captures and in other people's clients)."""

IPMSG_GROUP = "ff15::979"
"""The original client's IPv6 multicast group; 0x979 is 2425."""

EVENTS_KEPT = 1_000
"""Each may hold a message of 64 KiB."""

TICK_NS = 10_000_000
"""Packet numbers start from a count of these, which comes round after sixteen months."""


class FeiqPeer:
    """Presence, messages and receipts in a thread. Use it as a context manager, or `start()` and `stop()` it.

    `bind` is one address or several. Without `interface` the peer enters silently: it answers others, writes to hosts
    by name, and tells `announce_to` alone when it comes and goes. With `interface` it sends presence to broadcast and
    multicast there, with a hop limit of 1 for multicast, and hears only that interface; bind "0.0.0.0" or "::" then.
    `on_event` is called in the peer's thread. `events` keeps the last thousand.
    """

    def __init__(
        self,
        user: str,
        host_name: str,
        nick: str = "",
        group: str = "",
        bind: str | Sequence[str] = "127.0.0.1",
        port: int = PORT,
        *,
        interface: str | None = None,
        announce_to: Sequence[Address] = (),
        dialect: Dialect = IPMSG,
        habits: Habits | None = None,
        on_event: Callable[[Event], None] | None = None,
        seed: int | None = None,
    ) -> None:
        hosts = [bind] if isinstance(bind, str) else list(bind)
        self._engine = FeiqEngine(
            Identity(user, host_name, nick, group),
            dialect=dialect,
            habits=habits,
            # Other clients count whole seconds since 1970; two runs in one second would then use the same numbers, and
            # a peer would take the second run's message for a repetition of the first one's.
            first_number=time.time_ns() // TICK_NS % 2**32,
            seed=random.randrange(2**32) if seed is None else seed,
        )
        self._server = UdpServer(
            lambda _: self._engine,
            [(name, port) for name in hosts],
            name="feiq",
            interface=interface,
            perform=self._perform,
        )
        self._changed = threading.Condition(self._server.lock)
        self._interface = interface
        self._announce_to = tuple(announce_to)
        self._dialect = dialect
        self._on_event = on_event
        self.events: list[Event] = []
        self.addresses: list[Address] = []

    @property
    def address(self) -> Address:
        return self.addresses[0]

    @property
    def peers(self) -> list[Peer]:
        with self._server.lock:
            return self._engine.peers

    def is_refused(self, to: Address) -> bool:
        """Whether an ICMP error said that nobody listens there."""
        with self._server.lock:
            return to in self._server.refused

    def start(self) -> Address:
        """Binds, begins, and enters. Raises PortBusy, PermissionError or OSError."""
        self.addresses = self._server.start()
        try:
            self._join_groups()
        except OSError:
            self._server.stop()
            raise
        self._act(self._engine.enter)
        return self.address

    def stop(self) -> None:
        """Leaves and gives the port back. Stopping twice is no mistake."""
        if self._server.sockets:
            self._act(self._engine.leave)
        self._server.stop()

    def ask(self, host: str, port: int = PORT) -> Address:
        """Tells one host that we are here, which makes a peer there answer; the address that was asked."""
        to = address_of(host, port)
        self._act(lambda: self._engine.ask(to))
        return to

    def tell_leaving(self, to: Address) -> None:
        self._act(lambda: self._engine.tell_leaving(to))

    def change(self, *, nick: str | None = None, group: str | None = None, absent: bool | None = None) -> None:
        self._act(lambda: self._engine.change(nick=nick, group=group, absent=absent))

    def send(
        self,
        host: str,
        text: str,
        port: int = PORT,
        *,
        check: bool = True,
        charset: Charset | None = None,
        options: int = 0,
    ) -> int:
        """Sends a message; its packet number. Raises BuildError for text that has no bytes, OSError for no host."""
        to = address_of(host, port)
        with self._server.lock:
            number, actions = self._engine.message(
                time.monotonic_ns(), to, text, check=check, charset=charset, options=options
            )
            self._server.do(actions)
        self._server.wake()
        return number

    def delivered(self, number: int, timeout_s: float | None = None) -> bool:
        """Waits until our checked message has its receipt, or will not get one."""

        def settled(event: Event) -> bool:
            return isinstance(event, Delivered | Undelivered) and event.number == number

        return isinstance(self.wait_for(settled, timeout_s), Delivered)

    def wait_for(self, wanted: Callable[[Event], bool], timeout_s: float | None = None) -> Event | None:
        """The first event, old or new, that `wanted` accepts; None when `timeout_s` has passed."""
        with self._changed:
            self._changed.wait_for(lambda: any(map(wanted, self.events)), timeout_s)
            return next(filter(wanted, self.events), None)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _act(self, act: Callable[[], Sequence[Action]]) -> None:
        with self._server.lock:
            self._server.do(act())
        self._server.wake()

    def _perform(self, action: object) -> None:
        match action:
            case Announce(data):
                for to in self._everybody():
                    self._server.send(data, to)
            case _:
                self._tell(action)  # type: ignore[arg-type]

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        del self.events[:-EVENTS_KEPT]
        self._changed.notify_all()
        if self._on_event is not None:
            self._on_event(event)

    def _join_groups(self) -> None:
        for sock in self._server.sockets if self._interface is not None else ():
            group = {"0.0.0.0": FEIQ_GROUP, "::": IPMSG_GROUP}.get(sock.address[0])  # noqa: S104
            if group is not None:
                sock.join(group, self._interface or "")

    def _everybody(self) -> list[Address]:
        everybody = list(self._announce_to)
        if self._interface is not None:
            for host, port in self.addresses:
                if ":" in host:
                    everybody.append((IPMSG_GROUP, port))
                else:
                    everybody.append(("255.255.255.255", port))
                    if self._dialect is FEIQ:
                        everybody.append((FEIQ_GROUP, port))
        return everybody
