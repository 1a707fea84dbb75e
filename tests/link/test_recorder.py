"""The recorder shows what the wire carries: every frame, once, whole, with checksums as hardware would fill them in."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.link.recorder import Recorder
from tests.conftest import Need

Scene = Callable[[str], Any]

SENT = bytes(range(250)) * 10 + b"the end"
"""What the scenes send in segments of 500 bytes: five full ones and one of seven bytes."""


def summed(data: bytes) -> int:
    """RFC 1071 word by word: 0xffff when the checksum in `data` is right."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def udp_payload(frame: bytes) -> bytes:
    """The payload of an Ethernet frame with UDP, every length and checksum of which is right."""
    if frame[12:14] == b"\x08\x00":
        packet, transport = frame[14:], frame[34:]
        assert summed(packet[:20]) == 0xFFFF
        assert int.from_bytes(packet[2:4], "big") == len(packet)
        pseudo = packet[12:20]
    else:
        packet, transport = frame[14:], frame[54:]
        assert int.from_bytes(packet[4:6], "big") == len(packet) - 40
        pseudo = packet[8:40]
    assert int.from_bytes(transport[4:6], "big") == len(transport)
    assert summed(pseudo + struct.pack("!HH", 17, len(transport)) + transport) == 0xFFFF
    return transport[8:]


def udp_frames(recorded: list[list[Any]]) -> tuple[list[bytes], list[bytes]]:
    """The UDP frames, IPv4 and IPv6."""
    frames = [bytes.fromhex(frame) for _, frame in recorded]
    v4 = [frame for frame in frames if frame[12:14] == b"\x08\x00" and frame[23] == 17]
    v6 = [frame for frame in frames if frame[12:14] == b"\x86\xdd" and frame[20] == 17]
    return v4, v6


def assert_segments(recorded: list[list[Any]]) -> None:
    v4, v6 = udp_frames(recorded)
    for frames in (v4, v6):
        payloads = [udp_payload(frame) for frame in frames]
        assert [len(payload) for payload in payloads] == [500, 500, 500, 500, 500, 7]
        assert b"".join(payloads) == SENT
    first = int.from_bytes(v4[0][18:20], "big")
    assert [(int.from_bytes(frame[18:20], "big") - first) % 65536 for frame in v4] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("where", ["on_loopback", "on_veth", "on_veth_with_offloads"])
def test_a_segmented_send_is_recorded_as_the_frames_of_the_wire(scene: Scene, where: str) -> None:
    played = scene(f"segmented_{where}")
    assert_segments(played if where == "on_loopback" else played["recorder"])


def test_a_sniffer_that_knows_nothing_of_offloads_sees_true_checksums_in_the_lab(scene: Scene) -> None:
    for seen in scene("plain_sniffer"):
        v4, v6 = udp_frames(seen)
        assert [udp_payload(frame) for frame in v4 + v6] == [b"odd", b"even"]


@pytest.mark.parametrize("where", ["on_veth", "on_veth_with_offloads"])
def test_a_station_receives_the_frames_of_the_wire(scene: Scene, where: str) -> None:
    assert_segments(scene(f"segmented_{where}")["link"])


def test_loopback_shows_each_datagram_once_with_the_checksum_that_the_kernel_left_out(scene: Scene) -> None:
    v4, v6 = udp_frames(scene("loopback"))
    assert [udp_payload(frame) for frame in v4 + v6] == [b"seen once", b"seen once"]


def test_tcp_super_frames_are_split_into_segments_that_add_up_to_the_stream(scene: Scene) -> None:
    frames = [bytes.fromhex(frame) for _, frame in scene("tcp_between_kernels")]
    data = []
    for frame in frames:
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        assert len(frame) <= 1514
        packet = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
        assert summed(packet[:20]) == 0xFFFF
        assert summed(packet[12:20] + struct.pack("!HH", 6, len(packet) - 20) + packet[20:]) == 0xFFFF
        header = (packet[32] >> 4) * 4
        if len(packet) > 20 + header:
            data.append((int.from_bytes(packet[24:28], "big"), len(packet) - 20 - header))
    # Whatever order and repetition TCP chose, the pieces cover the stream without a gap.
    start = data[0][0]
    reached = 0
    for sequence, length in sorted(((sequence - start) % 2**32, length) for sequence, length in data):
        assert sequence <= reached
        reached = max(reached, sequence + length)
    assert reached == 300_000
    assert len(data) > 200


def test_vlan_tags_that_the_kernel_took_out_are_put_back(scene: Scene) -> None:
    played = scene("vlan")
    tagged = [frame for _, frame in played["recorder"] if "88b5" in frame]
    assert tagged == [
        "024c41420001024c41420002" + "8100a00588b5" + b"tagged by hand".hex(),
        "024c41420001024c41420002" + "88a800078100000588b5" + b"twice".hex(),
        "024c41420002024c41420001" + "8100000688b5" + b"answer".hex(),
    ]


def test_the_first_and_the_last_frame_are_never_missed(scene: Scene) -> None:
    assert scene("first_and_last_frames") == [2] * 50


def test_frames_that_the_recorder_could_not_keep_are_counted(scene: Scene) -> None:
    recorded, dropped = scene("drops_are_counted")
    assert dropped > 0
    assert recorded + dropped == 2500


def test_where_nobody_does_anything_nothing_is_recorded(ordinary_scene: Scene) -> None:
    assert ordinary_scene("nothing_happens") == []


def test_an_interface_that_goes_down_and_up_is_recorded_before_and_after(scene: Scene) -> None:
    played = scene("interface_goes_down")
    ends = [bytes.fromhex(frame)[42:] for _, frame in played["seen"]]
    assert b"before" in ends
    assert b"after" in ends
    assert played["busy"] is False


def test_a_busy_exchange_is_recorded_whole_though_everybody_shares_one_process(scene: Scene) -> None:
    played = scene("busy_exchange")
    assert played["dropped"] == 0
    assert played["questions"] == played["answers"] == 20_000


def test_an_unknown_interface_is_an_os_error_and_nothing_stays_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError):
        Recorder("nosuch0").start()
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_the_callback_raises_is_raised_by_stop(need: Need) -> None:
    need.root()

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    recorder = Recorder("lo", full).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        sender.sendto(b"x", sender.getsockname())
    with pytest.raises(OSError, match="No space left"):
        recorder.stop()


@pytest.mark.parametrize("where", ["segmented_on_loopback", "segmented_on_veth_with_offloads", "tcp_between_kernels"])
def test_tshark_finds_every_checksum_right(scene: Scene, where: str, need: Need, tmp_path: Path) -> None:
    tshark = need.tool("tshark")
    played = scene(where)
    capture = tmp_path / "recorded.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for _, digits in played if isinstance(played, list) else played["recorder"]:
            frame = bytes.fromhex(digits)
            file.write(struct.pack("=IIII", 0, 0, len(frame), len(frame)) + frame)
    words = [tshark, "-r", str(capture), "-T", "fields", "-E", "separator=,"]
    for protocol in ("ip", "udp", "tcp"):
        words += ["-o", f"{protocol}.check_checksum:TRUE", "-e", f"{protocol}.checksum.status"]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    # 1 is good; fields that a frame does not have are empty.
    assert {status for line in shown for status in line.split(",")} <= {"1", ""}
    assert sum(status == "1" for line in shown for status in line.split(",")) >= 12
