"""The Scapy layer for TFTP packets of any session: it keeps every byte and says what is malformed.

Scapy's own TFTP layers stay as they are. The numbers below are written down here again, from RFC 1350 and RFC 2347,
although lab.wire has them too: two readings that share a table cannot disagree, and that they could is the product.

    RRQ/WRQ | 01/02 | filename | 0 | mode | 0 | { option | 0 | value | 0 }   RFC 1350 section 5, RFC 2347
    DATA    |  03   | block    | 0 to blksize bytes                          RFC 1350 section 5
    ACK     |  04   | block    |
    ERROR   |  05   | code     | message | 0 |
    OACK    |  06   | { option | 0 | value | 0 }                             RFC 2347
              2 bytes, 2 bytes: network byte order
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.fields import ConditionalField, PacketListField, StrField
from scapy.layers.inet import UDP
from scapy.packet import Packet

from lab.craft.error import MalformedError
from lab.craft.field import MISSING, MissableShortEnumField, MissableShortField, SeparatedField, Unterminated

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6
OPCODES = {RRQ: "RRQ", WRQ: "WRQ", DATA: "DATA", ACK: "ACK", ERROR: "ERROR", OACK: "OACK"}
ERROR_CODES = {
    0: "not defined",
    1: "file not found",
    2: "access violation",
    3: "disk full or allocation exceeded",
    4: "illegal TFTP operation",
    5: "unknown transfer ID",
    6: "file already exists",
    7: "no such user",
    8: "options refused",  # RFC 2347
}
MODES = (b"netascii", b"octet", b"mail")
"""RFC 1350 section 1; upper and lower case mean the same."""

_MOST_OPTIONS = 32768
"""As many as the largest datagram can hold; Scapy's own limit of 100 would make a hostile request unreadable."""


class LabTFTPOption(Packet):
    """One option: its name and its value, each ended by a NUL."""

    name = "TFTP option"
    fields_desc: ClassVar[list[Any]] = [SeparatedField("option", b""), SeparatedField("value", b"")]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        return b"", s


def _is(*opcodes: int) -> Any:
    return lambda packet: packet.op in opcodes


class LabTFTP(Packet):
    """One TFTP packet. Bytes after the end of the packet are its payload (Raw); see `problems()`."""

    name = "TFTP"
    fields_desc: ClassVar[list[Any]] = [
        MissableShortEnumField("op", RRQ, OPCODES),
        ConditionalField(SeparatedField("filename", b""), _is(RRQ, WRQ)),
        ConditionalField(SeparatedField("mode", b"octet"), _is(RRQ, WRQ)),
        ConditionalField(MissableShortField("block", 0), _is(DATA, ACK)),
        ConditionalField(StrField("data", b""), _is(DATA)),
        ConditionalField(MissableShortEnumField("error_code", 0, ERROR_CODES), _is(ERROR)),
        ConditionalField(SeparatedField("error_message", b""), _is(ERROR)),
        ConditionalField(PacketListField("options", [], LabTFTPOption, max_count=_MOST_OPTIONS), _is(RRQ, WRQ, OACK)),
    ]

    def option_pairs(self) -> list[tuple[bytes, bytes]]:
        """The options in the order of the packet, as they were written; a missing value reads as empty."""
        if self.op not in (RRQ, WRQ, OACK):
            return []
        return [(bytes(option.option), bytes(option.value)) for option in self.options]

    def problems(self) -> list[str]:
        """What keeps these bytes from being well formed; empty when nothing does. Scapy itself does not complain."""
        found = [text for field in self.fields_desc for text in _problems_of(self, field.name)]
        if self.op is not MISSING and self.op not in OPCODES:
            found.append(f"op: {self.op} is no TFTP opcode")
        if self.payload:
            found.append(f"trailing: {len(self.payload)} bytes after the end of the packet")
        return found

    def answers(self, other: Packet) -> int:
        """Whether this packet is the next step after `other` in lock step (RFC 1350 section 2, RFC 2347)."""
        return int(isinstance(other, LabTFTP) and _follows(self, other))

    def hashret(self) -> bytes:
        """The same for all packets of a session: an answer may carry no number of what it answers (ERROR)."""
        return b"TFTP"

    def mysummary(self) -> Any:
        return f"TFTP {_words(self)}", [UDP]


def read_strictly(data: bytes) -> LabTFTP:
    """The packet that `data` is, every byte used.

    Raises MalformedError with every reason at once; also for no bytes at all, which Scapy takes for "use the defaults".
    """
    if not data:
        raise MalformedError("TFTP", ["op: 2 bytes wanted, 0 left"])
    packet = LabTFTP(data)
    if problems := packet.problems():
        raise MalformedError("TFTP", problems)
    return packet


def _problems_of(packet: LabTFTP, name: str) -> list[str]:
    value = packet.getfieldval(name)
    if name == "options":
        return [text for at, option in enumerate(value or ()) for text in _option_problems(at, option)]
    if isinstance(value, Unterminated):
        return [f"{name}: no NUL at its end"]
    if value is MISSING:
        return [f"{name}: 2 bytes wanted, fewer left" if name in ("op", "block", "error_code") else f"{name}: missing"]
    return []


def _option_problems(at: int, option: Any) -> list[str]:
    parts = (("option", option.option), ("value", option.value))
    cut = [f"options[{at}].{name}: no NUL at its end" for name, value in parts if isinstance(value, Unterminated)]
    return cut + [f"options[{at}].{name}: missing" for name, value in parts if value is MISSING]


def _follows(answer: Any, asked: Any) -> bool:
    match asked.op, answer.op:
        case (op, 5):
            return bool(op != ERROR)  # An ERROR ends anything, and is itself never answered.
        case (1, 3):
            return bool(answer.block == 1)
        case (1 | 2, 6):
            return bool(asked.options)  # RFC 2347: no OACK to somebody who did not ask.
        case (2 | 6, 4):
            return bool(answer.block == 0)
        case (6, 3):
            return bool(answer.block == 1)  # RFC 2347: a write whose client takes the OACK for ACK 0.
        case (3, 4):
            return bool(answer.block == asked.block)
        case (4, 3):
            return bool(answer.block == (asked.block + 1) & 0xFFFF)
    return False


def _words(packet: Any) -> str:
    opcode = OPCODES.get(packet.op, f"opcode {packet.op}")
    options = "".join(f" {name!r}={value!r}" for name, value in packet.option_pairs())
    match packet.op:
        case 1 | 2:
            return f"{opcode} {packet.filename!r} {packet.mode!r}{options}"
        case 3:
            return f"{opcode} {packet.block} [{len(packet.data)}]"
        case 4:
            return f"{opcode} {packet.block}"
        case 5:
            return f"{opcode} {packet.error_code} {packet.error_message!r}"
        case 6:
            return opcode + options
    return opcode
