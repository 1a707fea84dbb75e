"""A UDP socket as TFTP needs it: runs of blocks in one system call, ICMP errors with their address, never connected.

An unconnected socket hears strangers, so that they can be told ERROR 5; IP_RECVERR lets it hear ICMP errors all the
same, and the error queue says whom they are about.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import SendRun
from lab.peer.udp import address_in

# Numbers of the kernel's interface that Python 3.11's socket module lacks (linux/udp.h, in.h, in6.h).
SOL_UDP, UDP_SEGMENT, UDP_GRO = 17, 103, 104
IP_PKTINFO, IP_RECVERR = 8, 11
IPV6_RECVERR, IPV6_RECVPKTINFO, IPV6_PKTINFO = 25, 49, 50
MSG_ERRQUEUE = 0x2000

SEGMENTS_MAX = 64
RUN_OCTETS_MAX = 65_000
"""What one sendmsg with UDP_SEGMENT carries: 64 datagrams, together below one UDP payload."""

_NO_SEGMENTATION = (errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP)
_GONE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EPROTO, errno.EHOSTDOWN)
_NEWS = (*_GONE, errno.EACCES, errno.EMSGSIZE, errno.ENONET, errno.ENOPROTOOPT, errno.EOPNOTSUPP)
"""All that the kernel makes of ICMP errors: news about an earlier datagram, which anybody may forge."""
_TRUESIZE_PER_DATAGRAM = 1024
"""Room that the kernel's accounting takes for each queued datagram beside its octets, roughly."""

Piece = tuple[list[bytes | memoryview], int, Address]
"""What one sendmsg takes: the parts, the segment size (0: a single datagram), the destination."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Datagrams from one source: `size` octets each, the last perhaps shorter. `to` is the address asked, if known."""

    data: bytes
    size: int
    source: Address
    to: str = ""
    local: str = ""
    """The own address that the datagram was delivered to; differs from `to` for broadcast and multicast."""


