"""The reference TFTP server on loopback sockets: what only sockets, files and the kernel can show."""

from __future__ import annotations

import contextlib
import hashlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from lab.engine.datagram import Address
from lab.engine.tftp_actions import Failed, Finished, Reason
from lab.engine.tftp_admission import Limits
from lab.engine.tftp_timer import Timing
from lab.peer.tftp_client import NO_OPTIONS, TftpFailed, Wishes, get, put
from lab.peer.tftp_server import TftpServer
from lab.peer.tftp_service import Ended
from lab.peer.tftp_storage import StorageLimits

QUICK = Timing(first_s=0.5, give_up_s=5, dally_s=0.02)
WINDOWS = Wishes(blksize=1428, windowsize=16, tsize=0)
HUGE_BLOCKS = Wishes(blksize=65464, windowsize=4)
TINY_BLOCKS = Wishes(blksize=8, windowsize=64)
HOSTS = ["127.0.0.1", "::1"]


class Bench:
    """A server on a folder of its own, and what it reported."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", **more: object) -> None:
        self.root = folder / "root"
        self.root.mkdir(exist_ok=True)
        self.ended: list[Ended] = []
        self.server = TftpServer(self.root, host, 0, on_end=self.ended.append, **more)  # type: ignore[arg-type]

    def wait_for_end(self, count: int = 1) -> Ended:
        deadline_s = time.monotonic() + 10
        while len(self.ended) < count and time.monotonic() < deadline_s:
            time.sleep(0.01)
        return self.ended[count - 1]


@contextlib.contextmanager
def bench(folder: Path, host: str = "127.0.0.1", **more: object) -> Iterator[Bench]:
    bench = Bench(folder, host, **{"limits": Limits(rate_per_s=0), "timing": QUICK, **more})
    with bench.server:
        yield bench


@contextlib.contextmanager
def endpoint(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(3)
        yield sock


def silent(sock: socket.socket, seconds: float) -> bool:
    return not select.select([sock], [], [], seconds)[0]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "wishes", [NO_OPTIONS, WINDOWS, Wishes(blksize=65464, windowsize=4), Wishes(blksize=8, windowsize=64)]
)
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1428 * 32, 100_001])
def test_what_is_put_is_what_is_got(tmp_path: Path, host: str, wishes: Wishes, size: int) -> None:
    content = Random(1).randbytes(size)
    (tmp_path / "in").write_bytes(content)
    with bench(tmp_path, host, write=True) as lab:
        port = lab.server.address[1]
        written = put(host, port, b"f", tmp_path / "in", wishes=wishes, timing=QUICK)
        assert (lab.root / "f").read_bytes() == content
        read = get(host, port, b"f", tmp_path / "out", wishes=wishes, timing=QUICK)
        assert (tmp_path / "out").read_bytes() == content
        assert written.octets == read.octets == size
        assert lab.wait_for_end(2).outcome == Finished()


def test_a_text_is_translated_both_ways(tmp_path: Path) -> None:
    text = b"one\ntwo\r\nthree\rfour\n" * 1000
    (tmp_path / "in").write_bytes(text)
    with bench(tmp_path, write=True) as lab:
        where = lab.server.address
        put(*where, b"f", tmp_path / "in", mode="netascii", wishes=Wishes(blksize=100, windowsize=3), timing=QUICK)
        assert (lab.root / "f").read_bytes() == text
        get(*where, b"f", tmp_path / "out", mode="netascii", timing=QUICK)
        assert (tmp_path / "out").read_bytes() == text
        get(*where, b"f", tmp_path / "raw", mode="octet", timing=QUICK)
        assert (tmp_path / "raw").read_bytes() == text


@pytest.mark.slow
@pytest.mark.parametrize("wishes", [NO_OPTIONS, Wishes(windowsize=16)])
def test_block_numbers_wrap_on_sockets(tmp_path: Path, wishes: Wishes) -> None:
    content = Random(1).randbytes(65_535 * 512 + 1)
    (tmp_path / "in").write_bytes(content)
    with bench(tmp_path, write=True) as lab:
        put(*lab.server.address, b"f", tmp_path / "in", wishes=wishes, timing=QUICK)
        get(*lab.server.address, b"f", tmp_path / "out", wishes=wishes, timing=QUICK)
    assert hashlib.sha256((tmp_path / "out").read_bytes()).digest() == hashlib.sha256(content).digest()


def test_each_transfer_has_a_port_of_its_own_and_the_ports_are_not_in_order(tmp_path: Path) -> None:
    with bench(tmp_path) as lab:
        (lab.root / "f").write_bytes(bytes(600))
        ports = []
        for _ in range(12):
            with endpoint() as sock:
                sock.sendto(b"\0\1f\0octet\0", lab.server.address)
                data, source = sock.recvfrom(600)
                assert data == b"\0\3\0\1" + bytes(512)
                ports.append(source[1])
                sock.sendto(b"\0\5\0\0enough\0", source)
    assert lab.server.address[1] not in ports
    assert len({later - earlier for earlier, later in pairwise(ports)}) > 3


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.9.9.9"])
def test_it_answers_from_the_address_that_was_asked(tmp_path: Path, asked: str) -> None:
    with bench(tmp_path, "0.0.0.0") as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(b"x")
        sock.sendto(b"\0\1f\0octet\0", (asked, lab.server.address[1]))
        assert sock.recvfrom(600)[1][0] == asked


@pytest.mark.parametrize("asked", ["255.255.255.255", "127.255.255.255", "224.0.0.1"])
def test_a_request_to_everybody_is_ignored(tmp_path: Path, asked: str) -> None:
    with bench(tmp_path, "0.0.0.0") as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(b"x")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        with contextlib.suppress(OSError):
            sock.sendto(b"\0\1f\0octet\0", (asked, lab.server.address[1]))
        assert silent(sock, 0.2)
        sock.sendto(b"\0\1f\0octet\0", ("127.0.0.1", lab.server.address[1]))
        assert sock.recv(600) == b"\0\3\0\1x"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"\0\1nothing\0octet\0", b"\0\5\0\1"),
        (b"\0\1../secret\0octet\0", b"\0\5\0\2"),
        (b"\0\1sub\0octet\0", b"\0\5\0\2"),
        (b"\0\1f\0mail\0", b"\0\5\0\4"),
        (b"\0\1%n%s\x1b[2J\xff\0octet\0", b"\0\5\0\1"),
        (b"\0\2new\0octet\0", b"\0\5\0\2"),
        (b"\0\2f\0octet\0", b"\0\5\0\2"),
    ],
)
def test_refusals_have_their_codes_and_tell_no_paths(tmp_path: Path, data: bytes, answer: bytes) -> None:
    with bench(tmp_path) as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(b"x")
        (lab.root / "sub").mkdir()
        (tmp_path / "secret").write_bytes(b"x")
        sock.sendto(data, lab.server.address)
        got = sock.recv(600)
        assert got[:4] == answer
        assert got.endswith(b"\0")
        assert str(tmp_path).encode() not in got
        assert silent(sock, 0.1)
        assert sorted(path.name for path in lab.root.iterdir()) == ["f", "sub"]


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\0\1", b"\0\3\0\1x", b"\0\4\0\0", b"\0\5\0\0x\0", b"\0\6", b"\0\1f\0octet", b"\xff" * 2000]
)
def test_the_listening_port_is_silent_to_everything_else_and_survives(tmp_path: Path, data: bytes) -> None:
    with bench(tmp_path) as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(b"x")
        sock.sendto(data, lab.server.address)
        assert silent(sock, 0.05)
        get(*lab.server.address, b"f", tmp_path / "out", timing=QUICK)


def test_an_existing_file_is_kept_and_with_overwrite_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"new")
    with bench(tmp_path, write=True) as lab:
        (lab.root / "f").write_bytes(b"old")
        with pytest.raises(TftpFailed) as failed:
            put(*lab.server.address, b"f", tmp_path / "in", timing=QUICK)
        assert (failed.value.reason, failed.value.code) == (Reason.PEER_ERROR, 6)
        assert (lab.root / "f").read_bytes() == b"old"
    with bench(tmp_path, write=True, overwrite=True) as lab:
        put(*lab.server.address, b"f", tmp_path / "in", timing=QUICK)
        assert (lab.root / "f").read_bytes() == b"new"


def test_an_upload_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    with bench(tmp_path, write=True, overwrite=True) as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(b"old")
        sock.sendto(b"\0\2f\0octet\0", lab.server.address)
        data, tid = sock.recvfrom(600)
        assert data == b"\0\4\0\0"
        sock.sendto(b"\0\3\0\1" + bytes(512), tid)
        assert sock.recv(600) == b"\0\4\0\1"
        sock.sendto(b"\0\5\0\0changed my mind\0", tid)
        assert lab.wait_for_end().outcome == Failed(Reason.PEER_ERROR, 0, b"changed my mind")
        assert [path.name for path in lab.root.iterdir()] == ["f"]
        assert (lab.root / "f").read_bytes() == b"old"


def test_stopping_the_server_ends_transfers_and_leaves_no_temporary(tmp_path: Path) -> None:
    with endpoint() as sock:
        with bench(tmp_path, write=True) as lab:
            sock.sendto(b"\0\2f\0octet\0", lab.server.address)
            tid = sock.recvfrom(600)[1]
            sock.sendto(b"\0\3\0\1" + bytes(512), tid)
            sock.recv(600)
        assert sock.recv(600)[:4] == b"\0\5\0\0"
        assert list(lab.root.iterdir()) == []


def test_an_upload_has_limits(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(3000))
    limits = StorageLimits(upload=2000, total=2500, free_share=0)
    with bench(tmp_path, write=True, storage=limits) as lab:
        for wishes in (NO_OPTIONS, WINDOWS):  # Counted where it was not announced, refused at once where it was.
            with pytest.raises(TftpFailed) as failed:
                put(*lab.server.address, b"f", tmp_path / "in", wishes=wishes, timing=QUICK)
            assert failed.value.code == 3
        (tmp_path / "in").write_bytes(bytes(1500))
        put(*lab.server.address, b"f", tmp_path / "in", wishes=NO_OPTIONS, timing=QUICK)
        with pytest.raises(TftpFailed):
            put(*lab.server.address, b"g", tmp_path / "in", wishes=NO_OPTIONS, timing=QUICK)
        assert [path.name for path in lab.root.iterdir()] == ["f"]


def test_the_last_part_of_the_disk_stays_free(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x")
    with bench(tmp_path, write=True, storage=StorageLimits(free_share=1)) as lab:
        with pytest.raises(TftpFailed) as failed:
            put(*lab.server.address, b"f", tmp_path / "in", timing=QUICK)
        assert failed.value.code == 3
        assert list(lab.root.iterdir()) == []


def test_a_strangers_gone_port_does_not_end_a_transfer(tmp_path: Path) -> None:
    """ERROR 5 to a stranger whose port is closed draws an ICMP error, and that one is about the stranger."""
    with bench(tmp_path) as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(bytes(600))
        sock.sendto(b"\0\1f\0octet\0", lab.server.address)
        tid = sock.recvfrom(600)[1]
        with endpoint() as stranger:
            stranger.sendto(b"\0\4\0\1", tid)
            assert stranger.recv(600)[:4] == b"\0\5\0\5"
        with endpoint() as stranger:
            stranger.sendto(b"\0\4\0\1", tid)
        time.sleep(0.05)
        sock.sendto(b"\0\4\0\1", tid)
        assert sock.recv(600) == b"\0\3\0\2" + bytes(88)


def test_a_client_whose_port_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    with bench(tmp_path) as lab:
        (lab.root / "f").write_bytes(bytes(600))
        with endpoint() as sock:
            sock.sendto(b"\0\1f\0octet\0", lab.server.address)
            tid = sock.recvfrom(600)[1]
            sock.sendto(b"\0\4\0\1", tid)
            sock.recv(600)
        assert lab.wait_for_end().outcome == Failed(Reason.UNREACHABLE)


def test_many_clients_are_served_at_once(tmp_path: Path) -> None:
    content = Random(1).randbytes(300_000)
    with bench(tmp_path) as lab:
        (lab.root / "f").write_bytes(content)
        outs = [tmp_path / f"out{index}" for index in range(12)]
        threads = [
            threading.Thread(
                target=get, args=(*lab.server.address, b"f", out), kwargs={"wishes": WINDOWS, "timing": QUICK}
            )
            for out in outs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(out.read_bytes() == content for out in outs)


def test_a_flood_of_half_open_requests_does_not_lock_an_honest_client_out(tmp_path: Path) -> None:
    limits = Limits(half_open=8, per_source=1000, rate_per_s=0)
    with bench(tmp_path, limits=limits) as lab, contextlib.ExitStack() as flood:
        (lab.root / "f").write_bytes(bytes(600))
        for _ in range(40):
            flood.enter_context(endpoint()).sendto(b"\0\1f\0octet\0", lab.server.address)
        assert get(*lab.server.address, b"f", tmp_path / "out", timing=QUICK).octets == 600


def test_a_waiting_server_does_nothing(tmp_path: Path) -> None:
    with bench(tmp_path) as lab, endpoint() as sock:
        (lab.root / "f").write_bytes(bytes(600))
        sock.sendto(b"\0\1f\0octet\0", lab.server.address)
        sock.recv(600)
        before_s = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before_s < 0.1


def test_a_busy_port_and_a_missing_folder_are_oserrors(tmp_path: Path) -> None:
    with bench(tmp_path) as lab:
        with pytest.raises(OSError, match="in use"):
            TftpServer(tmp_path, "127.0.0.1", lab.server.address[1])
        with pytest.raises(FileNotFoundError):
            TftpServer(tmp_path / "nowhere", "127.0.0.1", 0)


def test_the_address_is_known_before_serving(tmp_path: Path) -> None:
    server = TftpServer(tmp_path, port=0)
    address: Address = server.address
    assert address[0] == "127.0.0.1"
    assert server.start() == address
    server.close()
    server.close()
