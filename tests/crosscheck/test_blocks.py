"""Block numbers, each judged by the one before it: 256, 512, 768 is 1, 2, 3 from a little-endian sender."""

from __future__ import annotations

import struct

from lab.crosscheck.blocks import Transfers
from lab.crosscheck.finding import Finding
from lab.wire.flows import Flows
from lab.wire.frame import dissect
from tests.crosscheck.frames import ACK_0, ACK_1, DATA_1, ERROR, OACK, READ_REQUEST, STRANGER, changed


def data(block: int) -> bytes:
    return changed(DATA_1, 44, struct.pack(">H", block))


def ack(block: int) -> bytes:
    return changed(ACK_0, 44, struct.pack(">H", block))


class Watcher:
    """Transfers, and the ports that the reference reading learns on the way."""

    def __init__(self, *frames: bytes) -> None:
        self.transfers, self.flows, self.frames = Transfers(), Flows(), 0
        for frame in frames:
            assert self.look(frame) == []

    def look(self, frame: bytes) -> list[Finding]:
        self.frames += 1
        return self.transfers.look(self.frames, dissect(frame, flows=self.flows))


def judged(*frames: bytes) -> list[tuple[int, str, str]]:
    watcher = Watcher(READ_REQUEST, OACK, ACK_0)
    return [(f.frame, f.severity, f.sentence) for frame in frames for f in watcher.look(frame)]


def test_counting_up_is_in_order() -> None:
    assert judged(data(1), ack(1), data(2), ack(2), data(3)) == []


def test_a_repeated_block_and_a_lost_one_are_in_order() -> None:
    assert judged(data(1), data(1), data(3), ack(1), data(2)) == []


def test_counting_goes_on_over_the_wrap() -> None:
    watcher = Watcher(READ_REQUEST, OACK, ACK_0)
    assert [f for block in (*range(0, 65536, 60), 0, 1) for f in watcher.look(data(block))] == []


def test_a_sender_that_steps_by_256_is_little_endian_in_every_block() -> None:
    found = judged(data(0x0100), data(0x0200), data(0x0300))
    assert [(frame, severity) for frame, severity, _ in found] == [(4, "wrong"), (5, "wrong"), (6, "wrong")]
    assert found[1][2] == (
        "512 after 1: it does not follow, 2 does, which is the same with its bytes swapped: sent little-endian"
    )


def test_one_swapped_acknowledgment_is_found_among_right_ones() -> None:
    assert [frame for frame, _, _ in judged(data(1), ack(0x0100), data(2), ack(2))] == [5]


def test_a_jump_that_no_byte_order_explains_is_a_remark() -> None:
    assert [(frame, severity) for frame, severity, _ in judged(data(0x1234))] == [(4, "remark")]


def test_a_stranger_is_not_judged_by_the_transfer_it_breaks_into() -> None:
    watcher = Watcher(READ_REQUEST, OACK, ACK_0)
    assert (watcher.transfers.stranger, watcher.transfers.unasked) == (False, False)
    assert watcher.look(changed(STRANGER, 44, b"\7\7")) == []
    assert watcher.transfers.stranger
    assert watcher.look(data(1)) == []
    assert not watcher.transfers.stranger


def test_who_speaks_to_a_servers_transfer_port_is_a_stranger_and_so_is_whom_it_answers() -> None:
    watcher = Watcher(READ_REQUEST, OACK, ACK_0)
    stranger = b"\x0a\x4d\0\3"
    for frame in (changed(ACK_1, 26, stranger), changed(ERROR, 30, stranger)):
        watcher.look(frame)
        assert (watcher.transfers.stranger, watcher.transfers.unasked) == (True, False)


def test_a_block_without_a_request_before_it_is_nobodys() -> None:
    watcher = Watcher(changed(DATA_1, 34, b"\0\x45"))
    assert watcher.transfers.unasked


def test_a_request_that_arrived_twice_has_two_servers_and_each_counts_for_itself() -> None:
    watcher = Watcher(READ_REQUEST, OACK, ACK_0, data(1), ack(1), data(2))
    other = changed(data(0x0100), 34, b"\xc3\x52")
    assert [(f.severity, f.field) for f in watcher.look(other)] == [("wrong", "tftp.block")]
    assert watcher.transfers.stranger
    assert watcher.look(ack(2)) == []


def test_a_window_of_thousands_hides_no_swapped_block() -> None:
    wide = changed(changed(changed(OACK, 16, b"\0\x2e"), 38, b"\0\x1a"), 44, b"windowsize\x009999\x00")
    watcher = Watcher(READ_REQUEST, wide, ACK_0, data(1), data(2))
    assert [f.severity for f in watcher.look(data(0x0300))] == ["wrong"]
    assert watcher.look(data(4)) == []
    assert watcher.look(data(0x0102)) == []
