"""A FeiQ/IP Messenger peer: presence, messages and receipts (protocol draft 14; FeiQ's habits from captures).

The one rule: all decisions about a packet fall in one `match`; what no line of it names is met with silence.
Answers go to the port that a packet came from.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from lab.engine.datagram import Address, Send
from lab.engine.feiq_event import Action, Announce, Event, MessageCame, Peer
from lab.engine.feiq_memory import Outbox, Roster, Shown
from lab.engine.feiq_profile import IPMSG, NAME_LETTERS, Dialect, Habits, Identity
from lab.engine.feiq_text import Charset, encode, name_bytes, names_of, presence_names, presence_sections
from lab.engine.rate import RateLimit
from lab.wire.error import BuildError, WireError
from lab.wire.feiq import CommonFlag, MessageFlag, Mode, Packet, PresenceFlag, compose, is_utf8, parse
from lab.wire.text import decode

_VERSION_ONE = re.compile(rb"\s*\+?0*1(?!\d)")
"""The original client reads the version with atoi() and wants 1: `1_lbt6_0#128#...` is one, `2` and `abc` are not."""

_NEVER_ANSWERED = MessageFlag.BROADCASTOPT | MessageFlag.AUTORETOPT

_SPREADS_S = ((50, 1.0), (300, 2.0))
"""An entry is answered after a random time up to this, by how many peers are known; beyond the last, up to 4 s."""
_WIDEST_SPREAD_S = 4.0

_PACKET_BYTES_MAX = 65_507
"""What one UDP datagram carries over IPv4 (RFC 768, RFC 791): a longer message would never leave."""

_OWN_KEPT = 16
_LONGEST_NUMBER = 20


class FeiqEngine:
    """Pure. Times are absolute nanoseconds of any one clock; `first_number` should grow from run to run.

    `deadline_ns` says when `timeout` wants to be called next, None for never.
    """

    def __init__(
        self,
        me: Identity,
        *,
        dialect: Dialect = IPMSG,
        habits: Habits | None = None,
        first_number: int = 1,
        seed: int = 0,
    ) -> None:
        self.me = me
        self.absent = False
        self._dialect = dialect
        self._habits = habits or Habits()
        self._next_number = first_number
        self._random = random.Random(seed)
        self._roster = Roster(self._habits.peers)
        self._shown = Shown(self._habits)
        self._outbox = Outbox(self._habits)
        self._rate = RateLimit(self._habits.answer_rate, self._habits.peers)
        self._answers_due_ns: dict[Address, int] = {}
        self._announced: deque[bytes] = deque(maxlen=_OWN_KEPT)

    # What our user wants.

    def enter(self) -> list[Action]:
        """We are here. NOOPERATION goes first: its loss while addresses are being resolved costs nothing."""
        return [self._announce(Mode.NOOPERATION), self._announce(Mode.BR_ENTRY)]

    def leave(self) -> list[Action]:
        return [self._announce(Mode.BR_EXIT)]

    def change(self, *, nick: str | None = None, group: str | None = None, absent: bool | None = None) -> list[Action]:
        """Another nickname, group or absence, told to everybody."""
        self.me = replace(
            self.me,
            nick=self.me.nick if nick is None else nick,
            group=self.me.group if group is None else group,
        )
        self.absent = self.absent if absent is None else absent
        return [self._announce(Mode.BR_ABSENCE)]

    def ask(self, to: Address) -> list[Action]:
        """Our entry told to one host alone, which makes it answer with its names."""
        return [Send(self._presence(Mode.BR_ENTRY), to)]

    def tell_leaving(self, to: Address) -> list[Action]:
        """Our exit told to one host alone, after `ask`."""
        return [Send(self._presence(Mode.BR_EXIT), to)]

    def message(
        self,
        now_ns: int,
        to: Address,
        text: str,
        *,
        check: bool = True,
        charset: Charset | None = None,
        options: int = 0,
    ) -> tuple[int, list[Action]]:
        """A message and its packet number; with `check` it is repeated until the receipt comes.

        `charset` None means UTF-8 for a peer that announced it can read that, else GB18030. `options` are more
        option bits. Raises BuildError for text that the charset or the format cannot carry.
        """
        peer = self._roster.get(to)
        if charset is None:
            charset = "utf-8" if peer is not None and peer.utf8 else "gb18030"
        code = Mode.SENDMSG | options | (MessageFlag.SENDCHECKOPT if check else 0)
        number, data = self._packet(code, (encode(text, charset),), charset)
        if len(data) > _PACKET_BYTES_MAX:
            raise BuildError("feiq.packet", f"at most {_PACKET_BYTES_MAX} bytes in one datagram", f"{len(data)}")
        send = Send(data, to)
        if check:
            self._outbox.post(now_ns, number, send)
        return number, [send]

    @property
    def peers(self) -> list[Peer]:
        """Who is there, the longest silent first."""
        return self._roster.all()

    # What the network does.

    @property
    def deadline_ns(self) -> int | None:
        times = [*self._answers_due_ns.values()]
        if self._outbox.deadline_ns is not None:
            times.append(self._outbox.deadline_ns)
        return min(times, default=None)

    def timeout(self, now_ns: int) -> list[Action]:
        due = [to for to, at_ns in self._answers_due_ns.items() if at_ns <= now_ns]
        for to in due:
            del self._answers_due_ns[to]
        return [*(self._entry_answer(to) for to in due), *self._outbox.timeout(now_ns)]

    def receive(self, now_ns: int, data: bytes, source: Address, asked: str | None = None) -> list[Action]:
        """What to do about a datagram from `source`: datagrams to send and events to tell, or nothing."""
        try:
            packet = parse(data)
        except WireError:
            # What is no packet gets no answer: there is no error packet, and the source may be forged.
            return []
        if not _VERSION_ONE.match(packet.version) or data in self._announced:
            # Another protocol's version; or our own broadcast, which the network hands back to us too.
            return []
        match packet.mode:
            case Mode.BR_ENTRY:
                return [*self._hear_of(packet, source), *self._answer_entry(now_ns, source)]
            case Mode.ANSENTRY | Mode.BR_ABSENCE:
                # Neither is answered: an answer to an answer would never end, and BR_ABSENCE asks for none.
                return [*self._hear_of(packet, source)]
            case Mode.BR_EXIT:
                return [*self._part_from(packet, source)]
            case Mode.SENDMSG:
                return self._hear(now_ns, packet, source)
            case Mode.RECVMSG:
                return [*self._outbox.receipt(source, _receipt_number(packet))]
            case _:
                # NOOPERATION wants nothing; a mode that we do not know or cannot serve is ignored, as is usual.
                return []

    # The few things that the decisions above are made of.

    def _hear_of(self, packet: Packet, source: Address) -> list[Event]:
        names = presence_names(packet)
        return self._roster.put(
            Peer(
                source,
                names.user,
                names.host,
                names.nick,
                names.group,
                absent=bool(packet.options & PresenceFlag.ABSENCEOPT),
                utf8=bool(packet.options & PresenceFlag.CAPUTF8OPT),
                version=packet.version[:NAME_LETTERS],
            )
        )

    def _part_from(self, packet: Packet, source: Address) -> list[Event]:
        # Packet numbers are unique within a peer's life only; some clients begin at 1 again.
        self._shown.forget(_sender(packet, source))
        self._answers_due_ns.pop(source, None)
        return self._roster.drop(source)

    def _answer_entry(self, now_ns: int, source: Address) -> list[Action]:
        if source in self._answers_due_ns or len(self._answers_due_ns) >= self._habits.peers:
            # One answer tells everything, also to a peer whose entry reached us twice.
            return []
        if not self._rate.allows(now_ns, source[0]):
            return []
        if self._habits.answer_at_once:
            return [self._entry_answer(source)]
        spread_s = next((s for limit, s in _SPREADS_S if len(self._roster) < limit), _WIDEST_SPREAD_S)
        self._answers_due_ns[source] = now_ns + self._random.randrange(int(spread_s * 1e9))
        return []

    def _entry_answer(self, to: Address) -> Send:
        peer = self._roster.get(to)
        return Send(self._presence(Mode.ANSENTRY, utf8=peer is not None and peer.utf8), to)

    def _hear(self, now_ns: int, packet: Packet, source: Address) -> list[Action]:
        if packet.options & MessageFlag.ENCRYPTOPT:
            # We announce no key, so this was sealed for somebody else. What cannot be read is not acknowledged.
            return []
        wants_receipt = packet.options & MessageFlag.SENDCHECKOPT and not packet.options & _NEVER_ANSWERED
        receipted = bool(wants_receipt) and self._rate.allows(now_ns, source[0])
        receipt: list[Action] = [self._receipt(packet.number, source)] if receipted else []
        if not self._shown.is_new(_sender(packet, source), packet.number):
            # The receipt was lost, so it is given again; the message has been shown.
            return receipt
        peer, events = self._writer(packet, source)
        text = decode(packet.text, utf8=is_utf8(packet.code))
        message = MessageCame(peer, packet.number, text, packet.text, packet.code, receipted)
        # The message is told before its receipt leaves, and has one whether or not its text could be decoded.
        return [*events, message, *receipt]

    def _writer(self, packet: Packet, source: Address) -> tuple[Peer, Sequence[Event]]:
        """Who wrote; a stranger joins the list, unless the packet asks that it should not."""
        known = self._roster.get(source)
        reads_utf8 = bool(packet.options & (CommonFlag.CAPUTF8OPT | CommonFlag.UTF8OPT))
        if known is None:
            names = names_of(packet)
            known = Peer(source, names.user, names.host, names.nick, version=packet.version[:NAME_LETTERS])
        peer = replace(known, utf8=known.utf8 or reads_utf8)
        return peer, () if packet.options & MessageFlag.NOADDLISTOPT else self._roster.put(peer)

    def _receipt(self, number: int, to: Address) -> Send:
        return Send(self._packet(Mode.RECVMSG, (b"%d" % number,), "gb18030")[1], to)

    def _announce(self, mode: Mode) -> Announce:
        data = self._presence(mode)
        self._announced.append(data)
        return Announce(data)

    def _presence(self, mode: Mode, *, utf8: bool = False) -> bytes:
        """Entry, exit and absence stay in the local charset, so that old clients can read them; only an answer to a
        peer that can read UTF-8 carries UTF8OPT (draft 14, section 3-9).
        """
        charset: Charset = "utf-8" if utf8 else "gb18030"
        code = mode | self._dialect.capabilities
        code |= PresenceFlag.UTF8OPT if utf8 else 0
        code |= PresenceFlag.ABSENCEOPT if self.absent else 0
        block = self._dialect.utf8_block and mode != Mode.ANSENTRY
        sections = presence_sections(self.me, charset, utf8_block=block)
        if mode == Mode.NOOPERATION:
            # FeiQ sends a lone NUL, and nobody reads more.
            code, sections = int(mode), (b"",)
        return self._packet(code, sections, charset)[1]

    def _packet(self, code: int, sections: Sequence[bytes], charset: Charset) -> tuple[int, bytes]:
        """The packet's number and its bytes. Only the modes whose charset is agreed on carry UTF8OPT."""
        if charset == "utf-8":
            code |= CommonFlag.UTF8OPT
        number = self._next_number
        self._next_number = (number + 1) % 2**32
        user, host = name_bytes(self.me.user, charset), name_bytes(self.me.host, charset)
        packet = compose(
            number=number, user=user, host=host, code=code, sections=sections, version=self._dialect.version
        )
        return number, packet.build()


def _sender(packet: Packet, source: Address) -> tuple[str, bytes, bytes]:
    """Names are compared without case, as the original does; the host's address keeps two `root:localhost` apart."""
    return source[0], packet.user[:NAME_LETTERS].lower(), packet.host[:NAME_LETTERS].lower()


def _receipt_number(packet: Packet) -> int:
    """The number that a receipt names; -1, which no message has, where it names none."""
    return int(packet.text) if packet.text.isdigit() and len(packet.text) <= _LONGEST_NUMBER else -1
