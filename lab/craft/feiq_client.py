"""Speaks FeiQ and IP Messenger from a crafted station: presence, messages, receipts; each step waits for its answer.

A telling of its own on the Scapy layer; the reference peer's engine is told separately.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.craft import feiq_numbers as numbers
from lab.craft.error import BuildError, MalformedError, NoAnswer, Unexpected
from lab.craft.feiq_layer import LabFeiQ, read_strictly
from lab.craft.station import Datagram, Endpoint

SEED_NUMBER, SEED_USER, SEED_HOST, SEED_TEXT = 1238605487, "klaus", "whoever_pc", "Nice day!"
"""The line that many Chinese UDP tutorials start from: `1:1238605487:klaus:whoever_pc:32:Nice day!`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A FeiQ packet that came, and the datagram it came in."""

    packet: LabFeiQ
    datagram: Datagram


class FeiQClient:
    """One user on one port of a station, talking to one peer.

    `first_number` is the number of the first packet; each further packet takes the next (reference: one for each
    packet of a sender's life). Names are sent in `encoding`, as FeiQ does: GBK.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        peer: str,
        *,
        user: str = SEED_USER,
        host: str = SEED_HOST,
        nick: str = SEED_USER,
        group: str = "",
        peer_port: int = 2425,
        first_number: int = SEED_NUMBER,
        encoding: str = "gbk",
        timeout_s: float = 5.0,
    ) -> None:
        for name, value in (("user", user), ("host", host)):
            if not value or ":" in value or "\0" in value:
                raise BuildError(name, "at least one character, no colon and no NUL", value)
        self.endpoint = endpoint
        self.peer, self.peer_port = peer, peer_port
        self.user, self.host, self.nick, self.group = user, host, nick, group
        self.encoding = encoding
        self.timeout_s = timeout_s
        self.seen: list[Heard] = []
        """Every FeiQ packet that came, in order, also those that no step waited for."""
        self._number = first_number - 1

    def enter(self, *, flags: int = 0) -> Heard:
        """Announces itself to the peer and returns its ANSENTRY. Raises NoAnswer.

        The wait must be longer than the peer's random delay, which the protocol allows to be 4 s.
        """
        entry = self._send(numbers.BR_ENTRY | flags, self._presence())
        return self._wait_for(lambda heard: heard.answers(entry), "ANSENTRY", entry)

    def leave(self) -> None:
        """Says that it goes; nobody answers that."""
        self._send(numbers.BR_EXIT, self._presence())

    def say(
        self, text: str, *, flags: int = 0, check: bool = False, utf8: bool = False, end: bytes = b"\0"
    ) -> Heard | None:
        """Sends a message. With `check` it asks for a receipt, waits for it and returns it.

        `utf8` sets UTF8OPT and sends UTF-8; otherwise the text goes out in the client's encoding. `end` is the NUL that
        real senders end on; the seed's line has none.
        """
        code = numbers.SENDMSG | flags | numbers.UTF8OPT * utf8 | numbers.SENDCHECKOPT * check
        message = self._send(code, self._encode(text, "utf-8" if utf8 else self.encoding) + end)
        if not check:
            return None
        return self._wait_for(lambda heard: heard.answers(message), "RECVMSG", message)

    def say_the_seed(self) -> None:
        """Sends exactly `1:1238605487:klaus:whoever_pc:32:Nice day!`, whatever this client is called."""
        seed = LabFeiQ(
            version=b"1",
            packet_no=SEED_NUMBER,
            user=SEED_USER,
            host=SEED_HOST,
            command_no=numbers.SENDMSG,
            sections=(SEED_TEXT,),
        )
        self.endpoint.send(self.peer, self.peer_port, seed)

    def wait_for_message(self) -> Heard:
        """The next message of the peer; one that asks for a receipt gets it, unless broadcast or automatic."""
        heard = self._wait_for(lambda packet: packet.mode == numbers.SENDMSG, "message", None)
        unasked = heard.packet.flags & (numbers.BROADCASTOPT | numbers.AUTORETOPT)
        if heard.packet.flags & numbers.SENDCHECKOPT and not unasked:
            self._send(numbers.RECVMSG, bytes(heard.packet.packet_no) + b"\0", to=heard.datagram)
        return heard

    def _wait_for(self, is_it: Callable[[LabFeiQ], object], what: str, sent: LabFeiQ | None) -> Heard:
        """Listens until the packet comes; who asks in between is answered. Raises NoAnswer and Unexpected."""
        deadline_ns = self.endpoint.station.now_ns() + round(self.timeout_s * 1e9)
        while (left_ns := deadline_ns - self.endpoint.station.now_ns()) > 0:
            datagram = self.endpoint.receive(left_ns / 1e9)
            if datagram is None:
                break
            if datagram.source != self.peer:
                continue  # Others on the network may announce themselves; this exchange is with one peer.
            heard = Heard(_read(datagram), datagram)
            self.seen.append(heard)
            if is_it(heard.packet):
                return heard
            if heard.packet.mode == numbers.BR_ENTRY:
                self._send(numbers.ANSENTRY, self._presence(), to=datagram)
        to_what = f" to {sent.mysummary()[0]}" if sent is not None else ""
        raise NoAnswer(f"no {what} from {self.peer} port {self.peer_port}{to_what} within {self.timeout_s:g} s")

    def _send(self, code: int, body: bytes, to: Datagram | None = None) -> LabFeiQ:
        self._number += 1
        packet = LabFeiQ(
            version=b"1",
            packet_no=self._number,
            user=self._encode(self.user, self.encoding),
            host=self._encode(self.host, self.encoding),
            command_no=code,
            sections=body,
        )
        if to is None:
            self.endpoint.send(self.peer, self.peer_port, packet)
        else:
            self.endpoint.send(to.source, to.source_port, packet)
        return packet

    def _presence(self) -> bytes:
        return self._encode(self.nick, self.encoding) + b"\0" + self._encode(self.group, self.encoding) + b"\0"

    def _encode(self, text: str, encoding: str) -> bytes:
        try:
            return text.encode(encoding)
        except UnicodeEncodeError as wrong:
            raise BuildError("text", f"characters that {encoding} has", wrong.object[wrong.start : wrong.end]) from None


def _read(datagram: Datagram) -> LabFeiQ:
    try:
        return read_strictly(datagram.payload)
    except MalformedError as wrong:
        raise Unexpected(f"{datagram.source} sent malformed bytes: {wrong}", datagram.frame) from None
