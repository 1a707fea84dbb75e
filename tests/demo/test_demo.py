"""The demo as a person runs it: what it prints, what it leaves behind, and that it says so when something is wrong."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.cli.demo import _folder
from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.demo.bench import Witness, interference
from lab.link.memory import MemoryWire
from lab.link.recorder import Recorder, interfaces
from lab.link.tap import Recorded
from lab.pcap import open_capture
from tests.conftest import Need

STEPS = 10
BROKEN_ECHO = """
import sys
from lab.engine.datagram import Send
from lab.engine.echo import EchoEngine
true = EchoEngine.receive
def lie(self, *arguments):
    return [Send(sent.data + b"!", sent.to) for sent in true(self, *arguments)]
EchoEngine.receive = lie
from lab.cli import main
sys.argv = ["lab", "demo", "--out", sys.argv[1]]
main()
"""


def demo(
    *arguments: str, before: Sequence[str] = (), env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = [*before, sys.executable, "-m", "lab", "demo", *arguments]
    environment = os.environ | {"COLUMNS": "110", "PYTHONIOENCODING": "utf-8"} | (env or {})
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env=environment)


def test_the_demo_shows_ladder_bytes_and_verdict_and_leaves_capture_and_summary(tmp_path: Path, need: Need) -> None:
    need.namespaces()
    need.tool("tshark")
    done = demo("--out", str(tmp_path), "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert "private network" in done.stderr
    for shown in (
        'RRQ "boot.img" octet',
        "OACK blksize=1428",
        "Nice day!",
        "你好，世界",
        "repeat of",
        "stranger",
        "ARP who has",
    ):
        assert shown in done.stdout
    for shown in ("TFTP · bytes", "source port", "00 03 00 01", "big", "RFC 1350"):
        assert shown in done.stdout
    assert f"All {STEPS} steps held" in done.stdout
    assert "3 independent readings" in done.stdout
    assert str(tmp_path / "demo.pcapng") in done.stdout

    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["held"]
    assert summary["conclusive"]
    assert summary["crosscheck"]["agreed"]
    assert [step["held"] for step in summary["steps"]] == [True] * STEPS
    with open_capture(tmp_path / "demo.pcapng") as capture:
        records = list(capture)
    titles = {step["title"] for step in summary["steps"]}
    assert {record.comments[0].decode() for record in records} == titles
    for step in summary["steps"]:
        first, last = step["frames"]
        assert records[first - 1].comments == records[last - 1].comments == (step["title"].encode(),)


def test_nothing_of_the_demo_is_seen_outside_its_own_network(tmp_path: Path, need: Need) -> None:
    need.root()
    canary = b"a canary that every recorder of loopback must see"
    with ExitStack() as recording:
        recorders = [Recorder(name).start() for name in interfaces()]
        for recorder in recorders:
            recording.callback(recorder.stop)
        done = demo("--out", str(tmp_path), "--json", "-")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(canary, ("127.0.0.1", 9))
        frames = [frame for recorder in recorders for _, frame in recorder.stop()]
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wire"].startswith("private network")
    assert any(canary in frame for frame in frames), "the recorder outside saw nothing at all"
    lab_mac, lab_ipv4, lab_ipv6 = bytes.fromhex("024c414200"), bytes([10, 77, 0]), bytes.fromhex("fd77") + bytes(13)
    for frame in frames:
        assert lab_mac not in frame[:14]
        assert lab_ipv4 not in frame[14:54]
        assert lab_ipv6 not in frame[14:54]


def test_where_namespaces_are_refused_it_says_why_and_runs_on_the_virtual_wire(tmp_path: Path, need: Need) -> None:
    need.namespaces()
    forbid = (
        "echo 0 >/proc/sys/user/max_user_namespaces; echo 0 >/proc/sys/user/max_net_namespaces; "
        f"{need.tool('ip')} link set lo up; "
    )
    # Not as root of a user namespace: nothing in it could give root up, as tshark's start has to.
    apart = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--net"]
    before = [*apart, "--", "sh", "-c", forbid + 'exec "$@"', "sh"]
    done = demo("--out", str(tmp_path), "--json", str(tmp_path / "copy.json"), before=before)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    summary = json.loads((tmp_path / "copy.json").read_text(encoding="utf-8"))
    assert summary["wire"] == "virtual wire to loopback sockets"
    assert "max_user_namespaces" in summary["refusal"]
    assert summary["refusal"] in done.stderr
    assert len(summary["steps"]) == STEPS
    assert all(step["held"] for step in summary["steps"])


def test_without_tshark_it_runs_and_says_which_reading_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    done = demo("--out", str(tmp_path / "out"), env={"PATH": str(empty)})
    assert done.returncode == 0, done.stderr
    assert "without the tshark reading" in done.stdout
    assert "apt-get install tshark" in done.stdout


def test_the_same_seed_moves_the_same_files(tmp_path: Path) -> None:
    digests = []
    for run in ("one", "two"):
        done = demo("--out", str(tmp_path / run), "--seed", "42", "--json", "-", env={"PATH": str(tmp_path)})
        steps = json.loads(done.stdout)["steps"]
        digests.append([step["details"]["sha256"] for step in steps if "sha256" in step.get("details", {})])
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 6


def test_a_peer_that_echoes_wrongly_fails_the_run_and_the_step_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_ECHO, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "2 of 10 steps did not hold" in done.stdout
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert [step["title"] for step in summary["steps"] if not step["held"]] == [
        "UDP echo, over IPv4",
        "UDP echo, over IPv6",
    ]


def test_a_folder_that_cannot_be_made_is_one_line_and_exit_8(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = demo("--out", str(tmp_path / "file" / "below"))
    assert done.returncode == 8
    assert done.stderr.count("\n") == 1
    assert "--out" in done.stderr


STATION_FRAME = bytes.fromhex("024c41420001 024c41420002 0800") + b"sent by the station"


def test_a_frame_in_the_stations_name_that_it_did_not_send_makes_the_recording_worthless() -> None:
    witness = Witness(MemoryWire().port("station"), Counter({STATION_FRAME: 1}))
    forged = bytes.fromhex("024c41420001 024c41420002 0800") + b"port unreachable"
    assert interference([Recorded(1, STATION_FRAME)], witness) == ""
    assert "1 frames bear the station's MAC" in interference([Recorded(1, STATION_FRAME), Recorded(2, forged)], witness)
    assert "1 frames bear the station's MAC" in interference([Recorded(1, STATION_FRAME)] * 2, witness)


def test_a_frame_that_was_sent_and_not_recorded_makes_the_recording_worthless() -> None:
    witness = Witness(MemoryWire().port("station"), Counter({STATION_FRAME: 2}))
    assert "1 frames that the station sent were not recorded" in interference([Recorded(1, STATION_FRAME)], witness)


@pytest.mark.parametrize("name", ["demo.pcapng", "summary.json"])
def test_a_second_run_replaces_the_files_of_the_first(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"from before")
    demo("--out", str(tmp_path), env={"PATH": str(tmp_path)})
    assert (tmp_path / name).stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.pcapng", "summary.json"]


def test_a_folder_that_may_not_be_written_into_is_told_before_the_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so the system's answer is given here.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Failure, match="may not be written into; name another folder with --out") as caught:
        _folder(str(tmp_path))
    assert caught.value.code is Exit.MACHINE
