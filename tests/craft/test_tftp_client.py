"""The crafted TFTP loops against packet diagrams on a virtual clock: what is sent, when, and what ends a transfer."""

from __future__ import annotations

import pytest

from lab.craft import tftp_client
from lab.craft.error import NoAnswer, PeerError, Unexpected
from lab.craft.tftp_exchange import Faults, Transfer
from tests.craft.stage import HOST4, HOST6, TID, Host, Line

RRQ = b"\0\x01f\0octet\0"
WRQ = b"\0\x02f\0octet\0"
REFUSED = b"\0\x05\0\x08option not acceptable\0"
UNKNOWN = b"\0\x05\0\x05unknown transfer ID\0"
EIGHT = {"blksize": 8}
RRQ_8 = RRQ + b"blksize\x008\0"
WRQ_8 = WRQ + b"blksize\x008\0"
OACK_8 = b"\0\x06blksize\x008\0"


def ack(block: int) -> bytes:
    return b"\0\x04" + bytes((block >> 8, block & 255))


def data(block: int, content: bytes) -> bytes:
    return b"\0\x03" + bytes((block >> 8, block & 255)) + content


def read(
    script: list[Line], server: str = HOST4, faults: Faults | None = None, **more: object
) -> tuple[Transfer, Host]:
    host = Host(script)
    transfer = tftp_client.read(host.station.udp(50000), server, "f", faults=faults or Faults(), **more)  # type: ignore[arg-type]
    return transfer, host


def write(content: bytes, script: list[Line], faults: Faults | None = None, **more: object) -> tuple[Transfer, Host]:
    host = Host(script)
    transfer = tftp_client.write(host.station.udp(50000), HOST4, "f", content, faults=faults or Faults(), **more)  # type: ignore[arg-type]
    return transfer, host


@pytest.mark.parametrize("server", [HOST4, HOST6])
def test_a_file_is_read_block_by_block(server: str) -> None:
    transfer, host = read(
        [
            ("C", RRQ),
            ("S", data(1, bytes(512))),
            ("C", ack(1)),
            ("S", data(2, b"end")),
            ("C", ack(2)),
        ],
        server,
    )
    assert transfer.data == bytes(512) + b"end"
    assert (transfer.blocks, transfer.sent_again, transfer.timeouts, transfer.server_port) == (2, 0, 0, TID)
    assert host.all_said()


def test_a_file_of_whole_blocks_ends_with_an_empty_one() -> None:
    transfer, _ = read(
        [("C", RRQ_8), ("S", OACK_8), ("C", ack(0)), ("S", data(1, b"12345678")), ("C", ack(1)), ("S", data(2, b"")),
         ("C", ack(2))],
        options=EIGHT,
    )  # fmt: skip
    assert (transfer.data, transfer.granted) == (b"12345678", {"blksize": 8})
    assert transfer.sha256 == "ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c5ed7a898a64f"


def test_a_server_without_options_is_followed_all_the_same() -> None:
    transfer, _ = read([("C", RRQ_8), ("S", data(1, bytes(100))), ("C", ack(1))], options=EIGHT)
    assert (len(transfer.data), transfer.granted) == (100, {})


def test_a_window_is_acknowledged_once_at_its_end() -> None:
    asked = {"blksize": 8, "windowsize": 3}
    transfer, host = read(
        [
            ("C", RRQ_8 + b"windowsize\x003\0"),
            ("S", OACK_8 + b"windowsize\x003\0"),
            ("C", ack(0)),
            ("S", data(1, b"11111111")),
            ("S", data(2, b"22222222")),
            ("S", data(3, b"33333333")),
            ("C", ack(3)),
            ("S", data(4, b"4")),
            ("C", ack(4)),
        ],
        options=asked,
    )
    assert transfer.blocks == 4
    assert host.all_said()


