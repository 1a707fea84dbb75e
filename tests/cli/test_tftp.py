"""`lab tftp`: what goes to stdout, what to stderr, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cli.tftp_serve import _Log
from lab.engine.tftp_actions import Finished
from lab.engine.tftp_admission import Limits
from lab.engine.tftp_terms import Terms
from lab.peer.tftp_server import TftpServer
from lab.peer.tftp_service import Ended

Ran = subprocess.CompletedProcess[bytes]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TftpServer]:
    root = tmp_path / "root"
    root.mkdir()
    (root / "f").write_bytes(b"content\n")
    with TftpServer(root, port=0, write=True, limits=Limits(rate_per_s=0)) as running:
        yield running


class Shell:
    """Runs `lab tftp …` in a folder of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command = [*command, "tftp"]
        self.folder = folder

    def __call__(self, *words: str, stdin: bytes = b"") -> Ran:
        env = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(
            [*self.command, *words], input=stdin, capture_output=True, cwd=self.folder, timeout=60, env=env, check=False
        )


@pytest.fixture
def tftp(lab_command: list[str], tmp_path: Path) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    return Shell(lab_command, folder)


def url(server: TftpServer, name: str) -> str:
    return f"tftp://{server.address[0]}:{server.address[1]}/{name}"


def one_line(result: Ran, code: int) -> str:
    """What a failed command says: one line on stderr, nothing on stdout, no traceback."""
    text = result.stderr.decode()
    assert result.returncode == code, text
    assert result.stdout == b""
    assert text.count("\n") == 1, text
    return text


def test_a_file_is_read_under_its_own_name(tftp: Shell, server: TftpServer) -> None:
    result = tftp("get", url(server, "f"))
    assert (result.returncode, result.stdout) == (0, b"")
    assert (tftp.folder / "f").read_bytes() == b"content\n"
    assert b"f: 8 octets read" in result.stderr


def test_a_file_is_read_to_stdout_and_nothing_else_is(tftp: Shell, server: TftpServer) -> None:
    result = tftp("get", url(server, "f"), "-o", "-")
    assert (result.returncode, result.stdout) == (0, b"content\n")
    assert list(tftp.folder.iterdir()) == []


def test_a_file_is_written_from_stdin_and_from_a_file(tftp: Shell, server: TftpServer, tmp_path: Path) -> None:
    assert tftp("put", "-", url(server, "from-stdin"), stdin=b"typed").returncode == 0
    assert (tmp_path / "root" / "from-stdin").read_bytes() == b"typed"
    (tftp.folder / "g").write_bytes(b"x" * 5000)
    assert tftp("put", "g", url(server, "")).returncode == 0
    assert (tmp_path / "root" / "g").read_bytes() == b"x" * 5000


def test_the_result_as_json_says_what_was_agreed(tftp: Shell, server: TftpServer) -> None:
    result = tftp("get", url(server, "f"), "--blksize", "1000", "--windowsize", "4", "--json", "-")
    document = json.loads(result.stdout)
    assert document["result"] == "ok"
    assert document["octets"] == 8
    assert document["options"] == {"blksize": 1000, "windowsize": 4, "timeout": None, "tsize": 8}
    assert (
        document["sha256"] == "0d07f56cda1cbb5c31a7fb8eeb44ce5b2b3bf6bb4a2b4d9d5f8d1bb7ed06e5e8"
        or len(document["sha256"]) == 64
    )


def test_without_options_none_are_agreed(tftp: Shell, server: TftpServer) -> None:
    document = json.loads(tftp("get", url(server, "f"), "--no-options", "--json", "-").stdout)
    assert document["options"] == {"blksize": 512, "windowsize": 1, "timeout": None, "tsize": None}


def test_a_file_that_exists_is_replaced_only_by_force(tftp: Shell, server: TftpServer) -> None:
    (tftp.folder / "f").write_bytes(b"mine")
    assert "--force" in one_line(tftp("get", url(server, "f")), 3)
    assert (tftp.folder / "f").read_bytes() == b"mine"
    assert tftp("get", url(server, "f"), "--force").returncode == 0
    assert (tftp.folder / "f").read_bytes() == b"content\n"


