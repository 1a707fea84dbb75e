"""Reads and writes a file by TFTP from a crafted station, frame by frame, with faults on purpose where asked for.

The data stays as it is on the wire: `mode` is only what the request says, and nothing is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.craft import frames
from lab.craft.station import Datagram, Endpoint
from lab.craft.tftp_exchange import Conversation, Faults, Transfer, begin
from lab.craft.tftp_layer import ACK, DATA, OACK, RRQ, WRQ, LabTFTP

_NO_FAULTS = Faults()
_NO_OPTIONS: Mapping[str, int] = {}
_HALF = 0x8000
"""A block number this far ahead, modulo 2**16, is one from the past."""


def read(
    endpoint: Endpoint,
    server: str,
    filename: bytes | str,
    *,
    options: Mapping[str, int] = _NO_OPTIONS,
    mode: str = "octet",
    port: int = 69,
    faults: Faults = _NO_FAULTS,
    timeout_s: float = 1.0,
    attempts: int = 5,
    dally_s: float = 0.02,
) -> Transfer:
    """Reads a file, asking for `options` in their order: {"blksize": 1428, "tsize": 0, "timeout": 1, "windowsize": 4}.

    Raises NoAnswer, PeerError or Unexpected, each naming the packet; BuildError for a name no request can carry. A
    blksize above 1428 makes fragments, which a station does not put together. After the last ACK it listens for
    `dally_s`, in case that was lost and the last block comes again (RFC 1350 section 6).
    """
    talk = Conversation(endpoint, server, faults, timeout_s, attempts)
    start_ns = endpoint.station.now_ns()
    first, datagram, granted = begin(talk, frames.request(RRQ, filename, mode, options.items()), options, port)
    reader = _Reader(talk, granted.get("blksize", 512), granted.get("windowsize", 1), with_oack=first.op == OACK)
    if first.op == OACK:
        talk.send(_ack(0))
        talk.arm()
    else:
        reader.take(first, datagram)
    while not reader.done:
        if (heard := talk.hear()) is not None:
            reader.take(*heard)
        else:
            talk.wait_ended(f"DATA {reader.wanted & 0xFFFF}")
            reader.ask_again()
    reader.dally(dally_s)
    return _result(talk, filename, b"".join(reader.pieces), granted, len(reader.pieces), start_ns)


def write(
    endpoint: Endpoint,
    server: str,
    filename: bytes | str,
    data: bytes,
    *,
    options: Mapping[str, int] = _NO_OPTIONS,
    mode: str = "octet",
    port: int = 69,
    faults: Faults = _NO_FAULTS,
    timeout_s: float = 1.0,
    attempts: int = 5,
) -> Transfer:
    """Writes `data`, asking for `options` as they stand (a tsize should be len(data)). Raises as `read` does."""
    talk = Conversation(endpoint, server, faults, timeout_s, attempts)
    start_ns = endpoint.station.now_ns()
    first, datagram, granted = begin(talk, frames.request(WRQ, filename, mode, options.items()), options, port)
    if first.op != OACK and (first.op, first.block if first.op == ACK else 0) != (ACK, 0):
        raise talk.unexpected(first, "ACK 0 or OACK", datagram)
    blksize = granted.get("blksize", 512)
    blocks = [data[at : at + blksize] for at in range(0, len(data) + 1, blksize)]
    writer = _Writer(talk, blocks, granted.get("windowsize", 1))
    talk.arm()
    writer.send_window()
    while writer.acknowledged < len(blocks):
        if (heard := talk.hear()) is not None:
            writer.take(*heard)
        else:
            talk.wait_ended(f"ACK {(writer.acknowledged + 1) & 0xFFFF}")
            writer.send_window()
    return _result(talk, filename, data, granted, len(blocks), start_ns)


@dataclass(slots=True)
class _Reader:
    """The receiving side. Blocks count from 1 without wrapping; only what is sent is cut to 16 bits."""

    talk: Conversation
    blksize: int
    window: int
    with_oack: bool
    pieces: list[bytes] = field(default_factory=list)
    done: bool = False
    _in_window: int = 0
    _gap_told: bool = False

    @property
    def wanted(self) -> int:
        return len(self.pieces) + 1

    def take(self, packet: LabTFTP, datagram: Datagram) -> None:
        """One packet of the server's. Raises Unexpected for what is neither DATA nor the OACK once more."""
        if packet.op == OACK and self.with_oack and not self.pieces:
            self.talk.received_again += 1
            self._acknowledge_again()
            return
        if packet.op != DATA or len(packet.data) > self.blksize:
            wanted = f"DATA {self.wanted & 0xFFFF} of at most {self.blksize} bytes"
            raise self.talk.unexpected(packet, wanted, datagram)
        ahead = (int(packet.block) - self.wanted) & 0xFFFF
        if ahead == 0:
            if not self.talk.loses(self.wanted):
                self._keep(bytes(packet.data))
            return
        self.talk.received_again += ahead >= _HALF
        # In lock step a block that comes again says that our ACK was lost; a block from ahead, that one is missing. One
        # ACK answers either, once until there is progress. In a window every ACK starts a window, so blocks from the
        # past wait for our time-out: answered at once they would double the traffic to the end of the file
        # (the Sorcerer's Apprentice, RFC 1123 section 4.2.3.1; RFC 7440 section 4).
        if ahead < _HALF or (ahead == 0xFFFF and self.window == 1):
            self._acknowledge_again()

    def ask_again(self) -> None:
        """After a time-out: the last ACK once more, whatever was said before."""
        self._gap_told = False
        self._acknowledge_again()

    def dally(self, seconds: float) -> None:
        """Answers the last block should it come again; anything else is no longer our business."""
        until_ns = self.talk.endpoint.station.now_ns() + round(seconds * 1e9)
        while (left_ns := until_ns - self.talk.endpoint.station.now_ns()) > 0:
            datagram = self.talk.endpoint.receive(left_ns / 1e9)
            if datagram is not None and datagram.payload[:2] == b"\0\3":
                self.talk.received_again += 1
                self._gap_told = False
                self._acknowledge_again()

    def _keep(self, data: bytes) -> None:
        block = self.wanted
        self.talk.let_the_stranger_speak(block, _ack(block))
        self.pieces.append(data)
        self.done = len(data) < self.blksize
        self._in_window, self._gap_told = self._in_window + 1, False
        self.talk.arm()
        twice = self.talk.duplicates(block)
        if self._in_window == self.window or self.done or twice:
            self.talk.send(_ack(block))
            self._in_window = 0
        if twice:
            self.talk.send(_ack(block))
            self.talk.sent_again += 1

    def _acknowledge_again(self) -> None:
        if self._gap_told:
            return
        self.talk.send(_ack(self.wanted - 1))
        self.talk.sent_again += 1
        self._in_window, self._gap_told = 0, True


