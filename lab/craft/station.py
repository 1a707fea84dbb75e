"""Hosts that no kernel owns: stations with a MAC and addresses of their own, living on a link, all frames crafted.

A kernel that owned the address would answer the peer itself, with "port unreachable", and end the exchange. So the
station answers ARP and neighbour solicitations itself; but only while somebody waits in `receive` or `resolve`: there
is no thread, and time is the link's.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scapy.layers.inet import ICMP, IP, in4_chksum
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    in6_chksum,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from lab.craft import frames, neighbours
from lab.craft.envelope import Envelope
from lab.craft.error import NoAnswer
from lab.craft.session import udp_of
from lab.link.link import Link

_ICMPV6_ERRORS = (ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6TimeExceeded, ICMPv6ParamProblem)
_ICMP_ERRORS = (3, 4, 5, 11, 12)  # RFC 792
_UDP = 17
_DYNAMIC_PORTS = range(49152, 65536)  # RFC 6335 section 6.


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram that a station received whole: lengths and checksum held. `time_ns` is the link's clock."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes
    frame: bytes
    time_ns: int


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP or ICMPv6 error that came for a station; `words` is Scapy's summary of the frame."""

    source: str
    kind: int
    code: int
    words: str
    frame: bytes


class Stations:
    """All stations on one link. A frame is read once and offered to each of them."""

    def __init__(self, link: Link, watch: Callable[[bytes], None] | None = None) -> None:
        """`watch` is shown every frame that comes, before the stations are."""
        self.link = link
        self.watch = watch
        self.stations: list[Station] = []

    def add(self, mac: str, ipv4: str, ipv6: str = "") -> Station:
        """A further station on the same link; see Station."""
        return Station(self, mac, ipv4, ipv6)

    def wait(self, timeout_s: float) -> bool:
        """Lets the stations take the next frame. False when none came in time."""
        frame = self.link.receive(timeout_s)
        if frame is None:
            return False
        if self.watch is not None:
            self.watch(frame)
        packet = _ether(frame)
        for station in self.stations:
            station.take(packet, frame)
        return True


class Station:
    """One host: `mac`, an IPv4 address and an IPv6 address (either may be empty)."""

    def __init__(self, link: Link | Stations, mac: str, ipv4: str, ipv6: str = "") -> None:
        self.hub = link if isinstance(link, Stations) else Stations(link)
        self.mac = mac.lower()
        self.ipv4 = ipv4
        self.ipv6 = str(ipaddress.IPv6Address(ipv6)) if ipv6 else ""
        self.neighbours: dict[str, str] = {}
        self.icmp_errors: list[IcmpError] = []
        """What routers and kernels complained about, oldest first."""
        self.damaged: list[bytes] = []
        """Frames for us whose UDP length or checksum is wrong; no endpoint sees them."""
        self._endpoints: dict[int, Endpoint] = {}
        self._identification = 0
        self._next_port = _DYNAMIC_PORTS.start
        self.hub.stations.append(self)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address for address in (self.ipv4, self.ipv6) if address)

    def now_ns(self) -> int:
        return self.hub.link.now_ns()

    def udp(self, port: int = 0) -> Endpoint:
        """Opens a UDP port; 0 takes the next free dynamic one. Raises ValueError when it is open already."""
        if port == 0:
            port = next(free for free in _DYNAMIC_PORTS if free >= self._next_port and free not in self._endpoints)
            self._next_port = port + 1
        if port in self._endpoints:
            raise ValueError(f"port {port} is open already")
        self._endpoints[port] = Endpoint(self, port)
        return self._endpoints[port]

    def close_port(self, port: int) -> None:
        self._endpoints.pop(port, None)

    def send(self, frame: Packet | bytes) -> None:
        """Puts a frame on the link as it is."""
        self.hub.link.send(bytes(frame))

    def envelope(self, destination: str, source_port: int, destination_port: int) -> Envelope:
        """The headers for a datagram of ours, with the neighbour's MAC found and the next IPv4 identification."""
        destination = str(ipaddress.ip_address(destination))
        self._identification = self._identification % 0xFFFF + 1
        return Envelope(
            source_mac=self.mac,
            destination_mac=self.resolve(destination),
            source=self._own(destination),
            destination=destination,
            source_port=source_port,
            destination_port=destination_port,
            identification=self._identification,
        )

    def resolve(self, address: str, timeout_s: float = 1.0, attempts: int = 3) -> str:
        """The MAC that goes with an address, asked for when it is not known; broadcast and groups need no asking.

        Raises NoAnswer when nobody has the address.
        """
        target = ipaddress.ip_address(address)
        if target.is_multicast:
            return neighbours.group_mac(address)
        if address == "255.255.255.255":
            return neighbours.BROADCAST
        for _ in range(attempts):
            if address in self.neighbours:
                break
            self.send(neighbours.who_has(self.mac, self._own(address), address))
            deadline_ns = self.now_ns() + round(timeout_s * 1e9)
            while address not in self.neighbours and (left_ns := deadline_ns - self.now_ns()) > 0:
                self.hub.wait(left_ns / 1e9)
        if address not in self.neighbours:
            asked = "neighbour solicitations" if target.version == 6 else "ARP requests"
            raise NoAnswer(f"nobody at {address} answered {attempts} {asked} within {attempts * timeout_s:g} s")
        return self.neighbours[address]

    def complaints(self, since: int = 0) -> str:
        """What the newest ICMP error said, as the end of a sentence; empty when none came after the first `since`."""
        newest = self.icmp_errors[since:][-1:]
        return "".join(f"; {error.source} said: {error.words}" for error in newest)

    def take(self, packet: Packet, frame: bytes) -> None:
        """One frame from the link: answered, learnt from, kept or handed to the endpoint it is for."""
        ether: Any = packet
        if not isinstance(packet, Ether) or not (ether.dst == self.mac or int(ether.dst[:2], 16) & 1):
            return
        if (reply := neighbours.reply_to(packet, self.mac, self.addresses)) is not None:
            self.send(reply)
        elif (learnt := neighbours.learnt_from(packet, self.addresses)) is not None:
            self.neighbours[learnt[0]] = learnt[1]
        elif (error := _icmp_error(packet, frame)) is not None:
            self.icmp_errors.append(error)
        elif (place := udp_of(packet)) is not None:
            self._take_udp(*place, frame)

    def _take_udp(self, udp: Any, source: str, destination: str, frame: bytes) -> None:
        # The IP address decides, as in Linux: a broadcast frame may hold a packet for one host, ours or another.
        is_ours = destination in self.addresses or _is_many(destination)
        if not is_ours or (endpoint := self._endpoints.get(udp.dport)) is None:
            return
        if not _holds(udp):
            self.damaged.append(frame)
            return
        payload = udp.original[8 : udp.len]
        endpoint.arrived.append(Datagram(source, udp.sport, destination, udp.dport, payload, frame, self.now_ns()))

    def _own(self, other: str) -> str:
        own = self.ipv6 if ":" in other else self.ipv4
        if not own:
            raise ValueError(f"this station has no address of the family of {other}")
        return own


