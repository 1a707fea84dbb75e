"""A FeiQ peer in a private network, named its interface; prints what the station opposite saw, as JSON."""

from __future__ import annotations

import json
import sys

from lab.craft.station import Station
from lab.engine.feiq_profile import FEIQ, LAB_HABITS
from lab.link.namespace import STATION, PrivateNetwork
from lab.peer.feiq import FeiqPeer
from lab.wire.frame import dissect


def main() -> None:
    with PrivateNetwork.enter() as network:
        link = network.station_link()
        binds = ["0.0.0.0", "::"] if network.ipv6 else ["0.0.0.0"]
        with FeiqPeer("lab", "labhost", bind=binds, interface="lab0", dialect=FEIQ, habits=LAB_HABITS) as peer:
            seen = []
            while len(seen) < 2 * (2 + network.ipv6) and (frame := link.receive(5)):
                found = dissect(frame)
                if (feiq := found.layer("feiq")) is not None:
                    ip = found.layer("ipv4") or found.layer("ipv6")
                    hops = found.field("ipv4.ttl") or found.field("ipv6.hop_limit")
                    to = found.field("ipv4.destination") or found.field("ipv6.destination")
                    assert ip is not None
                    assert hops is not None
                    assert to is not None
                    seen.append([frame[:6].hex(), to.meaning.split(" ")[0], hops.value, feiq.packet.code])  # type: ignore[union-attr]
            own_events = len(peer.events)
            endpoint = Station(link, STATION.mac, STATION.ipv4, STATION.ipv6).udp(2425)
            answers = []
            for group in ["255.255.255.255", "226.81.9.8", *(["ff15::979"] if network.ipv6 else [])]:
                endpoint.send(group, 2425, b"1:1:klaus:whoever_pc:1:Klaus\0\0")
                while (answer := endpoint.receive(5)) is not None and not answer.payload.endswith(b":3:lab\0\0"):
                    pass
                answers.append(answer and answer.source)
        link.close()
    json.dump({"ipv6": network.ipv6, "seen": seen, "own_events": own_events, "answers": answers}, sys.stdout)


main()
