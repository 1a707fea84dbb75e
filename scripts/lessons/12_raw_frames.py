"""Lesson 12, raw frames: the same exchange below the sockets, every header crafted, in a network of our own.

Run it: .venv/bin/python scripts/lessons/12_raw_frames.py
It needs no root where the kernel gives ordinary users namespaces; `lab doctor` tells.
"""

import tempfile

from lab.craft import frames
from lab.craft.station import Station
from lab.craft.tftp_layer import LabTFTP
from lab.link.namespace import KERNEL, STATION, NamespacesRefused, PrivateNetwork
from lab.peer.reference import ReferencePeers

try:
    network = PrivateNetwork.enter()
except NamespacesRefused as refused:
    raise SystemExit(f"no private network here: {refused.reason}; {refused.fix}") from None

with tempfile.TemporaryDirectory() as folder, network:
    with open(f"{folder}/hello.txt", "wb") as file:
        file.write(b"hello from a raw frame\n")
    with ReferencePeers(folder, [KERNEL.ipv4, KERNEL.ipv6]):
        # A host that no kernel owns: it answers ARP itself, or nobody would find it.
        link = network.station_link()
        station = Station(link, STATION.mac, STATION.ipv4, STATION.ipv6)
        client = station.udp(50000)

        # A Scapy packet with every header stated; any field can be changed before it is sent.
        request = frames.tftp_read_request(station.envelope(KERNEL.ipv4, 50000, 69), b"hello.txt", b"octet")
        request["IP"].ttl = 3
        station.send(request)
        answer = client.receive(2.0)
        assert answer is not None, "the peer did not answer"
        data = LabTFTP(answer.payload)
        print(f"{len(bytes(request))} bytes sent; from port {answer.source_port} came {len(answer.frame)}")
        print(data.mysummary()[0])
        print(data.data)

        # Without its ACK the peer would send the block again.
        station.send(frames.tftp_ack(station.envelope(KERNEL.ipv4, 50000, answer.source_port), data.block))
        link.close()
