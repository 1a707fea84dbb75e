"""A host's side of the wire in user space: UDP datagrams out of frames and into them, ARP and neighbour discovery.

The one rule: bytes in, bytes out; no socket and no clock. What a kernel would drop (a wrong checksum, another host's
MAC address, a fragment whose rest never came) is dropped here too.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from lab.engine.datagram import Address
from lab.wire import arp, checksum, ethernet, icmp, icmpv6, ipv4, ipv6, ndp, udp
from lab.wire.error import WireError
from lab.wire.field import Reader
from lab.wire.ipv6_extensions import FRAGMENT, Fragment

IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
ALL_NODES = ip_address("ff02::1").packed
MTU = 1500

_QUOTED = {4: 548, 6: 1232}
"""How much of a packet an ICMP error quotes: up to a datagram of 576 (RFC 1812) or 1280 bytes (RFC 4443)."""

_REASSEMBLIES = 64


@dataclass(frozen=True, slots=True)
class Arrival:
    """A UDP datagram for this host. `packet` is the IP packet it came in, for an error that quotes it."""

    source: Address
    destination: Address
    payload: bytes
    packet: bytes
    to_many: bool


@dataclass(slots=True)
class _Pieces:
    """The fragments of one packet by their place in bytes; `length` is known when the last one has come."""

    parts: dict[int, bytes] = field(default_factory=dict)
    length: int | None = None

    def whole(self) -> bytes | None:
        data = b""
        for place in sorted(self.parts):
            if place != len(data):
                return None
            data += self.parts[place]
        return data if len(data) == self.length else None


class Frames:
    """What the host with these addresses makes of frames. It learns other hosts' MAC addresses from their frames."""

    def __init__(self, mac: str, ipv4_address: str, ipv6_address: str, mtu: int = MTU) -> None:
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.ipv4 = ip_address(ipv4_address).packed
        self.ipv6 = ip_address(ipv6_address).packed
        self._mtu = mtu
        self._macs: dict[bytes, bytes] = {}
        self._pieces: OrderedDict[tuple[bytes, ...], _Pieces] = OrderedDict()
        self._identification = itertools.count(1)

    def learn(self, address: str, mac: str) -> None:
        """Tells the MAC address of a host that has not been heard."""
        self._learn(ip_address(address).packed, bytes.fromhex(mac.replace(":", "")))

    def take(self, frame: bytes) -> tuple[list[bytes], Arrival | None]:
        """Frames to answer with, and the datagram that the frame completed, if it did."""
        try:
            outer = ethernet.parse(frame)
            if outer.destination != self.mac and not outer.destination[0] & 1:
                return [], None
            if outer.type == ARP:
                return self._take_arp(arp.Packet.read(Reader(outer.payload, "arp", record=False))), None
            if outer.type == IPV4:
                return [], self._take_ipv4(outer)
            if outer.type == IPV6:
                return self._take_ipv6(outer)
        except WireError:
            # A kernel says nothing to a broken packet either.
            return [], None
        return [], None

    def datagram(self, source_port: int, to: Address, payload: bytes) -> list[bytes]:
        """The frames, several if it needs fragments, that carry a datagram of ours. None for a host never heard of."""
        destination = ip_address(to[0]).packed
        source = self._own(destination)
        bare = udp.Datagram(source_port, to[1], udp.HEADER_LENGTH + len(payload), 0, payload)
        data = replace(bare, checksum=bare.expected_checksum(source, destination)).build()
        return self._sent(destination, [*self._packets(destination, udp.PROTOCOL, data)])

    def unreachable(self, arrival: Arrival) -> list[bytes]:
        """The ICMP "port unreachable" that a kernel sends when nobody listens (RFC 1122 section 4.1.3.1, RFC 4443)."""
        if arrival.to_many:
            # An error about a packet to many hosts would come from all of them at once.
            return []
        destination = ip_address(arrival.source[0]).packed
        quoted = arrival.packet[: _QUOTED[arrival.packet[0] >> 4]]
        if len(destination) == 4:
            error = icmp.Error(icmp.UNREACHABLE, 3, 0, bytes(4), quoted)
            data = replace(error, checksum=icmp.expected_checksum(error)).build()
            return self._sent(destination, [*self._packets(destination, icmp.PROTOCOL, data)])
        data = self._icmpv6(icmpv6.Error(icmpv6.UNREACHABLE, 4, 0, bytes(4), quoted), destination)
        return self._sent(destination, [*self._packets(destination, icmpv6.PROTOCOL, data)])

    # In.

    def _take_arp(self, packet: arp.Packet) -> list[bytes]:
        if packet.operation != arp.REQUEST or packet.target_protocol != self.ipv4 or len(packet.sender_hardware) != 6:
            return []
        reply = arp.Packet(arp.REPLY, self.mac, self.ipv4, packet.sender_hardware, packet.sender_protocol)
        return [ethernet.Frame(packet.sender_hardware, self.mac, ARP, reply.build()).build()]

    def _take_ipv4(self, outer: ethernet.Frame) -> Arrival | None:
        packet = ipv4.Packet.read(Reader(outer.payload, "ipv4", record=False))
        # Everybody, a multicast group (224.0.0.0/4), or this /24's own broadcast address.
        many = packet.destination in (b"\xff" * 4, self.ipv4[:3] + b"\xff") or packet.destination[0] >> 4 == 14
        if packet.destination != self.ipv4 and not many:
            return None
        if packet.header_checksum != packet.expected_header_checksum or packet.protocol != udp.PROTOCOL:
            return None
        self._learn(packet.source, outer.source)
        key = (packet.source, packet.destination, packet.identification.to_bytes(2, "big"))
        data: bytes | None = packet.payload
        if packet.is_fragment:
            data = self._gather(key, packet.fragment_offset * 8, packet.more_fragments, packet.payload)
        raw = outer.payload[: packet.total_length]
        return None if data is None else _datagram(packet.source, packet.destination, data, raw, many)

    def _take_ipv6(self, outer: ethernet.Frame) -> tuple[list[bytes], Arrival | None]:
        packet = ipv6.Packet.read(Reader(outer.payload, "ipv6", record=False))
        many = packet.destination[0] == 0xFF
        if packet.destination != self.ipv6 and not many:
            return [], None
        if packet.next_header == icmpv6.PROTOCOL:
            return self._take_solicitation(outer, packet), None
        self._learn(packet.source, outer.source)
        next_header, data = packet.next_header, packet.payload
        if next_header == FRAGMENT:
            fragment = Fragment.read(Reader(data, "ipv6_fragment", record=False))
            key = (packet.source, packet.destination, fragment.identification.to_bytes(4, "big"))
            gathered = self._gather(key, fragment.fragment_offset * 8, bool(fragment.more_fragments), fragment.payload)
            if gathered is None:
                return [], None
            next_header, data = fragment.next_header, gathered
        if next_header != udp.PROTOCOL:
            return [], None
        raw = outer.payload[: ipv6.HEADER_LENGTH + packet.payload_length]
        return [], _datagram(packet.source, packet.destination, data, raw, many)

    def _take_solicitation(self, outer: ethernet.Frame, packet: ipv6.Packet) -> list[bytes]:
        kind = packet.payload[:1]
        # Hop limit 255 proves that no router forwarded it (RFC 4861 section 7.1.1).
        if kind != bytes([ndp.NEIGHBOR_SOLICITATION]) or packet.hop_limit != 255:
            return []
        solicitation = ndp.NeighborSolicitation.read(Reader(packet.payload, "icmpv6", record=False))
        wanted = icmpv6.expected_checksum(packet.payload, packet.source, packet.destination)
        if solicitation.target != self.ipv6 or solicitation.checksum != wanted:
            return []
        asked_by_nobody = packet.source == bytes(16)
        to = ALL_NODES if asked_by_nobody else packet.source
        to_mac = b"\x33\x33\0\0\0\x01" if asked_by_nobody else outer.source
        self._learn(packet.source, outer.source)
        # Solicited and override; an asker that has no address yet was not "solicited" by (RFC 4861 section 7.2.4).
        flags = 0x20000000 if asked_by_nobody else 0x60000000
        option = ndp.Option(ndp.TARGET_LINK_LAYER_ADDRESS, self.mac)
        data = self._icmpv6(ndp.NeighborAdvertisement(0, 0, flags, self.ipv6, (option,)), to)
        answer = ipv6.Packet(self.ipv6, to, icmpv6.PROTOCOL, len(data), hop_limit=255, payload=data)
        return [ethernet.Frame(to_mac, self.mac, IPV6, answer.build()).build()]

    def _learn(self, address: bytes, mac: bytes) -> None:
        if not mac[0] & 1 and any(address):
            self._macs[address] = mac

    def _gather(self, key: tuple[bytes, ...], place: int, more: bool, part: bytes) -> bytes | None:
        pieces = self._pieces.setdefault(key, _Pieces())
        pieces.parts[place] = part
        if not more:
            pieces.length = place + len(part)
        whole = pieces.whole()
        if whole is not None:
            del self._pieces[key]
        elif len(self._pieces) > _REASSEMBLIES:
            self._pieces.popitem(last=False)
        return whole

    # Out.

    def _own(self, other: bytes) -> bytes:
        return self.ipv4 if len(other) == 4 else self.ipv6

    def _icmpv6(self, message: icmpv6.Error | ndp.NeighborAdvertisement, to: bytes) -> bytes:
        wanted = icmpv6.expected_checksum(message.build(), self.ipv6, to)
        return replace(message, checksum=wanted).build()

    def _packets(self, destination: bytes, protocol: int, data: bytes) -> Iterator[bytes]:
        identification = next(self._identification)
        if len(destination) == 4:
            for place, more, part in _cut(data, self._mtu - ipv4.HEADER_LENGTH):
                packet = ipv4.Packet(
                    self.ipv4, destination, protocol, ipv4.HEADER_LENGTH + len(part), 0, 0,
                    identification & 0xFFFF, more, place // 8, payload=part,
                )  # fmt: skip
                yield replace(packet, header_checksum=packet.expected_header_checksum).build()
            return
        room = self._mtu - ipv6.HEADER_LENGTH
        if len(data) <= room:
            yield ipv6.Packet(self.ipv6, destination, protocol, len(data), payload=data).build()
            return
        for place, more, part in _cut(data, room - 8):
            piece = Fragment(protocol, place // 8, more, identification, payload=part).build()
            yield ipv6.Packet(self.ipv6, destination, FRAGMENT, len(piece), payload=piece).build()

    def _sent(self, destination: bytes, packets: list[bytes]) -> list[bytes]:
        mac = self._macs.get(destination)
        kind = IPV4 if len(destination) == 4 else IPV6
        return [] if mac is None else [ethernet.Frame(mac, self.mac, kind, packet).build() for packet in packets]


def _cut(data: bytes, room: int) -> Iterator[tuple[int, int, bytes]]:
    """Place, "more fragments" and bytes of each piece; every piece but the last is a multiple of 8 bytes long."""
    step = room if len(data) <= room else room // 8 * 8
    for place in range(0, len(data), step):
        yield place, int(place + step < len(data)), data[place : place + step]


def _datagram(source: bytes, destination: bytes, data: bytes, packet: bytes, many: bool) -> Arrival | None:
    datagram = udp.Datagram.read(Reader(data, "udp", record=False))
    unmade = datagram.checksum == 0 and len(source) == 4
    wanted = datagram.expected_checksum(source, destination)
    if datagram.length != datagram.expected_length:
        return None
    if not unmade and (datagram.checksum == 0 or checksum.judge(datagram.checksum, wanted) != "right"):
        return None
    source_address = (str(ip_address(source)), datagram.source_port)
    destination_address = (str(ip_address(destination)), datagram.destination_port)
    return Arrival(source_address, destination_address, datagram.payload, packet, many)
