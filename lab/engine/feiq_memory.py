"""What a FeiQ peer remembers: who is there, what it has shown, what it waits for. Everything here is bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from lab.engine.datagram import Address, Send
from lab.engine.feiq_event import Delivered, Event, Peer, PeerCame, PeerChanged, PeerLeft, Undelivered
from lab.engine.feiq_profile import Habits


class Roster:
    """The list of peers, by address. When it is full, the peer that was silent longest makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._peers: OrderedDict[Address, Peer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._peers)

    def all(self) -> list[Peer]:
        """The longest silent first."""
        return list(self._peers.values())

    def get(self, address: Address) -> Peer | None:
        return self._peers.get(address)

    def put(self, peer: Peer) -> list[Event]:
        """Adds or renews a peer; what that means to somebody who watches the list."""
        before = self._peers.get(peer.address)
        self._peers[peer.address] = peer
        self._peers.move_to_end(peer.address)
        events: list[Event] = []
        if before is None:
            events.append(PeerCame(peer))
        elif before != peer:
            events.append(PeerChanged(peer))
        if len(self._peers) > self._limit:
            events.append(PeerLeft(self._peers.popitem(last=False)[1]))
        return events

    def drop(self, address: Address) -> list[Event]:
        peer = self._peers.pop(address, None)
        return [] if peer is None else [PeerLeft(peer)]


class Shown:
    """Which messages were shown already, by sender. A sender is its host's address and its two names."""

    def __init__(self, habits: Habits) -> None:
        self._numbers = habits.remembered_numbers
        self._limit = habits.peers
        self._senders: OrderedDict[tuple[str, bytes, bytes], deque[int]] = OrderedDict()

    def is_new(self, sender: tuple[str, bytes, bytes], number: int) -> bool:
        """Whether this is the first time; from now on it is not."""
        numbers = self._senders.setdefault(sender, deque(maxlen=self._numbers))
        self._senders.move_to_end(sender)
        if len(self._senders) > self._limit:
            self._senders.popitem(last=False)
        if number in numbers:
            return False
        numbers.append(number)
        return True

    def forget(self, sender: tuple[str, bytes, bytes]) -> None:
        self._senders.pop(sender, None)


@dataclass(slots=True)
class _Waiting:
    send: Send
    transmissions: int
    due_ns: int


class Outbox:
    """Our checked messages until their receipts come: the same bytes again, a fixed number of times."""

    def __init__(self, habits: Habits) -> None:
        self._resends = habits.resends
        self._interval_ns = int(habits.resend_interval_s * 1e9)
        self._waiting: dict[tuple[Address, int], _Waiting] = {}

    @property
    def deadline_ns(self) -> int | None:
        return min((waiting.due_ns for waiting in self._waiting.values()), default=None)

    def post(self, now_ns: int, number: int, send: Send) -> None:
        self._waiting[send.to, number] = _Waiting(send, 1, now_ns + self._interval_ns)

    def receipt(self, source: Address, number: int) -> list[Event]:
        """Only the address that the message went to can receipt it, and only once."""
        return [] if self._waiting.pop((source, number), None) is None else [Delivered(number, source)]

    def timeout(self, now_ns: int) -> list[Send | Event]:
        actions: list[Send | Event] = []
        for (to, number), waiting in list(self._waiting.items()):
            if waiting.due_ns > now_ns:
                continue
            if waiting.transmissions > self._resends:
                del self._waiting[to, number]
                actions.append(Undelivered(number, to, waiting.transmissions))
            else:
                waiting.transmissions += 1
                # From now, not from when it was due: a shell that slept must not send a burst.
                waiting.due_ns = now_ns + self._interval_ns
                actions.append(waiting.send)
        return actions
