"""The virtual wire: a crafted station on frames, reference peers on loopback sockets, and what passes between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.craft import tftp_client
from lab.craft.station import Station
from lab.engine.echo import LAB_LIMITS
from lab.engine.feiq_event import Delivered, MessageCame
from lab.engine.feiq_profile import LAB_HABITS
from lab.peer.echo import EchoServer
from lab.peer.feiq import FeiqPeer
from lab.peer.tftp_server import TftpServer
from lab.peer.udp import UdpSocket
from lab.peer.userspace_frames import Frames
from lab.peer.userspace_host import UserspaceHost
from lab.wire.frame import dissect

STATION = ("02:4c:41:42:00:02", "10.77.0.2", "fd77::2")
HOSTS = ["10.77.0.1", "fd77::1"]


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer(["127.0.0.1", "::1"], limits=LAB_LIMITS) as server:
        yield server


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("size", [0, 9, 1452])
def test_echo_through_the_virtual_wire_comes_back_from_the_port_asked(echo: EchoServer, host: str, size: int) -> None:
    with UserspaceHost({7: echo.addresses}) as wire:
        station = Station(wire, *STATION)
        endpoint = station.udp(40000)
        endpoint.send(host, 7, b"e" * size)
        answer = endpoint.receive(5)
        assert answer is not None
        assert (answer.payload, answer.source, answer.source_port) == (b"e" * size, host, 7)
        for recorded in wire.recorded:
            found = dissect(recorded.frame)
            assert (found.error, found.notes) == (None, ())
        assert len(wire.recorded) == 4, "a question for the MAC address, its answer, the datagram, the echo"
        assert [recorded.time_ns for recorded in wire.recorded] == sorted(record.time_ns for record in wire.recorded)


@pytest.mark.parametrize("host", HOSTS)
def test_an_answer_longer_than_the_wire_comes_in_fragments(echo: EchoServer, host: str) -> None:
    station = Frames(*STATION)
    station.learn(host, "02:4c:41:42:00:01")
    with UserspaceHost({7: echo.addresses}) as wire:
        for frame in station.datagram(40000, (host, 7), b"long" * 2250):
            wire.send(frame)
        while True:
            answer = wire.receive(5)
            assert answer is not None, "the whole answer within five seconds"
            _, arrival = station.take(answer)
            if arrival is not None:
                break
        assert (arrival.payload, arrival.source) == (b"long" * 2250, (host, 7))
        assert len(wire.recorded) == 14, "seven frames each way"
        assert max(len(recorded.frame) for recorded in wire.recorded) <= 1514


def test_two_endpoints_of_the_station_are_two_askers(echo: EchoServer) -> None:
    with UserspaceHost({7: echo.addresses}) as wire:
        station = Station(wire, *STATION)
        one, two = station.udp(40000), station.udp(40001)
        for endpoint, word in ((one, b"one"), (two, b"two")):
            endpoint.send("10.77.0.1", 7, word)
        for endpoint, word in ((two, b"two"), (one, b"one")):
            answer = endpoint.receive(5)
            assert answer is not None
            assert answer.payload == word


def test_a_port_that_a_peer_begins_to_use_is_reachable_from_then_on() -> None:
    with UdpSocket() as server, UdpSocket() as transfer, UserspaceHost({69: [server.address]}) as wire:
        station = Station(wire, *STATION)
        mine = station.udp(40000)
        mine.send("10.77.0.1", transfer.address[1], b"early")
        assert transfer.receive(0.05) is None
        mine.send("10.77.0.1", 69, b"request")
        asked = server.receive(5)
        assert asked is not None
        transfer.send(b"data", asked.source)
        data = mine.receive(5)
        assert data is not None
        assert (data.payload, data.source_port) == (b"data", transfer.address[1])
        mine.send("10.77.0.1", data.source_port, b"ack")
        acked = transfer.receive(5)
        assert acked is not None
        assert (acked.data, acked.source) == (b"ack", asked.source)


@pytest.mark.parametrize("host", HOSTS)
def test_a_stranger_who_tries_a_transfers_port_is_told_so_by_tftp(tmp_path: Path, host: str) -> None:
    (tmp_path / "boot.img").write_bytes(bytes(3000))
    with TftpServer(tmp_path, port=0) as server, UserspaceHost({69: [server.address]}) as wire:
        station = Station(wire, *STATION)
        stranger = station.hub.add("02:4c:41:42:00:03", "10.77.0.3", "fd77::3").udp(40000)
        endpoint = station.udp(40000)
        endpoint.send(host, 69, b"\0\x01boot.img\0octet\0")
        first = endpoint.receive(5)
        assert first is not None
        stranger.send(host, first.source_port, b"\0\x04\0\x01")
        told = stranger.receive(5)
        assert told is not None
        assert told.payload[:4] == b"\0\x05\0\x05"


@pytest.mark.parametrize(("host", "unreachable"), [("10.77.0.1", (3, 3)), ("fd77::1", (1, 4))])
def test_a_loopback_port_that_is_no_service_cannot_be_reached(host: str, unreachable: tuple[int, int]) -> None:
    with UdpSocket() as secret, UserspaceHost({}) as wire:
        station = Station(wire, *STATION)
        station.udp(40000).send(host, secret.address[1], b"x")
        assert station.hub.wait(1)
        assert [(error.kind, error.code) for error in station.icmp_errors] == [unreachable]
        assert secret.receive(0.05) is None


@pytest.mark.parametrize(("host", "unreachable"), [("10.77.0.1", (3, 3)), ("fd77::1", (1, 4))])
def test_a_service_that_has_gone_is_unreachable_too(host: str, unreachable: tuple[int, int]) -> None:
    with UdpSocket() as gone:
        address = gone.address
    with UserspaceHost({7: [address]}) as wire:
        station = Station(wire, *STATION)
        endpoint = station.udp(40000)
        endpoint.send(host, 7, b"x")
        assert station.hub.wait(5)
        assert [(error.kind, error.code) for error in station.icmp_errors] == [unreachable]


def test_feiq_through_the_virtual_wire() -> None:
    peer = FeiqPeer("lab", "labhost", bind=["127.0.0.1", "::1"], port=0, habits=LAB_HABITS)
    with peer, UserspaceHost({2425: peer.addresses}) as wire:
        station = Station(wire, *STATION)
        endpoint = station.udp(2425)
        for host in HOSTS:
            endpoint.send(host, 2425, b"1:1238605487:klaus:whoever_pc:288:Nice day!")
            receipt = endpoint.receive(5)
            assert receipt is not None
            assert receipt.payload.endswith(b":lab:labhost:33:1238605487\0")
            assert (receipt.source, receipt.source_port) == (host, 2425)
        assert [event.text for event in peer.events if isinstance(event, MessageCame)] == ["Nice day!"] * 2

        stand_in, port = wire.stand_in(("10.77.0.2", 2425))
        number = peer.send(stand_in, "Hello", port)
        hello = endpoint.receive(5)
        assert hello is not None
        assert (hello.payload, hello.source_port) == (b"1:%d:lab:labhost:288:Hello\0" % number, 2425)
        endpoint.send("10.77.0.1", 2425, b"1:9:klaus:whoever_pc:33:%d\0" % number)
        assert peer.delivered(number, 5)
        assert isinstance(peer.events[-1], Delivered)


@pytest.mark.parametrize("host", HOSTS)
def test_a_file_is_read_by_tftp_through_the_virtual_wire(tmp_path: Path, host: str) -> None:
    data = bytes(range(256)) * 40
    (tmp_path / "boot.img").write_bytes(data)
    with TftpServer(tmp_path, port=0) as server, UserspaceHost({69: [server.address]}) as wire:
        endpoint = Station(wire, *STATION).udp(40000)
        options = {"blksize": 1428, "tsize": 0, "windowsize": 4}
        transfer = tftp_client.read(endpoint, host, "boot.img", options=options)
    assert transfer.data == data
    assert transfer.granted == {"blksize": 1428, "tsize": len(data), "windowsize": 4}
