"""The virtual wire: a link whose far end is a host in user space, for machines that refuse network namespaces.

    crafted station -- frames --> UserspaceHost -- loopback datagrams --> reference peers on ordinary sockets
                    <-- frames --               <-- loopback datagrams --

Its one rule: a frame reaches a loopback port only if that port is a service named at the start, or has itself sent
something to a station (as a TFTP server does from its new TID). Everything else is "port unreachable".
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from lab.engine.datagram import Address
from lab.link.namespace import KERNEL
from lab.link.tap import Recorded
from lab.link.veth import Host
from lab.peer.udp import Refused, UdpSocket
from lab.peer.userspace_frames import MTU, Arrival, Frames

_LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


@dataclass(slots=True)
class _Flow:
    """One station endpoint. Peers tell flows apart by the loopback port, which is this flow's alone."""

    station: Address
    socket: UdpSocket
    last: dict[Address, Arrival] = field(default_factory=dict)
    """The last datagram passed on to each loopback port, to be quoted when that port turns out to be closed."""


class UserspaceHost:
    """A Link to a host that is not there: it answers ARP and neighbour solicitation, and its ports are loopback's.

    `services` maps ports of the lab network to the addresses where peers really listen, such as
    `{7: echo.addresses, 69: [tftp.address]}`; the one of the frame's IP version is used, or else the first.
    `recorded` holds every frame in both directions with the wall clock's time; `each` is called for every one too.
    A host of the other side is reachable only after it sent a frame, which is how its MAC address is learnt.
    """

    def __init__(
        self,
        services: Mapping[int, Sequence[Address]],
        *,
        host: Host = KERNEL,
        mtu: int = MTU,
        each: Callable[[Recorded], None] | None = None,
    ) -> None:
        self._services = {port: list(map(_reachable, addresses)) for port, addresses in services.items()}
        self._lab_ports = {address: port for port, addresses in self._services.items() for address in addresses}
        self._frames = Frames(host.mac, host.ipv4, host.ipv6, mtu)
        self._each = each
        self._learnt: dict[int, Address] = {}
        """Ports that peers began to use, and where on loopback they are: a stranger may try them too."""
        self._flows: dict[tuple[Address, socket.AddressFamily], _Flow] = {}
        self._arrived: deque[bytes] = deque()
        self._lock = threading.RLock()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self.recorded: list[Recorded] = []

    def send(self, frame: bytes) -> None:
        """Puts a frame of the station's on the wire; the host reacts at once."""
        with self._lock:
            self._record(frame)
            answers, arrival = self._frames.take(frame)
            if arrival is not None:
                answers += self._pass_on(arrival)
            self._deliver(answers)

    def receive(self, timeout_s: float) -> bytes | None:
        """The next frame from the host, or None when `timeout_s` passes."""
        deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
        while True:
            with self._lock:
                self._collect()
                if self._arrived:
                    return self._arrived.popleft()
                poll = select.poll()
                poll.register(self._wake_out, select.POLLIN)
                for flow in self._flows.values():
                    poll.register(flow.socket, select.POLLIN)
            left_ms = (deadline_ns - time.monotonic_ns()) / 1e6
            if left_ms <= 0:
                return None
            poll.poll(left_ms)
            with suppress(BlockingIOError):
                self._wake_out.recv(4096)

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def stand_in(self, station: Address, family: socket.AddressFamily = socket.AF_INET) -> Address:
        """The loopback address that stands for a station's port, for a peer that writes first."""
        with self._lock:
            return self._flow(station, family).socket.address

    def close(self) -> None:
        with self._lock:
            for flow in self._flows.values():
                flow.socket.close()
            self._flows.clear()
            self._wake_in.close()
            self._wake_out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # From the station to loopback.

    def _pass_on(self, arrival: Arrival) -> list[bytes]:
        """Sends the datagram to the peer it is for; the frames to answer with where there is no such peer."""
        port = arrival.destination[1]
        to = self._learnt.get(port) or self._service(port, arrival.destination[0])
        if to is None:
            return self._frames.unreachable(arrival)
        flow = self._flow(arrival.source, socket.AF_INET6 if ":" in to[0] else socket.AF_INET)
        flow.last[to] = arrival
        try:
            flow.socket.send(arrival.payload, to)
        except Refused as refused:
            # The call told of an earlier datagram's fate and sent nothing; a wire would have carried this one.
            with suppress(OSError):
                flow.socket.send(arrival.payload, to)
            return self._closed(flow, refused.to)
        return []

    def _service(self, port: int, asked: str) -> Address | None:
        addresses = self._services.get(port, [])
        same = [address for address in addresses if (":" in address[0]) == (":" in asked)]
        return next(iter(same or addresses), None)

    def _flow(self, station: Address, family: socket.AddressFamily) -> _Flow:
        if (station, family) not in self._flows:
            self._flows[station, family] = _Flow(station, UdpSocket(_LOOPBACK[family]))
            self._wake()
        return self._flows[station, family]

    # From loopback to the station.

    def _collect(self) -> None:
        for flow in self._flows.values():
            try:
                while (datagram := flow.socket.receive(0)) is not None:
                    port = self._lab_ports.get(datagram.source)
                    if port is None:
                        port = datagram.source[1]
                        self._learnt[port] = datagram.source
                    self._deliver(self._frames.datagram(port, flow.station, datagram.data))
            except Refused as refused:
                self._deliver(self._closed(flow, refused.to))

    def _closed(self, flow: _Flow, port: Address) -> list[bytes]:
        arrival = flow.last.pop(port, None)
        return [] if arrival is None else self._frames.unreachable(arrival)

    def _deliver(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._record(frame)
            self._arrived.append(frame)
        if frames:
            self._wake()

    def _record(self, frame: bytes) -> None:
        recorded = Recorded(time.time_ns(), frame)
        self.recorded.append(recorded)
        if self._each is not None:
            self._each(recorded)

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            self._wake_in.send(b"\0")


def _reachable(address: Address) -> Address:
    """Where a server that listens on every address is found."""
    host, port = address
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104
