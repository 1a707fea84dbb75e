"""A private network with the lab's reference peers, and crafted stations talking to them. Prints JSON.

Usage: python network_scene.py [ordinary]; in a process of its own, since an ordinary user cannot leave the network.
"""

from __future__ import annotations

import codecs
import json
import sys
import tempfile
import urllib.request  # noqa: F401 (pyroute2 loads it late; after the change of user it may be out of reach)
from pathlib import Path
from typing import Any

from lab.craft import echo_client, tftp_client
from lab.craft.feiq_client import FeiQClient
from lab.craft.station import Stations
from lab.craft.tftp_exchange import Faults, Transfer
from lab.link.namespace import KERNEL, STATION, STRANGER, PrivateNetwork
from lab.peer.reference import ReferencePeers
from tests.link.scenes import become_ordinary

CONTENT = bytes(range(256)) * 40
OPTIONS = {"blksize": 1428, "tsize": 0, "timeout": 1, "windowsize": 4}


def told(transfer: Transfer) -> dict[str, Any]:
    names = ("blocks", "lost", "received_again", "stranger_told")
    return {name: getattr(transfer, name) for name in names} | {"granted": dict(transfer.granted)}


def exchange(stations: Stations, server: str, root: Path) -> dict[str, Any]:
    station, stranger = stations.stations
    (root / "file.bin").write_bytes(CONTENT)
    echo = echo_client.exchange(station.udp(), server, b"hello")
    endpoint = station.udp(2425)
    feiq = FeiQClient(endpoint, server, group="lab")
    entered = feiq.enter()
    feiq.say_the_seed()
    receipts = [feiq.say("checked", check=True), feiq.say("你好", check=True, utf8=True), feiq.say("你好", check=True)]
    feiq.leave()
    endpoint.close()
    read = tftp_client.read(station.udp(), server, "file.bin", options=OPTIONS)
    asked = OPTIONS | {"tsize": len(CONTENT)}
    name = f"up{len(server)}.bin"
    written = tftp_client.write(station.udp(), server, name, CONTENT, options=asked)
    faults = Faults(lose=frozenset({3}), duplicate=frozenset({5}), stranger_at=7, stranger=stranger.udp())
    hurt = tftp_client.read(station.udp(), server, "file.bin", faults=faults, timeout_s=0.3)
    return {
        "echo": echo.answer.payload.decode(),
        "entered": entered.packet.mode,
        "receipts": len([receipt for receipt in receipts if receipt]),
        "read": told(read),
        "written": told(written),
        "hurt": told(hurt),
        "equal": [read.data == CONTENT, (root / name).read_bytes() == CONTENT, hurt.data == CONTENT],
        "complaints": [error.words for error in station.icmp_errors + stranger.icmp_errors],
        "damaged": len(station.damaged),
    }


def main() -> None:
    for encoding in ("ascii", "gbk", "gb18030", "idna"):
        codecs.lookup(encoding)  # Loaded late too.
    if "ordinary" in sys.argv:
        become_ordinary()
    with tempfile.TemporaryDirectory() as folder, PrivateNetwork.enter() as network:
        link = network.station_link()
        stations = Stations(link)
        for host in (STATION, STRANGER):
            stations.add(host.mac, host.ipv4, host.ipv6)
        hosts = [KERNEL.ipv4, KERNEL.ipv6]
        with ReferencePeers(folder, hosts):
            json.dump([exchange(stations, host, Path(folder)) for host in hosts], sys.stdout)
        link.close()


if __name__ == "__main__":
    main()
