"""One frame as a ladder sees it: who, to whom, when, saying what. Reads through `lab.wire.frame` and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lab.pcap import Record
from lab.report.labels import label
from lab.report.model import Kind
from lab.wire import address, arp, ethernet, ipv4, ipv6, text, tftp, udp
from lab.wire.flows import Flows
from lab.wire.frame import Dissection, dissect

EVERYBODY = ""
"""The destination of a broadcast or multicast."""

_RAW_IP, _IPV4, _IPV6 = frozenset({12, 14, 101}), 228, 229
"""Link types that begin with an IP header: raw IP as the systems number it, and the two families alone."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Addresses are in words; MACs are empty where the frame has none, ports None where it is not about UDP."""

    record: Record
    label: str
    kind: Kind
    source: str
    destination: str
    source_mac: str
    destination_mac: str
    source_port: int | None
    destination_port: int | None
    payload: bytes
    packet: tftp.Packet | None
    faults: tuple[str, ...]

    @property
    def step(self) -> str:
        """The first comment that the capture has for this frame, safe to show."""
        return text.safe(self.record.comments[0], 200) if self.record.comments else ""


def start_of(link_type: int, data: bytes) -> str | None:
    """Where `dissect` begins with a frame of that link type; None where it cannot."""
    if link_type == 1:
        return "ethernet"
    if link_type in _RAW_IP:
        return {4: "ipv4", 6: "ipv6"}.get(data[0] >> 4 if data else 0)
    return {_IPV4: "ipv4", _IPV6: "ipv6"}.get(link_type)


def sights(records: Iterable[Record], flows: Flows | None = None) -> Iterator[Sight]:
    """What there is to see in `records`, in their order. Frames of unknown link types show as unreadable."""
    flows = Flows() if flows is None else flows
    for record in records:
        start = start_of(record.link_type, record.data)
        if start is None:
            words = f"{len(record.data)} bytes of link type {record.link_type}"
            yield Sight(record, words, Kind.ERROR, "?", EVERYBODY, "", "", None, None, b"", None, ())
        else:
            yield _sight(record, dissect(record.data, start, flows))


def _sight(record: Record, seen: Dissection) -> Sight:
    words, kind = label(seen)
    frame, datagram, packet = (_packet(seen, name) for name in ("ethernet", "udp", "tftp"))
    macs = (
        (address.mac(frame.source), address.mac(frame.destination)) if isinstance(frame, ethernet.Frame) else ("", "")
    )
    source, destination = _addresses(seen, *macs)
    source_port, destination_port = _ports(seen)
    faults = [note.field for note in seen.notes]
    return Sight(
        record=record,
        label=words,
        kind=kind,
        source=source,
        destination=destination,
        source_mac=macs[0],
        destination_mac=macs[1],
        source_port=source_port,
        destination_port=destination_port,
        payload=datagram.payload if isinstance(datagram, udp.Datagram) else b"",
        packet=packet if isinstance(packet, tftp.Packet) else None,
        faults=tuple(faults if seen.error is None else [*faults, seen.error.field]),
    )


def _packet(seen: Dissection, name: str) -> object:
    layer = seen.layer(name)
    return None if layer is None else layer.packet


def _ports(seen: Dissection) -> tuple[int | None, int | None]:
    """Of a datagram its own; of an ICMP error those of the datagram it is about, seen from its other end."""
    match _packet(seen, "udp"), _packet(seen, "quoted_udp"):
        case udp.Datagram(source, destination), _:
            return source, destination
        case _, udp.Datagram(source, destination):
            return destination, source
    return None, None


def _addresses(seen: Dissection, source_mac: str, destination_mac: str) -> tuple[str, str]:
    """Who speaks to whom, by the outermost addresses of hosts. What a frame carries to all is said to all."""
    to_all = bool(destination_mac) and bool(int(destination_mac[:2], 16) & 1)
    for layer in seen.layers:
        match layer.packet:
            case ipv4.Packet(source, destination) | ipv6.Packet(source, destination):
                to_all = to_all or _is_for_all(destination)
                return address.ip(source), EVERYBODY if to_all else address.ip(destination)
            case arp.Packet(_, _, sender, _, target) if len(sender) == len(target) == 4:
                return address.ipv4(sender), EVERYBODY if to_all else address.ipv4(target)
    return source_mac or "?", EVERYBODY if to_all or not destination_mac else destination_mac


def _is_for_all(destination: bytes) -> bool:
    if len(destination) == 16:
        return destination[0] == 0xFF
    return 224 <= destination[0] < 240 or destination == b"\xff" * 4
