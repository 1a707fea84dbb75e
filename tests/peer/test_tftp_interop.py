"""Other people's TFTP programs: our server serves them, our client asks them, and the files are equal by sha256."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.engine.tftp_admission import Limits
from lab.engine.tftp_timer import Timing
from lab.peer.tftp_client import NO_OPTIONS, Wishes, get, put
from lab.peer.tftp_server import TftpServer
from lab.suites.peers import TFTP_CLIENTS, TFTP_SERVERS, Request, TftpClient, running
from tests.conftest import Need

SIZES = [0, 1, 511, 512, 513]
WRAPS = 65_535 * 512 + 1
"""65,536 blocks: the last one has number 0."""

QUICK = Timing(first_s=0.5, give_up_s=10, dally_s=0.05)
OPTIONS = {"blksize": 1428, "windowsize": 16, "tsize": 0, "timeout": 2}
CASES = [
    (name, dict(options)) for name in TFTP_CLIENTS for options in ({}, OPTIONS) if name != "tftp-hpa" or not options
]
SERVED = [
    (name, host) for name in TFTP_SERVERS for host in ("127.0.0.1", "::1") if TFTP_SERVERS[name].ipv6 or host != "::1"
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that servers under other users can reach and write to."""
    folder = tmp_path / "root"
    folder.mkdir()
    folder.chmod(0o777)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    return folder


def content(size: int) -> bytes:
    return hashlib.shake_128(b"packet-lab").digest(size)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def program_run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL, check=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_our_server_serves_other_clients(
    name: str, options: dict[str, int], host: str, root: Path, tmp_path: Path, need: Need
) -> None:
    client = TFTP_CLIENTS[name]
    need.peer(client.program)
    options = {key: value for key, value in options.items() if key in client.options}
    with TftpServer(root, host, 0, write=True, limits=Limits(rate_per_s=0)) as server:
        for size in SIZES:
            if name == "curl" and options and not size:
                continue  # curl 7.88 calls a tsize of 0 illegal, which RFC 2349 does not.
            exchange_with_client(client, server, options, size, root, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TFTP_CLIENTS))
def test_our_server_serves_other_clients_past_block_65535(name: str, root: Path, tmp_path: Path, need: Need) -> None:
    client = TFTP_CLIENTS[name]
    need.peer(client.program)
    with TftpServer(root, "127.0.0.1", 0, write=True) as server:
        exchange_with_client(client, server, {}, WRAPS, root, tmp_path)


def exchange_with_client(
    client: TftpClient, server: TftpServer, options: dict[str, int], size: int, root: Path, tmp_path: Path
) -> None:
    program = client.program.path()
    (root / "down").write_bytes(content(size))
    (tmp_path / "got").unlink(missing_ok=True)
    (root / "up").unlink(missing_ok=True)
    host, port = server.address
    result = program_run(client.get(program, Request(host, port, "down", str(tmp_path / "got"), options=options)))
    assert result.returncode == 0, result
    assert digest(tmp_path / "got") == digest(root / "down"), f"get of {size}"
    result = program_run(client.put(program, Request(host, port, "up", str(root / "down"), options=options)))
    assert result.returncode == 0, result
    assert digest(root / "up") == digest(root / "down"), f"put of {size}"


@contextmanager
def other_server(name: str, host: str, root: Path, need: Need) -> Iterator[tuple[str, int]]:
    server = TFTP_SERVERS[name]
    program = need.peer(server.program)
    if server.needs_root or server.only_port:
        need.root()
    if server.only_port and host == "127.0.0.1":
        host = "127.0.0.69"  # Port 69 of an address that nobody else uses.
    port = server.only_port or free_port(host)
    with running(server.words(program, str(root), host, port), port=port):
        yield host, port


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(("name", "host"), SERVED)
def test_our_client_reads_from_and_writes_to_other_servers(
    name: str, host: str, root: Path, tmp_path: Path, need: Need
) -> None:
    with other_server(name, host, root, need) as where:
        for wishes in (NO_OPTIONS, Wishes(blksize=1428, windowsize=16, tsize=0), Wishes(blksize=100, timeout_s=2)):
            for size in SIZES:
                exchange_with_server(name, where, wishes, size, root, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TFTP_SERVERS))
def test_our_client_goes_past_block_65535_with_other_servers(name: str, root: Path, tmp_path: Path, need: Need) -> None:
    with other_server(name, "127.0.0.1", root, need) as where:
        exchange_with_server(name, where, NO_OPTIONS, WRAPS, root, tmp_path)


def exchange_with_server(
    name: str, where: tuple[str, int], wishes: Wishes, size: int, root: Path, tmp_path: Path
) -> None:
    (root / "down").write_bytes(content(size))
    (root / "down").chmod(0o644)
    (root / "up").unlink(missing_ok=True)
    get(*where, b"down", tmp_path / "got", wishes=wishes, timing=QUICK, overwrite=True)
    assert digest(tmp_path / "got") == digest(root / "down"), f"get of {size} with {wishes}"
    if TFTP_SERVERS[name].writable:
        put(*where, b"up", root / "down", wishes=wishes, timing=QUICK)
        wait_until_written(root / "up", size)
        assert digest(root / "up") == digest(root / "down"), f"put of {size} with {wishes}"


def wait_until_written(path: Path, size: int, patience_s: float = 10) -> None:
    """atftpd acknowledges the last block before its buffer is in the file."""
    deadline_s = time.monotonic() + patience_s
    while path.stat().st_size < size and time.monotonic() < deadline_s:
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["tftpd-hpa"])
def test_texts_are_read_as_other_servers_send_them(name: str, root: Path, tmp_path: Path, need: Need) -> None:
    text = b"one\ntwo\nthree\n" * 100
    (root / "text").write_bytes(text)
    (root / "text").chmod(0o644)
    with other_server(name, "127.0.0.1", root, need) as where:
        get(*where, b"text", tmp_path / "got", mode="netascii", wishes=Wishes(blksize=16), timing=QUICK)
    assert (tmp_path / "got").read_bytes() == text


@pytest.mark.parametrize("name", ["curl", "tftp-hpa"])
def test_texts_are_sent_as_other_clients_read_them(name: str, root: Path, tmp_path: Path, need: Need) -> None:
    text = b"one\ntwo\nthree\n" * 100
    (root / "text").write_bytes(text)
    client = TFTP_CLIENTS[name]
    with TftpServer(root, "127.0.0.1", 0) as server:
        asked = Request(*server.address, "text", str(tmp_path / "got"), mode="netascii")
        result = program_run(client.get(need.peer(client.program), asked))
    assert result.returncode == 0, result
    # curl keeps the line ends of the wire; tftp-hpa translates them.
    assert (tmp_path / "got").read_bytes() in (text, text.replace(b"\n", b"\r\n"))
