"""The bench the demo stands on: reference peers, a wire to them, crafted stations, a recording.

It is the private network where this machine permits one, and the virtual wire where it does not; the steps cannot tell.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.craft.station import Station, Stations
from lab.link.link import Link
from lab.link.namespace import KERNEL, STATION, STRANGER, NamespacesRefused, PrivateNetwork
from lab.link.tap import Recorded
from lab.peer.reference import ANY_PORTS, ReferencePeers
from lab.peer.userspace_host import UserspaceHost


@dataclass(slots=True)
class Witness:
    """A Link that remembers what was sent through it, so that a frame nobody sent can be found in the recording."""

    link: Link
    sent: Counter[bytes] = field(default_factory=Counter)

    def send(self, frame: bytes) -> None:
        self.sent[frame] += 1
        self.link.send(frame)

    def receive(self, timeout_s: float) -> bytes | None:
        return self.link.receive(timeout_s)

    def now_ns(self) -> int:
        return self.link.now_ns()

    def close(self) -> None:
        self.link.close()


@dataclass(slots=True)
class Bench:
    """What a step needs. `root` is the folder the TFTP peer serves."""

    wire: str
    refusal: str
    peers: ReferencePeers
    station: Station
    stranger: Station
    root: Path
    witness: Witness
    stop_recording: Callable[[], tuple[Sequence[Recorded], int]]
    families: tuple[int, ...] = (4, 6)

    def host(self, family: int) -> str:
        """The peers' address."""
        return KERNEL.ipv4 if family == 4 else KERNEL.ipv6


@contextmanager
def open_bench(root: Path) -> Iterator[Bench]:
    """The bench, for the length of a `with`. Raises OSError where not even the virtual wire can be laid."""
    try:
        network = PrivateNetwork.enter()
    except NamespacesRefused as refused:
        with _virtual_bench(root, f"{refused.reason}; to have one: {refused.fix}") as bench:
            yield bench
        return
    with network, _private_bench(root, network) as bench:
        yield bench


@contextmanager
def _private_bench(root: Path, network: PrivateNetwork) -> Iterator[Bench]:
    hosts = [KERNEL.ipv4, KERNEL.ipv6] if network.ipv6 else [KERNEL.ipv4]
    with ReferencePeers(root, hosts) as peers:
        witness = Witness(network.station_link())
        recorder = network.record().start()

        def stop() -> tuple[Sequence[Recorded], int]:
            recorded = recorder.stop()
            return recorded, recorder.dropped

        try:
            wire = "private network, as " + ("an ordinary user" if network.rootless else "root")
            yield _bench(wire, "", peers, witness, root, stop, hosts)
        finally:
            recorder.stop()
            witness.close()


@contextmanager
def _virtual_bench(root: Path, refusal: str) -> Iterator[Bench]:
    hosts = ["127.0.0.1", "::1"] if _has_ipv6_loopback() else ["127.0.0.1"]
    with ReferencePeers(root, hosts, ANY_PORTS) as peers, UserspaceHost(peers.services()) as host:
        yield _bench(
            "virtual wire to loopback sockets", refusal, peers, Witness(host), root, lambda: (host.recorded, 0), hosts
        )


def _bench(
    wire: str,
    refusal: str,
    peers: ReferencePeers,
    witness: Witness,
    root: Path,
    stop: Callable[[], tuple[Sequence[Recorded], int]],
    hosts: Sequence[str],
) -> Bench:
    stations = Stations(witness)
    station = stations.add(STATION.mac, STATION.ipv4, STATION.ipv6)
    stranger = stations.add(STRANGER.mac, STRANGER.ipv4, STRANGER.ipv6)
    families = tuple(6 if ":" in host else 4 for host in hosts)
    return Bench(wire, refusal, peers, station, stranger, root, witness, stop, families)


def interference(recorded: Sequence[Recorded], witness: Witness) -> str:
    """What on the recorded wire was not said by who seems to have said it; empty when all is as it should be.

    A kernel that answers in the station's name (a port unreachable, a reset) would make every verdict worthless.
    """
    ours = {bytes.fromhex(host.mac.replace(":", "")) for host in (STATION, STRANGER)}
    unaccounted = Counter(frame for _, frame in recorded if frame[6:12] in ours)
    unaccounted.subtract(witness.sent)
    if extra := [frame for frame, count in unaccounted.items() if count > 0]:
        return f"{len(extra)} frames bear the station's MAC address, but the station did not send them"
    if lost := sum(-count for count in unaccounted.values() if count < 0):
        return f"{lost} frames that the station sent were not recorded"
    return ""


def _has_ipv6_loopback() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True
