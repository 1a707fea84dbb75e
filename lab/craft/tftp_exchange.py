"""What a crafted read and a crafted write have in common: asking, the options granted, who may speak, what went wrong.

A telling of RFC 1350, 2347, 2348, 2349 and 7440 of its own: the engine of the reference peer is told separately, so
that one can find the other's mistakes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.craft.error import MalformedError, NoAnswer, PeerError, Unexpected
from lab.craft.station import Datagram, Endpoint
from lab.craft.tftp_layer import ERROR, OACK, LabTFTP, read_strictly

_UNKNOWN_TRANSFER, _OPTIONS_REFUSED = 5, 8
_MOST_PACKETS_BETWEEN_STEPS = 1000
"""More than this without progress is a peer that floods; the exchange ends instead of going on for ever."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on purpose, by block number counted from 1 without wrapping.

    A block of `lose` is treated once as if the wire had eaten it. A block of `duplicate` counts as delivered twice: a
    reader acknowledges it twice, a writer sends it twice. When block `stranger_at` is due, `stranger` (a port of
    another station, or another port) sends the server's port a packet of its own that the transfer must survive.
    """

    lose: frozenset[int] = frozenset()
    duplicate: frozenset[int] = frozenset()
    stranger_at: int = 0
    stranger: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer that ended well. The counts say what the wire saw beyond one packet a block."""

    filename: str
    server: str
    server_port: int
    data: bytes
    granted: Mapping[str, int]
    """The options of the OACK, as numbers; empty when the server ignored the options or none were asked."""
    blocks: int
    lost: int
    timeouts: int
    sent_again: int
    received_again: int
    stranger_told: int | None
    """The error code that the stranger's packet drew; 5 is right (RFC 1350 section 4), None is no answer."""
    seconds: float

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class Conversation:
    """The client's end of one transfer: one port of ours, and the server's port once its first packet showed it."""

    endpoint: Endpoint
    server: str
    faults: Faults
    timeout_s: float
    attempts: int
    server_port: int | None = None
    lost: set[int] = field(default_factory=set)
    duplicated: set[int] = field(default_factory=set)
    timeouts: int = 0
    sent_again: int = 0
    received_again: int = 0
    stranger_told: int | None = None
    _deadline_ns: int = 0
    _silent: int = 0
    _complaints_before: int = 0

    def __post_init__(self) -> None:
        self._complaints_before = len(self.endpoint.station.icmp_errors)

    def send(self, packet: LabTFTP) -> None:
        """To the server's transfer port."""
        assert self.server_port is not None
        self.endpoint.send(self.server, self.server_port, packet)

    def arm(self) -> None:
        """Starts the wait for the next step. Only progress does: a timer that any datagram restarts never ends."""
        self._silent = 0
        self._deadline_ns = self.endpoint.station.now_ns() + round(self.timeout_s * 1e9)

    def hear(self) -> tuple[LabTFTP, Datagram] | None:
        """The server's next packet, well formed and no ERROR; None when the time is up.

        Raises PeerError for the server's ERROR and Unexpected for malformed bytes. Who speaks from another port is told
        "unknown transfer ID" and the transfer goes on (RFC 1350 section 4).
        """
        for _ in range(_MOST_PACKETS_BETWEEN_STEPS):
            left_ns = self._deadline_ns - self.endpoint.station.now_ns()
            datagram = self.endpoint.receive(left_ns / 1e9) if left_ns > 0 else None
            if datagram is None:
                return None
            if datagram.source != self.server or self.server_port not in (None, datagram.source_port):
                refusal = LabTFTP(op=ERROR, error_code=_UNKNOWN_TRANSFER, error_message=b"unknown transfer ID")
                self.endpoint.send(datagram.source, datagram.source_port, refusal)
                continue
            self.server_port = datagram.source_port
            return self._read(datagram), datagram
        raise Unexpected(f"{self.server} sent {_MOST_PACKETS_BETWEEN_STEPS} packets without getting on")

    def ask(self, request: LabTFTP, port: int) -> tuple[LabTFTP, Datagram]:
        """Sends the request until the first answer. Raises NoAnswer."""
        for attempt in range(self.attempts):
            self.endpoint.send(self.server, port, request)
            self.sent_again += attempt > 0
            self.arm()
            if (heard := self.hear()) is not None:
                return heard
            self.timeouts += 1
        raise NoAnswer(
            f"{self.server} port {port} did not answer {request.mysummary()[0]} "
            f"({self.attempts} times, {self.timeout_s:g} s each){self._complaint()}"
        )

    def wait_ended(self, waited_for: str) -> None:
        """Counts a time-out and waits again. Raises NoAnswer when `attempts` of them came without progress."""
        self.timeouts += 1
        silent = self._silent + 1
        if silent >= self.attempts:
            raise NoAnswer(
                f"no {waited_for} from {self.server} port {self.server_port} after {silent} time-outs of "
                f"{self.timeout_s:g} s{self._complaint()}"
            )
        self.arm()
        self._silent = silent

    def loses(self, block: int) -> bool:
        """Whether the script wants this block lost now; it does so once."""
        if block not in self.faults.lose or block in self.lost:
            return False
        self.lost.add(block)
        return True

    def duplicates(self, block: int) -> bool:
        """Whether the script wants this block delivered twice; it does so once."""
        if block not in self.faults.duplicate or block in self.duplicated:
            return False
        self.duplicated.add(block)
        return True

    def let_the_stranger_speak(self, block: int, packet: LabTFTP) -> None:
        """Sends the stranger's packet when `block` is the one; notes the error code that comes back to the stranger."""
        stranger = self.faults.stranger
        if stranger is None or block != self.faults.stranger_at or self.stranger_told is not None:
            return
        assert self.server_port is not None
        stranger.send(self.server, self.server_port, packet)
        answer = stranger.receive(self.timeout_s)
        if answer is not None:
            told = self._read(answer, to_stranger=True)
            self.stranger_told = int(told.error_code) if told.op == ERROR else None

    def accept(self, oack: LabTFTP, asked: Mapping[str, int], datagram: Datagram) -> dict[str, int]:
        """The values of the OACK; one not asked for, or not allowed, ends the transfer with ERROR 8 (RFC 2347)."""
        granted: dict[str, int] = {}
        for name, value in oack.option_pairs():
            option = name.decode("ascii", "replace").lower()
            if option not in asked or option in granted or not value.isdigit() or len(value) > 20:
                self._refuse(f"the option {name!r}={value!r}, which was not asked for", datagram)
            granted[option] = int(value)
            if not _is_allowed(option, granted[option], asked[option]):
                self._refuse(f"{option}={granted[option]} where {asked[option]} was asked", datagram)
        return granted

    def unexpected(self, packet: LabTFTP, wanted: str, datagram: Datagram) -> Unexpected:
        """The error to raise for a packet that has no place here."""
        return Unexpected(f"wanted {wanted}, but {self.server} sent {packet.mysummary()[0]}", datagram.frame)

    def _refuse(self, what: str, datagram: Datagram) -> None:
        self.send(LabTFTP(op=ERROR, error_code=_OPTIONS_REFUSED, error_message=b"option not acceptable"))
        raise Unexpected(f"{self.server} granted {what}", datagram.frame)

    def _read(self, datagram: Datagram, *, to_stranger: bool = False) -> LabTFTP:
        try:
            packet = read_strictly(datagram.payload)
        except MalformedError as wrong:
            raise Unexpected(f"{datagram.source} sent malformed bytes: {wrong}", datagram.frame) from None
        if packet.op == ERROR and not to_stranger:
            code, text = int(packet.error_code), bytes(packet.error_message)
            raise PeerError(f"{self.server} ended it: {packet.mysummary()[0]}", code, text, datagram.frame)
        return packet

    def _complaint(self) -> str:
        return self.endpoint.station.complaints(self._complaints_before)


def begin(
    conversation: Conversation, request: LabTFTP, asked: Mapping[str, int], port: int
) -> tuple[LabTFTP, Datagram, dict[str, int]]:
    """Asks, and reads the options out of an OACK; the first answer may also be DATA 1 or ACK 0 (RFC 2347)."""
    first, datagram = conversation.ask(request, port)
    if first.op != OACK:
        return first, datagram, {}
    if not asked:
        raise conversation.unexpected(first, "an answer without options", datagram)
    return first, datagram, conversation.accept(first, asked, datagram)


def _is_allowed(option: str, granted: int, asked: int) -> bool:
    match option:
        case "blksize":  # RFC 2348
            return 8 <= granted <= min(asked, 65464)
        case "windowsize":  # RFC 7440 section 3
            return 1 <= granted <= asked
        case "timeout":  # RFC 2349
            return granted == asked
    return True
