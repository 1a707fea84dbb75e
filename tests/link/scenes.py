"""Scenes that play in a private network, each in a process of its own, since an ordinary user cannot leave one again.

Usage: python scenes.py SCENE [ordinary]; prints what the scene returns as JSON. Frames are given in hex.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import socket
import struct
import sys
import threading
import time
import urllib.request  # noqa: F401 (pyroute2 loads it late; after the change of user it may be out of reach)
from pathlib import Path
from typing import Any

import pyroute2

from lab.link import netns, veth
from lab.link.faults import BitFlip, Copy, Cut, Loss, Reorder
from lab.link.faulty import FaultyLink
from lab.link.namespace import KERNEL, STATION, PrivateNetwork
from lab.link.raw import NotOurInterface, RawLink
from lab.link.recorder import Recorded, Recorder
from lab.link.relay import Relay
from tests.link.refused_scenes import (  # noqa: F401
    refused_by_net_limit,
    refused_by_seccomp,
    refused_by_user_limit,
    refused_for_threads,
    refused_halfway,
    refused_halfway_as_root,
    refused_halfway_as_root_of_a_container,
)

UDP_SEGMENT = 103
NOBODY = 65534


def become_ordinary() -> None:
    """Gives root up for good. Without PR_SET_DUMPABLE our own /proc/self would stay root's."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)


def hexed(recorded: list[Recorded]) -> list[list[Any]]:
    return [[time_ns, frame.hex()] for time_ns, frame in recorded]


def udp4(host: str = KERNEL.ipv4, port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, port))
    return made


def udp6(host: str = KERNEL.ipv6, port: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.bind((host, port))
    return made


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def introduce_station() -> None:
    """Tells the kernel the station's hardware address, so that it need not ask."""
    with pyroute2.IPRoute() as netlink:
        index = netlink.link_lookup(ifname="lab0")[0]
        for address in (STATION.ipv4, STATION.ipv6):
            netlink.neigh("replace", dst=address, lladdr=STATION.mac, ifindex=index, state="permanent")


def entered() -> object:
    with PrivateNetwork.enter() as network, udp4(port=69) as privileged:
        with network.station_namespace():
            station = Path("/proc/thread-self/net/if_inet6").read_text()
        kernel = Path("/proc/thread-self/net/if_inet6").read_text()
        return {
            "uid": os.geteuid(),
            "rootless": network.rootless,
            "ipv6": network.ipv6,
            "kernel": [line.split()[0] + " " + line.split()[5] for line in kernel.splitlines()],
            "station": [line.split()[5] for line in station.splitlines()],
            "port": privileged.getsockname()[1],
        }


def leaves_as_root() -> object:
    before = os.stat(netns.THIS_THREAD).st_ino
    with PrivateNetwork.enter():
        inside = os.stat(netns.THIS_THREAD).st_ino
    return [before == os.stat(netns.THIS_THREAD).st_ino, before != inside]


def children_and_threads() -> object:
    """Whoever starts after the entry is inside too."""
    with PrivateNetwork.enter():
        names: list[str] = []
        thread = threading.Thread(target=lambda: names.extend(veth_names()))
        thread.start()
        thread.join()
        with os.popen("cat /proc/self/net/dev") as child:
            return [sorted(names), "lab0" in child.read()]


def veth_names() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def silent_station() -> object:
    """The kernel's host asks for the station, pings it, sends to it; what comes back without anybody crafting it?"""
    with PrivateNetwork.enter() as network, udp4() as v4, udp6() as v6:
        link = network.station_link()
        recorder = network.record().start()
        v4.sendto(b"first asked for", (STATION.ipv4, 7))
        v6.sendto(b"first asked for", (STATION.ipv6, 7))
        asked = [link.receive(1.0), link.receive(1.0)]
        introduce_station()
        v4.sendto(b"to a closed port", (STATION.ipv4, 7))
        v6.sendto(b"to a closed port", (STATION.ipv6, 7))
        time.sleep(0.2)
        link.close()
        return {"asked": [frame.hex() for frame in asked if frame], "seen": hexed(recorder.stop())}


def kernel_datagrams() -> object:
    """What the kernel sends, as the station's link and the recorder see it."""
    with PrivateNetwork.enter() as network, udp4() as v4, udp6() as v6:
        introduce_station()
        link = network.station_link()
        recorder = network.record().start()
        before = time.time_ns()
        v4.sendto(b"odd", (STATION.ipv4, 7))
        v6.sendto(b"even", (STATION.ipv6, 7))
        after = time.time_ns()
        received = [link.receive_recorded(1.0), link.receive_recorded(1.0)]
        link.close()
        return {"before": before, "after": after, "link": hexed([r for r in received if r]),
                "recorder": hexed(recorder.stop())}  # fmt: skip


def nothing_happens() -> object:
    """Two seconds in which nobody does anything."""
    seen = []
    for station_kernel in (False, True):
        with PrivateNetwork.enter(station_kernel=station_kernel) as network, network.record() as recorder:
            time.sleep(2.0)
        seen += recorder.stop()
    return hexed(seen)


def plain_sniffer() -> object:
    """What a sniffer sees that knows nothing of offload states, as other people's tools do, on either side."""
    with PrivateNetwork.enter() as network, udp4() as v4, udp6() as v6:
        introduce_station()
        sniffers = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)]
        sniffers[0].bind(("lab0", 3))
        with network.station_namespace():
            sniffers.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        sniffers[1].bind(("lab1", 3))
        v4.sendto(b"odd", (STATION.ipv4, 7))
        v6.sendto(b"even", (STATION.ipv6, 7))
        seen = []
        for sniffer in sniffers:
            sniffer.settimeout(2)
            frames: list[bytes] = []
            while sum(frame.endswith((b"odd", b"even")) for frame in frames) < 2:
                frames.append(sniffer.recv(2000))
            seen.append([[0, frame.hex()] for frame in frames])
            sniffer.close()
        return seen


