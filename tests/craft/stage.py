"""A wire in memory with a crafted station on it and a host opposite that follows a packet diagram.

    C  what the client must send next, in literal bytes
    S  what the host sends then; a third part names another port of the host

Time is the wire's: a time-out of a second takes none. What the client sends out of turn fails the test at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scapy.layers.inet import UDP
from scapy.layers.l2 import Ether

from lab.craft import frames, neighbours
from lab.craft.envelope import Envelope
from lab.craft.session import payload_of, udp_of
from lab.craft.station import Station, Stations
from lab.link.memory import MemoryWire

HOST_MAC, HOST4, HOST6 = "02:4c:41:42:00:01", "10.77.0.1", "fd77::1"
STATION_MAC, STATION4, STATION6 = "02:4c:41:42:00:02", "10.77.0.2", "fd77::2"
STRANGER_MAC, STRANGER4, STRANGER6 = "02:4c:41:42:00:03", "10.77.0.3", "fd77::3"
TID = 40000

Line = tuple[str, bytes] | tuple[str, bytes, int]


@dataclass
class Host:
    """The host opposite. Its answers come from TID unless a line names another port or `port` is set."""

    script: list[Line] = field(default_factory=list)
    port: int = TID
    strangers: list[Line] = field(default_factory=list)
    """As `script`, for what the stranger says and is told."""

    def __post_init__(self) -> None:
        self.wire = MemoryWire()
        self.link = self.wire.port("host", self.react)
        self.stations = Stations(self.wire.port("stations"))
        self.station: Station = self.stations.add(STATION_MAC, STATION4, STATION6)
        self.stranger: Station = self.stations.add(STRANGER_MAC, STRANGER4, STRANGER6)

    def react(self, frame: bytes) -> None:
        packet: Any = Ether(frame)
        reply = neighbours.reply_to(packet, HOST_MAC, (HOST4, HOST6))
        if reply is not None:
            self.link.send(bytes(reply))
        elif (place := udp_of(packet)) is not None:
            udp, source, destination = place
            lines = self.strangers if source in (STRANGER4, STRANGER6) else self.script
            self.follow(lines, udp, packet.src, source, destination)

    def follow(self, lines: list[Line], udp: UDP, mac: str, source: str, destination: str) -> None:
        assert lines, f"the client sent {payload_of(udp)!r} after the end of the diagram"
        side, wanted, *_ = lines.pop(0)
        assert (side, payload_of(udp)) == ("C", wanted)
        while lines and lines[0][0] == "S":
            _, payload, *port = lines.pop(0)
            back = Envelope(HOST_MAC, mac, destination, source, port[0] if port else self.port, udp.sport)
            self.link.send(bytes(frames.udp(back, payload)))

    def all_said(self) -> bool:
        return not self.script and not self.strangers
