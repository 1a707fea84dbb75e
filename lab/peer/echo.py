"""The echo server on ordinary sockets: answers from the port and from the address that were asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from lab.engine.datagram import Address
from lab.engine.echo import EchoEngine, EchoLimits, Refusal
from lab.peer.udp_server import UdpServer


class EchoServer:
    """UDP echo (RFC 862) in a thread. Use it as a context manager, or `start()` and `stop()` it.

    `host` is one address or several (an IPv4 and an IPv6 one, say); port 0 lets the kernel choose. `address` is
    the first address bound, `addresses` all of them. `start` raises PortBusy, PermissionError or OSError.
    """

    def __init__(
        self, host: str | Sequence[str] = "127.0.0.1", port: int = 0, limits: EchoLimits | None = None
    ) -> None:
        hosts = [host] if isinstance(host, str) else list(host)
        self._limits = limits
        self._server = UdpServer(self._make, [(name, port) for name in hosts], name="echo")
        self.addresses: list[Address] = []

    @property
    def address(self) -> Address:
        return self.addresses[0]

    @property
    def echoed(self) -> int:
        """How many datagrams went back."""
        with self._server.lock:
            return self._engine.echoed

    @property
    def refused(self) -> Counter[Refusal]:
        """How many did not, by reason."""
        with self._server.lock:
            return Counter(self._engine.refused)

    def start(self) -> Address:
        self.addresses = self._server.start()
        return self.address

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _make(self, bound: list[Address]) -> EchoEngine:
        self._engine = EchoEngine(frozenset(port for _, port in bound), self._limits)
        return self._engine