@dataclass(slots=True)
class _Writer:
    """The sending side: a window of blocks, then silence until an ACK (RFC 7440 section 4)."""

    talk: Conversation
    blocks: list[bytes]
    window: int
    acknowledged: int = 0
    _highest: int = 0
    _gap_heard: bool = False

    def send_window(self) -> None:
        """The window after the last block acknowledged."""
        end = min(self.acknowledged + self.window, len(self.blocks))
        for block in range(self.acknowledged + 1, end + 1):
            packet = LabTFTP(op=DATA, block=block & 0xFFFF, data=self.blocks[block - 1])
            self.talk.let_the_stranger_speak(block, packet)
            self.talk.sent_again += block <= self._highest
            self._highest = max(self._highest, block)
            if not self.talk.loses(block):
                self.talk.send(packet)
            if self.talk.duplicates(block):
                self.talk.send(packet)
                self.talk.sent_again += 1

    def take(self, packet: LabTFTP, datagram: Datagram) -> None:
        """One packet of the server's. Raises Unexpected for what is neither ACK nor the OACK once more."""
        if packet.op == OACK and not self.acknowledged:
            self.talk.received_again += 1
            return
        if packet.op != ACK:
            raise self.talk.unexpected(packet, f"ACK {(self.acknowledged + 1) & 0xFFFF}", datagram)
        step = (int(packet.block) - self.acknowledged) & 0xFFFF
        if 1 <= step <= self._highest - self.acknowledged:
            self.acknowledged += step
            self._gap_heard = False
            self.talk.arm()
            self.send_window()
            return
        self.talk.received_again += 1
        # An ACK heard before must not make a lock-step sender repeat itself (RFC 1123 section 4.2.3.1); in a window it
        # says that the first block of this one is missing (RFC 7440 section 4), and once is enough.
        if step == 0 and self.window > 1 and not self._gap_heard:
            self._gap_heard = True
            self.send_window()


def _ack(block: int) -> LabTFTP:
    return LabTFTP(op=ACK, block=block & 0xFFFF)


def _result(
    talk: Conversation, filename: bytes | str, data: bytes, granted: dict[str, int], blocks: int, start_ns: int
) -> Transfer:
    assert talk.server_port is not None
    return Transfer(
        filename=filename if isinstance(filename, str) else filename.decode("utf-8", "backslashreplace"),
        server=talk.server,
        server_port=talk.server_port,
        data=data,
        granted=granted,
        blocks=blocks,
        lost=len(talk.lost),
        timeouts=talk.timeouts,
        sent_again=talk.sent_again,
        received_again=talk.received_again,
        stranger_told=talk.stranger_told,
        seconds=(talk.endpoint.station.now_ns() - start_ns) / 1e9,
    )
