"""`lab record`: what it records, how it ends, and what it says where it cannot."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.pcap import open_capture
from tests.conftest import Need

CHECKOUT = Path(__file__).resolve().parents[2]

ASK_ECHO = """
import socket, sys
family, host = (socket.AF_INET6, "fd77::1") if sys.argv[1] == "6" else (socket.AF_INET, "10.77.0.1")
with socket.socket(family, socket.SOCK_DGRAM) as asking:
    asking.settimeout(5)
    asking.sendto(b"from host 10.77.0.2", (host, 7))
    sys.stdout.write(asking.recv(100).decode())
"""

SEND_ON_LOOPBACK = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.bind(("127.0.0.1", 0))
    for number in range({count}):
        sender.sendto(b"frame %d " % number + bytes({size}), sender.getsockname())
"""

AS_ORDINARY = """
import sys
import encodings.ascii, encodings.gb18030, encodings.idna, _codecs_cn, tempfile, shutil, signal, subprocess
sys.path.insert(0, sys.argv.pop(1))
import lab.cli, lab.cli.record, lab.cli.output, lab.link.namespace, lab.link.recorder, lab.link.recording, lab.link.tap
import lab.pcap, lab.peer.reference
from scenes import become_ordinary
become_ordinary()
lab.cli.main()
"""
"""Gives root up when everything is loaded: the interpreter itself may be out of an ordinary user's reach."""


