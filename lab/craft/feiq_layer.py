"""The Scapy layer for FeiQ and IP Messenger packets: six fields of text, split on bytes, nothing lost.

    version ":" packet_no ":" user ":" host ":" command ":" section { NUL section }

All numbers are decimal text. Colons after the fifth belong to the text; a NUL at the end shows as an empty last
section. Source: the IP Messenger protocol text, draft 14, sections 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from scapy.fields import StrField
from scapy.layers.inet import UDP
from scapy.packet import Packet

from lab.craft import feiq_numbers as numbers
from lab.craft.error import MalformedError
from lab.craft.field import MISSING, SeparatedField, Unterminated

_HEADER = ("version", "packet_no", "user", "host", "command_no")


def _octets(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


class CommandField(SeparatedField):
    """The command number: takes an int or words (`SENDMSG|SENDCHECKOPT`), keeps the digits as they stand."""

    __slots__ = ()

    def any2i(self, pkt: Any, x: Any) -> Any:
        if isinstance(x, str) and not x.strip().isdecimal():
            x = numbers.number(x)
        return super().any2i(pkt, x)

    def i2repr(self, pkt: Any, x: Any) -> str:
        code = _decimal(x)
        return repr(x) if code is None else f"{x!r} ({numbers.words(code)})"


class SectionsField(StrField):
    """Everything after the fifth colon, split at each NUL: a tuple with one more entry than there are NULs."""

    __slots__ = ()

    def any2i(self, pkt: Any, x: Any) -> Any:
        if isinstance(x, (bytes, str)):
            return tuple(_octets(x).split(b"\0"))
        return tuple(_octets(part) for part in x or (b"",))

    def i2m(self, pkt: Any, x: Any) -> bytes:
        return b"\0".join(x)

    def m2i(self, pkt: Any, x: bytes) -> Any:
        return tuple(x.split(b"\0"))

    def i2len(self, pkt: Any, i: Any) -> int:
        return len(self.i2m(pkt, i))

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(x)


class LabFeiQ(Packet):
    """One FeiQ or IP Messenger packet. The default is an empty message with the NUL that real senders end on."""

    name = "FeiQ"
    fields_desc: ClassVar[list[Any]] = [
        SeparatedField("version", b"1", b":"),
        SeparatedField("packet_no", b"1", b":"),
        SeparatedField("user", b"lab", b":"),
        SeparatedField("host", b"packet-lab", b":"),
        # Not `command`: every Scapy packet has a method of that name, which would hide the field.
        CommandField("command_no", b"32", b":"),
        SectionsField("sections", b"\0"),
    ]

    @property
    def code(self) -> int | None:
        """The whole command number; None where the field holds no decimal number."""
        return _decimal(self.command_no)

    @property
    def mode(self) -> int | None:
        code = self.code
        return None if code is None else code & 0xFF

    @property
    def flags(self) -> int:
        """The flags in place, with the mode's bits zero."""
        return (self.code or 0) & ~0xFF

    @property
    def text(self) -> bytes:
        """The first section, as bytes."""
        sections: tuple[bytes, ...] = self.sections
        return sections[0]

    def feiq_version(self) -> FeiQVersion | None:
        """FeiQ's use of the version field; None where the sender does not write it so."""
        return FeiQVersion.read(bytes(self.version))

    def attachments(self) -> list[Attachment]:
        """The file list of the second section, where the FILEATTACHOPT of a message announces one."""
        announced = self.mode == numbers.SENDMSG and self.flags & numbers.FILEATTACHOPT
        return read_attachments(self.sections[1]) if announced and len(self.sections) > 1 else []

    def problems(self) -> list[str]:
        """What keeps these bytes from being well formed; empty when nothing does."""
        found = []
        for name in _HEADER:
            value = self.getfieldval(name)
            if value is MISSING:
                found.append(f"{name}: missing")
            elif isinstance(value, Unterminated):
                found.append(f"{name}: no colon after it")
            elif name in ("packet_no", "command_no") and not _is_32_bits(_decimal(value)):
                found.append(f"{name}: not the decimal digits of a 32-bit number")
        return found

    def answers(self, other: Packet) -> int:
        """Whether this packet is what the protocol sends in answer to `other`."""
        return int(isinstance(other, LabFeiQ) and _answers(self, other))

    def hashret(self) -> bytes:
        """The family of the packet: an answer carries the number it answers in its text, or not at all."""
        return b"FEIQ" + _FAMILY.get(self.mode or 0, b"")

    def mysummary(self) -> Any:
        command = self.command_no if self.code is None else numbers.words(self.code)
        return f"FeiQ {command} {self.user!r}@{self.host!r} no {self.packet_no!r} {self.text!r}", [UDP]


