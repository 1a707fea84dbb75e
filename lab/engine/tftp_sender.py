"""The sending half of a TFTP transfer: windows of DATA out, ACKs in. A duplicate ACK is never a reason to send twice.

    blocks:   1 ... acked | acked+1 ... sent | sent+1 ...
              forgotten   | held, repeatable | not asked for yet

With windowsize 1 this is RFC 1350's lock step. Block 0 is the OACK where there is one, so that its loss, its
repetition and its ACK need no second telling.
"""

from __future__ import annotations

from lab.engine import netascii
from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Failed, Finished, Reason, SendRun
from lab.engine.tftp_numbering import ahead, on_wire
from lab.engine.tftp_terms import Terms
from lab.engine.tftp_timer import Timer


class Sender:
    """Octets are fed in when it `wants` them; blocks stay held, and identical, until they are acknowledged."""

    def __init__(self, peer: Address, terms: Terms, timer: Timer, *, oack: bytes = b"", text: bool = False) -> None:
        self.peer = peer
        self.terms = terms
        self.finished = False
        self.heard = False
        """Some ACK has come: the peer is there and wants this."""
        self.octets = 0
        """Octets taken from the file so far."""
        self._timer = timer
        self._oack = oack
        self._text = text
        self._acked = -1 if oack else 0
        self._sent = self._acked
        self._held = b""
        self._last: int | None = None
        self._resends = 0
        self._echoes = 0
        self._answered_gap = False

    @property
    def deadline_ns(self) -> int | None:
        return self._timer.deadline_ns

    @property
    def wants(self) -> int:
        """How many octets of the file it can use now; the shell feeds them, `b""` says that the file has ended."""
        if self.finished or self._last is not None or self._acked < 0:
            return 0
        return max(0, self._window_octets - len(self._held))

    def start(self, now_ns: int) -> list[Action]:
        """Sends the OACK. Without one there is nothing to send before octets are fed."""
        if not self._oack:
            return []
        self._sent = 0
        self._timer.sent(now_ns)
        return [Send(self._oack, self.peer)]

    def feed(self, now_ns: int, octets: bytes) -> list[Action]:
        """More of the file, in any portion, or its end. What nobody wants is not taken."""
        if not self.wants:
            return []
        if octets:
            self.octets += len(octets)
            octets = netascii.encode(octets) if self._text else octets
            self._held = self._held + octets if self._held else octets
        else:
            # The last block is the one that is not full: a file of whole blocks ends with an empty one (section 6).
            self._last = self._acked + len(self._held) // self.terms.blksize + 1
        if self.wants:
            return []
        self._timer.sent(now_ns)
        return self._window()

    def ack(self, now_ns: int, number: int) -> list[Action]:
        """An ACK with this 16-bit number."""
        base = max(self._acked, 0)
        distance = ahead(number, base, self.terms.rollover)
        if self.finished or distance is None or base + distance > self._sent:
            return []  # Late, or of a block never sent: RFC 1350 has no answer for it, and any answer would multiply.
        block = base + distance
        if block == self._acked:
            return self._again()
        self._held = self._held[distance * self.terms.blksize :]
        self._acked = block
        self.heard = True
        self._echoes, self._resends, self._answered_gap = self._resends, 0, False
        self._timer.progress(now_ns)
        if block == self._last:
            self.finished = True
            return [Finished()]
        if self.wants:
            return []
        self._timer.sent(now_ns)
        return self._window()

    def timeout(self, now_ns: int) -> list[Action]:
        if self._timer.gave_up(now_ns):
            self._timer.stop()
            self.finished = True
            return [Failed(Reason.SILENCE)]
        self._timer.repeated(now_ns)
        return self.repeat()

    def repeat(self) -> list[Action]:
        """What was sent last and is not acknowledged yet, once more and octet by octet the same."""
        if self.finished or self._sent == self._acked:
            return []
        if self._acked < 0:
            return [Send(self._oack, self.peer)]
        self._resends += 1
        # RFC 7440 section 4: after a timeout the window starts behind the last ACK received.
        return self._window()

    @property
    def _window_octets(self) -> int:
        return self.terms.windowsize * self.terms.blksize

    def _again(self) -> list[Action]:
        """The ACK that we have already: a receiver that lacks the window's first block, or a mere duplicate.

        RFC 1123 section 4.2.3.1: in lock step it is never answered, or every block would go twice to the end of the
        file. In a window (RFC 7440) it is answered once, and not when it can be the echo of a window sent twice.
        """
        if self.terms.windowsize == 1 or self._sent == self._acked or self._acked < 0:
            return []
        if self._echoes:
            self._echoes -= 1
            return []
        if self._answered_gap:
            return []
        self._answered_gap = True
        return self.repeat()

    def _window(self) -> list[Action]:
        first = self._acked + 1
        end = self._acked + self.terms.windowsize
        if self._last is not None:
            end = min(end, self._last)
        self._sent = end
        runs: list[Action] = []
        while first <= end:
            count = end - first + 1
            number = on_wire(first, self.terms.rollover)
            if self.terms.rollover == 1:
                count = min(count, 65536 - number)  # After 65535 a run would go on with 0.
            start = (first - self._acked - 1) * self.terms.blksize
            payload = self._held[start : start + count * self.terms.blksize]
            runs.append(SendRun(number, count, payload, self.terms.blksize, self.peer))
            first += count
        return runs
