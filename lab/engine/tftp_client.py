"""The TFTP client: asks, fixes the server's TID from its first sound answer, checks the terms, then transfers.

The server answers from a port of its own choice (RFC 1350 section 4) but from the address that was asked.
"""

from __future__ import annotations

from dataclasses import replace

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Agreed, Failed, Reason
from lab.engine.tftp_reading import read_answer
from lab.engine.tftp_receiver import Receiver
from lab.engine.tftp_sender import Sender
from lab.engine.tftp_terms import Options, Terms, TermsRefused, Wishes, accept
from lab.engine.tftp_timer import Timer, Timing
from lab.engine.tftp_transfer import STRANGERS_ANSWERED, Transfer, stranger_error
from lab.wire.tftp import Ack, Data, Error, ErrorCode, Oack, Packet, ReadRequest, WriteRequest

REQUEST_OCTETS_MAX = 512
"""RFC 2347: a request with its options has at most 512 octets."""

CLIENT_TIMING = Timing(first_s=0.5, give_up_s=20.0, dally_s=0.5)


class TftpClient:
    """One request to one server. Raises ValueError for a request that is too long, BuildError for a NUL in a name."""

    def __init__(
        self,
        now_ns: int,
        server: Address,
        filename: bytes,
        *,
        write: bool = False,
        mode: bytes = b"octet",
        wishes: Wishes | None = None,
        octets_max: int | None = None,
        timing: Timing = CLIENT_TIMING,
    ) -> None:
        self.server = server
        self.write = write
        self.transfer: Transfer | None = None
        self._wishes = wishes or Wishes()
        self._text = mode.lower() == b"netascii"
        self._octets_max = octets_max
        self._timing = timing
        self._timer = Timer(now_ns, replace(timing, give_up_s=timing.ask_s))
        self._failed = False
        self._strangers = 0
        kind = WriteRequest if write else ReadRequest
        self._request = kind(filename, mode, self._wishes.options()).build()
        if len(self._request) > REQUEST_OCTETS_MAX:
            raise ValueError(f"the request has {len(self._request)} octets, RFC 2347 allows {REQUEST_OCTETS_MAX}")

    @property
    def done(self) -> bool:
        return self._failed or (self.transfer is not None and self.transfer.done)

    @property
    def deadline_ns(self) -> int | None:
        if self.transfer is not None:
            return self.transfer.deadline_ns
        return None if self._failed else self._timer.deadline_ns

    @property
    def wants(self) -> int:
        return self.transfer.wants if self.transfer is not None else 0

    def start(self, now_ns: int) -> list[Action]:
        self._timer.sent(now_ns)
        return [Send(self._request, self.server)]

    def receive(self, now_ns: int, data: bytes, source: Address) -> list[Action]:
        if self.transfer is not None:
            return self.transfer.receive(now_ns, data, source)
        packet = read_answer(data)
        if self._failed or packet is None:
            return []
        if source[0] != self.server[0]:
            return self._stranger(packet, source)
        return self._first_answer(now_ns, packet, source)

    def receive_run(self, now_ns: int, data: bytes, size: int, source: Address) -> list[Action]:
        if self.transfer is not None:
            return self.transfer.receive_run(now_ns, data, size, source)
        actions: list[Action] = []
        for start in range(0, len(data), size):
            actions += self.receive(now_ns, data[start : start + size], source)
        return actions

    def timeout(self, now_ns: int) -> list[Action]:
        if self.transfer is not None:
            return self.transfer.timeout(now_ns)
        if self._failed or self._timer.deadline_ns is None or now_ns < self._timer.deadline_ns:
            return []
        if self._timer.gave_up(now_ns):
            return self._fail(Failed(Reason.SILENCE))
        self._timer.repeated(now_ns)
        return [Send(self._request, self.server)]

    def feed(self, now_ns: int, octets: bytes) -> list[Action]:
        return self.transfer.feed(now_ns, octets) if self.transfer is not None else []

    def published(self, now_ns: int) -> list[Action]:
        return self.transfer.published(now_ns) if self.transfer is not None else []

    def refuse(self, code: int, message: bytes) -> list[Action]:
        """This side cannot or will not go on. Before the first answer there is nobody to tell."""
        if self.transfer is not None:
            return self.transfer.refuse(code, message)
        return [] if self._failed else self._fail(Failed(Reason.REFUSED, code, message))

    def unreachable(self, to: Address) -> list[Action]:
        """ICMP said that nobody listens at `to`. Only the address that this transfer talks to counts."""
        if self.transfer is not None:
            return self.transfer.end(Reason.UNREACHABLE) if to == self.transfer.peer else []
        return self._fail(Failed(Reason.UNREACHABLE)) if to == self.server and not self._failed else []

    def _first_answer(self, now_ns: int, packet: Packet, source: Address) -> list[Action]:
        match packet:
            case Error(code, message):
                return self._fail(Failed(Reason.PEER_ERROR, code, message))
            case Oack(options):
                return self._negotiated(now_ns, options, source)
            case Data(1) if not self.write:
                # The server knows no options: RFC 1350's defaults hold, and this block is already the first.
                actions = self._begin(now_ns, Terms(), source, answered=False)
                assert self.transfer is not None
                return [*actions, *self.transfer.receive(now_ns, packet.build(), source)]
            case Ack(0) if self.write:
                return self._begin(now_ns, Terms(), source, answered=False)
        return []  # Nothing that answers this request; the timer goes on.

    def _negotiated(self, now_ns: int, options: Options, source: Address) -> list[Action]:
        try:
            terms = accept(self._wishes, options)
        except TermsRefused as refused:
            return self._refuse_answer(source, ErrorCode.OPTION_NEGOTIATION_FAILED, str(refused).encode())
        if not self.write and self._octets_max is not None and (terms.tsize or 0) > self._octets_max:
            return self._refuse_answer(source, ErrorCode.DISK_FULL, b"the file is too large for this client")
        return self._begin(now_ns, terms, source, answered=True)

    def _begin(self, now_ns: int, terms: Terms, source: Address, *, answered: bool) -> list[Action]:
        timer = Timer(now_ns, self._timing, timeout_s=terms.timeout_s)
        if self.write:
            self.transfer = Transfer(source, Sender(source, terms, timer, text=self._text))
            return [Agreed(terms)]
        receiver = Receiver(source, terms, timer, self._timing, answer=Ack(0).build(), text=self._text)
        self.transfer = Transfer(source, receiver)
        # RFC 2347: ACK 0 accepts an OACK. Where DATA 1 came at once there is nothing to accept.
        return [Agreed(terms), *(self.transfer.start(now_ns) if answered else [])]

    def _refuse_answer(self, source: Address, code: int, message: bytes) -> list[Action]:
        return [Send(Error(code, message).build(), source), *self._fail(Failed(Reason.REFUSED, code, message))]

    def _fail(self, failed: Failed) -> list[Action]:
        self._failed = True
        self._timer.stop()
        return [failed]

    def _stranger(self, packet: Packet, source: Address) -> list[Action]:
        if isinstance(packet, Error) or self._strangers >= STRANGERS_ANSWERED:
            return []
        self._strangers += 1
        return [stranger_error(source)]
