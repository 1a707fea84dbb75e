"""Flow tracking: who belongs to a transfer is learnt from its packets, kept in the session and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import UDP

from lab.craft import frames, session
from lab.craft.envelope import Envelope
from lab.craft.feiq_layer import LabFeiQ
from lab.craft.reading import dissect
from lab.craft.session import FeiQSession, TFTPSession
from lab.craft.tftp_layer import LabTFTP

CLIENT, SERVER, OTHER = "10.77.0.2", "10.77.0.1", "10.77.0.3"
RRQ = b"\0\x01f\0octet\0"
DATA_1, ACK_1 = b"\0\x03\0\x01x", b"\0\x04\0\x01"


def frame(source: str, source_port: int, destination: str, destination_port: int, payload: bytes) -> Any:
    envelope = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", source, destination, source_port, destination_port)
    from scapy.layers.l2 import Ether

    return Ether(bytes(frames.udp(envelope, payload)))


def kinds(tracked: TFTPSession, *packets: Any) -> list[bool]:
    return [LabTFTP in (tracked.process(packet) or ()) for packet in packets]


def test_a_transfer_is_followed_from_its_request_to_both_ports() -> None:
    assert kinds(
        TFTPSession(),
        frame(CLIENT, 50000, SERVER, 69, RRQ),
        frame(SERVER, 40000, CLIENT, 50000, DATA_1),
        frame(CLIENT, 50000, SERVER, 40000, ACK_1),
    ) == [True, True, True]


def test_a_strangers_packet_is_not_part_of_the_transfer() -> None:
    assert kinds(
        TFTPSession(),
        frame(CLIENT, 50000, SERVER, 69, RRQ),
        frame(SERVER, 40000, CLIENT, 50000, DATA_1),
        frame(SERVER, 40001, CLIENT, 50000, DATA_1),
        frame(OTHER, 40000, CLIENT, 50000, DATA_1),
        frame(CLIENT, 50001, SERVER, 40000, ACK_1),
    ) == [True, True, False, False, False]


def test_what_the_client_sends_to_another_port_of_the_server_is_something_else() -> None:
    assert kinds(
        TFTPSession(),
        frame(CLIENT, 50000, SERVER, 69, RRQ),
        frame(SERVER, 40000, CLIENT, 50000, DATA_1),
        frame(CLIENT, 50000, SERVER, 40001, ACK_1),
    ) == [True, True, False]


def test_a_client_shows_its_servers_port_where_the_answer_could_not_be_read() -> None:
    little_endian = b"\3\0\0\x01x"
    assert kinds(
        TFTPSession(),
        frame(CLIENT, 50000, SERVER, 69, RRQ),
        frame(SERVER, 40000, CLIENT, 50000, little_endian),
        frame(CLIENT, 50000, SERVER, 40000, ACK_1),
        frame(SERVER, 40000, CLIENT, 50000, DATA_1),
        frame(SERVER, 40001, CLIENT, 50000, DATA_1),
    ) == [True, False, True, True, False]


def test_a_request_counts_on_any_port() -> None:
    assert kinds(
        TFTPSession(), frame(CLIENT, 50000, SERVER, 6969, RRQ), frame(SERVER, 40000, CLIENT, 50000, DATA_1)
    ) == [True, True]


@pytest.mark.parametrize("request_bytes", [b"\0\1f\0octet", b"\0\1f\0", b"\0\1f\0binary\0", b"\0\1f\0octet\0blksize\0"])
def test_a_request_that_is_none_begins_no_transfer(request_bytes: bytes) -> None:
    assert kinds(
        TFTPSession(),
        frame(CLIENT, 50000, SERVER, 69, request_bytes),
        frame(SERVER, 40000, CLIENT, 50000, b"\0\x05\0\x04no\0"),
    ) == [True, False]


def test_without_a_request_nothing_is_guessed() -> None:
    assert kinds(TFTPSession(), frame(SERVER, 40000, CLIENT, 50000, DATA_1)) == [False]


def test_the_oldest_transfer_is_forgotten_first() -> None:
    tracked = TFTPSession()
    for port in range(session._MOST_FLOWS + 1):
        tracked._learn((CLIENT, port), SERVER)
    assert len(tracked.flows) == session._MOST_FLOWS
    assert ((CLIENT, 0), SERVER) not in tracked.flows


def test_sessions_stack_and_read_both_protocols() -> None:
    stacked = TFTPSession(FeiQSession)
    message = stacked.process(frame(CLIENT, 2425, SERVER, 2425, b"1:1:u:h:32:x"))
    request = stacked.process(frame(CLIENT, 50000, SERVER, 69, RRQ))
    assert message is not None
    assert message[LabFeiQ].text == b"x"
    assert request is not None
    assert request[LabTFTP].filename == b"f"


def test_a_transfer_over_ipv6_is_followed_too() -> None:
    assert kinds(
        TFTPSession(), frame("fd77::2", 50000, "fd77::1", 69, RRQ), frame("fd77::1", 40000, "fd77::2", 50000, DATA_1)
    ) == [True, True]


def test_a_followed_packet_still_builds_to_its_bytes() -> None:
    packet = frame(CLIENT, 50000, SERVER, 69, RRQ)
    before = bytes(packet)
    TFTPSession().process(packet)
    packet.clear_cache()
    assert bytes(packet) == before
    assert isinstance(packet[UDP].payload, LabTFTP)


def test_sniffing_a_capture_with_the_session_reads_every_packet() -> None:
    from scapy.sendrecv import sniff

    packets = [frame(CLIENT, 50000, SERVER, 69, RRQ), frame(SERVER, 40000, CLIENT, 50000, DATA_1)]
    assert [LabTFTP in packet for packet in sniff(offline=packets, session=TFTPSession)] == [True, True]


def test_dissect_gives_each_call_a_session_of_its_own() -> None:
    dissect(bytes(frame(CLIENT, 50000, SERVER, 69, RRQ)))
    assert LabTFTP not in dissect(bytes(frame(SERVER, 40000, CLIENT, 50000, DATA_1)))