def test_a_gap_in_a_window_is_told_once() -> None:
    asked = {"blksize": 8, "windowsize": 4}
    transfer, host = read(
        [
            ("C", RRQ_8 + b"windowsize\x004\0"),
            ("S", OACK_8 + b"windowsize\x004\0"),
            ("C", ack(0)),
            ("S", data(1, b"11111111")),
            ("S", data(3, b"33333333")),
            ("S", data(4, b"44444444")),
            ("C", ack(1)),
            ("S", data(2, b"22222222")),
            ("S", data(3, b"33333333")),
            ("S", data(4, b"")),
            ("C", ack(4)),
        ],
        options=asked,
    )
    assert transfer.data == b"111111112222222233333333"
    assert host.all_said()


def test_a_repeated_window_draws_no_second_acknowledgement() -> None:
    asked = {"blksize": 8, "windowsize": 2}
    window: list[Line] = [("S", data(1, b"11111111")), ("S", data(2, b"22222222"))]
    transfer, _ = read(
        [("C", RRQ_8 + b"windowsize\x002\0"), ("S", OACK_8 + b"windowsize\x002\0"), ("C", ack(0)), *window, *window,
         ("C", ack(2)), ("S", data(3, b"")), ("C", ack(3))],
        options=asked,
    )  # fmt: skip
    assert transfer.received_again == 2


def test_after_a_time_out_the_last_ack_is_sent_again() -> None:
    transfer, _ = read(
        [("C", RRQ), ("S", data(1, bytes(512))), ("C", ack(1)), ("C", ack(1)), ("S", data(2, b"x")), ("C", ack(2))]
    )
    assert (transfer.timeouts, transfer.sent_again) == (1, 1)
    assert 1.0 <= transfer.seconds < 1.1


def test_a_block_comes_again_when_our_ack_was_lost_and_is_acknowledged_again() -> None:
    transfer, _ = read(
        [
            ("C", RRQ), ("S", data(1, bytes(512))), ("C", ack(1)), ("S", data(1, bytes(512))), ("C", ack(1)),
            ("S", data(2, b"x")), ("C", ack(2)),
        ],
    )  # fmt: skip
    assert (transfer.data, transfer.received_again) == (bytes(512) + b"x", 1)


def test_the_last_block_is_acknowledged_again_while_dallying() -> None:
    transfer, host = read([("C", RRQ), ("S", data(1, b"x")), ("C", ack(1)), ("S", data(1, b"x")), ("C", ack(1))])
    assert transfer.received_again == 1
    assert host.all_said()


def test_a_lost_block_is_waited_for_and_counted() -> None:
    transfer, _ = read(
        [
            ("C", RRQ), ("S", data(1, bytes(512))), ("C", ack(1)), ("S", data(2, b"x")),
            ("C", ack(1)), ("S", data(2, b"x")), ("C", ack(2)),
        ],
        faults=Faults(lose=frozenset({2})),
    )  # fmt: skip
    assert (transfer.data, transfer.lost, transfer.timeouts) == (bytes(512) + b"x", 1, 1)


def test_a_duplicated_block_is_acknowledged_twice() -> None:
    transfer, host = read(
        [("C", RRQ), ("S", data(1, bytes(512))), ("C", ack(1)), ("C", ack(1)), ("S", data(2, b"x")), ("C", ack(2))],
        faults=Faults(duplicate=frozenset({1})),
    )
    assert (transfer.sent_again, transfer.timeouts) == (1, 0)
    assert host.all_said()


def test_a_stranger_is_told_error_5_and_the_transfer_goes_on() -> None:
    host = Host([("C", RRQ), ("S", data(1, b"x")), ("C", ack(1))], strangers=[("C", ack(1)), ("S", UNKNOWN)])
    faults = Faults(stranger_at=1, stranger=host.stranger.udp(60000))
    transfer = tftp_client.read(host.station.udp(50000), HOST4, "f", faults=faults)
    assert (transfer.data, transfer.stranger_told) == (b"x", 5)
    assert host.all_said()


def test_a_packet_from_another_port_is_refused_with_error_5() -> None:
    transfer, host = read(
        [
            ("C", RRQ),
            ("S", data(1, bytes(512))),
            ("S", data(1, b"forged"), 40001),
            ("C", ack(1)),
            ("C", UNKNOWN),
            ("S", data(2, b"x")),
            ("C", ack(2)),
        ]
    )
    assert transfer.data == bytes(512) + b"x"
    assert host.all_said()


