"""`lab udp` as people type it: what is on stdout, what on stderr, and the exit code."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine.echo import LAB_LIMITS
from lab.peer.echo import EchoServer
from lab.peer.udp import UdpSocket, send
from tests.cli.stage import running

TIMEOUT_S = 30


def run(command: list[str], *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*command, "udp", *words], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in stderr
    return subprocess.CompletedProcess(done.args, done.returncode, stdout, stderr)


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer(["127.0.0.1", "::1"], limits=LAB_LIMITS) as server:
        yield server


@pytest.mark.parametrize("place", [0, 1], ids=["ipv4", "ipv6"])
def test_the_answer_is_on_stdout_and_the_talk_on_stderr(lab_command: list[str], echo: EchoServer, place: int) -> None:
    host, port = echo.addresses[place]
    done = run(lab_command, "send", host, str(port), "Nice day!", "--wait", "5")
    assert (done.returncode, done.stdout) == (0, "Nice day!\n")
    assert done.stderr.startswith("9 bytes sent to ")


@pytest.mark.parametrize(
    ("words", "shown", "kind"),
    [
        (["你好", "--encoding", "gbk"], "你好", "gb18030"),
        (["你好"], "你好", "utf-8"),
        (["--hex", "4e:69 63:65"], "4e696365", "ascii"),
        (["--hex", "ff"], "ff", "no text"),
        ([""], "", "ascii"),
        (["\x1b[31mred"], "\\x1b[31mred", "ascii"),
    ],
)
def test_text_is_encoded_on_the_way_out_and_decoded_on_the_way_in(
    lab_command: list[str], echo: EchoServer, words: list[str], shown: str, kind: str
) -> None:
    done = run(lab_command, "send", "127.0.0.1", str(echo.address[1]), *words, "--wait", "5")
    assert (done.returncode, done.stdout) == (0, shown + "\n")
    assert f"({kind})" in done.stderr


def test_a_file_or_stdin_can_be_sent(lab_command: list[str], echo: EchoServer, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(b"from a file")
    port = str(echo.address[1])
    done = run(lab_command, "send", "127.0.0.1", port, "--file", str(tmp_path / "message"), "--wait", "5")
    assert done.stdout == "from a file\n"
    done = run(lab_command, "send", "127.0.0.1", port, "--file", "-", "--wait", "5", stdin=b"from stdin")
    assert done.stdout == "from stdin\n"


def test_what_happened_can_be_had_as_json(lab_command: list[str], echo: EchoServer) -> None:
    done = run(lab_command, "send", "127.0.0.1", str(echo.address[1]), "hi\u202e", "--wait", "5", "--json", "-")
    told = json.loads(done.stdout)
    assert done.stdout.isascii()
    assert told["sent"]["hex"] == told["answer"]["hex"] == "6869e280ae"
    assert told["answer"]["text"] == "hi\u202e"


def test_the_source_port_can_be_chosen(lab_command: list[str]) -> None:
    with UdpSocket() as free:
        port = free.address[1]
    with UdpSocket() as receiver:
        assert run(lab_command, "send", *map(str, receiver.address), "x", "--bind", str(port)).returncode == 0
        datagram = receiver.receive(5)
    assert datagram is not None
    assert datagram.source == ("127.0.0.1", port)


def test_no_answer_is_exit_code_5(lab_command: list[str]) -> None:
    with UdpSocket() as silent:
        done = run(lab_command, "send", *map(str, silent.address), "x", "--wait", "0.1")
    assert done.returncode == 5
    assert "no answer from 127.0.0.1:" in done.stderr


def test_a_closed_port_is_told_by_its_icmp_error(lab_command: list[str]) -> None:
    with UdpSocket() as gone:
        address = gone.address
    done = run(lab_command, "send", *map(str, address), "x")
    assert done.returncode == 5
    assert f"127.0.0.1:{address[1]}: nobody listens on that port (ICMP port unreachable)" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["127.0.0.1", "9"], 2, "say what to send, once"),
        (["127.0.0.1", "9", "x", "--hex", "00"], 2, "say what to send, once"),
        (["127.0.0.1", "9", "--hex", "0g"], 2, "are not hex digits"),
        (["127.0.0.1", "9", "--hex", "0"], 2, "are not hex digits"),
        (["127.0.0.1", "9", "🙂", "--encoding", "gbk"], 2, "gbk has not all characters"),
        (["127.0.0.1", "9", "--file", "/nonesuch"], 8, "/nonesuch: No such file"),
        (["127.0.0.1", "0", "x"], 2, "0 is not in the range"),
        (["no.such.host.invalid", "9", "x"], 8, "no.such.host.invalid is no address and no known host"),
        (["255.255.255.255", "9", "x"], 3, "name the --interface"),
        (["127.255.255.255", "9", "x"], 3, "name the --interface"),
        (["ff02::1", "9", "x"], 3, "name the --interface"),
        (["127.0.0.1", "9", "x", "--interface", "nonesuch0"], 8, "no such interface"),
    ],
)
def test_what_cannot_be_sent_is_one_line_and_its_exit_code(
    lab_command: list[str], words: list[str], code: int, complaint: str
) -> None:
    done = run(lab_command, "send", *words)
    assert done.returncode == code
    assert complaint in done.stderr
    assert done.stdout == ""


def test_a_datagram_that_is_too_long_is_told_so(lab_command: list[str]) -> None:
    done = run(lab_command, "send", "127.0.0.1", "9", "--file", "-", stdin=bytes(65_508))
    assert done.returncode == 2
    assert "65,507 bytes" in done.stderr


def test_listening_shows_what_arrives_and_ends_after_the_count(lab_command: list[str], tmp_path: Path) -> None:
    lines = tmp_path / "heard"
    with running(lab_command, "udp", "listen", "--count", "2", "--json", str(lines)) as (process, port):
        send("127.0.0.1", port, "你好\n".encode("gbk"))
        send("127.0.0.1", port, b"\xff\x1b[2J")
        stdout, _ = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stdout) == (0, "你好\\x0a\nff 1b 5b 32 4a\n")
    heard = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [(record["hex"], record["encoding"]) for record in heard] == [("c4e3bac30a", "gb18030"), ("ff1b5b324a", "")]


def test_listening_in_vain_is_exit_code_5(lab_command: list[str]) -> None:
    done = run(lab_command, "listen", "--seconds", "0.1")
    assert done.returncode == 5
    assert "no datagram within 0.1 s" in done.stderr


@pytest.mark.parametrize("words", [["listen"], ["echo"]])
def test_a_busy_port_is_exit_code_8_and_says_how_to_see_who_holds_it(lab_command: list[str], words: list[str]) -> None:
    with UdpSocket() as holder:
        port = holder.address[1]
        done = run(lab_command, *words, "--port", str(port))
    assert done.returncode == 8
    assert done.stderr == f"lab: 127.0.0.1:{port} is taken; `lab ports {port}` says by whom\n"


def test_an_address_of_another_machine_cannot_be_listened_on(lab_command: list[str]) -> None:
    done = run(lab_command, "listen", "--host", "192.0.2.1")
    assert done.returncode == 8
    assert "192.0.2.1 is no address of this machine" in done.stderr


def test_the_echo_server_echoes_counts_and_ends_in_good_order_on_ctrl_c(lab_command: list[str]) -> None:
    with running(lab_command, "udp", "echo", "--port", "0", "--json", "-") as (process, port):
        with UdpSocket() as client:
            for word in (b"one", b"two"):
                client.send(word, ("127.0.0.1", port))
                answer = client.receive(5)
                assert answer is not None
                assert answer.data == word
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert json.loads(stdout) == {"echoed": 2, "refused": {}}
    assert "2 echoed, 0 refused" in stderr
