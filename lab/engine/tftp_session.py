"""One transfer on the server's side, from a sound request to its end. The file is opened before anything is promised.

A peer that has not answered yet may be the victim of a forged request: it gets one unasked repetition, no more.
"""

from __future__ import annotations

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Agreed, Failed, OpenFile, Reason
from lab.engine.tftp_receiver import Receiver
from lab.engine.tftp_sender import Sender
from lab.engine.tftp_terms import Bounds, Options, Terms, asked, grant, number
from lab.engine.tftp_timer import S, Timer, Timing
from lab.engine.tftp_transfer import Transfer
from lab.wire.tftp import Ack, Error, ErrorCode, Oack, ReadRequest, WriteRequest

UNASKED_REPETITIONS = 1

MODES = (b"octet", b"netascii")
"""Served modes. `mail` is obsolete and must not be (RFC 1350 section 1)."""


class TftpSession:
    """The server's engine for one TID."""

    def __init__(
        self,
        now_ns: int,
        peer: Address,
        request: ReadRequest | WriteRequest,
        *,
        bounds: Bounds | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.peer = peer
        self.request = request
        self.write = isinstance(request, WriteRequest)
        self.text = request.mode.lower() == b"netascii"
        self.transfer: Transfer | None = None
        self._bounds = bounds or Bounds()
        self._timing = timing or Timing()
        self._refused = False
        self._expires_ns = now_ns + int(self._timing.whole_s * S)

    @property
    def done(self) -> bool:
        return self._refused or (self.transfer is not None and self.transfer.done)

    @property
    def proven(self) -> bool:
        """The peer has answered: it really is where the request said it came from."""
        return self.transfer is not None and self.transfer.half.heard

    @property
    def deadline_ns(self) -> int | None:
        if self.done:
            return None
        waiting = self.transfer.deadline_ns if self.transfer is not None else None
        return self._expires_ns if waiting is None else min(waiting, self._expires_ns)

    @property
    def wants(self) -> int:
        return self.transfer.wants if self.transfer is not None else 0

    def start(self, now_ns: int) -> list[Action]:
        """Refuses a mode that is not served; else asks for the file."""
        if self.request.mode.lower() not in MODES:
            return self.refuse(ErrorCode.ILLEGAL_OPERATION, b"only octet and netascii are served")
        if not self.request.filename:
            return self.refuse(ErrorCode.FILE_NOT_FOUND, b"no file name")
        announced = number(asked(self.request.options).get(b"tsize", b"")) if self.write else None
        return [OpenFile(self.request.filename, self.write, announced)]

    def opened(self, now_ns: int, size: int | None = None) -> list[Action]:
        """The file is open; `size` is its length in octets where it is read and known."""
        if self.done or self.transfer is not None:
            return []
        terms, granted = grant(self.request.options, self._tsize(size), self._bounds)
        timer = Timer(now_ns, self._timing, timeout_s=terms.timeout_s, unproven=UNASKED_REPETITIONS)
        self.transfer = Transfer(self.peer, self._half(terms, granted, timer))
        return [Agreed(terms), *self.transfer.start(now_ns)]

    def receive(self, now_ns: int, data: bytes, source: Address) -> list[Action]:
        return self.transfer.receive(now_ns, data, source) if self.transfer is not None else []

    def receive_run(self, now_ns: int, data: bytes, size: int, source: Address) -> list[Action]:
        return self.transfer.receive_run(now_ns, data, size, source) if self.transfer is not None else []

    def timeout(self, now_ns: int) -> list[Action]:
        if self.transfer is None or self.done:
            return []
        if now_ns >= self._expires_ns:
            return self.transfer.end(Reason.TOO_LONG)
        return self.transfer.timeout(now_ns)

    def asked_again(self) -> list[Action]:
        """The same request came once more from the same port: its answer was lost, and is repeated."""
        return self.transfer.repeat() if self.transfer is not None else []

    def feed(self, now_ns: int, octets: bytes) -> list[Action]:
        return self.transfer.feed(now_ns, octets) if self.transfer is not None else []

    def published(self, now_ns: int) -> list[Action]:
        return self.transfer.published(now_ns) if self.transfer is not None else []

    def refuse(self, code: int, message: bytes) -> list[Action]:
        if self.transfer is not None:
            return self.transfer.refuse(code, message)
        if self._refused:
            return []
        self._refused = True
        return [Send(Error(code, message).build(), self.peer), Failed(Reason.REFUSED, code, message)]

    def unreachable(self, to: Address) -> list[Action]:
        """ICMP said that nobody listens at `to`: the client is gone, unless it was a stranger's port."""
        return self.transfer.end(Reason.UNREACHABLE) if self.transfer is not None and to == self.peer else []

    def evict(self) -> list[Action]:
        """Makes room for somebody else, without a word."""
        self._refused = True
        return self.transfer.end(Reason.REFUSED) if self.transfer is not None else []

    def _tsize(self, size: int | None) -> int | None:
        if self.write:
            return number(asked(self.request.options).get(b"tsize", b""))  # RFC 2349: a write's tsize is echoed.
        # The encoded length of a text is known only when it has been encoded; a wrong size would be worse than none.
        return None if self.text else size

    def _half(self, terms: Terms, granted: Options, timer: Timer) -> Sender | Receiver:
        oack = Oack(granted).build() if granted else b""
        if self.write:
            answer = oack or Ack(0).build()
            return Receiver(self.peer, terms, timer, self._timing, answer=answer, text=self.text)
        return Sender(self.peer, terms, timer, oack=oack, text=self.text)