class Endpoint:
    """A UDP port of a station."""

    def __init__(self, station: Station, port: int) -> None:
        self.station = station
        self.port = port
        self.arrived: deque[Datagram] = deque()

    def send(self, destination: str, port: int, payload: bytes | Packet) -> None:
        """One datagram in one frame. Raises NoAnswer when the destination's MAC cannot be found."""
        self.station.send(frames.udp(self.station.envelope(destination, self.port, port), payload))

    def receive(self, timeout_s: float) -> Datagram | None:
        """The next datagram for this port, or None when `timeout_s` passes on the link's clock."""
        deadline_ns = self.station.now_ns() + round(timeout_s * 1e9)
        while not self.arrived:
            left_ns = deadline_ns - self.station.now_ns()
            if left_ns <= 0:
                return None
            self.station.hub.wait(left_ns / 1e9)
        return self.arrived.popleft()

    def close(self) -> None:
        self.station.close_port(self.port)


def _is_many(address: str) -> bool:
    """Everybody, a group, or everybody of a /24, which the lab's own network is."""
    target = ipaddress.ip_address(address)
    return target.is_multicast or (target.version == 4 and target.packed[3] == 0xFF)


def _ether(frame: bytes) -> Packet:
    """A frame too short to be one, or damaged beyond Scapy's patience, is nobody's: no station takes a Raw."""
    try:
        # No bytes at all would make a frame of Scapy's defaults.
        return Ether(frame) if frame else Raw(frame)
    except Exception:
        return Raw(frame)


def _holds(udp: Any) -> bool:
    """Whether the UDP length fits what came and the checksum is right; 0 over IPv4 means none was made (RFC 768)."""
    if not 8 <= udp.len <= len(udp.original):
        return False
    datagram = udp.original[: udp.len]
    if isinstance(udp.underlayer, IP):
        return not udp.chksum or in4_chksum(_UDP, udp.underlayer, datagram) == 0
    ipv6 = udp.underlayer
    while not isinstance(ipv6, IPv6):
        ipv6 = ipv6.underlayer
    return bool(udp.chksum) and in6_chksum(_UDP, ipv6, datagram) == 0  # type: ignore[no-untyped-call]


def _icmp_error(packet: Packet, frame: bytes) -> IcmpError | None:
    if IP in packet and ICMP in packet and packet[ICMP].type in _ICMP_ERRORS:
        icmp: Any = packet[ICMP]
        return IcmpError(packet[IP].src, icmp.type, icmp.code, packet.summary(), frame)
    for kind in _ICMPV6_ERRORS:
        if kind in packet:
            error: Any = packet[kind]
            return IcmpError(packet[IPv6].src, error.type, error.code, packet.summary(), frame)
    return None