def run(words: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
    settings = {"capture_output": True, "check": False, "timeout": 60, "stdin": subprocess.DEVNULL, "cwd": CHECKOUT}
    return subprocess.run(words, **(settings | options))  # type: ignore[call-overload,no-any-return]


def as_ordinary(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    scenes = str(CHECKOUT / "tests" / "link")
    return run([sys.executable, "-W", "error", "-c", AS_ORDINARY, scenes, *arguments], cwd=CHECKOUT)


def frames_of(capture: bytes) -> list[bytes]:
    """The frames of a whole capture; anything but a whole one is a CaptureError."""
    with open_capture(BytesIO(capture)) as opened:
        return [record.data for record in opened]


def payloads(capture: bytes) -> list[bytes]:
    """What follows the UDP header in each frame that has one, without padding."""
    frames = frames_of(capture)
    v4 = [frame[42:] for frame in frames if frame[12:14] == b"\x08\x00" and frame[23] == 17]
    return v4 + [frame[62:] for frame in frames if frame[12:14] == b"\x86\xdd" and frame[20] == 17]


def loopback_sender(count: int = 1, size: int = 0) -> list[str]:
    return [sys.executable, "-c", SEND_ON_LOOPBACK.format(count=count, size=size)]


@pytest.mark.parametrize("version", ["4", "6"])
def test_a_command_talks_to_the_reference_peers_and_is_recorded(
    lab_command: list[str], need: Need, tmp_path: Path, version: str
) -> None:
    need.namespaces()
    file = tmp_path / "lab.pcapng"
    ask = [sys.executable, "-c", ASK_ECHO, version]
    done = run([*lab_command, "record", "lab", "-w", str(file), "--json", str(tmp_path / "sum.json"), "--", *ask])
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"from host 10.77.0.2"
    assert payloads(file.read_bytes()).count(b"from host 10.77.0.2") == 2
    summary = json.loads((tmp_path / "sum.json").read_text())
    assert summary["interface"] == "lab0"
    assert summary["dropped"] == 0
    assert summary["command_status"] == 0
    assert summary["frames"] == len(frames_of(file.read_bytes()))
    assert b"Recorded by lab record: a private network; 10.77.0.1" in file.read_bytes()


def test_a_file_is_fetched_from_the_reference_tftp_server(lab_command: list[str], need: Need, tmp_path: Path) -> None:
    need.namespaces()
    curl = need.tool("curl")
    file = tmp_path / "lab.pcapng"
    done = run([*lab_command, "record", "-w", str(file), "--", curl, "-s", "tftp://10.77.0.1/hello.txt"])
    assert (done.returncode, done.stdout) == (0, b"Hello from packet-lab.\n"), done.stderr
    assert b"\x00\x03\x00\x01Hello from packet-lab.\n" in payloads(file.read_bytes())


def test_an_ordinary_user_records_the_lab(need: Need) -> None:
    need.namespaces()
    done = as_ordinary("record", "lab", "-w", "-", "--", "/bin/sh", "-c", "cat /proc/net/fib_trie")
    assert done.returncode == 0, done.stderr
    assert frames_of(done.stdout) is not None
    assert b"10.77.0.2" in done.stderr, "the command runs on the station's side, its words kept out of the capture"


def test_an_ordinary_user_is_told_why_loopback_cannot_be_captured() -> None:
    done = as_ordinary("record", "lo", "-w", "-")
    assert done.returncode == Exit.PRIVILEGE
    assert done.stdout == b""
    assert done.stderr.startswith(b"lab: no right to capture on lo: run as root")
    assert done.stderr.count(b"\n") == 1


def test_loopback_is_recorded_once_as_a_stream(lab_command: list[str], need: Need) -> None:
    need.root()
    done = run([*lab_command, "record", "lo", "-w", "-", "--", *loopback_sender(3)])
    assert done.returncode == 0, done.stderr
    sent = [payload for payload in payloads(done.stdout) if payload.startswith(b"frame")]
    assert sent == [b"frame 0 ", b"frame 1 ", b"frame 2 "]


def test_a_count_ends_the_recording_and_the_command_with_it(lab_command: list[str], need: Need, tmp_path: Path) -> None:
    need.root()
    file = tmp_path / "three.pcap"
    words = ["sh", "-c", f"{sys.executable} -c '{SEND_ON_LOOPBACK.format(count=9, size=0)}'; exec sleep 50"]
    started = time.monotonic()
    done = run([*lab_command, "record", "lo", "-w", str(file), "--count", "3", "--", *words])
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 20
    assert len(frames_of(file.read_bytes())) == 3
    assert file.read_bytes()[:4] == b"\x4d\x3c\xb2\xa1", "a name that ends in .pcap makes a pcap"


def test_seconds_end_the_recording(lab_command: list[str], need: Need, tmp_path: Path) -> None:
    need.root()
    done = run([*lab_command, "record", "lo", "-w", str(tmp_path / "a.pcapng"), "--seconds", "0.2"])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.pcapng").exists()


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_an_interrupted_recording_is_whole(lab_command: list[str], need: Need, tmp_path: Path, signal: str) -> None:
    need.root()
    file = tmp_path / "a.pcapng"
    sender = SEND_ON_LOOPBACK.format(count=2, size=0)
    words = ["sh", "-c", f"{sys.executable} -c '{sender}'; kill -{signal} $PPID; exec sleep 50"]
    started = time.monotonic()
    done = run([*lab_command, "record", "lo", "-w", str(file), "--", *words])
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < 20
    assert {b"frame 0 ", b"frame 1 "} <= set(payloads(file.read_bytes()))
    assert os.listdir(tmp_path) == ["a.pcapng"]


def test_a_command_that_fails_gives_exit_one_and_a_whole_file(
    lab_command: list[str], need: Need, tmp_path: Path
) -> None:
    need.root()
    file = tmp_path / "a.pcapng"
    done = run([*lab_command, "record", "lo", "-w", str(file), "--", "sh", "-c", "exit 3"])
    assert done.returncode == Exit.VERDICT_FAILED
    assert b"the command ended with exit status 3" in done.stderr
    assert file.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    frames_of(file.read_bytes())


def test_where_the_file_cannot_be_finished_its_name_keeps_what_it_had(
    lab_command: list[str], need: Need, tmp_path: Path
) -> None:
    need.root()
    file = tmp_path / "a.pcapng"
    file.write_bytes(b"what was here before")
    done = run(
        [*lab_command, "record", "lo", "-w", str(file), "--", *loopback_sender(20, 10_000)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert done.returncode == Exit.MACHINE
    assert done.stderr == f"lab: cannot write {file}: File too large; free space or write elsewhere\n".encode()
    assert os.listdir(tmp_path) == ["a.pcapng"]
    assert file.read_bytes() == b"what was here before"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nosuch0", "-w", "FILE"], Exit.MACHINE, "there is no interface nosuch0; this machine has "),
        (["lo", "-w", "/no/such/dir/a.pcapng"], Exit.MACHINE, "there is no directory /no/such/dir"),
        (["lo", "-w", "/tmp"], Exit.MACHINE, "/tmp is a directory"),
        (["lo", "-w", "FILE", "--", "nosuchprogram"], Exit.MACHINE, "there is no program called nosuchprogram"),
        (["lab", "-w", "FILE"], Exit.USAGE, "the lab network has no traffic without a COMMAND"),
        (["lo", "-w", "-", "--json", "-"], Exit.USAGE, "capture and JSON cannot both go to standard output"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_written(
    lab_command: list[str], tmp_path: Path, arguments: list[str], code: Exit, words: str
) -> None:
    file = str(tmp_path / "a.pcapng")
    done = run([*lab_command, "record", *(file if word == "FILE" else word for word in arguments)])
    assert done.returncode == code
    assert done.stderr.decode().startswith(f"lab: {words}")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert os.listdir(tmp_path) == []


def test_the_interfaces_that_exist_are_listed(lab_command: list[str], tmp_path: Path) -> None:
    done = run([*lab_command, "record", "nosuch0", "-w", str(tmp_path / "a.pcapng")])
    assert "lo" in done.stderr.decode().rpartition("has ")[2].strip().split(", ")


def test_without_a_file_name_it_is_a_usage_error(lab_command: list[str]) -> None:
    assert run([*lab_command, "record", "lo"]).returncode == Exit.USAGE


def test_refused_namespaces_are_a_missing_privilege_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from lab.cli.record import command
    from lab.link.namespace import NamespacesRefused, PrivateNetwork

    def refuse(**_: object) -> None:
        raise NamespacesRefused("this machine permits none", "as root: sysctl -w x=1")

    monkeypatch.setattr(PrivateNetwork, "enter", refuse)
    with pytest.raises(Failure, match="no private network: this machine permits none; as root") as failed:
        command.main(["lab", "-w", str(tmp_path / "a"), "--", "true"], standalone_mode=False)
    assert failed.value.code is Exit.PRIVILEGE
    assert os.listdir(tmp_path) == []