def first_and_last_frames() -> object:
    """A frame sent right after start() and right before stop(), fifty times: how many were recorded?"""
    counts = []
    with PrivateNetwork.enter() as network:
        link = network.station_link()
        for _ in range(50):
            recorder = network.record().start()
            link.send(mac(KERNEL.mac) + mac(STATION.mac) + b"\x88\xb5first")
            link.send(mac(KERNEL.mac) + mac(STATION.mac) + b"\x88\xb5last")
            counts.append(sum(frame[12:14] == b"\x88\xb5" for _, frame in recorder.stop()))
        link.close()
    return counts


def _segmented(sender: socket.socket, target: tuple[str, int]) -> None:
    payload = bytes(range(250)) * 10 + b"the end"
    sender.sendmsg([payload], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 500))], 0, target)


def segmented_on_loopback() -> object:
    with PrivateNetwork.enter(), udp4("127.0.0.1") as v4, udp6("::1") as v6:
        with udp4("127.0.0.1") as sink4, udp6("::1") as sink6, Recorder("lo") as recorder:
            _segmented(v4, sink4.getsockname()[:2])
            _segmented(v6, sink6.getsockname()[:2])
        return hexed(recorder.stop())


def _segmented_on_veth(offloads: bool) -> object:
    with PrivateNetwork.enter(offloads=offloads) as network, udp4() as v4, udp6() as v6:
        introduce_station()
        link = network.station_link()
        with network.record() as recorder:
            _segmented(v4, (STATION.ipv4, 7))
            _segmented(v6, (STATION.ipv6, 7))
        received = []
        while frame := link.receive_recorded(0.1):
            received.append(frame)
        link.close()
        return {"recorder": hexed(recorder.stop()), "link": hexed(received)}


def segmented_on_veth() -> object:
    return _segmented_on_veth(False)


def segmented_on_veth_with_offloads() -> object:
    return _segmented_on_veth(True)


def tcp_between_kernels() -> object:
    """300 kB by TCP between two kernel hosts with all offloads on."""
    with PrivateNetwork.enter(station_kernel=True, offloads=True) as network:
        server = socket.create_server((KERNEL.ipv4, 7000))
        with network.station_namespace():
            client = socket.socket()
        with network.record() as recorder, server, client:
            client.connect((KERNEL.ipv4, 7000))
            taker, _ = server.accept()
            thread = threading.Thread(target=client.sendall, args=(bytes(300_000),))
            thread.start()
            taken = 0
            while taken < 300_000:
                taken += len(taker.recv(1 << 16))
            thread.join()
            taker.close()
        return hexed(recorder.stop())


def loopback() -> object:
    """One datagram each of IPv4 and IPv6 on loopback, with nobody offloading."""
    with PrivateNetwork.enter(), udp4("127.0.0.1") as v4, udp6("::1") as v6, Recorder("lo") as recorder:
        v4.sendto(b"seen once", v4.getsockname())
        v6.sendto(b"seen once", v6.getsockname())
    return hexed(recorder.stop())


def vlan() -> object:
    """Tagged frames in both directions: the kernel takes tags out of frames before it hands them to a tap."""
    with PrivateNetwork.enter() as network:
        link = network.station_link()
        with network.record() as recorder:
            link.send(mac(KERNEL.mac) + mac(STATION.mac) + bytes.fromhex("8100 a005 88b5") + b"tagged by hand")
            link.send(mac(KERNEL.mac) + mac(STATION.mac) + bytes.fromhex("88a8 0007 8100 0005 88b5") + b"twice")
            own = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            own.bind(("lab0", 0))
            own.send(mac(STATION.mac) + mac(KERNEL.mac) + bytes.fromhex("8100 0006 88b5") + b"answer")
            own.close()
        answer = link.receive(1.0)
        link.close()
        return {"recorder": hexed(recorder.stop()), "link": answer.hex() if answer else None}


