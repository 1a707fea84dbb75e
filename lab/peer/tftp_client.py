"""The reference TFTP client: one request on a socket of its own. A download has its name only when it is whole."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lab.engine.datagram import Address
from lab.engine.tftp_actions import Failed, Finished, Reason
from lab.engine.tftp_client import CLIENT_TIMING, TftpClient
from lab.engine.tftp_terms import BLKSIZE_MAX, Terms, Wishes
from lab.engine.tftp_timer import Timing
from lab.peer.files import NewFile
from lab.peer.tftp_shell import Shell, Sink
from lab.peer.tftp_socket import TftpSocket
from lab.peer.udp import address_in, own_address_for, resolve
from lab.wire.tftp import ErrorCode

__all__ = ["NO_OPTIONS", "TftpFailed", "Timing", "Transferred", "Wishes", "get", "put"]

NO_OPTIONS = Wishes()
DEFAULT_WISHES = Wishes(blksize=1428, windowsize=16, tsize=0)
"""1428: an IPv6 packet with room for a tunnel's headers still fits an Ethernet frame."""

Progress = Callable[[int, int | None], None]
"""Called with the octets moved so far and their whole number, where it is known."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """A transfer that succeeded."""

    peer: Address
    octets: int
    seconds: float
    terms: Terms


class TftpFailed(Exception):
    """A transfer that did not succeed. For PEER_ERROR `message` is the peer's own text: show it through `safe`."""

    def __init__(self, reason: Reason, code: int = 0, message: bytes = b"", cause: OSError | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.code = code
        self.message = message
        self.cause = cause
        """What this machine refused, where that was the reason."""


def get(
    host: str,
    port: int,
    name: bytes,
    out: Path | BinaryIO,
    *,
    mode: str = "octet",
    wishes: Wishes = DEFAULT_WISHES,
    overwrite: bool = False,
    octets_max: int | None = None,
    timing: Timing = CLIENT_TIMING,
    progress: Progress | None = None,
) -> Transferred:
    """Reads `name` from a server into a file, or into a stream as it comes.

    Raises TftpFailed; OSError where the host is unknown, there is no way to it, or the file cannot be made
    (FileExistsError without `overwrite`); NotOneHost for broadcast and multicast; ValueError for a request too long.
    """
    sink: Sink = NewFile.at(out, overwrite=overwrite) if isinstance(out, Path) else _Stream(out)
    try:
        with _Exchange(host, port) as exchange:
            fitting = exchange.fit(wishes)
            client = exchange.client(name, False, mode, fitting, timing, octets_max)
            return exchange.run(client, sink=sink, progress=progress, size=None)
    finally:
        sink.discard()


def put(
    host: str,
    port: int,
    name: bytes,
    source: Path | BinaryIO,
    *,
    mode: str = "octet",
    wishes: Wishes = DEFAULT_WISHES,
    timing: Timing = CLIENT_TIMING,
    progress: Progress | None = None,
) -> Transferred:
    """Writes a file or a stream to a server under `name`. Raises as `get` does."""
    file = source.open("rb") if isinstance(source, Path) else source
    try:
        size = os.fstat(file.fileno()).st_size if isinstance(source, Path) else None
        # RFC 2349: a write's tsize is the size, where it is known before.
        tsize = size if wishes.tsize is not None and mode == "octet" else None
        with _Exchange(host, port) as exchange:
            client = exchange.client(name, True, mode, replace(exchange.fit(wishes), tsize=tsize), timing, None)
            return exchange.run(client, source=file.read, progress=progress, size=size)
    finally:
        if isinstance(source, Path):
            file.close()


class _Stream:
    """A stream as a sink: what was written cannot be taken back, so nothing is published or discarded."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, octets: bytes) -> None:
        self._stream.write(octets)

    def publish(self) -> None:
        self._stream.flush()

    def discard(self) -> None:
        return


class _Exchange:
    """The socket of one request, and the loop that serves it."""

    def __init__(self, host: str, port: int) -> None:
        family, sockaddr = resolve(host, port)
        self.server: Address = address_in(sockaddr)
        own_address_for(*self.server)  # Asked for its refusals: better now than as a silence.
        self._sock = TftpSocket(family, ("", 0))  # Any own address: the route to the server chooses it.

    def __enter__(self) -> _Exchange:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def fit(self, wishes: Wishes) -> Wishes:
        """Makes room for the window before asking for it, and asks for no more than there is room for."""
        if wishes.windowsize is None:
            return wishes
        blksize = min(wishes.blksize or 512, BLKSIZE_MAX)
        self._sock.size_buffers(min(2 * wishes.windowsize * (blksize + 1024), 16 << 20))
        return replace(wishes, windowsize=min(wishes.windowsize, self._sock.window_that_fits(blksize)))

    def client(
        self, name: bytes, write: bool, mode: str, wishes: Wishes, timing: Timing, octets_max: int | None
    ) -> TftpClient:
        return TftpClient(
            time.monotonic_ns(),
            self.server,
            name,
            write=write,
            mode=mode.encode(),
            wishes=wishes,
            octets_max=octets_max,
            timing=timing,
        )

    def run(
        self,
        client: TftpClient,
        *,
        size: int | None,
        progress: Progress | None,
        source: Callable[[int], bytes] | None = None,
        sink: Sink | None = None,
    ) -> Transferred:
        began_s = time.monotonic()
        shell = Shell(client, self._sock)
        shell.source, shell.sink = source, sink
        if progress is not None:
            shell.on_progress = lambda octets: progress(octets, size if size is not None else shell.terms.tsize)
        try:
            shell.perform(client.start(time.monotonic_ns()))
            self._loop(shell, client)
        except BaseException:
            shell.perform(client.refuse(ErrorCode.NOT_DEFINED, b"cancelled"))
            raise
        if isinstance(shell.outcome, Finished) and client.transfer is not None:
            seconds = (shell.decided_s or time.monotonic()) - began_s
            return Transferred(client.transfer.peer, shell.octets, seconds, shell.terms)
        failed = shell.outcome or Failed(Reason.SILENCE)
        assert isinstance(failed, Failed)
        raise TftpFailed(failed.reason, failed.code, failed.message, shell.trouble)

    def _loop(self, shell: Shell, client: TftpClient) -> None:
        """Until the engine has no more to do, dallying included."""
        poll = select.poll()
        while not client.done or self._sock.blocked:
            poll.register(self._sock.fileno(), select.POLLIN | (select.POLLOUT if self._sock.blocked else 0))
            deadline_ns = client.deadline_ns
            wait_ms = None if deadline_ns is None else max(0.0, (deadline_ns - time.monotonic_ns()) / 1e6)
            for _, event in poll.poll(wait_ms):
                if event & select.POLLOUT:
                    shell.writable()
                if event & (select.POLLIN | select.POLLERR):
                    shell.readable()
            shell.timeout()
