"""`lab craft`: the frame asked for, byte by byte, wherever it goes; and one clear line for what cannot be."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.pcap import open_capture
from tests.conftest import Need

RRQ = (
    "024c41420001024c4142000208004500002e000100004011"
    "66220a4d00020a4d0001c0000045001aa694000168656c6c6f2e747874006f6374657400"
)
"""RRQ "hello.txt" octet, from 10.77.0.2:49152 to 10.77.0.1:69."""


def run(lab_command: list[str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*lab_command, "craft", *words], capture_output=True, input=stdin.encode(), check=False, timeout=60,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "120"},
    )  # fmt: skip


def said(lab_command: list[str], *words: str) -> str:
    done = run(lab_command, *words)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_read_request_is_these_bytes(lab_command: list[str]) -> None:
    assert said(lab_command, "tftp", "--hex") == RRQ + "\n"


def test_options_reach_their_fields(lab_command: list[str]) -> None:
    frame = bytes.fromhex(
        said(
            lab_command, "tftp", "data", "--block", "258", "--data-hex", "00ff", "--vlan", "5", "--priority", "3",
            "--ttl", "1", "--id", "4660", "--source-port", "1", "--destination-port", "2", "--hex",
        )
    )  # fmt: skip
    assert frame[12:18] == bytes.fromhex("8100 6005 0800")
    assert frame[22:24] == bytes.fromhex("1234")
    assert frame[26] == 1
    assert frame[38:44] == bytes.fromhex("0001 0002 000e")
    assert frame[46:] == bytes.fromhex("0003 0102 00ff")


def test_the_seeds_message_in_gbk_and_over_ipv6(lab_command: list[str]) -> None:
    seed = bytes.fromhex(said(lab_command, "feiq", "--no-end", "--hex"))
    assert seed[42:] == b"1:1238605487:klaus:whoever_pc:32:Nice day!"
    chinese = bytes.fromhex(said(lab_command, "feiq", "-6", "--text", "你好", "--hex"))
    assert chinese[12:14] == bytes.fromhex("86dd")
    assert chinese[62:] == b"1:1238605487:klaus:whoever_pc:32:\xc4\xe3\xba\xc3\0"


def test_a_destination_of_ipv6_makes_an_ipv6_frame_and_a_group_has_its_own_mac(lab_command: list[str]) -> None:
    frame = bytes.fromhex(said(lab_command, "feiq", "--destination", "ff15::979", "--hex"))
    assert frame[:6].hex(":") == "33:33:00:00:09:79"


def test_any_field_can_be_set(lab_command: list[str]) -> None:
    frame = bytes.fromhex(said(lab_command, "tftp", "--set", "udp.len=7", "--set", "tftp.op=0x0100", "--hex"))
    assert frame[38:40] == b"\0\7"
    assert frame[42:44] == b"\1\0"


def test_the_frame_is_explained_field_by_field(lab_command: list[str]) -> None:
    words = said(lab_command, "tftp", "--set", "udp.chksum=0x1234")
    assert "opcode" in words
    assert '"hello.txt"' in words
    assert "udp.checksum" in words


def test_payloads_on_other_ports_are_explained_too(lab_command: list[str]) -> None:
    assert "block" in said(lab_command, "tftp", "ack", "--destination-port", "40000")
    assert "whoever_pc" in said(lab_command, "feiq", "--destination-port", "4000", "--source-port", "4001")


def test_a_malformed_packet_is_shown_with_what_is_wrong(lab_command: list[str]) -> None:
    words = said(lab_command, "tftp", "--malformed", "tftp-ack-cut")
    assert words.startswith("tftp-ack-cut: half a block number (tftp.block, unreadable; RFC 1350 section 5)")
    assert said(lab_command, "udp", "--malformed", "udp-length-zero", "--hex").endswith("c00000070000667761626364\n")


def test_the_malformed_are_listed(lab_command: list[str]) -> None:
    words = said(lab_command, "malformed")
    assert all(name in words for name in ("tftp-block-little-endian", "feiq-version-two", "ipv4-checksum-wrong"))
    assert "feiq-version-two" not in said(lab_command, "malformed", "tftp")


@pytest.mark.parametrize("name", ["frame.pcapng", "frame.pcap"])
def test_a_capture_holds_the_frame(lab_command: list[str], tmp_path: Path, name: str) -> None:
    said(lab_command, "tftp", "-w", str(tmp_path / name))
    with open_capture(tmp_path / name) as capture:
        assert [record.data.hex() for record in capture] == [RRQ]


def test_a_capture_on_standard_output_is_alone_there(lab_command: list[str], tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(run(lab_command, "tftp", "-w", "-").stdout)
    with open_capture(tmp_path / "out") as capture:
        assert [record.data.hex() for record in capture] == [RRQ]


def test_json_on_standard_output_is_alone_there(lab_command: list[str]) -> None:
    document = json.loads(said(lab_command, "echo", "--json", "-"))
    assert bytes.fromhex(document["hex"]).endswith(b"hello, echo")
    assert document["sent"] is False


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["tftp", "--destination", "10.77.0.300"], "destination: wanted an IPv4 or IPv6 address, found '10.77.0.300'"),
        (["tftp", "--destination", "fd77::1", "--source", "10.77.0.2"], "same family"),
        (["tftp", "--source-mac", "zz"], "source_mac: wanted a MAC address"),
        (["tftp", "--set", "udp.foo=1"], "a field of udp (sport, dport, len, chksum)"),
        (["tftp", "--set", "nonsense"], "LAYER.FIELD=VALUE"),
        (["tftp", "rrq", "a", "--option", "blksize"], "an option is NAME=VALUE"),
        (["tftp", "data", "--data-hex", "0"], "no whole bytes in hex digits"),
        (["tftp", "--malformed", "tftp-nonsense"], "wanted one of"),
        (["udp", "--malformed", "tftp-ack-cut"], "lab craft tftp --malformed"),
        (["tftp", "--malformed", "tftp-ack-cut", "--set", "udp.len=7"], "leave one of the two away"),
        (["feiq", "--command", "SHOUT"], "SHOUT"),
        (["feiq", "--user", "a:b"], "no colon"),
        (["feiq", "--encoding", "klingon"], "there is no encoding 'klingon'"),
        (["feiq", "--text", "🙂"], "try --encoding utf-8"),
        (["udp", "--encoding", "ascii", "--text", "ü"], "try --encoding utf-8"),
        (["udp", "--data-hex", "00" * 65508], "at most 65507 bytes"),
        (["tftp", "--destination-port", "65536"], "65536"),
        (["tftp", "shout"], "shout"),
        (["tftp", "-w", "-", "--json", "-"], "cannot both go to standard output"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(lab_command: list[str], words: list[str], complaint: str) -> None:
    done = run(lab_command, *words)
    told = done.stderr.decode()
    assert done.returncode == 2, told
    assert complaint in told
    assert "Traceback" not in told
    assert done.stdout == b""


def test_a_capture_that_cannot_be_written_is_exit_code_8(lab_command: list[str], tmp_path: Path) -> None:
    done = run(lab_command, "tftp", "-w", str(tmp_path / "none" / "x.pcapng"))
    assert done.returncode == 8
    assert b"cannot write" in done.stderr


def test_a_frame_is_sent_to_the_reference_peers_and_the_answer_shown(
    lab_command: list[str], need: Need, tmp_path: Path
) -> None:
    need.namespaces()
    path = tmp_path / "x.pcapng"
    words = said(lab_command, "tftp", "rrq", "hello.txt", "--send", "--wait", "0.5", "-w", str(path))
    assert 'RRQ "hello.txt" octet' in words
    assert "DATA 1 (23 bytes)" in words
    with open_capture(path) as capture:
        frames = [record.data for record in capture]
    assert frames[0].hex() == RRQ
    assert any(frame.endswith(b"Hello from packet-lab.\n") for frame in frames)


def test_silence_after_a_malformed_frame_is_no_failure(lab_command: list[str], need: Need) -> None:
    need.namespaces()
    done = run(lab_command, "udp", "--malformed", "udp-checksum-wrong", "--send", "--wait", "0.3")
    assert done.returncode == 0
    assert b"nothing came back" in done.stderr
