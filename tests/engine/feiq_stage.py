"""A virtual clock and a FeiQ engine on it, so that a test reads as a packet diagram: `<` is to us, `>` from us."""

from __future__ import annotations

from typing import Any

from lab.engine.datagram import Address, Send
from lab.engine.feiq_event import Action, Announce
from lab.engine.feiq_peer import FeiqEngine
from lab.engine.feiq_profile import LAB_HABITS, Habits, Identity

KLAUS: Address = ("10.77.0.2", 2425)
STRANGER: Address = ("10.77.0.3", 40000)
S = 1_000_000_000


class Stage:
    """The engine's packet numbers begin at 100, and answers are not delayed, unless a test wants it otherwise."""

    def __init__(
        self, habits: Habits = LAB_HABITS, me: Identity | None = None, *, first_number: int = 100, **more: Any
    ) -> None:
        self.now_ns = 0
        self.engine = FeiqEngine(
            me or Identity("lab", "labhost", "Lab", "Engineers"), habits=habits, first_number=first_number, **more
        )
        self.events: list[object] = []

    def hear(self, data: bytes, source: Address = KLAUS, asked: str | None = "10.77.0.1") -> list[Send | Announce]:
        """`<` data; what goes out because of it. Events are kept in `events`."""
        return self.split(self.engine.receive(self.now_ns, data, source, asked))

    def wait(self, seconds: float) -> list[tuple[float, Send | Announce]]:
        """Lets time pass; what went out meanwhile, and when (in seconds)."""
        end_ns = self.now_ns + int(seconds * S)
        sent: list[tuple[float, Send | Announce]] = []
        while self.engine.deadline_ns is not None and self.engine.deadline_ns <= end_ns:
            self.now_ns = max(self.now_ns, self.engine.deadline_ns)
            sent += [(self.now_ns / S, action) for action in self.split(self.engine.timeout(self.now_ns))]
        self.now_ns = end_ns
        return sent

    def split(self, actions: list[Action]) -> list[Send | Announce]:
        self.events += [action for action in actions if not isinstance(action, Send | Announce)]
        return [action for action in actions if isinstance(action, Send | Announce)]

    def seen(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
