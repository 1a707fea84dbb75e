"""Every peer in the table can be found, started and talked to, on loopback."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from lab.suites.peers import (
    TFTP_CLIENTS,
    TFTP_SERVERS,
    PeerDied,
    PeerMissing,
    Program,
    Request,
    running,
    udp_ports_bound,
)
from tests.conftest import Need

CONTENT = bytes(range(256)) * 5 + b"\r\n\r\0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that peers which become nobody can read and write too."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    folder.chmod(0o777)
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o711)
    return folder


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("client", TFTP_CLIENTS)
@pytest.mark.parametrize("server", TFTP_SERVERS)
def test_each_client_gets_a_file_from_each_server(
    server: str, client: str, root: Path, tmp_path: Path, need: Need
) -> None:
    serves, asks = TFTP_SERVERS[server], TFTP_CLIENTS[client]
    if serves.needs_root or serves.only_port:
        need.root()
    program, asking = need.peer(serves.program), need.peer(asks.program)
    host, port = ("127.0.0.69", serves.only_port) if serves.only_port else ("127.0.0.1", free_port())
    request = Request(host, port, "file.bin", str(tmp_path / "got"))
    with running(serves.words(program, str(root), host, port), port=port):
        subprocess.run(asks.get(asking, request), check=True, timeout=30, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_server_that_cannot_start_says_its_last_words() -> None:
    with pytest.raises(PeerDied, match="no such luck"), running(["sh", "-c", "echo no such luck; exit 3"], port=1):
        pytest.fail("it must not be entered")


def test_a_server_is_gone_when_its_block_ends() -> None:
    port = free_port()
    code = f"import socket,time; s=socket.socket(2,2); s.bind(('127.0.0.1',{port})); time.sleep(60)"
    with running(["python3", "-c", code], port=port):
        assert port in udp_ports_bound()
    assert port not in udp_ports_bound()


def test_a_missing_program_names_the_package_that_has_it() -> None:
    with pytest.raises(PeerMissing, match="some-package"):
        Program("no-such-program", "some-package").path()
