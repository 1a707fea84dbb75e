"""`lab feiq` as people type it: what is on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cli import feiq
from lab.engine.feiq_event import Delivered, MessageCame
from lab.engine.feiq_profile import LAB_HABITS
from lab.peer.feiq import FeiqPeer
from lab.peer.udp import UdpSocket
from tests.cli.stage import running

TIMEOUT_S = 30
WHO = ["--user", "klaus", "--host-name", "whoever_pc", "--bind", "0"]
SERVE = ["feiq", "serve", "--port", "0"]


def run(command: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*command, "feiq", *words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def peer() -> Iterator[FeiqPeer]:
    hosts = ["127.0.0.1", "::1"]
    with FeiqPeer("lab", "labhost", "实验", "潜水", bind=hosts, port=0, habits=LAB_HABITS) as running:
        yield running


def messages(peer: FeiqPeer) -> list[tuple[str, bytes, int]]:
    return [(event.text, event.raw, event.code) for event in peer.events if isinstance(event, MessageCame)]


@pytest.mark.parametrize(
    ("encoding", "raw", "code"),
    [("gb18030", b"\xc4\xe3\xba\xc3", 288), ("utf-8", b"\xe4\xbd\xa0\xe5\xa5\xbd", 8388896)],
)
def test_a_message_is_sent_in_the_charset_asked_for_and_its_receipt_awaited(
    lab_command: list[str], peer: FeiqPeer, encoding: str, raw: bytes, code: int
) -> None:
    done = run(lab_command, "send", f"127.0.0.1:{peer.address[1]}", "你好", "--encoding", encoding, *WHO)
    assert done.returncode == 0
    assert "has it, after" in done.stderr
    assert messages(peer) == [("你好", raw, code)]
    assert peer.peers[0].user == "klaus"


def test_a_peer_on_ipv6_is_written_in_brackets(lab_command: list[str], peer: FeiqPeer) -> None:
    done = run(lab_command, "send", f"[::1]:{peer.addresses[1][1]}", "hi", *WHO, "--json", "-")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["receipt"] is True
    assert told["to"] == {"host": "::1", "port": peer.addresses[1][1]}


def test_a_message_without_check_waits_for_nothing(lab_command: list[str]) -> None:
    with UdpSocket() as deaf:
        done = run(lab_command, "send", f"127.0.0.1:{deaf.address[1]}", "a\r\nb", "--no-check", *WHO)
        heard = deaf.receive(5)
    assert done.returncode == 0
    assert heard is not None
    assert heard.data.endswith(b":klaus:whoever_pc:32:a\nb\0")


def test_no_receipt_after_five_tries_is_exit_code_5(lab_command: list[str]) -> None:
    with UdpSocket() as gone:
        port = gone.address[1]
    done = run(lab_command, "send", f"127.0.0.1:{port}", "hi", *WHO)
    assert done.returncode == 5
    assert f"no receipt from 127.0.0.1:{port}: nothing listens there (ICMP port unreachable)" in done.stderr


def test_online_lists_who_answers_and_leaves_again(lab_command: list[str], peer: FeiqPeer) -> None:
    place = f"127.0.0.1:{peer.address[1]}"
    done = run(lab_command, "online", place, f"[::1]:{peer.addresses[1][1]}", *WHO)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    assert f"实验 [潜水] lab@labhost at {place}\n" in done.stdout
    assert "2 online" in done.stderr
    assert peer.wait_for(lambda _: not peer.peers, 5), "it said that it leaves"


def test_online_as_json_holds_every_name(lab_command: list[str], peer: FeiqPeer) -> None:
    done = run(lab_command, "online", f"127.0.0.1:{peer.address[1]}", *WHO, "--json", "-")
    [found] = json.loads(done.stdout)["online"]
    assert (found["nick"], found["group"], found["user"], found["host_name"]) == ("实验", "潜水", "lab", "labhost")


def test_nobody_online_is_exit_code_5(lab_command: list[str]) -> None:
    with UdpSocket() as deaf:
        done = run(lab_command, "online", f"127.0.0.1:{deaf.address[1]}", "--wait", "0.1", *WHO)
    assert done.returncode == 5
    assert "nobody answered within 0.1 s" in done.stderr


def test_serving_receipts_shows_safely_and_logs_each_event(lab_command: list[str], tmp_path: Path) -> None:
    events = tmp_path / "events"
    with running(lab_command, *SERVE, "--count", "2", "--json", str(events)) as (process, port), UdpSocket() as klaus:
        to = ("127.0.0.1", port)
        klaus.send(b"1:1238605487:klaus:whoever_pc:288:Nice day!", to)
        receipt = klaus.receive(10)
        assert receipt is not None
        assert receipt.data.endswith(b":33:1238605487\0")
        klaus.send(b"1:2:klaus:whoever_pc:32:\x1b[2J\xc4\xe3\xba\xc3\nnext\0", to)
        stdout, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    shown = [line.partition(" ")[2] for line in stdout.splitlines()]
    assert shown[0].startswith("+ klaus klaus@whoever_pc at 127.0.0.1:")
    assert shown[1].endswith(": Nice day!")
    assert shown[2].endswith(": \\x1b[2J你好 / next")
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [event["event"] for event in told] == ["PeerCame", "MessageCame", "MessageCame"]
    assert told[1]["number"] == 1238605487
    assert told[1]["options"] == ["SENDCHECKOPT"]


def test_serving_ends_in_good_order_on_ctrl_c(lab_command: list[str]) -> None:
    with running(lab_command, *SERVE, "--dialect", "feiq") as (process, port), UdpSocket() as klaus:
        klaus.send(b"1:1:klaus:whoever_pc:288:hi\0", ("127.0.0.1", port))
        receipt = klaus.receive(10)
        assert receipt is not None
        assert receipt.data.startswith(b"1_lbt6_0#128#")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["send", "127.0.0.1:0", "x"], 2, "is not HOST, HOST:PORT"),
        (["send", "127.0.0.1:99999", "x"], 2, "is not HOST, HOST:PORT"),
        (["send", "", "x"], 2, "is not HOST, HOST:PORT"),
        (["send", "no.such.host.invalid", "x"], 8, "is no address and no known host"),
        (["send", "127.0.0.1", "🙂", "--encoding", "gbk", "--bind", "0"], 2, "--encoding utf-8 has every character"),
        (["send", "127.0.0.1:9", "x" * 65_500], 2, "wanted at most 65507 bytes in one datagram"),
        (["send", "127.0.0.1:9", "\udcff", "--encoding", "utf-8"], 2, "wanted characters that utf-8 has"),
        (["send", "127.255.255.255", "x"], 3, "is not one host"),
        (["send", "224.0.0.1", "x", "--no-check"], 3, "is not one host"),
        (["send", "127.0.0.1:9", "x", "--user", "\udcff"], 2, "user is no text"),
        (["serve", "--nick", "\udcff"], 2, "nick is no text"),
        (["serve", "--group", "n" * 257], 2, "group has more than 256 characters"),
        (["online", "0.0.0.0"], 3, "0.0.0.0 is not one host"),
        (["online"], 2, "say whom to ask"),
        (["online", "127.0.0.1", "--interface", "lo"], 2, "say whom to ask"),
        (["online", "--interface", "nonesuch0"], 8, "no such interface"),
        (["serve", "--host", "192.0.2.1"], 8, "is no address of this machine"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_its_exit_code(
    lab_command: list[str], words: list[str], code: int, complaint: str
) -> None:
    done = run(lab_command, *words)
    assert done.returncode == code
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_flood_waits_outside_and_does_not_put_off_the_end() -> None:
    waiting = feiq.Waiting()

    def come() -> None:
        for number in range(1000):
            waiting.keep(Delivered(number, ("127.0.0.1", 2425)))

    flood = threading.Thread(target=come, daemon=True)
    flood.start()
    flood.join(0.3)
    assert flood.is_alive()
    waiting.set()
    flood.join(TIMEOUT_S)
    assert not flood.is_alive()
    assert len(list(waiting)) == feiq.EVENTS_WAITING


def test_asking_ones_own_machine_does_not_find_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    with UdpSocket() as free:
        port = free.address[1]
    monkeypatch.setattr(feiq, "PORT", port)
    who = {"user": "lab", "host_name": "labhost", "nick": "", "group": "", "dialect": "ipmsg"}
    assert feiq._asked_by_name([f"127.0.0.1:{port}"], 0.3, None, who) == []


def test_a_busy_port_is_exit_code_8_and_says_how_to_see_who_holds_it(lab_command: list[str]) -> None:
    with UdpSocket() as holder:
        done = run(lab_command, "serve", "--port", str(holder.address[1]))
    assert done.returncode == 8
    assert f"`lab ports {holder.address[1]}` says by whom" in done.stderr
