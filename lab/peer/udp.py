"""UDP sockets that say where a datagram was sent to and what became of one. The one rule: nothing is broadcast here
unless the caller named an interface; without one the kernel itself refuses (no SO_BROADCAST).
"""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

from lab.engine.datagram import Address

# Python 3.11's socket module lacks these Linux numbers (linux/in.h, linux/in6.h, linux/errqueue.h).
IP_PKTINFO = 8
IP_RECVERR = 11
IPV6_RECVERR = 25
SO_BINDTODEVICE = 25
MSG_ERRQUEUE = 0x2000

LARGEST = 65_535
"""No UDP payload is longer; a read of this size never cuts one."""


class PortBusy(OSError):
    """Somebody else holds the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"UDP port {port} on {host} is held by another program")
        self.host = host
        self.port = port


class Refused(OSError):
    """An ICMP error came back for what was sent."""

    def __init__(self, number: int, to: Address) -> None:
        super().__init__(number, REFUSALS.get(number, errno.errorcode.get(number, "error")))
        self.to = to


REFUSALS = {
    errno.ECONNREFUSED: "nobody listens on that port (ICMP port unreachable)",
    errno.EHOSTUNREACH: "the host cannot be reached (ICMP host unreachable)",
    errno.ENETUNREACH: "there is no way to that network",
    errno.EMSGSIZE: "the datagram is too long for the way there",
    errno.EACCES: "the way there is forbidden (ICMP administratively prohibited)",
}


class NotOneHost(ValueError):
    """A broadcast or multicast address where one host was to be named."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """What arrived. `asked` is the address of ours it was sent to, None where it was sent to many hosts (broadcast,
    multicast); `time_ns` is the wall clock when it was read.
    """

    data: bytes
    source: Address
    asked: str | None
    time_ns: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What became of a datagram sent from `port` to `to`: the answer, or None, after `elapsed_ns`."""

    port: int
    to: Address
    answer: Datagram | None
    elapsed_ns: int


class UdpSocket:
    """One bound UDP socket, IPv4 or IPv6. `address` is where it really is (port 0 asks the kernel for one)."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, interface: str | None = None) -> None:
        """Raises PortBusy, PermissionError (ports below 1024), or OSError where the host is no address of ours."""
        self.family, self._sockaddr = resolve(host, port)
        self._socket = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            self._configure(interface)
            self._socket.bind(self._sockaddr)
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE:
                raise PortBusy(host, port) from None
            raise
        self._interface = interface
        self.address: Address = address_in(self._socket.getsockname())

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, data: bytes, to: Address, source: str | None = None) -> None:
        """Sends one datagram, from our address `source` where the socket has several.

        Raises Refused for an ICMP error that an earlier datagram drew, NotOneHost for broadcast and
        multicast without an interface.
        """
        _, sockaddr = resolve(*to, self.family)
        if self._interface is None and _is_many(sockaddr[0]):
            raise NotOneHost(f"{to[0]} is not one host")
        try:
            self._socket.sendmsg([data], self._source(source, sockaddr), 0, sockaddr)
        except OSError as error:
            raise self._refusal(error, to) from None

    def receive(self, timeout_s: float | None = 0.0) -> Datagram | None:
        """The next datagram, or None after `timeout_s` (None waits for ever). Raises Refused as `send` does."""
        if not _ready(self._socket, timeout_s):
            return None
        try:
            data, ancillary, _, sockaddr = self._socket.recvmsg(LARGEST, 256, socket.MSG_DONTWAIT)
        except BlockingIOError:
            # A datagram with a wrong checksum wakes the reader and is then dropped.
            return None
        except OSError as error:
            raise self._refusal(error, self.address) from None
        return Datagram(data, address_in(sockaddr), _asked(ancillary), time.time_ns())

    def join(self, group: str, interface: str) -> None:
        """Takes part in a multicast group on one interface."""
        index = socket.if_nametoindex(interface)
        if self.family == socket.AF_INET6:
            member = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        else:
            mreqn = socket.inet_aton(group) + struct.pack("@4xi", index)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreqn)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _configure(self, interface: str | None) -> None:
        if self.family == socket.AF_INET6:
            # One family a socket: IPv4 addresses in IPv6 clothes would defeat every comparison of addresses.
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        if interface is not None:
            self._bind_to(interface)

    def _bind_to(self, interface: str) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, interface.encode() + b"\0")
        index = socket.if_nametoindex(interface)
        # TTL and hop limit 1 for what goes to many: it must not leave the link that the user named.
        if self.family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
        else:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@8xi", index))
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)

    def _source(self, source: str | None, to: tuple[str | int, ...]) -> list[tuple[int, int, bytes]]:
        if source is None:
            return []
        if self.family == socket.AF_INET6:
            # A link-local destination says which interface; the kernel wants the same one here.
            info = socket.inet_pton(socket.AF_INET6, source) + struct.pack("@I", int(to[3]))
            return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)]
        return [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("@i4s4x", 0, socket.inet_aton(source)))]

    def _refusal(self, error: OSError, to: Address) -> OSError | NotOneHost:
        """The ICMP error behind a failed call, with the address that it was about."""
        if error.errno not in REFUSALS:
            return error
        try:
            _, _, _, sockaddr = self._socket.recvmsg(LARGEST, 512, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            # The error came from the call itself, not from the network. The kernel refuses a directed broadcast so.
            return NotOneHost(f"{to[0]} is not one host") if error.errno == errno.EACCES else Refused(error.errno, to)
        return Refused(error.errno, address_in(sockaddr) if sockaddr else to)


def resolve(host: str, port: int, family: int = socket.AF_UNSPEC) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
    """The family and socket address of a host name or literal. Raises socket.gaierror where there is none."""
    kind, _, _, _, sockaddr = socket.getaddrinfo(host, port, family, socket.SOCK_DGRAM)[0]
    return kind, cast("tuple[str | int, ...]", sockaddr)


def address_of(host: str, port: int, family: int = socket.AF_UNSPEC) -> Address:
    """The address that datagrams from this host and port will carry as their source."""
    return address_in(resolve(host, port, family)[1])


def _ready(sock: socket.socket, timeout_s: float | None) -> bool:
    """poll, not select: descriptors above 1023 are ordinary. An ICMP error makes a socket ready too."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else max(0, int(timeout_s * 1000 + 0.999))))


