"""Packet diagrams for the TFTP engines on a virtual clock: time since the line before, arrow, packet.

    +0.0  <  RRQ "f" octet blksize=8      to the engine
    +0.0  >  OACK blksize=8               from the engine, at exactly this time
    +0.1  <  stranger ACK 1               from another host; `port` is the peer's host, another port
    +0.0  >  stranger ERROR 5             the text of an ERROR is not compared
    +0.5  .  silence

DATA 3 [512] is the third block of the content that both ends know; DATA 3 "text" says its octets. `hex` gives any
bytes. The bytes expected are written here with struct, and not by the code under test.
"""

from __future__ import annotations

import re
import shlex
import struct
from collections import deque

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Agreed, Failed, Finished, OpenFile, Publish, SendRun, Store
from lab.engine.tftp_admission import Admission, AskedAgain, Begin
from lab.engine.tftp_client import TftpClient
from lab.engine.tftp_reading import read_request
from lab.engine.tftp_session import TftpSession

S = 1_000_000_000
SERVER: Address = ("10.77.0.1", 69)
SERVER_TID: Address = ("10.77.0.1", 41234)
CLIENT: Address = ("10.77.0.2", 51234)
STRANGER: Address = ("10.77.0.3", 6666)

CONTENT = bytes(i * 7 % 251 for i in range(70_000))