def drops_are_counted() -> object:
    """The recorder is kept from reading while more arrives than the kernel will hold for it."""
    hold = threading.Event()
    taken: list[Recorded] = []

    def slowly(recorded: Recorded) -> None:
        hold.wait()
        taken.append(recorded)

    with PrivateNetwork.enter(), udp4("127.0.0.1") as sender, udp4("127.0.0.1") as sink:
        recorder = Recorder("lo", slowly).start()
        for _ in range(2500):
            sender.sendto(bytes(60_000), sink.getsockname())
        hold.set()
        recorder.stop()
    return [len(taken), recorder.dropped]


def faults_on_the_wire() -> object:
    """Forty frames through seeded faults on the real cable."""
    from_faults = [Loss(0.2), Copy(0.2), Reorder(0.2), BitFlip(0.2, start=14), Cut(0.2, keep=14)]
    with PrivateNetwork.enter() as network:
        network_recorder = network.record().start()
        link = FaultyLink(network.station_link(), seed=7, sending=from_faults)
        for number in range(40):
            link.send(mac(KERNEL.mac) + mac(STATION.mac) + b"\x88\xb5" + bytes([number]) * 50)
        link.receive(0.1)
        link.close()
        return hexed(network_recorder.stop())


def busy_exchange() -> object:
    """Twenty thousand questions and answers in lock step between two hosts in one Python process."""
    turns = 20_000
    with PrivateNetwork.enter(station_kernel=True) as network, udp4(port=5000) as kernel:
        with network.station_namespace():
            station = udp4(STATION.ipv4)
        recorder = network.record().start()

        def answer() -> None:
            for _ in range(turns):
                kernel.sendto(b"answer", kernel.recvfrom(2000)[1])

        thread = threading.Thread(target=answer)
        thread.start()
        for _ in range(turns):
            station.sendto(bytes(1400), (KERNEL.ipv4, 5000))
            station.recv(100)
        thread.join()
        station.close()
        frames = [frame for _, frame in recorder.stop()]
        return {
            "dropped": recorder.dropped,
            "questions": sum(len(frame) == 1442 for frame in frames),
            "answers": sum(frame.endswith(b"answer") for frame in frames),
        }


def relayed() -> object:
    """Three datagrams each way between two kernel hosts; the relay loses the second from the far one, tags nothing."""

    def passing(frame: bytes) -> list[bytes]:
        return [] if frame.endswith(b"far 2") else [frame]

    heard: list[str] = []
    with PrivateNetwork.enter() as network, Relay(network, passing) as relay, udp4(port=5000) as near:
        with relay.far_namespace():
            far = udp4(STATION.ipv4, 5000)
        for end, name, target in ((near, "near", STATION.ipv4), (far, "far", KERNEL.ipv4)):
            for number in (1, 2, 3):
                end.sendto(f"{name} {number}".encode(), (target, 5000))
        for end, datagrams in ((far, 3), (near, 2)):
            end.settimeout(5)
            # What waits for the address to be resolved may be overtaken by what does not.
            heard += sorted(end.recv(100).decode() for _ in range(datagrams))
        far.close()
        lost = sum(frame.endswith(b"far 2") for _, frame in relay.seen)
    return {"heard": heard, "lost frames seen": lost}


def interface_goes_down() -> object:
    """The recorder's interface goes down and comes up again; what does it hear, and how much does the wait cost?"""
    with PrivateNetwork.enter() as network, udp4() as v4:
        introduce_station()
        recorder = network.record().start()
        with pyroute2.IPRoute() as netlink:
            index = netlink.link_lookup(ifname="lab0")[0]
            v4.sendto(b"before", (STATION.ipv4, 7))
            netlink.link("set", index=index, state="down")
            used = time.process_time()
            time.sleep(0.3)
            used = time.process_time() - used
            netlink.link("set", index=index, state="up")
        introduce_station()
        v4.sendto(b"after", (STATION.ipv4, 7))
        return {"busy": used > 0.1, "seen": hexed(recorder.stop())}


def choke_point() -> object:
    """RawLink on loopback and on a veth pair that the lab did not make."""
    refused = []
    with PrivateNetwork.enter():
        with pyroute2.IPRoute() as netlink:
            netlink.link("add", ifname="other0", kind="veth", peer={"ifname": "other1"})
        for name in ("lo", "other0", "nosuch0"):
            try:
                RawLink(name).close()
            except NotOurInterface as refusal:
                refused.append(refusal.interface)
        return [refused, veth.made_by_the_lab("lab0")]


def entered_as_root_of_a_container() -> object:
    user, group = os.geteuid(), os.getegid()
    netns.unshare(netns.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    return entered()


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # With -X dev it warns of a machine that is busy.
    if sys.argv[2:] == ["ordinary"]:
        become_ordinary()
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()))
