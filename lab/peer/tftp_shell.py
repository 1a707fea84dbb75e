"""A TFTP engine lent a socket, a file and the clock: does what the engine asks, in order, and decides nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Agreed, Failed, Finished, OpenFile, Publish, SendRun, Store
from lab.engine.tftp_terms import Terms
from lab.peer.files import FileRefused, refusal
from lab.peer.tftp_socket import Arrival, TftpSocket
from lab.wire.tftp import ErrorCode

DATAGRAMS_AT_A_TIME = 64
"""Read from one socket before the others get their turn."""


class Engine(Protocol):
    """What client and session have in common."""

    @property
    def done(self) -> bool: ...
    @property
    def deadline_ns(self) -> int | None: ...
    @property
    def wants(self) -> int: ...
    def receive_run(self, now_ns: int, data: bytes, size: int, source: Address) -> list[Action]: ...
    def timeout(self, now_ns: int) -> list[Action]: ...
    def feed(self, now_ns: int, octets: bytes) -> list[Action]: ...
    def published(self, now_ns: int) -> list[Action]: ...
    def refuse(self, code: int, message: bytes) -> list[Action]: ...
    def unreachable(self, to: Address) -> list[Action]: ...


class Sink(Protocol):
    """Where received octets go."""

    def write(self, octets: bytes) -> None: ...
    def publish(self) -> None: ...
    def discard(self) -> None: ...


class Shell:
    """One transfer's engine and its world. `source` reads from the file, `sink` takes what is received."""

    def __init__(self, engine: Engine, sock: TftpSocket) -> None:
        self.engine = engine
        self.sock = sock
        self.source: Callable[[int], bytes] | None = None
        self.sink: Sink | None = None
        self.opener: Callable[[OpenFile], list[Action]] | None = None
        self.on_progress: Callable[[int], None] | None = None
        self.terms = Terms()
        self.octets = 0
        self.outcome: Finished | Failed | None = None
        self.decided_s: float | None = None
        """When the outcome was known, on the monotonic clock: dallying comes after it."""
        self.trouble: OSError | None = None
        """What this machine refused: the file could not be read or written."""

    def perform(self, actions: list[Action]) -> None:
        """Does these, and whatever follows from them."""
        queue = deque(actions)
        while True:
            while queue:
                self._one(queue.popleft(), queue)
            if self.sock.blocked or self.source is None or not (wants := self.engine.wants):
                return
            try:
                octets = self.source(wants)
            except OSError as error:
                self.trouble = error
                queue.extend(self.engine.refuse(ErrorCode.NOT_DEFINED, b"the file cannot be read"))
                continue
            self._count(len(octets))
            queue.extend(self.engine.feed(time.monotonic_ns(), octets))

    def readable(self) -> None:
        """The socket has something: datagrams, or news of an ICMP error."""
        for taken in range(DATAGRAMS_AT_A_TIME):
            arrival = self.sock.receive()
            if arrival is None:
                if taken == 0:
                    self._errors()
                return
            self.arrived(arrival)

    def arrived(self, arrival: Arrival) -> None:
        self.perform(self.engine.receive_run(time.monotonic_ns(), arrival.data, arrival.size, arrival.source))

    def writable(self) -> None:
        self.sock.flush()
        self.perform([])

    def timeout(self) -> None:
        self.perform(self.engine.timeout(time.monotonic_ns()))

    def close(self) -> None:
        """Ends the shell's hold on the world; what was not published is discarded."""
        if self.sink is not None:
            self.sink.discard()
        self.sock.close()

    def _errors(self) -> None:
        for address in self.sock.unreachable():
            self.perform(self.engine.unreachable(address))

    def _one(self, action: Action, queue: deque[Action]) -> None:
        match action:
            case Send() | SendRun():
                self.sock.send(action)
            case Store(octets):
                self._store(octets, queue)
            case Publish():
                self._publish(queue)
            case OpenFile() if self.opener is not None:
                queue.extend(self.opener(action))
            case Agreed(terms):
                self.terms = terms
                window = terms.windowsize * (terms.blksize + 2048)
                if window > 65_536:
                    self.sock.size_buffers(window)
            case Finished() | Failed() if self.outcome is None:  # The first reason stays.
                self.outcome = action
                self.decided_s = time.monotonic()

    def _store(self, octets: bytes, queue: deque[Action]) -> None:
        if self.sink is None:
            return
        try:
            self.sink.write(octets)
        except (FileRefused, OSError) as error:
            self._refuse(error, queue)
        else:
            self._count(len(octets))

    def _publish(self, queue: deque[Action]) -> None:
        try:
            if self.sink is not None:
                self.sink.publish()
        except (FileRefused, OSError) as error:
            self._refuse(error, queue)
        else:
            queue.extend(self.engine.published(time.monotonic_ns()))

    def _refuse(self, error: FileRefused | OSError, queue: deque[Action]) -> None:
        if isinstance(error, OSError):
            self.trouble = error
        refused = refusal(error) if isinstance(error, OSError) else error
        queue.clear()  # No ACK may follow for what could not be stored.
        if self.sink is not None:
            self.sink.discard()  # Before the peer hears of it: then nothing of the attempt is left.
        queue.extend(self.engine.refuse(refused.code, refused.text.encode()))

    def _count(self, octets: int) -> None:
        self.octets += octets
        if self.on_progress is not None:
            self.on_progress(self.octets)
