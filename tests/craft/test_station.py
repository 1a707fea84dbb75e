"""Stations: found by their neighbours, finding them, deaf to what is damaged or not theirs, and without a thread."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import Ether

from lab.craft import echo_client, frames, neighbours
from lab.craft.envelope import Envelope
from lab.craft.error import NoAnswer, Unexpected
from tests.craft.stage import (
    HOST4,
    HOST6,
    HOST_MAC,
    STATION4,
    STATION6,
    STATION_MAC,
    STRANGER4,
    STRANGER_MAC,
    Host,
)


def sent_by_stations(host: Host) -> list[bytes]:
    return [frame for _, frame in host.wire.frames if frame[6:12] != bytes.fromhex(HOST_MAC.replace(":", ""))]


def offer(host: Host, frame: Any) -> list[bytes]:
    """What the stations send when this frame comes."""
    host.link.send(bytes(frame))
    before = len(sent_by_stations(host))
    host.stations.wait(0.1)
    return sent_by_stations(host)[before:]


def test_an_arp_request_is_answered_with_these_bytes() -> None:
    assert offer(Host(), neighbours.who_has(HOST_MAC, HOST4, STATION4)) == [
        bytes.fromhex("024c41420001 024c41420002 08060001 0800 06 04 0002 024c41420002 0a4d0002 024c41420001 0a4d0001")
    ]


def test_a_neighbour_solicitation_is_answered_with_these_bytes() -> None:
    (answer,) = offer(Host(), neighbours.who_has(HOST_MAC, HOST6, STATION6))
    assert answer[:14] == bytes.fromhex("024c41420001 024c41420002 86dd")
    assert answer[14:22] == bytes.fromhex("60000000 0020 3a ff")
    assert answer[54:56] == b"\x88\0"
    assert answer[58:] == bytes.fromhex("60000000 fd770000000000000000000000000002 0201 024c41420002")


def test_the_question_for_an_ipv6_neighbour_goes_to_its_own_group() -> None:
    question: Any = neighbours.who_has(STATION_MAC, STATION6, HOST6)
    assert question.dst == "33:33:ff:00:00:01"
    assert question[IPv6].dst == "ff02::1:ff00:1"
    assert question[IPv6].hlim == 255


def test_a_solicitation_that_came_through_a_router_is_ignored() -> None:
    question: Any = Ether(bytes(neighbours.who_has(HOST_MAC, HOST6, STATION6)))
    question[IPv6].hlim = 254
    del question[ICMPv6ND_NS].cksum
    assert offer(Host(), question) == []


def test_each_station_answers_for_its_own_address_alone() -> None:
    (answer,) = offer(Host(), neighbours.who_has(HOST_MAC, HOST4, STRANGER4))
    assert answer[6:12].hex(":") == STRANGER_MAC
    assert offer(Host(), neighbours.who_has(HOST_MAC, HOST4, "10.77.0.9")) == []


def test_a_neighbour_is_asked_for_once() -> None:
    host = Host()
    assert [host.station.resolve(HOST4), host.station.resolve(HOST4)] == [HOST_MAC, HOST_MAC]
    assert len(sent_by_stations(host)) == 1
    assert host.station.resolve(HOST6) == HOST_MAC


def test_nobody_at_an_address_is_said_after_three_questions_and_three_seconds() -> None:
    host = Host()
    with pytest.raises(NoAnswer, match=r"nobody at 10.77.0.9 answered 3 ARP requests within 3 s"):
        host.station.resolve("10.77.0.9")
    assert len(sent_by_stations(host)) == 3
    assert host.station.now_ns() == 3_000_000_000


def test_groups_and_broadcast_need_no_question() -> None:
    host = Host()
    assert host.station.resolve("226.81.9.8") == "01:00:5e:51:09:08"
    assert host.station.resolve("ff15::979") == "33:33:00:00:09:79"
    assert host.station.resolve("255.255.255.255") == "ff:ff:ff:ff:ff:ff"
    assert sent_by_stations(host) == []


def to_station(payload: bytes = b"x", **changes: Any) -> Any:
    values: dict[str, Any] = {
        "source_mac": HOST_MAC, "destination_mac": STATION_MAC, "source": HOST4, "destination": STATION4,
        "source_port": 9, "destination_port": 50000,
    }  # fmt: skip
    return Ether(bytes(frames.udp(Envelope(**(values | changes)), payload)))


@pytest.mark.parametrize(
    ("changes", "arrives"),
    [
        ({}, True),
        ({"source": HOST6, "destination": STATION6}, True),
        ({"destination_mac": "ff:ff:ff:ff:ff:ff", "destination": "255.255.255.255"}, True),
        ({"destination_mac": "ff:ff:ff:ff:ff:ff", "destination": "10.77.0.255"}, True),
        ({"destination_mac": "ff:ff:ff:ff:ff:ff"}, True),
        ({"destination_mac": "ff:ff:ff:ff:ff:ff", "destination": STRANGER4}, False),
        ({"destination_mac": "01:00:5e:51:09:08", "destination": "226.81.9.8"}, True),
        ({"destination_mac": "33:33:00:00:09:79", "source": HOST6, "destination": "ff15::979"}, True),
        ({"destination_mac": STRANGER_MAC}, False),
        ({"destination": STRANGER4}, False),
        ({"destination_port": 50001}, False),
    ],
)
def test_a_datagram_reaches_the_port_it_is_for(changes: dict[str, Any], arrives: bool) -> None:
    host = Host()
    endpoint = host.station.udp(50000)
    host.link.send(bytes(to_station(**changes)))
    datagram = endpoint.receive(0.1)
    assert (datagram is not None) is arrives
    if datagram is not None:
        assert (datagram.source_port, datagram.payload) == (9, b"x")


def test_a_datagram_with_a_wrong_checksum_or_length_reaches_nobody() -> None:
    for field, value in (("chksum", 0x1234), ("len", 7), ("len", 100)):
        host = Host()
        endpoint = host.station.udp(50000)
        frame = to_station()
        setattr(frame[UDP], field, value)
        host.link.send(bytes(frame))
        assert endpoint.receive(0.1) is None
        assert host.station.damaged == [bytes(frame)]


def test_padding_of_the_frame_is_no_part_of_the_payload() -> None:
    host = Host()
    endpoint = host.station.udp(50000)
    frame = bytes(to_station())
    host.link.send(frame + bytes(60 - len(frame)))
    datagram = endpoint.receive(0.1)
    assert datagram is not None
    assert datagram.payload == b"x"


def test_no_checksum_is_taken_over_ipv4_and_not_over_ipv6() -> None:
    for changes, arrives in (({}, True), ({"source": HOST6, "destination": STATION6}, False)):
        host = Host()
        endpoint = host.station.udp(50000)
        frame = to_station(**changes)
        frame[UDP].chksum = 0
        host.link.send(bytes(frame))
        assert (endpoint.receive(0.1) is not None) is arrives


def test_icmp_errors_are_kept_with_their_words() -> None:
    host = Host()
    quoted = IP(src=STATION4, dst=HOST4, id=1) / UDP(sport=50000, dport=9)
    ether = Ether(dst=STATION_MAC, src=HOST_MAC)
    offer(host, ether / IP(src=HOST4, dst=STATION4, id=1) / ICMP(type=3, code=3) / quoted)
    quoted6 = IPv6(src=STATION6, dst=HOST6) / UDP(sport=50000, dport=9)
    offer(host, ether / IPv6(src=HOST6, dst=STATION6) / ICMPv6DestUnreach(code=4) / quoted6)
    assert [(error.source, error.kind, error.code) for error in host.station.icmp_errors] == [
        (HOST4, 3, 3),
        (HOST6, 1, 4),
    ]
    assert "said: " in host.station.complaints()
    assert host.station.complaints(since=2) == ""


def test_frames_that_are_no_frames_disturb_nobody() -> None:
    host = Host()
    for frame in (b"", b"\xa5", bytes(13), bytes(14), b"\xff" * 60):
        assert offer(host, frame) == []


_HEADERS = ["", "0800", "0806", "86dd", "8100", "0800 4500", "86dd 60000000 0020 3aff" + "00" * 32 + "87", "0806 0001"]


@given(st.sampled_from(_HEADERS), st.binary(max_size=100))
@settings(deadline=None)
def test_a_station_survives_any_bytes(header: str, rest: bytes) -> None:
    host = Host()
    host.station.udp(50000)
    offer(host, bytes.fromhex("024c41420002 024c41420001" + header) + rest)


def test_a_port_is_opened_once_and_dynamic_ports_follow_each_other() -> None:
    station = Host().station
    assert [station.udp().port, station.udp().port] == [49152, 49153]
    with pytest.raises(ValueError, match="port 49152 is open already"):
        station.udp(49152)
    station.close_port(49152)
    assert station.udp(49152).port == 49152


def test_each_frame_of_a_station_has_the_next_identification() -> None:
    station = Host().station
    assert [station.envelope(HOST4, 1, 2).identification for _ in range(2)] == [1, 2]


def test_a_station_without_ipv6_says_so() -> None:
    host = Host()
    alone = host.stations.add("02:4c:41:42:00:04", "10.77.0.4")
    with pytest.raises(ValueError, match="no address of the family of fd77::1"):
        alone.envelope(HOST6, 1, 2)


@pytest.mark.parametrize("server", [HOST4, HOST6])
def test_an_echo_comes_back_from_the_port_that_was_asked(server: str) -> None:
    host = Host([("C", b"hello"), ("S", b"hello")], port=7)
    echo = echo_client.exchange(host.station.udp(), server, b"hello")
    assert (echo.answer.payload, echo.answer.source) == (b"hello", server)
    assert echo.round_trip_ns > 0


def test_an_echo_from_elsewhere_or_of_other_bytes_is_named() -> None:
    with pytest.raises(Unexpected, match="port 8 answered"):
        echo_client.exchange(Host([("C", b"a"), ("S", b"a")], port=8).station.udp(), HOST4, b"a")
    with pytest.raises(Unexpected, match="b'b' came back"):
        echo_client.exchange(Host([("C", b"a"), ("S", b"b")], port=7).station.udp(), HOST4, b"a")
    with pytest.raises(NoAnswer, match=r"no echo from 10.77.0.1 port 7 within 2 s"):
        echo_client.exchange(Host([("C", b"a")]).station.udp(), HOST4, b"a")
