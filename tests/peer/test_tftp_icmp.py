"""ICMP errors can be forged by anybody who guesses two ports: whatever they say, the TFTP peers live on."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine.datagram import Address
from lab.engine.tftp_admission import Limits
from lab.peer.tftp_server import TftpServer
from lab.wire.checksum import internet_checksum
from tests.conftest import Need


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TftpServer]:
    (tmp_path / "f").write_bytes(bytes(600))
    with TftpServer(tmp_path, port=0, limits=Limits(rate_per_s=0)) as running:
        yield running


def icmp_error(kind: int, code: int, sender: Address, receiver: Address) -> bytes:
    """RFC 792: the header and the first 8 bytes of the datagram that went from `sender` to `receiver`."""
    addresses = socket.inet_aton(sender[0]) + socket.inet_aton(receiver[0])
    quoted = struct.pack(">BBHHHBBH", 0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    quoted += struct.pack(">HHHH", sender[1], receiver[1], 8, 0)
    rest = struct.pack(">HH", 0, 600) + quoted
    return struct.pack(">BBH", kind, code, internet_checksum(struct.pack(">BBH", kind, code, 0), rest)) + rest


@pytest.mark.parametrize("code", range(16))
def test_no_kind_of_unreachable_ends_the_server(server: TftpServer, need: Need, code: int) -> None:
    need.root()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(3)
        sock.sendto(b"\0\1f\0octet\0", server.address)
        tid = sock.recvfrom(600)[1]
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as forger:
            forger.sendto(icmp_error(3, code, tid, sock.getsockname()), ("127.0.0.1", 0))
        sock.sendto(b"\0\1nothing\0octet\0", server.address)
        assert sock.recv(600) == b"\0\5\0\1file not found\0"