class Stage:
    """An engine, its file, and what it has sent. `size` is the length of the file that is read or sent."""

    def __init__(
        self, engine: TftpClient | None = None, *, size: int = 600, content: bytes = b"", **session: object
    ) -> None:
        self.engine: TftpClient | TftpSession | None = engine
        self.now_ns = 0
        self.line_ns = 0
        self.content = content or CONTENT[:size]
        self.file = bytearray()
        self.sent: deque[tuple[int, bytes, Address]] = deque()
        self.events: list[Action] = []
        self.blksize = 512
        self.refuse_file: tuple[int, bytes] | None = None
        self.refuse_publishing: tuple[int, bytes] | None = None
        self.admission = Admission()
        self._session = session
        self._read = 0
        self.other = ("10.77.0.1", 6666) if engine else ("10.77.0.2", 6666)
        self.peer = SERVER_TID if engine else CLIENT

    def play(self, diagram: str) -> Stage:
        """Asserts that everything happens as drawn, and nothing else."""
        for line in diagram.strip().splitlines():
            if line.strip():
                self._line(line.strip())
        assert not self.sent, f"not in the diagram: {self._shown()}"
        return self

    @property
    def outcome(self) -> Action | None:
        ends = [event for event in self.events if isinstance(event, Finished | Failed)]
        return ends[-1] if ends else None

    def _line(self, line: str) -> None:
        when, arrow, packet = line.split(maxsplit=2)
        self.line_ns += round(float(when) * S)
        if arrow == "<":
            self._advance(self.line_ns)
            assert not self.sent, f"{line}: not in the diagram before it: {self._shown()}"
            source, data = self._packet(packet, incoming=True)
            self._hear(data, source)
        elif arrow == ">":
            if not self.sent:
                self._advance(self.line_ns)
            assert self.sent, f"{line}: nothing was sent"
            sent_ns, data, to = self.sent.popleft()
            wanted_to, wanted = self._packet(packet, incoming=False)
            got = data[: len(wanted)] if wanted[:2] == b"\0\5" else data
            assert (got, to) == (wanted, wanted_to), f"{line}: sent {data[:40].hex(' ')} to {to}"
            assert abs(sent_ns - self.line_ns) < S // 1000, f"{line}: sent {(sent_ns - self.line_ns) / S:+} s off"
        else:
            assert packet == "silence"
            self._advance(self.line_ns)
            assert not self.sent, f"{line}: {self._shown()}"

    def _hear(self, data: bytes, source: Address) -> None:
        if self.engine is not None:
            again = read_request(data) if isinstance(self.engine, TftpSession) and source == CLIENT else None
            if again is None:
                self._do(self.engine.receive(self.now_ns, data, source))
                return
        match self.admission.receive(self.now_ns, data, source):
            case Begin(request):
                self.engine = TftpSession(self.now_ns, source, request, **self._session)  # type: ignore[arg-type]
                self.admission.begun(self.engine)
                self._do(self.engine.start(self.now_ns))
            case AskedAgain(session):
                self._do(session.asked_again())

    def start(self) -> Stage:
        """A client's request goes out."""
        assert isinstance(self.engine, TftpClient)
        self._do(self.engine.start(self.now_ns))
        return self

    def _advance(self, to_ns: int) -> None:
        while self.engine is not None and self.engine.deadline_ns is not None and self.engine.deadline_ns <= to_ns:
            self.now_ns = max(self.now_ns, self.engine.deadline_ns)
            self._do(self.engine.timeout(self.now_ns))
        self.now_ns = max(self.now_ns, to_ns)

    def _do(self, actions: list[Action]) -> None:
        queue = deque(actions)
        while True:
            while queue:
                self._one(queue.popleft(), queue)
            if self.engine is None or not (wants := self.engine.wants):
                return
            octets = self.content[self._read : self._read + wants]
            self._read += len(octets)
            queue.extend(self.engine.feed(self.now_ns, octets))

    def _one(self, action: Action, queue: deque[Action]) -> None:
        assert self.engine is not None
        match action:
            case Send(data, to):
                self.sent.append((self.now_ns, data, to))
            case SendRun():
                self.sent.extend((self.now_ns, data, action.to) for data in action.datagrams())
            case Store(octets):
                self.file += octets
            case Publish():
                refusal = self.refuse_publishing
                queue.extend(self.engine.refuse(*refusal) if refusal else self.engine.published(self.now_ns))
            case OpenFile() if isinstance(self.engine, TftpSession):
                refusal = self.refuse_file
                size = None if action.write else len(self.content)
                queue.extend(self.engine.refuse(*refusal) if refusal else self.engine.opened(self.now_ns, size))
        if isinstance(action, Agreed):
            self.blksize = action.terms.blksize
        if isinstance(action, OpenFile | Agreed | Finished | Failed):
            self.events.append(action)

    def _packet(self, text: str, *, incoming: bool) -> tuple[Address, bytes]:
        end = self.peer
        for name, address in (("stranger", STRANGER), ("port", self.other)):
            if text.startswith(name + " "):
                end, text = address, text.removeprefix(name + " ")
        if text.startswith(("RRQ", "WRQ")) and not incoming:
            end = SERVER
        return end, self._bytes(text)

    def _bytes(self, text: str) -> bytes:
        kind, _, rest = text.partition(" ")
        match kind:
            case "RRQ" | "WRQ":
                strings = [word.encode() for word in shlex.split(rest)]
                words = strings[:2] + [part for pair in strings[2:] for part in pair.split(b"=", 1)]
                return (b"\0\1" if kind == "RRQ" else b"\0\2") + b"".join(word + b"\0" for word in words)
            case "OACK":
                parts = [part.encode() for pair in rest.split() for part in pair.split("=", 1)]
                return b"\0\6" + b"".join(part + b"\0" for part in parts)
            case "ACK":
                return b"\0\4" + struct.pack(">H", int(rest))
            case "ERROR":
                return b"\0\5" + struct.pack(">H", int(rest)) + b""
            case "DATA":
                return b"\0\3" + self._data(rest)
            case "hex":
                return bytes.fromhex(rest)
        raise AssertionError(f"no such packet: {text}")

    def _data(self, rest: str) -> bytes:
        found = re.fullmatch(r'(\d+) (?:\[(\d+)\]|"(.*)")', rest)
        assert found, rest
        number = int(found[1])
        if found[3] is not None:
            return struct.pack(">H", number) + found[3].encode("latin-1").decode("unicode_escape").encode("latin-1")
        start = (number - 1) * self.blksize
        data = CONTENT[start : start + int(found[2])]
        assert len(data) == int(found[2])
        return struct.pack(">H", number) + data

    def _shown(self) -> list[str]:
        return [f"+{at / S} {data[:12].hex(' ')} ({len(data)}) to {to}" for at, data, to in self.sent]
