"""One transfer of the TFTP server: its session, its socket, and the file that it was asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.engine.datagram import Address
from lab.engine.tftp_actions import Action, Failed, Finished, OpenFile, Reason
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_terms import Terms
from lab.peer.files import FileRefused, Root
from lab.peer.tftp_shell import Shell
from lab.peer.tftp_socket import TftpSocket
from lab.peer.tftp_storage import Storage
from lab.wire.tftp import ErrorCode


@dataclass(frozen=True, slots=True)
class Ended:
    """A transfer that is over. `filename` and a failure's message come from the wire: show them through `safe`."""

    peer: Address
    filename: bytes
    write: bool
    mode: bytes
    terms: Terms
    octets: int
    seconds: float
    outcome: Finished | Failed


@dataclass(frozen=True, slots=True)
class Shop:
    """What every transfer of one server shares."""

    root: Root
    storage: Storage
    write: bool
    overwrite: bool


class Service:
    """A session with its shell. `events` is what the server's selector watches for it."""

    def __init__(self, session: TftpSession, sock: TftpSocket, shop: Shop) -> None:
        self.session = session
        self.shell = Shell(session, sock)
        self.shell.opener = self._open
        self.events = 0
        self.scheduled_ns: int | None = None
        self._shop = shop
        self._began_s = time.monotonic()
        self._file = -1

    def start(self) -> None:
        self.shell.perform(self.session.start(time.monotonic_ns()))

    @property
    def done(self) -> bool:
        return self.session.done and not self.shell.sock.blocked

    def close(self, on_end: Callable[[Ended], None] | None) -> None:
        self.shell.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if on_end is not None:
            request = self.session.request
            on_end(
                Ended(
                    self.session.peer,
                    request.filename,
                    self.session.write,
                    request.mode,
                    self.shell.terms,
                    self.shell.octets,
                    (self.shell.decided_s or time.monotonic()) - self._began_s,
                    self.shell.outcome or Failed(Reason.REFUSED),
                )
            )

    def _open(self, wanted: OpenFile) -> list[Action]:
        try:
            if wanted.write:
                return self._open_upload(wanted)
            self._file, size = self._shop.root.open(wanted.filename)
        except FileRefused as refused:
            return self.session.refuse(refused.code, refused.text.encode())
        self.shell.source = lambda octets: os.read(self._file, octets)
        return self.session.opened(time.monotonic_ns(), size)

    def _open_upload(self, wanted: OpenFile) -> list[Action]:
        if not self._shop.write:
            raise FileRefused(ErrorCode.ACCESS_VIOLATION, "this server only reads")
        # A text's announced size may be the local one; it says nothing certain about the octets to come.
        announced = None if self.session.text else wanted.tsize
        self.shell.sink = self._shop.storage.create(wanted.filename, announced, overwrite=self._shop.overwrite)
        return self.session.opened(time.monotonic_ns())