def address_in(sockaddr: tuple[str | int, ...]) -> Address:
    """Host and port; a link-local address keeps its scope, without which it means nothing."""
    host = str(sockaddr[0])
    if len(sockaddr) > 3 and sockaddr[3] and "%" not in host:
        host = f"{host}%{sockaddr[3]}"
    return host, int(sockaddr[1])


def _asked(ancillary: list[tuple[int, int, bytes]]) -> str | None:
    for level, kind, info in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            # struct in_pktinfo: interface, our own address for an answer, the header's destination. The two
            # addresses differ only where the destination was a broadcast or multicast address.
            ours, destination = info[4:8], info[8:12]
            return socket.inet_ntoa(destination) if ours == destination else None
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            # struct in6_pktinfo: the header's destination, interface. ff00::/8 is multicast; IPv6 has no broadcast.
            return None if info[0] == 0xFF else socket.inet_ntop(socket.AF_INET6, info[:16])
    return None


def _is_many(host: str | int) -> bool:
    address = ipaddress.ip_address(host)
    return address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255"


def exchange(
    host: str,
    port: int,
    data: bytes,
    *,
    bind_port: int = 0,
    interface: str | None = None,
    wait_s: float = 0.0,
) -> Exchange:
    """Sends one datagram and waits for one answer from the host asked, from whichever port of it.

    A broadcast or multicast destination needs `interface`; then everybody may answer. Raises Refused for an ICMP
    error that comes in time, PortBusy, PermissionError, NotOneHost, socket.gaierror or another OSError.
    """
    family, sockaddr = resolve(host, port)
    to = address_in(sockaddr)
    anywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"  # noqa: S104
    with UdpSocket(anywhere, bind_port, interface=interface) as sender:
        sender.send(data, to)
        sent_ns = time.monotonic_ns()
        deadline_ns = sent_ns + int(wait_s * 1e9)
        while True:
            answer = sender.receive(max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9))
            if answer is not None and (answer.source[0] == to[0] or _is_many(sockaddr[0])):
                return Exchange(sender.address[1], to, answer, time.monotonic_ns() - sent_ns)
            if time.monotonic_ns() >= deadline_ns:
                return Exchange(sender.address[1], to, None, time.monotonic_ns() - sent_ns)


def send(host: str, port: int, data: bytes, *, bind_port: int = 0, interface: str | None = None) -> None:
    """Sends one datagram. Raises as `exchange` does."""
    exchange(host, port, data, bind_port=bind_port, interface=interface)


def listen(receiver: UdpSocket, *, count: int | None = None, seconds: float | None = None) -> Iterator[Datagram]:
    """What arrives, until `count` datagrams came or `seconds` have passed; for ever where neither is given."""
    deadline_ns = None if seconds is None else time.monotonic_ns() + int(seconds * 1e9)
    while count is None or count > 0:
        left_s = None if deadline_ns is None else (deadline_ns - time.monotonic_ns()) / 1e9
        if left_s is not None and left_s < 0:
            return
        datagram = receiver.receive(left_s)
        if datagram is not None:
            count = None if count is None else count - 1
            yield datagram


def own_address_for(host: str, port: int) -> str:
    """The address of ours from which packets to that host would leave. Nothing is sent.

    Raises NotOneHost for broadcast, multicast and unspecified addresses, OSError where there is no way.
    """
    family, sockaddr = resolve(host, port)
    if _is_many(sockaddr[0]):
        raise NotOneHost(f"{host} is not one host")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        if family == socket.AF_INET6:
            # As every socket here: an IPv4 address in IPv6 clothes is no way to an IPv4 host.
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.connect(sockaddr)
        except PermissionError:
            # The kernel knows the directed broadcast addresses of its own networks.
            raise NotOneHost(f"{host} is not one host") from None
        return address_in(probe.getsockname())[0]
