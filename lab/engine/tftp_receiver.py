"""The receiving half of a TFTP transfer: DATA in, one ACK for each window out. Every block is stored exactly once.

Nothing is stored out of order: a gap is answered by the ACK of the last block before it, once (RFC 7440 section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from lab.engine.datagram import Address, Send
from lab.engine.netascii import Decoder
from lab.engine.tftp_actions import Action, Failed, Finished, Publish, Reason, Store
from lab.engine.tftp_numbering import ahead, on_wire
from lab.engine.tftp_terms import Terms
from lab.engine.tftp_timer import S, Timer, Timing
from lab.wire.tftp import Ack, Data, Error, ErrorCode


class State(Enum):
    RECEIVING = "blocks are awaited"
    PUBLISHING = "the file is whole and the shell makes it safe; the last ACK waits for it"
    DALLYING = "all is done, but the last ACK may be lost"
    OVER = "nothing more is said"


class Receiver:
    """`answer` is what the request or the OACK was answered with (OACK, or ACK 0): block 0, so to say."""

    def __init__(self, peer: Address, terms: Terms, timer: Timer, timing: Timing, *, answer: bytes, text: bool) -> None:
        self.peer = peer
        self.terms = terms
        self.state = State.RECEIVING
        self.octets = 0
        """Octets handed out for the file so far."""
        self._answer = answer
        self._timer = timer
        self._timing = timing
        self._decoder = Decoder() if text else None
        self._rollover = terms.rollover
        self._received = 0
        self._in_window = 0
        self._gap_told = False

    @property
    def deadline_ns(self) -> int | None:
        return self._timer.deadline_ns

    def start(self, now_ns: int) -> list[Action]:
        self._timer.sent(now_ns)
        return [Send(self._answer, self.peer)]

    def data(self, now_ns: int, blocks: Sequence[Data]) -> list[Action]:
        """DATA packets in the order of their arrival."""
        if self.state is State.DALLYING:
            return self._dally(blocks)
        if self.state is not State.RECEIVING:
            return []
        pieces: list[bytes] = []
        actions: list[Action] = []
        before = self._received
        for block in blocks:
            actions += self._block(block, pieces)
        if self._received > before:
            self._wait_on(now_ns, acknowledged=bool(actions))
        return [*self._store(pieces), *actions]

    def timeout(self, now_ns: int) -> list[Action]:
        if self.state is State.DALLYING:
            self._stop()
            return []
        if self._timer.gave_up(now_ns):
            self._stop()
            return [Failed(Reason.SILENCE)]
        self._timer.repeated(now_ns)
        return self.repeat()

    def repeat(self) -> list[Action]:
        """The last ACK (or the first answer) once more."""
        if self.state is not State.RECEIVING:
            return []
        self._in_window, self._gap_told = 0, False
        return [Send(self._answer, self.peer) if self._received == 0 else self._ack()]

    def published(self, now_ns: int) -> list[Action]:
        """The file is safe under its name: now, and not before, the sender may forget it."""
        if self.state is not State.PUBLISHING:
            return []
        self.state = State.DALLYING
        self._timer.deadline_ns = now_ns + int(self._timing.dally_s * S)
        return [self._ack(), Finished()]

    @property
    def heard(self) -> bool:
        """Some DATA has come: the peer is there and wants this."""
        return self._received > 0

    def _wait_on(self, now_ns: int, *, acknowledged: bool) -> None:
        """Blocks came in order: the wait for the next begins anew. Anything else leaves the timer alone."""
        if self.state is not State.RECEIVING:
            return
        if acknowledged:
            self._timer.progress(now_ns)
            self._timer.sent(now_ns)
        else:
            self._timer.more(now_ns)

    def _block(self, packet: Data, pieces: list[bytes]) -> list[Action]:
        if self.state is not State.RECEIVING:
            return []  # The last block came earlier in the same run.
        if len(packet.data) > self.terms.blksize:
            return self._oversize()
        distance = ahead(packet.block, self._received, self._rollover)
        if distance == 0:
            return self._duplicate()
        if distance == 2 and self._rolls_over_to(packet.block):
            self._rollover, distance = 1, 1
        if distance == 1:
            return self._next(packet.data, pieces)
        if distance is None or distance > self.terms.windowsize or self._gap_told or self.terms.windowsize == 1:
            return []  # Old, or impossible, or told already. In lock step the sender's own timer mends it.
        self._gap_told, self._in_window = True, 0
        return [self._ack()]

    def _next(self, data: bytes, pieces: list[bytes]) -> list[Action]:
        self._received += 1
        self._in_window += 1
        self._gap_told = False
        pieces.append(data)
        if len(data) < self.terms.blksize:
            self.state = State.PUBLISHING
            self._timer.stop()
            return [Publish()]
        if self._in_window < self.terms.windowsize:
            return []
        self._in_window = 0
        return [self._ack()]

    def _duplicate(self) -> list[Action]:
        """The block before: our ACK was lost, or the network copies. Amid a window more blocks are on their way."""
        if self._received == 0 or self._in_window:
            return []
        return [self._ack()]

    def _rolls_over_to(self, number: int) -> bool:
        """Block 65535 followed by 1: a sender that skips 0. Only lock step proves that no block 0 was lost between."""
        first_wrap = self._received == 65535 and number == 1
        return first_wrap and self._rollover is None and self.terms.windowsize == 1

    def _store(self, pieces: list[bytes]) -> list[Action]:
        octets = b"".join(pieces) if len(pieces) != 1 else pieces[0]
        if self._decoder is not None:
            octets = self._decoder.decode(octets)
            if self.state is State.PUBLISHING:
                octets += self._decoder.finish()
        self.octets += len(octets)
        return [Store(octets)] if octets else []

    def _dally(self, blocks: Sequence[Data]) -> list[Action]:
        """RFC 1350 section 6: the last ACK may be lost, so the last block is acknowledged as often as it comes."""
        last = on_wire(self._received, self._rollover)
        if any(block.block == last for block in blocks):
            return [self._ack()]
        if last == 0 and any(block == Data(1, b"") for block in blocks):
            # curl 7.88 and tftp-hpa 5.2 take a last block numbered 0 for the request, and wait for one empty block 1.
            return [Send(Ack(1).build(), self.peer)]
        return []

    def _oversize(self) -> list[Action]:
        # Cutting it would write a wrong file, dropping it would end in silence: say what is wrong.
        message = b"DATA longer than the block size"
        self._stop()
        error = Error(ErrorCode.ILLEGAL_OPERATION, message)
        return [Send(error.build(), self.peer), Failed(Reason.REFUSED, error.code, message)]

    def _ack(self) -> Send:
        return Send(Ack(on_wire(self._received, self._rollover)).build(), self.peer)

    def _stop(self) -> None:
        self.state = State.OVER
        self._timer.stop()
