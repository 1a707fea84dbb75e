"""From frames to a ladder: lanes, labels, marks, folds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.report.ladder import ladder
from lab.report.model import Event, Fold, Kind, Ladder, Step
from lab.report.terminal import ladder_lines, plain

STATION, KERNEL, STRANGER = "10.77.0.2", "10.77.0.1", "10.77.0.3"
RRQ = b"\0\1boot.img\0octet\0"


def data(block: int, payload: bytes) -> bytes:
    return b"\0\3" + block.to_bytes(2, "big") + payload


def ack(block: int) -> bytes:
    return b"\0\4" + block.to_bytes(2, "big")


def events(drawn: Ladder) -> list[Event]:
    return [row for row in drawn.rows if isinstance(row, Event)]


def test_the_asking_side_stands_left_and_is_called_client(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    tape.add(KERNEL, 40312, STATION, 50123, data(1, b"short"))
    tape.add(STATION, 50123, KERNEL, 40312, ack(1))
    drawn = ladder(tape.records)
    assert [(p.name, p.addresses) for p in drawn.participants] == [("client", (STATION,)), ("server", (KERNEL,))]
    assert [(e.source, e.target, e.label, e.kind) for e in events(drawn)] == [
        (0, 1, 'RRQ "boot.img" octet', Kind.REQUEST),
        (1, 0, "DATA 1 (5 bytes)", Kind.DATA),
        (0, 1, "ACK 1", Kind.ACK),
    ]
    assert [e.marks for e in events(drawn)] == [(":50123 → :69",), (":40312 → :50123",), ()]


def test_names_given_take_the_place_of_addresses_as_titles(tape: Any) -> None:
    tape.add(STATION, 5000, KERNEL, 7, b"hello")
    drawn = ladder(tape.records, names={STATION: "station", KERNEL: "kernel"})
    assert [p.name for p in drawn.participants] == ["station", "kernel"]
    assert events(drawn)[0].label == 'echo "hello" (5 bytes)'


def test_a_strangers_packet_is_marked_and_has_the_third_lane(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    tape.add(KERNEL, 40312, STATION, 50123, data(1, b"a" * 512))
    tape.add(STRANGER, 4444, STATION, 50123, data(2, b"evil"))
    tape.add(STATION, 50123, STRANGER, 4444, b"\0\5\0\5Unknown transfer ID\0")
    tape.add(STATION, 50123, KERNEL, 40312, ack(1))
    drawn = ladder(tape.records)
    assert [p.addresses for p in drawn.participants] == [(STATION,), (KERNEL,), (STRANGER,)]
    assert ["stranger" in e.marks for e in events(drawn)] == [False, False, True, True, False]
    assert events(drawn)[3].label == 'ERROR 5 "Unknown transfer ID"'


def test_a_stranger_who_speaks_to_the_servers_tid_is_one_too_and_his_packet_is_read(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    tape.add(KERNEL, 40312, STATION, 50123, data(1, b"a" * 512))
    tape.add(STRANGER, 4444, KERNEL, 40312, ack(1))
    tape.add(KERNEL, 40312, STRANGER, 4444, b"\0\5\0\5Unknown transfer ID\0")
    tape.add(STRANGER, 4444, KERNEL, 40312, b"no TFTP at all")
    tape.add(STATION, 50123, KERNEL, 40312, ack(1))
    drawn = events(ladder(tape.records))
    assert [e.label for e in drawn][2:5] == [
        "ACK 1",
        'ERROR 5 "Unknown transfer ID"',
        "malformed TFTP",
    ]
    assert ["stranger" in e.marks for e in drawn] == [False, False, True, True, False, False]


def test_a_server_that_answers_all_its_clients_from_one_port_knows_no_strangers(tape: Any) -> None:
    for client in (STATION, STRANGER):
        tape.add(client, 50123, KERNEL, 69, RRQ)
    for client in (STATION, STRANGER):
        tape.add(KERNEL, 69, client, 50123, data(1, b"a" * 512))
        tape.add(client, 50123, KERNEL, 69, ack(1))
    assert not any("stranger" in e.marks for e in events(ladder(tape.records)))


def test_on_loopback_client_server_and_stranger_stand_apart_though_they_share_an_address(tape: Any) -> None:
    tape.add("127.0.0.1", 50123, "127.0.0.1", 69, RRQ)
    tape.add("127.0.0.1", 40312, "127.0.0.1", 50123, data(1, b"a" * 512))
    tape.add("127.0.0.1", 4444, "127.0.0.1", 50123, data(1, b"evil"))
    tape.add("127.0.0.1", 50123, "127.0.0.1", 40312, ack(1))
    drawn = ladder(tape.records)
    assert [p.name for p in drawn.participants] == ["client", "server", "stranger"]
    assert [(e.source, e.target) for e in events(drawn)] == [(0, 1), (1, 0), (2, 0), (0, 1)]


def test_a_packet_sent_again_and_a_frame_doubled_by_the_wire_are_told_apart(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    tape.add(KERNEL, 40312, STATION, 50123, data(1, b"a" * 512))
    again = bytearray(tape.records[-1].data)
    again[18:20], again[24:26] = b"\0\2", (int.from_bytes(again[24:26], "big") - 1).to_bytes(2, "big")  # IP id + 1
    tape.copy()
    tape.raw(bytes(again))
    assert [e.marks for e in events(ladder(tape.records))][2:] == [("copy of 2",), ("repeat of 2",)]


def test_the_same_bytes_long_after_are_no_repeat_because_block_numbers_come_round(
    tape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.report.ladder._REMEMBERED", 20)
    tape.add(KERNEL, 69, STATION, 50123, data(7, b"zeros"))
    for block in range(20):
        tape.add(KERNEL, 69, STATION, 50123, data(100 + block, b"more"))
    tape.add(KERNEL, 69, STATION, 50123, data(7, b"zeros"))
    assert events(ladder(tape.records, folded=False))[-1].marks == ()
    assert events(ladder(tape.records[1:], folded=False))[-1].marks == ()
    assert events(ladder([tape.records[0], tape.records[-1]], folded=False))[-1].marks == ("copy of 1",)


def test_a_wrong_checksum_and_a_malformed_packet_are_marked(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    broken = bytearray(tape.records[-1].data)
    broken[24] ^= 0xFF
    tape.raw(bytes(broken))
    tape.add(STATION, 50124, KERNEL, 69, b"\0\1boot.img\0octet")
    marks = [e.marks for e in events(ladder(tape.records))]
    assert "✗ ipv4.header_checksum" in marks[1]
    assert "✗ tftp.mode" in marks[2]
    assert events(ladder(tape.records))[2].label == "malformed RRQ"


def test_a_comment_opens_a_step_once(tape: Any) -> None:
    tape.step = b"a read"
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    tape.add(KERNEL, 40312, STATION, 50123, data(1, b"short"))
    tape.step = b"an echo"
    tape.add(STATION, 5000, KERNEL, 7, b"x")
    assert [row.title for row in ladder(tape.records).rows if isinstance(row, Step)] == ["a read", "an echo"]


def test_regular_windows_fold_and_the_folded_frames_stay_in_the_model(tape: Any) -> None:
    tape.add(STATION, 50123, KERNEL, 69, RRQ)
    for window in range(60):
        for place in range(4):
            tape.add(KERNEL, 40312, STATION, 50123, data(window * 4 + place + 1, bytes([window]) * 512))
        tape.add(STATION, 50123, KERNEL, 40312, ack(window * 4 + 4))
    drawn = ladder(tape.records)
    folds = [row for row in drawn.rows if isinstance(row, Fold)]
    assert [fold.text for fold in folds] == ["… 58 more windows of 4 blocks: frames 7–296 …"]
    assert len(events(drawn)) + len(folds[0].events) == len(tape.records)
    assert [e.number for e in folds[0].events] == list(range(7, 297))


@pytest.mark.parametrize(
    ("pause_ms", "told"), [(99, ""), (100, ", longest pause 100 ms"), (2500, ", longest pause 2500 ms")]
)
def test_a_pause_that_a_fold_hides_is_told(tape: Any, pause_ms: int, told: str) -> None:
    for block in range(1, 9):
        tape.add(KERNEL, 40312, STATION, 69, data(block, bytes([block]) * 512))
        tape.add(STATION, 69, KERNEL, 40312, ack(block))
    # Frames come one a millisecond; those from the ninth on come later.
    late = [replace(r, time_ns=r.time_ns + (pause_ms - 1) * 1_000_000) for r in tape.records[8:]]
    (fold,) = [row for row in ladder([*tape.records[:8], *late]).rows if isinstance(row, Fold)]
    assert fold.text == f"… 5 more blocks, each acknowledged: frames 5–14{told} …"


def test_a_lock_step_transfer_folds_over_the_wrap_of_its_block_numbers(tape: Any) -> None:
    for block in [65533, 65534, 65535, 0, 1, 2, 3, 4]:
        tape.add(KERNEL, 40312, STATION, 69, data(block, bytes([block & 0xFF]) * 512))
        tape.add(STATION, 69, KERNEL, 40312, ack(block))
    folds = [row.text for row in ladder(tape.records).rows if isinstance(row, Fold)]
    assert folds == ["… 5 more blocks, each acknowledged: frames 5–14 …"]


def test_a_repeat_in_the_middle_of_a_regular_stretch_stays_in_sight(tape: Any) -> None:
    for block in range(1, 41):
        tape.add(KERNEL, 40312, STATION, 69, data(block, bytes([block]) * 512))
        tape.add(STATION, 69, KERNEL, 40312, ack(block))
        if block == 20:
            tape.copy()
    drawn = ladder(tape.records)
    assert [e.number for e in events(drawn) if "copy of 40" in e.marks] == [41]


def test_a_frame_of_an_unknown_link_type_is_shown_and_not_guessed(tape: Any) -> None:
    tape.raw(b"\x01\x02\x03", link_type=147)
    drawn = ladder(tape.records)
    assert events(drawn)[0].label == "3 bytes of link type 147"


def test_an_empty_capture_has_an_empty_ladder() -> None:
    assert plain(ladder_lines(ladder([]), 80)) == "frame    ms  nobody   everybody\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"\x1b]8;;http://x\x1b\\y", r"\x1b]8;;http://x\x1b\\y"),
        ("a\u202eb".encode(), r"a\u202eb"),
        (b"[link=http://x]y[/link]", "[link=http://x]y[/link]"),
        (b"[red]r\r\n", r"[red]r\x0d\x0a"),
    ],
)
def test_a_hostile_file_name_reaches_no_line_as_it_was(tape: Any, name: bytes, shown: str) -> None:
    tape.step = b"step \x1b[2J" + name
    tape.add(STATION, 50123, KERNEL, 69, b"\0\1" + name + b"\0octet\0")
    text = plain(ladder_lines(ladder(tape.records, title=name.decode()), 120))
    assert all(line.isprintable() for line in text.splitlines())
    assert shown.replace("\\\\", "\\") in text


def test_two_families_behind_one_mac_are_one_host_and_a_routers_many_addresses_are_many(tape: Any) -> None:
    echo_over_ipv6 = bytes.fromhex(
        "024c41420001024c41420002 86dd 6000000000091140 fd770000000000000000000000000002"
        "fd770000000000000000000000000001 1388000700090000 78"
    )
    tape.add(STATION, 5000, KERNEL, 7, b"x")
    tape.raw(echo_over_ipv6)
    drawn = ladder(tape.records)
    assert [p.addresses for p in drawn.participants] == [(STATION, "fd77::2"), (KERNEL, "fd77::1")]
    another = echo_over_ipv6.replace(
        bytes.fromhex("fd770000000000000000000000000001"), b"\x20\x01" + b"\0" * 13 + b"\x09"
    )
    tape.raw(another)
    drawn = ladder(tape.records)
    assert [p.addresses for p in drawn.participants] == [
        (STATION, "fd77::2"),
        (KERNEL,),
        ("fd77::1",),
        ("2001::9",),
    ]


def test_blocks_of_changing_size_are_no_regular_stretch(tape: Any) -> None:
    for block in range(1, 13):
        tape.add(KERNEL, 40312, STATION, 69, data(block, bytes([block]) * (400 + block)))
        tape.add(STATION, 69, KERNEL, 40312, ack(block))
    folds = [row.text for row in ladder(tape.records).rows if isinstance(row, Fold)]
    assert folds == ["… 10 more DATA and 10 more ACK, in uneven step: frames 3–22 …"]


def test_some_peers_count_from_65535_to_1_and_their_windows_fold_too(tape: Any) -> None:
    for block in [65533, 65534, 65535, 1, 2, 3, 4]:
        tape.add(KERNEL, 40312, STATION, 69, data(block, bytes([block & 0xFF]) * 512))
        tape.add(STATION, 69, KERNEL, 40312, ack(block))
    folds = [row.text for row in ladder(tape.records).rows if isinstance(row, Fold)]
    assert folds == ["… 4 more blocks, each acknowledged: frames 5–12 …"]


def test_an_icmp_error_on_loopback_goes_back_to_the_lane_that_asked(tape: Any) -> None:
    tape.add("127.0.0.1", 50123, "127.0.0.1", 9, b"x")
    asked = tape.records[-1].data
    quoted = asked[14:]
    ip = bytes.fromhex("45000039 00020000 40010000 7f000001 7f000001")
    tape.raw(asked[:14] + ip + b"\x03\x03\0\0\0\0\0\0" + quoted)
    last = events(ladder(tape.records))[1]
    assert (last.label, last.kind, last.source, last.target) == ("ICMP port unreachable", Kind.ERROR, 1, 0)


def test_a_short_block_inside_a_window_breaks_the_regular_stretch(tape: Any) -> None:
    for window in range(8):
        for place, size in enumerate((512, 300)):
            tape.add(KERNEL, 40312, STATION, 69, data(window * 2 + place + 1, bytes([window]) * size))
        tape.add(STATION, 69, KERNEL, 40312, ack(window * 2 + 2))
    assert not [row for row in ladder(tape.records).rows if isinstance(row, Fold) and "windows" in row.text]