class TftpSocket:
    """Non-blocking; what does not go out at once waits in order and leaves with `flush`."""

    def __init__(self, family: int, address: Address, *, buffer: int = 0, destination: bool = False) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._ipv6 = family == socket.AF_INET6
        self._waiting: deque[Piece] = deque()
        self._segmenting = True
        try:
            self._set_options(destination=destination)
            if buffer:
                self.size_buffers(buffer)
            self.socket.bind(_sockaddr(address))
        except OSError:
            self.socket.close()
            raise
        self.address: Address = address_in(self.socket.getsockname())

    @property
    def blocked(self) -> bool:
        """Something waits to be sent."""
        return bool(self._waiting)

    def fileno(self) -> int:
        return self.socket.fileno()

    def close(self) -> None:
        self.socket.close()

    def size_buffers(self, octets: int) -> None:
        """Asks for room for `octets` of datagrams both ways; the kernel gives what it allows."""
        for option, force in ((socket.SO_RCVBUF, 33), (socket.SO_SNDBUF, 32)):
            self.socket.setsockopt(socket.SOL_SOCKET, option, octets)
            if self.socket.getsockopt(socket.SOL_SOCKET, option) < 2 * octets:
                try:
                    # SO_RCVBUFFORCE and SO_SNDBUFFORCE go beyond the system's limit, with CAP_NET_ADMIN.
                    self.socket.setsockopt(socket.SOL_SOCKET, force, octets)
                except PermissionError:
                    continue

    @property
    def room(self) -> int:
        """Size of the receive buffer, by the kernel's own accounting."""
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def window_that_fits(self, blksize: int) -> int:
        """How many blocks the receive buffer holds."""
        return max(1, self.room // (blksize + 4 + _TRUESIZE_PER_DATAGRAM))

    def send(self, action: Send | SendRun) -> None:
        if isinstance(action, SendRun):
            self._waiting.extend(_run_pieces(action))
        else:
            self._waiting.append(([action.data], 0, action.to))
        self.flush()

    def flush(self) -> None:
        while self._waiting:
            if not self._send_piece(self._waiting[0]):
                return
            self._waiting.popleft()

    def receive(self) -> Arrival | None:
        """What has come next, or None. Errors of earlier sends are left to `unreachable`."""
        for _ in range(4):
            try:
                data, ancillary, _, name = self.socket.recvmsg(65_536, 256)
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno in _NEWS:
                    continue  # The pending error of an earlier send; reading took it away, the datagrams wait behind.
                raise
            return self._arrival(data, ancillary, address_in(name))
        return None

    def unreachable(self) -> list[Address]:
        """Addresses about which an ICMP error has come."""
        gone: list[Address] = []
        while True:
            try:
                _, ancillary, _, name = self.socket.recvmsg(2048, 512, MSG_ERRQUEUE)
            except OSError:
                return gone
            if name and any(kind in (IP_RECVERR, IPV6_RECVERR) and _is_gone(raw) for _, kind, raw in ancillary):
                gone.append(address_in(name))

    def _set_options(self, *, destination: bool) -> None:
        if self._ipv6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, int(destination))
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            self.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, int(destination))
        try:
            self.socket.setsockopt(SOL_UDP, UDP_GRO, 1)
        except OSError:
            return  # An older kernel hands over one datagram at a time; nothing else changes.

    def _send_piece(self, piece: Piece) -> bool:
        """False where the kernel has no room now."""
        parts, size, to = piece
        control = [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", size))] if size else []
        if size and not self._segmenting:
            return self._send_singly(piece)
        for _ in range(2):
            try:
                self.socket.sendmsg(parts, control, 0, _sockaddr(to))
            except BlockingIOError:
                return False
            except OSError as error:
                if size and error.errno in _NO_SEGMENTATION:
                    self._segmenting = False
                    return self._send_singly(piece)
                if error.errno in _NEWS:
                    continue  # An ICMP error about an earlier packet; this one has not been tried yet.
                if error.errno in (errno.ENOBUFS, errno.EPERM, errno.EINVAL, errno.EADDRNOTAVAIL):
                    return True  # Lost, as on any network; the timer repeats it.
                raise
            return True
        return True

    def _send_singly(self, piece: Piece) -> bool:
        """A run without the kernel's segmentation. What finds no room goes back to the head of the queue."""
        parts, _, to = piece
        singles: list[Piece] = [([parts[i], parts[i + 1]], 0, to) for i in range(0, len(parts), 2)]
        for index, single in enumerate(singles):
            if not self._send_piece(single):
                self._waiting.popleft()
                self._waiting.extendleft(reversed(singles[index:]))
                return False
        return True

    def _arrival(self, data: bytes, ancillary: list[tuple[int, int, bytes]], source: Address) -> Arrival:
        size = len(data)
        to = local = ""
        for level, kind, raw in ancillary:
            if level == SOL_UDP and kind == UDP_GRO:
                size = int(struct.unpack_from("=i", raw)[0])
            elif level == socket.IPPROTO_IP and kind == IP_PKTINFO:
                local, to = socket.inet_ntoa(raw[4:8]), socket.inet_ntoa(raw[8:12])
            elif level == socket.IPPROTO_IPV6 and kind == IPV6_PKTINFO:
                local = to = _ipv6(raw)
        return Arrival(data, max(size, 1), source, to, local)


def _run_pieces(run: SendRun) -> Iterator[Piece]:
    size = run.blksize + 4
    most = max(1, min(SEGMENTS_MAX, RUN_OCTETS_MAX // size))
    parts: list[bytes | memoryview] = []
    for header, data in run.pieces():
        parts += (header, data)
        if len(parts) == 2 * most:
            yield parts, size if most > 1 else 0, run.to
            parts = []
    if parts:
        yield parts, size if len(parts) > 2 else 0, run.to


def _sockaddr(address: Address) -> tuple[str, int] | tuple[str, int, int, int]:
    """Of a pair Python takes no zone: a link-local address needs its interface's number beside it."""
    host, percent, zone = address[0].partition("%")
    if not percent:
        return address
    return host, address[1], 0, int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)


def _ipv6(raw: bytes) -> str:
    """struct in6_pktinfo: address, interface index. A link-local address means something on its interface alone."""
    address = socket.inet_ntop(socket.AF_INET6, raw[:16])
    (index,) = struct.unpack_from("=i", raw, 16)
    return f"{address}%{index}" if address.startswith("fe80:") and index else address


def _is_gone(raw: bytes) -> bool:
    """struct sock_extended_err: errno, origin (2 ICMP, 3 ICMPv6), type, code. Too-big and the like are no farewell."""
    number, origin = struct.unpack_from("=IB", raw)
    return origin in (2, 3) and number in _GONE
