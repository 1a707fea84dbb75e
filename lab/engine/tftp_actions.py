"""What a TFTP engine asks its shell to do. Values only: an action is a wish, and the shell alone touches the world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lab.engine.datagram import Address, Send
from lab.engine.tftp_terms import Terms
from lab.wire.tftp import Data


@dataclass(frozen=True, slots=True)
class SendRun:
    """DATA packets with consecutive numbers, to be sent in order, in one system call where the shell can.

    `payload` is cut into pieces of `blksize`; the last piece may be shorter, and an empty payload is one empty packet.
    Numbers go on modulo 65536 from `first_block`.
    """

    first_block: int
    count: int
    payload: bytes
    blksize: int
    to: Address

    def pieces(self) -> Iterator[tuple[bytes, memoryview]]:
        """Header and data of each packet."""
        view = memoryview(self.payload)
        for index in range(self.count):
            header = Data((self.first_block + index) & 0xFFFF, b"").build()
            yield header, view[index * self.blksize : (index + 1) * self.blksize]

    def datagrams(self) -> Iterator[bytes]:
        """Each packet as it stands on the wire."""
        for header, data in self.pieces():
            yield header + data


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A server's request was sound: open `filename`, then call `opened` or `refuse`."""

    filename: bytes
    write: bool
    tsize: int | None
    """Announced size of an upload, in octets as sent."""


@dataclass(frozen=True, slots=True)
class Store:
    """Append these octets to the file."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Publish:
    """The file is whole: make it safe under its name, then call `published` or `refuse`. The last ACK waits for it."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The first answer is here; these are the terms."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class Finished:
    """The transfer succeeded. A receiver may still dally; the engine's `done` says when it is over."""


class Reason(Enum):
    SILENCE = "the peer no longer answers"
    PEER_ERROR = "the peer sent an error"
    REFUSED = "refused here"
    UNREACHABLE = "nothing listens there"
    TOO_LONG = "the transfer took too long"


@dataclass(frozen=True, slots=True)
class Failed:
    """The transfer is over without success. `message` is the peer's text for PEER_ERROR (untrusted), else ours."""

    reason: Reason
    code: int = 0
    message: bytes = b""


Action = Send | SendRun | OpenFile | Store | Publish | Agreed | Finished | Failed