@dataclass(frozen=True, slots=True)
class FeiQVersion:
    """`1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9`: the parts that several peers agree on; all parts stay in `parts`."""

    parts: tuple[bytes, ...]

    @classmethod
    def read(cls, version: bytes) -> FeiQVersion | None:
        parts = tuple(version.split(b"#"))
        return cls(parts) if b"_lbt" in parts[0] and len(parts) in (1, 6, 7, 8) else None

    @property
    def family(self) -> bytes:
        return self.parts[0]

    @property
    def mac(self) -> bytes:
        """Twelve hexadecimal digits; empty when the short form is used."""
        return self.parts[2] if len(self.parts) > 2 else b""

    @property
    def group_length(self) -> int:
        """The length in bytes of an encrypted group message's body; 0 for everything else."""
        return (_decimal(self.parts[5]) or 0) if len(self.parts) > 5 else 0


@dataclass(frozen=True, slots=True)
class Attachment:
    """One entry of a file list: a decimal id, hexadecimal sizes and attributes, and a name whose colons are doubled."""

    file_id: bytes
    name: bytes
    rest: tuple[bytes, ...]
    """Size, modification time, attributes, then key=value parts; as they were written."""


def read_attachments(section: bytes) -> list[Attachment]:
    """The entries of a file list, however they are ended: BEL, `:BEL`, `BEL:` or `:BEL:` are all met in the wild."""
    entries = [entry.strip(b":") for entry in section.split(b"\a")]
    return [_attachment(entry) for entry in entries if entry]


def read_strictly(data: bytes) -> LabFeiQ:
    """The packet that `data` is. Raises MalformedError with every reason at once."""
    if not data:
        raise MalformedError("FeiQ", ["version: missing"])
    packet = LabFeiQ(data)
    if problems := packet.problems():
        raise MalformedError("FeiQ", problems)
    return packet


def _attachment(entry: bytes) -> Attachment:
    file_id, _, rest = entry.partition(b":")
    name = b""
    while rest:
        part, _, rest = rest.partition(b":")
        name += part
        if not rest.startswith(b":"):
            break
        name, rest = name + b":", rest[1:]
    return Attachment(file_id, name, tuple(rest.split(b":")))


_FAMILY = {
    **dict.fromkeys((numbers.BR_ENTRY, numbers.ANSENTRY), b" entry"),
    **dict.fromkeys((0x20, 0x21, 0x30, 0x31, 0x32), b" message"),
    **dict.fromkeys((0x10, 0x11, 0x12, 0x13, 0x18), b" list"),
    **dict.fromkeys((0x40, 0x41), b" info"),
    **dict.fromkeys((0x50, 0x51), b" absence"),
    **dict.fromkeys((0x72, 0x73), b" key"),
    **dict.fromkeys((0x77, 0x78), b" hello"),
    **dict.fromkeys((0xD1, 0xD2), b" shake"),
}


def _answers(answer: Any, asked: Any) -> bool:
    match asked.mode, answer.mode:
        case (0x01, 0x03) | (0x10 | 0x18, 0x11) | (0x11, 0x12) | (0x12, 0x13) | (0x40, 0x41) | (0x50, 0x51):
            return True
        case (0x72, 0x73) | (0x77, 0x78) | (0xD1, 0xD2):
            return True
        case (0x20, 0x21):
            return bool(asked.flags & numbers.SENDCHECKOPT and answer.text == asked.packet_no)
        case (0x20, 0x30 | 0x31):
            return bool(asked.flags & numbers.SECRETOPT and answer.text == asked.packet_no)
        case (0x30, 0x32):
            return bool(asked.flags & numbers.READCHECKOPT and answer.text == asked.packet_no)
    return False


def _decimal(value: Any) -> int | None:
    # A cap on the digits: Python refuses to convert more than 4300 of them, and no command has more than ten.
    usable = isinstance(value, bytes) and value.isdigit() and len(value) <= 20
    return int(value) if usable else None


def _is_32_bits(value: int | None) -> bool:
    return value is not None and value < 2**32
