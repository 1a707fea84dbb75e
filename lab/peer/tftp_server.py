"""The reference TFTP server: one loop, one listening socket, and for each transfer a socket of its own (its TID).

It answers from the address that was asked, ignores what was sent to broadcast and multicast addresses (RFC 1123
section 4.2.3.5), and serves one directory.
"""

from __future__ import annotations

import contextlib
import heapq
import ipaddress
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from lab.engine.datagram import Address
from lab.engine.tftp_admission import Admission, AskedAgain, Begin, Limits
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_terms import Bounds
from lab.engine.tftp_timer import Timing
from lab.peer.files import Root
from lab.peer.tftp_service import Ended, Service, Shop
from lab.peer.tftp_shell import DATAGRAMS_AT_A_TIME
from lab.peer.tftp_socket import Arrival, TftpSocket
from lab.peer.tftp_storage import Storage, StorageLimits
from lab.wire.tftp import ErrorCode, WriteRequest

__all__ = ["Bounds", "Ended", "Limits", "StorageLimits", "TftpServer", "Timing"]


class TftpServer:
    """Serves `root` on `host` (an IPv4 or IPv6 literal) and `port`; port 0 takes any free one.

    With `write` files may be stored, with `overwrite` replaced. `on_end` is called from the server's thread.
    Raises OSError where the directory cannot be opened or the port not be bound.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        host: str = "127.0.0.1",
        port: int = 69,
        *,
        write: bool = False,
        overwrite: bool = False,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        timing: Timing | None = None,
        storage: StorageLimits | None = None,
        on_end: Callable[[Ended], None] | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._timing = timing or Timing()
        self._on_end = on_end
        self._admission = Admission(limits or Limits())
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._services: dict[int, Service] = {}
        self._deadlines: list[tuple[int, int]] = []
        self._thread: threading.Thread | None = None
        self._stopping = False
        with contextlib.ExitStack() as undo:
            self._root = Root(root)
            undo.callback(self._root.close)
            self._listener = TftpSocket(self._family, (host, port), destination=True, buffer=self._buffer())
            undo.callback(self._listener.close)
            self._selector = selectors.DefaultSelector()
            undo.callback(self._selector.close)
            self._wake_read, self._wake_write = socket.socketpair()
            undo.callback(self._wake_read.close)
            undo.callback(self._wake_write.close)
            self._undo = undo.pop_all()
        self.address: Address = self._listener.address
        self._shop = Shop(self._root, Storage(self._root, storage or StorageLimits()), write, overwrite)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        if write:
            self._root.sweep()

    def start(self) -> Address:
        """Serves in a thread of its own; returns the bound address."""
        self._thread = threading.Thread(target=self.serve, name=f"tftp-{self.address[1]}", daemon=True)
        self._thread.start()
        return self.address

    def stop(self) -> None:
        """Ends the loop and waits for its thread. Any thread may call it, a signal's too."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._wake_write.send(b"\0")
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Stops, and gives the port and the directory back. May be called again."""
        self.stop()
        self._undo.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def serve(self) -> None:
        """Runs until `stop`. Transfers that are not finished end then; their uploads leave nothing behind."""
        try:
            while not self._stopping:
                self._turn()
        finally:
            for service in list(self._services.values()):
                service.shell.perform(service.session.refuse(ErrorCode.NOT_DEFINED, b"the server stops"))
                self._end(service)

    def _turn(self) -> None:
        for key, events in self._selector.select(self._wait_s()):
            service = self._services.get(key.fd)
            if service is not None:
                self._move(service, events)
            elif key.fileobj is self._listener:
                self._listen()
        now_ns = time.monotonic_ns()
        while self._deadlines and self._deadlines[0][0] <= now_ns:
            service = self._services.get(heapq.heappop(self._deadlines)[1])
            if service is not None:
                service.scheduled_ns = None
                service.shell.timeout()  # The engine itself knows whether its deadline has really come.
                self._after(service)

    def _wait_s(self) -> float | None:
        return max(0.0, (self._deadlines[0][0] - time.monotonic_ns()) / 1e9) if self._deadlines else None

    def _move(self, service: Service, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            service.shell.writable()
        if events & selectors.EVENT_READ:
            service.shell.readable()
        self._after(service)

    def _after(self, service: Service) -> None:
        """What a service needs next: its end, another deadline, or word when its full socket has room again."""
        if service.done:
            self._end(service)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if service.shell.sock.blocked else 0)
        if wanted != service.events:
            self._selector.modify(service.shell.sock, wanted)
            service.events = wanted
        deadline_ns = service.session.deadline_ns
        if deadline_ns is not None and (service.scheduled_ns is None or deadline_ns < service.scheduled_ns):
            # A deadline that moved to later needs no entry: the old one fires early and asks again.
            service.scheduled_ns = deadline_ns
            heapq.heappush(self._deadlines, (deadline_ns, service.shell.sock.fileno()))

    def _listen(self) -> None:
        for _ in range(DATAGRAMS_AT_A_TIME):
            arrival = self._listener.receive()
            if arrival is None:
                self._listener.unreachable()
                return
            if not _to_everybody(arrival):
                for start in range(0, len(arrival.data), arrival.size):
                    self._request(arrival.data[start : start + arrival.size], arrival)

    def _request(self, data: bytes, arrival: Arrival) -> None:
        now_ns = time.monotonic_ns()
        match self._admission.receive(now_ns, data, arrival.source):
            case AskedAgain(session):
                service = self._of(session)
                service.shell.perform(session.asked_again())
                self._after(service)
            case Begin(request, evicted):
                if evicted is not None:
                    evicted.evict()
                    self._end(self._of(evicted))
                bounds = self._receivable if isinstance(request, WriteRequest) else self._bounds
                session = TftpSession(now_ns, arrival.source, request, bounds=bounds, timing=self._timing)
                self._begin(session, arrival.to or self.address[0])

    def _of(self, session: TftpSession) -> Service:
        return next(service for service in self._services.values() if service.session is session)

    def _begin(self, session: TftpSession, local: str) -> None:
        try:
            sock = TftpSocket(self._family, (local, 0))
        except OSError:
            return  # No descriptor or port to spare: silence, and the client asks again.
        service = Service(session, sock, self._shop)
        self._services[sock.fileno()] = service
        self._admission.begun(session)
        service.events = selectors.EVENT_READ
        self._selector.register(sock, service.events)
        service.start()
        self._after(service)

    def _end(self, service: Service) -> None:
        del self._services[service.shell.sock.fileno()]
        self._selector.unregister(service.shell.sock)
        self._admission.ended(service.session)
        service.close(self._on_end)

    def _buffer(self) -> int:
        return min(2 * self._bounds.window_octets_max, 8 << 20)

    @property
    def _receivable(self) -> Bounds:
        """Bounds for uploads: a window larger than the receive buffer would be lost and stall for seconds."""
        return replace(self._bounds, window_octets_max=min(self._bounds.window_octets_max, self._listener.room // 4))


def _to_everybody(arrival: Arrival) -> bool:
    """Sent to a broadcast or multicast address. IPv4 broadcasts show in that the kernel delivered them elsewhere."""
    return bool(arrival.to) and (arrival.to != arrival.local or ipaddress.ip_address(arrival.to).is_multicast)