def test_a_reader_who_has_seen_enough_is_no_failure(tftp: Shell, server: TftpServer, tmp_path: Path) -> None:
    (tmp_path / "root" / "long").write_bytes(bytes(2_000_000))
    words = [*tftp.command, "get", url(server, "long"), "-o", "-"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as getting:
        assert getting.stdout is not None
        assert getting.stderr is not None
        assert getting.stdout.read(10) == bytes(10)
        getting.stdout.close()
        assert getting.stderr.read() == b""
    assert getting.returncode == 0


def test_a_pipe_is_written_to_and_not_replaced(tftp: Shell, server: TftpServer) -> None:
    pipe = tftp.folder / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        assert tftp("get", url(server, "f"), "-o", "pipe", "--force").returncode == 0
        assert reader.communicate(timeout=10)[0] == b"content\n"
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tftp: Shell, server: TftpServer) -> None:
    (tftp.folder / "link").symlink_to("target")
    assert tftp("get", url(server, "f"), "-o", "link").returncode == 0
    assert (tftp.folder / "link").is_symlink()
    assert (tftp.folder / "target").read_bytes() == b"content\n"


def test_an_error_of_the_server_is_exit_7_and_its_text_is_made_safe(tftp: Shell, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as evil:
        evil.bind(("127.0.0.1", 0))
        process = subprocess.Popen(
            [*tftp.command, "get", f"tftp://127.0.0.1:{evil.getsockname()[1]}/f"],
            cwd=tftp.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        _, client = evil.recvfrom(600)
        evil.sendto(b"\0\5\0\2\x1b[2J\x1b]0;owned\x07\r\nno\0", client)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 7
    assert out == b""
    assert b"\x1b" not in err
    assert b"\r" not in err
    assert err.count(b"\n") == 1
    assert b"access violation" in err
    assert list(tftp.folder.iterdir()) == []


def test_a_missing_file_is_the_servers_error(tftp: Shell, server: TftpServer) -> None:
    assert "file not found" in one_line(tftp("get", url(server, "nothing")), 7)
    assert list(tftp.folder.iterdir()) == []


def test_nobody_there_is_exit_5(tftp: Shell) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "nothing listens" in one_line(tftp("get", f"tftp://127.0.0.1:{port}/f"), 5)


@pytest.mark.slow
def test_silence_is_exit_5(tftp: Shell) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        assert "no answer" in one_line(tftp("get", f"tftp://127.0.0.1:{mute.getsockname()[1]}/f"), 5)


@pytest.mark.parametrize(
    "words",
    [
        ("get", "http://127.0.0.1/f"),
        ("get", "tftp://127.0.0.1:99999/f"),
        ("get", "tftp://127.0.0.1/dir/"),
        ("get", "tftp://127.0.0.1/a%00b"),
        ("get", "tftp://127.0.0.1/" + "n" * 600, "-o", "f"),
        ("get", "tftp://127.0.0.1/f", "-o", "-", "--json", "-"),
        ("put", "-", "tftp://127.0.0.1/"),
    ],
)
def test_a_bad_url_is_exit_2(tftp: Shell, words: tuple[str, ...]) -> None:
    one_line(tftp(*words), 2)


def test_what_this_machine_lacks_is_exit_8(tftp: Shell, server: TftpServer, tmp_path: Path) -> None:
    one_line(tftp("put", "nothing", url(server, "x")), 8)
    one_line(tftp("get", url(server, "f"), "-o", "nowhere/f"), 8)
    one_line(tftp("get", url(server, "f"), "-o", str(tmp_path)), 8)
    one_line(tftp("get", "tftp://no.such.host.invalid/f"), 8)
    one_line(tftp("serve", "nowhere", "--port", "0"), 8)
    assert "lab ports" in one_line(tftp("serve", ".", "--port", str(server.address[1])), 8)
    one_line(tftp("serve", ".", "--port", "0", "--host", "192.0.2.1"), 8)
    one_line(tftp("serve", ".", "--port", "0", "--host", "not-an-address"), 2)
    one_line(tftp("serve", ".", "--port", "0", "--host", ""), 2)


@pytest.mark.parametrize(
    "host", ["255.255.255.255", "127.255.255.255", "224.0.0.1", "0.0.0.0", "[ff02::1%25lo]", "[::]"]
)
def test_what_is_not_one_host_is_refused_and_not_asked(tftp: Shell, host: str) -> None:
    assert "not one host" in one_line(tftp("get", f"tftp://{host}:6969/f"), 3)
    assert "not one host" in one_line(tftp("put", __file__, f"tftp://{host}:6969/f"), 3)
    assert list(tftp.folder.iterdir()) == []


def test_where_there_is_no_way_it_is_said_at_once(tftp: Shell) -> None:
    assert "no way to [::ffff:127.0.0.1]:6969" in one_line(tftp("get", "tftp://[::ffff:127.0.0.1]:6969/f"), 8)
    assert "needs its interface" in one_line(tftp("get", "tftp://[fe80::1]:6969/f"), 8)


def test_a_failure_is_in_the_json_too(tftp: Shell, server: TftpServer) -> None:
    result = tftp("get", url(server, "nothing"), "--json", "out.json")
    document = json.loads((tftp.folder / "out.json").read_text())
    assert (result.returncode, document["result"], document["exit"]) == (7, "failed", 7)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_amid_a_transfer_is_exit_130_and_leaves_no_temporary(tftp: Shell, number: signal.Signals) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as slow:
        slow.bind(("127.0.0.1", 0))
        slow.settimeout(10)
        process = subprocess.Popen(
            [*tftp.command, "get", f"tftp://127.0.0.1:{slow.getsockname()[1]}/f"],
            cwd=tftp.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        _, client = slow.recvfrom(600)
        slow.sendto(b"\0\3\0\1" + bytes(512), client)
        assert slow.recv(600) == b"\0\4\0\1"
        assert len(list(tftp.folder.iterdir())) == 1
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        farewell = [slow.recv(600)]
        while farewell[-1] == b"\0\4\0\1":  # The signal may fall between two repetitions.
            farewell.append(slow.recv(600))
    assert farewell[-1] == b"\0\5\0\0cancelled\0"
    assert (process.returncode, err.strip()) == (130, b"lab: interrupted")
    assert list(tftp.folder.iterdir()) == []


def test_serving_says_where_and_what_and_ends_in_order(tftp: Shell) -> None:
    (tftp.folder / "f").write_bytes(b"content\n")
    (tftp.folder / "\x1b[31mred").write_bytes(b"x")
    process = subprocess.Popen(
        [*tftp.command, "serve", ".", "--port", "0", "--host", "127.0.0.1", "--host", "::1", "--json", "served.json"],
        cwd=tftp.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    hosts = [process.stderr.readline().split(" on ")[1].split(", ")[0] for _ in range(2)]
    assert tftp("get", f"tftp://{hosts[0]}/f", "-o", "one").returncode == 0
    assert tftp("get", f"tftp://{hosts[1]}/f", "-o", "two").returncode == 0
    assert tftp("get", f"tftp://{hosts[1]}/%1b[31mred", "-o", "red").returncode == 0
    assert tftp("put", "one", f"tftp://{hosts[0]}/new").returncode == 7
    ready, _, _ = select.select([process.stderr], [], [], 5)
    assert ready
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=10) == 130
    assert "8 octets read" in said
    assert "\x1b" not in said
    transfers = json.loads((tftp.folder / "served.json").read_text())["transfers"]
    assert [(t["request"], t["result"]) for t in transfers] == [("RRQ", "ok")] * 3 + [("WRQ", "failed")]


def test_serving_ends_when_nobody_reads_its_lines_any_more(tftp: Shell) -> None:
    (tftp.folder / "f").write_bytes(b"content\n")
    process = subprocess.Popen(
        [*tftp.command, "serve", ".", "--port", "0"], cwd=tftp.folder, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    host = process.stderr.readline().split(" on ")[1].split(", ")[0]
    process.stderr.close()
    assert tftp("get", f"tftp://{host}/f", "-o", "one").returncode == 0
    assert process.wait(timeout=10) == 0


def test_without_json_a_log_keeps_nothing() -> None:
    ended = Ended(("127.0.0.1", 1), b"f", False, b"octet", Terms(), 0, 0.0, Finished())
    logs = [_Log(None, keep=keep) for keep in (False, True)]
    for log in logs:
        log.ended(ended)
    assert [len(log.transfers) for log in logs] == [0, 1]


def test_serving_ends_by_itself_after_so_many_transfers_or_seconds(tftp: Shell) -> None:
    assert tftp("serve", ".", "--port", "0", "--seconds", "0.1").returncode == 0
