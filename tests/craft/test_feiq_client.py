"""The crafted FeiQ client against packet diagrams: presence, the seed's line, receipts, both encodings."""

from __future__ import annotations

import pytest

from lab.craft import frames
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError, NoAnswer, Unexpected
from lab.craft.feiq_client import FeiQClient
from tests.craft.stage import HOST4, HOST6, HOST_MAC, STATION4, STATION_MAC, STRANGER4, Host, Line

ENTRY = b"1:1238605487:klaus:whoever_pc:1:klaus\0\0"
ANSENTRY = b"1:7:bob:pc:3:Bob\0\0"


def client(*script: Line, server: str = HOST4) -> tuple[FeiQClient, Host]:
    host = Host(list(script), port=2425)
    return FeiQClient(host.station.udp(2425), server), host


@pytest.mark.parametrize("server", [HOST4, HOST6])
def test_an_entry_is_answered(server: str) -> None:
    feiq, host = client(("C", ENTRY), ("S", ANSENTRY), server=server)
    heard = feiq.enter()
    assert (heard.packet.user, heard.packet.text, heard.datagram.source) == (b"bob", b"Bob", server)
    assert host.all_said()


def test_the_seeds_line_goes_out_byte_for_byte() -> None:
    feiq, host = client(("C", b"1:1238605487:klaus:whoever_pc:32:Nice day!"))
    feiq.say_the_seed()
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


def test_a_checked_message_waits_for_the_receipt_of_its_own_number() -> None:
    feiq, host = client(
        ("C", b"1:1238605487:klaus:whoever_pc:288:hi\0"),
        ("S", b"1:8:bob:pc:33:999\0"),
        ("S", b"1:9:bob:pc:33:1238605487\0"),
    )
    receipt = feiq.say("hi", check=True)
    assert receipt is not None
    assert receipt.packet.packet_no == b"9"
    assert len(feiq.seen) == 2
    assert host.all_said()


def test_text_goes_out_in_utf8_with_its_flag_and_in_gbk_without() -> None:
    feiq, host = client(
        ("C", b"1:1238605487:klaus:whoever_pc:8388640:\xe4\xbd\xa0\xe5\xa5\xbd\0"),
        ("C", b"1:1238605488:klaus:whoever_pc:32:\xc4\xe3\xba\xc3\0"),
    )
    feiq.say("你好", utf8=True)
    feiq.say("你好")
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


def test_text_that_the_encoding_lacks_is_refused_and_never_replaced() -> None:
    feiq, _ = client()
    with pytest.raises(BuildError, match="characters that gbk has"):
        feiq.say("🙂")


def test_who_enters_while_we_wait_is_answered() -> None:
    feiq, host = client(
        ("C", b"1:1238605487:klaus:whoever_pc:288:hi\0"),
        ("S", b"1:8:bob:pc:1:Bob\0\0"),
        ("S", b"1:9:bob:pc:33:1238605487\0"),
        ("C", b"1:1238605488:klaus:whoever_pc:3:klaus\0\0"),
    )
    feiq.say("hi", check=True)
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


def test_a_message_that_asks_for_a_receipt_gets_it() -> None:
    feiq, host = client(
        ("C", ENTRY),
        ("S", ANSENTRY),
        ("S", b"1:77:bob:pc:288:hello\0"),
        ("C", b"1:1238605488:klaus:whoever_pc:33:77\0"),
    )
    feiq.enter()
    assert feiq.wait_for_message().packet.text == b"hello"
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


def test_an_automatic_message_gets_no_receipt() -> None:
    # 8480 is SENDMSG|SENDCHECKOPT|AUTORETOPT: two that answer each other automatically would never stop.
    feiq, host = client(("C", ENTRY), ("S", ANSENTRY), ("S", b"1:77:bob:pc:8480:away\0"))
    feiq.enter()
    feiq.wait_for_message()
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


def test_a_receipt_from_another_host_is_not_the_peers() -> None:
    feiq, host = client(("C", b"1:1238605487:klaus:whoever_pc:288:hi\0"))
    forged = Envelope(HOST_MAC, STATION_MAC, STRANGER4, STATION4, 2425, 2425)
    host.link.send(bytes(frames.udp(forged, b"1:9:bob:pc:33:1238605487\0")))
    with pytest.raises(NoAnswer, match="no RECVMSG"):
        feiq.say("hi", check=True)
    assert feiq.seen == []


def test_silence_and_malformed_answers_are_named() -> None:
    feiq, _ = client(("C", ENTRY))
    with pytest.raises(NoAnswer, match=r"no ANSENTRY from 10.77.0.1 port 2425 to FeiQ BR_ENTRY .* within 5 s"):
        feiq.enter()
    feiq, _ = client(("C", ENTRY), ("S", b"hello"))
    with pytest.raises(Unexpected, match="malformed bytes: FeiQ: version: no colon after it"):
        feiq.enter()


def test_a_name_that_would_shift_the_fields_is_refused() -> None:
    host = Host()
    with pytest.raises(BuildError, match="user"):
        FeiQClient(host.station.udp(2425), HOST4, user="a:b")
