"""Lends an engine its sockets, a clock and a thread. The one rule: it decides nothing; the engine does."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from lab.engine.datagram import Address, Send
from lab.peer.udp import NotOneHost, Refused, UdpSocket

REFUSED_KEPT = 1_000


class Engine(Protocol):
    """What a pure engine offers to a shell that has sockets."""

    @property
    def deadline_ns(self) -> int | None: ...

    def receive(self, now_ns: int, data: bytes, source: Address, asked: str | None) -> Sequence[object]: ...

    def timeout(self, now_ns: int) -> Sequence[object]: ...


class UdpServer:
    """A thread that feeds datagrams and deadlines to an engine and sends what it hands back.

    `perform` is called, with the lock held, for every action that is not a Send. `refused` holds the addresses that
    answered with an ICMP error: an engine's timers deal with the silence, but people want to know.
    """

    def __init__(
        self,
        engine: Callable[[list[Address]], Engine],
        binds: Sequence[Address],
        *,
        name: str,
        interface: str | None = None,
        perform: Callable[[object], None] | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self._make = engine
        self._binds = binds
        self._name = name
        self._interface = interface
        self._perform = perform
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.sockets: list[UdpSocket] = []
        self.refused: set[Address] = set()

    def start(self) -> list[Address]:
        """Binds and begins; the addresses bound. Raises PortBusy or another OSError, with nothing left open."""
        try:
            for host, port in self._binds:
                self.sockets.append(UdpSocket(host, port, interface=self._interface))
        except OSError:
            self._close()
            raise
        addresses = [bound.address for bound in self.sockets]
        self.engine = self._make(addresses)
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        self._thread.start()
        return addresses

    def stop(self) -> None:
        """Ends the thread and gives the ports back. Stopping twice is no mistake."""
        if self._thread is None:
            return
        self._stopping = True
        self.wake()
        self._thread.join()
        self._thread = None
        self._close()
        self._wake_in.close()
        self._wake_out.close()

    def wake(self) -> None:
        """Makes the thread look at the engine's deadline again, after another thread gave the engine work."""
        with suppress(BlockingIOError):
            self._wake_in.send(b"\0")

    def do(self, actions: Sequence[object], asked: str | None = None) -> None:
        """Performs what the engine handed back. The caller holds the lock."""
        for action in actions:
            if isinstance(action, Send):
                self.send(action.data, action.to, asked)
            elif self._perform is not None:
                self._perform(action)

    def send(self, data: bytes, to: Address, source: str | None = None) -> None:
        """Sends from the first socket of the right family. A datagram that cannot leave is lost, as on any wire."""
        for sock in self.sockets:
            if (":" in to[0]) == (sock.family == socket.AF_INET6):
                try:
                    sock.send(data, to, source)
                except Refused as refused:
                    self._note(refused)
                    # The call reported an earlier datagram's ICMP error and sent nothing: once more.
                    with suppress(OSError, NotOneHost):
                        sock.send(data, to, source)
                except (OSError, NotOneHost):
                    # Too long, no route, or not one host: the engine's own timer deals with the silence.
                    pass
                return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_out, selectors.EVENT_READ)
            for sock in self.sockets:
                selector.register(sock, selectors.EVENT_READ, sock)
            while not self._stopping:
                for key, _ in selector.select(self._patience_s()):
                    if isinstance(key.data, UdpSocket):
                        self._take(key.data)
                    else:
                        self._wake_out.recv(4096)
                self._tick()

    def _patience_s(self) -> float | None:
        with self.lock:
            deadline_ns = self.engine.deadline_ns
        return None if deadline_ns is None else max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)

    def _tick(self) -> None:
        with self.lock:
            now_ns = time.monotonic_ns()
            if self.engine.deadline_ns is not None and self.engine.deadline_ns <= now_ns:
                self.do(self.engine.timeout(now_ns))

    def _take(self, sock: UdpSocket) -> None:
        try:
            datagram = sock.receive()
        except Refused as refused:
            with self.lock:
                self._note(refused)
            return
        except (OSError, NotOneHost):
            # Nothing that could be read (an ICMP prohibition whose details found no room, say): silence will show it.
            return
        if datagram is not None:
            with self.lock:
                now_ns = time.monotonic_ns()
                self.do(self.engine.receive(now_ns, datagram.data, datagram.source, datagram.asked), datagram.asked)

    def _note(self, refused: Refused) -> None:
        # Bounded: a server that echoes to forged sources must not collect them all.
        if len(self.refused) < REFUSED_KEPT:
            self.refused.add(refused.to)

    def _close(self) -> None:
        for sock in self.sockets:
            sock.close()
        self.sockets = []