def test_block_numbers_wrap_to_zero() -> None:
    """The reader is put just before the wrap, instead of being taken through 65,535 exchanges."""
    host = Host(
        [
            ("C", ack(65534)),
            ("S", data(65535, b"12345678")),
            ("C", b"\0\x04\xff\xff"),
            ("S", b"\0\x03\0\0" + b"12345678"),
            ("C", b"\0\x04\0\0"),
            ("S", b"\0\x03\0\x01x"),
            ("C", b"\0\x04\0\x01"),
        ]
    )
    talk = tftp_client.Conversation(host.station.udp(50000), HOST4, Faults(), 1.0, 3, server_port=TID)
    reader = tftp_client._Reader(talk, 8, 1, with_oack=False, pieces=[b"12345678"] * 65534)
    talk.arm()
    reader.ask_again()
    while not reader.done:
        heard = talk.hear()
        assert heard is not None
        reader.take(*heard)
    assert len(reader.pieces) == 65537
    host.wire.run_until(host.wire.now_ns() + 10_000)
    assert host.all_said()


@pytest.mark.parametrize(
    "oack",
    [
        b"\0\x06blksize\x009\0",
        b"\0\x06blksize\x007\0",
        b"\0\x06blksize\x00eight\0",
        b"\0\x06windowsize\x001\0",
        b"\0\x06blksize\x008\0blksize\x008\0",
    ],
)
def test_an_oack_that_grants_what_was_not_asked_is_refused_with_error_8(oack: bytes) -> None:
    with pytest.raises(Unexpected, match="granted") as caught:
        read([("C", RRQ_8), ("S", oack), ("C", REFUSED)], options=EIGHT)
    assert oack in caught.value.frame


@pytest.mark.parametrize(
    ("name", "asked", "granted"),
    [("timeout", 2, 1), ("timeout", 2, 3), ("windowsize", 4, 5), ("windowsize", 4, 0), ("blksize", 8, 16)],
)
def test_a_value_that_the_option_does_not_allow_is_refused(name: str, asked: int, granted: int) -> None:
    request = RRQ + f"{name}\0{asked}\0".encode()
    with pytest.raises(Unexpected, match=f"granted {name}={granted} where {asked} was asked"):
        read([("C", request), ("S", f"\0\6{name}\0{granted}\0".encode()), ("C", REFUSED)], options={name: asked})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ack(0), "sent TFTP ACK 0"),
        (b"\0\x06", "wanted an answer without options"),
        (b"\0\x03\0", "malformed bytes: TFTP: block"),
        (data(1, bytes(513)), "at most 512 bytes"),
    ],
)
def test_what_has_no_place_ends_the_read_and_is_named(answer: bytes, words: str) -> None:
    with pytest.raises(Unexpected, match=words) as caught:
        read([("C", RRQ), ("S", answer)])
    assert answer in caught.value.frame


def test_the_servers_error_ends_it_with_code_and_words() -> None:
    with pytest.raises(PeerError, match=r"ERROR 1 b'gone'") as caught:
        read([("C", RRQ), ("S", b"\0\x05\0\x01gone\0")])
    assert (caught.value.code, caught.value.text) == (1, b"gone")


def test_a_server_that_never_answers_is_asked_five_times() -> None:
    with pytest.raises(NoAnswer, match=r"did not answer TFTP RRQ b'f' b'octet' \(5 times, 1 s each\)"):
        read([("C", RRQ)] * 5)


def test_a_server_that_falls_silent_is_given_up() -> None:
    with pytest.raises(NoAnswer, match=r"no DATA 2 from 10.77.0.1 port 40000 after 5 time-outs"):
        read([("C", RRQ), ("S", data(1, bytes(512)))] + [("C", ack(1))] * 5)


def test_time_outs_count_from_the_last_progress() -> None:
    transfer, host = read(
        [
            ("C", RRQ), ("S", data(1, bytes(512))), ("C", ack(1)),
            ("C", ack(1)), ("S", data(2, bytes(512))), ("C", ack(2)),
            ("C", ack(2)), ("S", data(3, b"x")), ("C", ack(3)),
        ],
        attempts=2,
    )  # fmt: skip
    assert (transfer.blocks, transfer.timeouts) == (3, 2)
    assert host.all_said()


