"""A TFTP transfer whose peer is known: who may speak, what an ERROR does, and which half of the protocol runs.

Only the peer's own address and port (its TID) move a transfer. Strangers get ERROR 5 and change nothing (RFC 1350
section 4); an ERROR is never answered, whoever sends it (section 7).
"""

from __future__ import annotations

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Failed, Finished, Reason
from lab.engine.tftp_reading import read_answer, read_run
from lab.engine.tftp_receiver import Receiver, State
from lab.engine.tftp_sender import Sender
from lab.wire.tftp import Ack, Data, Error, ErrorCode, Oack

STRANGERS_ANSWERED = 16
"""ERROR 5 is sent so often in one transfer; a flood of strangers is not worth an answer each."""


class Transfer:
    """One half, and what both halves have in common."""

    def __init__(self, peer: Address, half: Sender | Receiver) -> None:
        self.peer = peer
        self.half = half
        self.done = False
        self._strangers = 0

    @property
    def deadline_ns(self) -> int | None:
        return None if self.done else self.half.deadline_ns

    @property
    def wants(self) -> int:
        return self.half.wants if isinstance(self.half, Sender) and not self.done else 0

    def start(self, now_ns: int) -> list[Action]:
        return self._watched(self.half.start(now_ns))

    def receive(self, now_ns: int, data: bytes, source: Address) -> list[Action]:
        """One datagram."""
        packet = read_answer(data)
        if self.done or packet is None:
            return []  # Not TFTP, or over: RFC 1350 section 6 ends in silence.
        if source != self.peer:
            return self._stranger(packet, source)
        match packet:
            case Error(code, message):
                return self._peer_error(code, message)
            case Ack(block) if isinstance(self.half, Sender):
                return self._watched(self.half.ack(now_ns, block))
            case Data() if isinstance(self.half, Receiver):
                return self._watched(self.half.data(now_ns, [packet]))
            case Oack() if isinstance(self.half, Receiver) and not self.half.heard:
                # The ACK 0 that accepted it was lost. After the first block an OACK is only a late copy.
                return self.half.repeat()
        return []  # A packet of the other half, or a request to a transfer's port: nothing that belongs here.

    def receive_run(self, now_ns: int, data: bytes, size: int, source: Address) -> list[Action]:
        """A row of datagrams that the kernel handed over at once: `size` octets each, the last perhaps shorter."""
        if source == self.peer and isinstance(self.half, Receiver) and not self.done:
            blocks = read_run(data, size)
            if blocks is not None:
                return self._watched(self.half.data(now_ns, blocks))
        actions: list[Action] = []
        for start in range(0, len(data), size):
            actions += self.receive(now_ns, data[start : start + size], source)
        return actions

    def timeout(self, now_ns: int) -> list[Action]:
        deadline_ns = self.deadline_ns
        if deadline_ns is None or now_ns < deadline_ns:
            return []
        return self._watched(self.half.timeout(now_ns))

    def repeat(self) -> list[Action]:
        """The peer asked again before it heard us: what it did not get is sent once more."""
        return [] if self.done or self.half.heard else self.half.repeat()

    def feed(self, now_ns: int, octets: bytes) -> list[Action]:
        return self._watched(self.half.feed(now_ns, octets)) if isinstance(self.half, Sender) and not self.done else []

    def published(self, now_ns: int) -> list[Action]:
        return self._watched(self.half.published(now_ns)) if isinstance(self.half, Receiver) and not self.done else []

    def refuse(self, code: int, message: bytes) -> list[Action]:
        """Something failed on this side (the disk, the user): the peer is told once, and it is over."""
        if self.done or self._succeeded:
            return []
        self.done = True
        return [Send(Error(code, message).build(), self.peer), Failed(Reason.REFUSED, code, message)]

    def end(self, reason: Reason) -> list[Action]:
        """Ends without a word to the peer, who is gone or has taken too long."""
        if self.done:
            return []
        self.done = True
        return [] if self._succeeded else [Failed(reason)]

    @property
    def _succeeded(self) -> bool:
        return isinstance(self.half, Receiver) and self.half.state is State.DALLYING

    def _peer_error(self, code: int, message: bytes) -> list[Action]:
        self.done = True
        return [] if self._succeeded else [Failed(Reason.PEER_ERROR, code, message)]

    def _stranger(self, packet: object, source: Address) -> list[Action]:
        if isinstance(packet, Error) or self._strangers >= STRANGERS_ANSWERED:
            return []
        self._strangers += 1
        return [stranger_error(source)]

    def _watched(self, actions: list[Action]) -> list[Action]:
        """Notices the end of a half: a sender is done with the last ACK, a receiver when it has dallied."""
        for action in actions:
            if isinstance(action, Failed) or (isinstance(action, Finished) and isinstance(self.half, Sender)):
                self.done = True
        if isinstance(self.half, Receiver) and self.half.state is State.OVER:
            self.done = True
        return actions


def stranger_error(source: Address) -> Send:
    """RFC 1350 section 4: a packet from a TID that is not the peer's is answered so, to its sender alone."""
    return Send(Error(ErrorCode.UNKNOWN_TRANSFER_ID, b"unknown transfer ID").build(), source)
