"""The reference TFTP client against sockets of the test's own: what it leaves behind when things go wrong."""

from __future__ import annotations

import io
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from lab.engine.datagram import Address
from lab.engine.tftp_actions import Reason
from lab.engine.tftp_timer import Timing
from lab.peer.tftp_client import NO_OPTIONS, TftpFailed, Wishes, get, put
from lab.peer.tftp_server import TftpServer

QUICK = Timing(first_s=0.2, give_up_s=1, dally_s=0.02)
Exchange = Callable[[socket.socket, bytes, Address], None]


@contextmanager
def server(exchange: Exchange) -> Iterator[int]:
    """A server that answers one request by `exchange`; errors in it fail the test."""
    problems: list[BaseException] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(3)

        def run() -> None:
            try:
                data, client = listener.recvfrom(1000)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tid:
                    tid.bind(("127.0.0.1", 0))
                    tid.settimeout(3)
                    exchange(tid, data, client)
            except BaseException as problem:
                problems.append(problem)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
    if problems:
        raise problems[0]


def test_nothing_is_left_where_the_server_breaks_off(tmp_path: Path) -> None:
    def exchange(tid: socket.socket, request: bytes, client: Address) -> None:
        assert request == b"\0\1f\0octet\0"
        tid.sendto(b"\0\3\0\1" + bytes(512), client)
        assert tid.recv(100) == b"\0\4\0\1"
        tid.sendto(b"\0\5\0\0\x1b[2Jbroken\0", client)

    with server(exchange) as port, pytest.raises(TftpFailed) as failed:
        get("127.0.0.1", port, b"f", tmp_path / "out", wishes=NO_OPTIONS, timing=QUICK)
    assert (failed.value.reason, failed.value.message) == (Reason.PEER_ERROR, b"\x1b[2Jbroken")
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_falls_silent_is_given_up_and_nothing_is_left(tmp_path: Path) -> None:
    def exchange(tid: socket.socket, request: bytes, client: Address) -> None:
        tid.sendto(b"\0\3\0\1" + bytes(512), client)
        acks = [tid.recv(100) for _ in range(3)]
        assert acks == [b"\0\4\0\1"] * 3

    with server(exchange) as port, pytest.raises(TftpFailed) as failed:
        get("127.0.0.1", port, b"f", tmp_path / "out", wishes=NO_OPTIONS, timing=QUICK)
    assert failed.value.reason is Reason.SILENCE
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_listens_the_icmp_error_ends_it_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TftpFailed) as failed:
        get("127.0.0.1", port, b"f", tmp_path / "out", timing=Timing(first_s=30))
    assert failed.value.reason is Reason.UNREACHABLE
    with pytest.raises(TftpFailed) as failed:
        get("::1", port, b"f", tmp_path / "out", timing=Timing(first_s=30))
    assert failed.value.reason is Reason.UNREACHABLE


def test_two_first_answers_and_only_the_first_is_followed(tmp_path: Path) -> None:
    def exchange(tid: socket.socket, request: bytes, client: Address) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            second.bind(("127.0.0.1", 0))
            second.settimeout(3)
            tid.sendto(b"\0\3\0\1" + b"a" * 512, client)
            assert tid.recv(100) == b"\0\4\0\1"
            second.sendto(b"\0\3\0\1" + b"b" * 100, client)
            assert second.recv(100)[:4] == b"\0\5\0\5"
            tid.sendto(b"\0\3\0\2end", client)
            assert tid.recv(100) == b"\0\4\0\2"

    with server(exchange) as port:
        get("127.0.0.1", port, b"f", tmp_path / "out", wishes=NO_OPTIONS, timing=QUICK)
    assert (tmp_path / "out").read_bytes() == b"a" * 512 + b"end"


def test_a_file_that_exists_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        get("127.0.0.1", 9, b"f", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_a_stream_gets_the_file_as_it_comes_and_a_stream_can_be_sent(tmp_path: Path) -> None:
    content = Random(1).randbytes(10_000)
    with TftpServer(tmp_path, port=0, write=True) as lab:
        put(*lab.address, b"f", io.BytesIO(content), timing=QUICK)
        out = io.BytesIO()
        get(*lab.address, b"f", out, timing=QUICK)
    assert out.getvalue() == content


def test_progress_is_told_with_the_whole_size(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    (tmp_path / "f").write_bytes(bytes(5000))
    with TftpServer(tmp_path, port=0, write=True) as lab:
        wishes = Wishes(blksize=1000, tsize=0)
        get(*lab.address, b"f", io.BytesIO(), wishes=wishes, timing=QUICK, progress=lambda *now: told.append(now))
        assert told[0] == (1000, 5000)
        assert told[-1] == (5000, 5000)
        told.clear()
        put(*lab.address, b"g", tmp_path / "f", wishes=wishes, timing=QUICK, progress=lambda *now: told.append(now))
        assert told[-1] == (5000, 5000)


def test_a_full_disk_is_told_to_the_server_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "f").write_bytes(bytes(100_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with TftpServer(tmp_path / "root", port=0) as lab:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        try:
            with pytest.raises(TftpFailed) as failed:
                get(*lab.address, b"f", tmp_path / "out", timing=QUICK)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert failed.value.reason is Reason.REFUSED
    assert isinstance(failed.value.cause, OSError)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_an_interrupted_download_leaves_nothing_and_tells_the_server(tmp_path: Path) -> None:
    def interrupt(_octets: int, _whole: int | None) -> None:
        raise KeyboardInterrupt

    heard: list[bytes] = []

    def exchange(tid: socket.socket, request: bytes, client: Address) -> None:
        tid.sendto(b"\0\3\0\1" + bytes(512), client)
        heard.append(tid.recv(100))

    with server(exchange) as port, pytest.raises(KeyboardInterrupt):
        get("127.0.0.1", port, b"f", tmp_path / "out", wishes=NO_OPTIONS, timing=QUICK, progress=interrupt)
    assert heard == [b"\0\5\0\0cancelled\0"]
    assert list(tmp_path.iterdir()) == []


def test_a_window_is_asked_for_only_where_the_receive_buffer_holds_it(tmp_path: Path) -> None:
    requests: list[bytes] = []

    def exchange(tid: socket.socket, request: bytes, client: Address) -> None:
        requests.append(request)
        tid.sendto(b"\0\5\0\0no\0", client)

    wishes = Wishes(blksize=65464, windowsize=65535)
    with server(exchange) as port, pytest.raises(TftpFailed):
        get("127.0.0.1", port, b"f", tmp_path / "out", wishes=wishes, timing=QUICK)
    words = requests[0].split(b"\0")
    assert 1 <= int(words[words.index(b"windowsize") + 1]) < 1000


def test_an_unknown_host_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"."):
        get("no.such.host.invalid", 69, b"f", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