def test_a_file_is_written_block_by_block() -> None:
    transfer, host = write(
        b"12345678x",
        [("C", WRQ_8), ("S", OACK_8), ("C", data(1, b"12345678")), ("S", ack(1)), ("C", data(2, b"x")), ("S", ack(2))],
        options=EIGHT,
    )
    assert (transfer.blocks, transfer.sent_again) == (2, 0)
    assert host.all_said()


def test_a_write_of_whole_blocks_ends_with_an_empty_one() -> None:
    _, host = write(
        bytes(512),
        [("C", WRQ), ("S", ack(0)), ("C", data(1, bytes(512))), ("S", ack(1)), ("C", data(2, b"")), ("S", ack(2))],
    )
    assert host.all_said()


def test_a_late_ack_does_not_make_the_writer_repeat_itself() -> None:
    transfer, host = write(
        bytes(512) + b"x",
        [
            ("C", WRQ), ("S", ack(0)), ("C", data(1, bytes(512))), ("S", ack(1)), ("S", ack(1)), ("S", ack(0)),
            ("C", data(2, b"x")), ("S", ack(1)), ("S", ack(2)),
        ],
    )  # fmt: skip
    assert (transfer.sent_again, transfer.received_again) == (0, 3)
    assert host.all_said()


def test_a_written_window_is_sent_whole_and_restarts_after_the_last_block_acknowledged() -> None:
    asked = {"blksize": 8, "windowsize": 3}
    _, host = write(
        b"111111112222222233333333",
        [
            ("C", WRQ_8 + b"windowsize\x003\0"),
            ("S", OACK_8 + b"windowsize\x003\0"),
            ("C", data(1, b"11111111")),
            ("C", data(2, b"22222222")),
            ("C", data(3, b"33333333")),
            ("S", ack(1)),
            ("C", data(2, b"22222222")),
            ("C", data(3, b"33333333")),
            ("C", data(4, b"")),
            ("S", ack(4)),
        ],
        options=asked,
    )
    assert host.all_said()


def test_a_window_without_its_first_block_is_sent_again_once() -> None:
    window = [("C", data(2, b"22222222")), ("C", data(3, b"33333333")), ("C", data(4, b""))]
    transfer, host = write(
        b"111111112222222233333333",
        [
            ("C", WRQ_8 + b"windowsize\x003\0"),
            ("S", OACK_8 + b"windowsize\x003\0"),
            ("C", data(1, b"11111111")),
            *window[:2],
            ("S", ack(1)),
            *window,
            ("S", ack(1)),
            *window,
            ("S", ack(1)),
            ("S", ack(4)),
        ],
        options={"blksize": 8, "windowsize": 3},
    )
    host.wire.run_until(host.wire.now_ns() + 10_000)  # What went out too often would reach the host now.
    assert host.all_said()
    assert transfer.received_again == 2


def test_a_block_that_is_lost_is_not_sent_until_the_time_out() -> None:
    transfer, host = write(
        bytes(512) + b"x",
        [("C", WRQ), ("S", ack(0)), ("C", data(1, bytes(512))), ("S", ack(1)), ("C", data(2, b"x")), ("S", ack(2))],
        faults=Faults(lose=frozenset({2})),
    )
    assert (transfer.lost, transfer.timeouts) == (1, 1)
    assert host.all_said()


def test_a_write_that_is_never_acknowledged_is_given_up() -> None:
    with pytest.raises(NoAnswer, match="no ACK 1 from"):
        write(b"x", [("C", WRQ), ("S", ack(0))] + [("C", data(1, b"x"))] * 5)


def test_a_flood_of_useless_packets_does_not_go_on_for_ever() -> None:
    with pytest.raises((NoAnswer, Unexpected)):
        write(
            b"x", [("C", WRQ), ("S", ack(0)), ("C", data(1, b"x"))] + [("S", ack(9))] * 20 + [("C", data(1, b"x"))] * 4
        )
