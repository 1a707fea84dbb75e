"""FeiQ/IP Messenger packets (protocol draft 14). Rule: split bytes before decoding, keep every byte as it was.

  version ":" packet_no ":" user ":" host ":" command ":" text [ NUL section ... ] [ NUL ]

Numbers are decimal digits; the body begins after the fifth colon and may hold more of them. A body's sections end
with a NUL; the last may go without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from lab.wire import feiq_attachments, feiq_version
from lab.wire.error import BuildError
from lab.wire.feiq_attachments import Attachment
from lab.wire.feiq_body import read_body
from lab.wire.feiq_numbers import (
    PRESENCE_MODES,
    CommonFlag,
    FileFlag,
    KeyFlag,
    ListFlag,
    MessageFlag,
    Mode,
    PresenceFlag,
    ReceiptFlag,
    flag_names,
    flags,
    is_utf8,
    mode_name,
)
from lab.wire.feiq_version import FeiqVersion
from lab.wire.field import Bits, Reader

__all__ = [
    "Attachment", "CommonFlag", "FeiqVersion", "FileFlag", "KeyFlag", "ListFlag", "MessageFlag", "Mode", "Packet",
    "PresenceFlag", "ReceiptFlag", "compose", "flag_names", "is_utf8", "mode_name", "parse",
]  # fmt: skip

PORT = 2425

_SPEC = "IP Messenger draft 14 section 2"
_LONGEST_NUMBER = 20
"""Digits: some clients number their packets in milliseconds, none needs more than 64 bits."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Six fields, each the bytes that stood there: `032` stays `032`. The properties say what they mean."""

    version: bytes
    packet_no: bytes
    user: bytes
    host: bytes
    command: bytes
    body: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        version = reader.until("version", b":", source=_SPEC)
        _explain_version(reader, version)
        packet_no = reader.until("packet_no", b":", source=_SPEC)
        reader.explain(value=_decimal(reader, "packet_no", packet_no))
        user = reader.until("user", b":", source=_SPEC)
        host = reader.until("host", b":", source=_SPEC)
        command = reader.until("command", b":", source=_SPEC)
        code = _decimal(reader, "command", command)
        if code > 0xFFFFFFFF:
            raise reader.fail("command", "a number of 32 bits", repr(command))
        if reader.record:
            _explain_command(reader, code)
        return cls(version, packet_no, user, host, command, read_body(reader, version, code))

    def build(self) -> bytes:
        head = (self.version, self.packet_no, self.user, self.host, self.command)
        for name, value in zip(("version", "packet_no", "user", "host", "command"), head, strict=True):
            if b":" in value:
                raise BuildError(f"feiq.{name}", "no colon inside", repr(value))
        return b":".join((*head, self.body))

    @property
    def number(self) -> int:
        """The packet number."""
        return int(self.packet_no)

    @property
    def code(self) -> int:
        """The whole command, 32 bits."""
        return int(self.command)

    @property
    def mode(self) -> int:
        """The low eight bits of the command."""
        return self.code & 0xFF

    @property
    def options(self) -> int:
        """The high 24 bits of the command, in their place."""
        return self.code & 0xFFFFFF00

    @property
    def sections(self) -> tuple[bytes, ...]:
        """The body split at NULs; a NUL at its very end closes the last section and opens no other."""
        parts = self.body.split(b"\0")
        return tuple(parts if parts[-1] or len(parts) == 1 else parts[:-1])

    @property
    def text(self) -> bytes:
        """The first section: a message, a nickname, a packet number, whatever the mode puts there."""
        return self.body.partition(b"\0")[0]

    def attachments(self) -> tuple[Attachment, ...]:
        """The files that a message offers; none where FILEATTACHOPT is not set. WireError where the list is broken.

        Offsets in the error count from the start of the packet.
        """
        if self.mode != Mode.SENDMSG or not self.options & MessageFlag.FILEATTACHOPT:
            return ()
        sections = self.sections
        start = len(self.build()) - len(self.body) + len(sections[0]) + 1
        return feiq_attachments.parse(sections[1], start) if len(sections) > 1 else ()

    def utf8_names(self) -> dict[bytes, bytes]:
        """The UTF-8 block of a presence packet: `UN` user, `HN` host, `NN` nickname, `GN` group, `VS` version, ...

        Empty where CAPUTF8OPT is not set or there is no such block: then the classic sections are all there is.
        The block is the section that begins with a line feed; of a key that stands twice the last counts.
        """
        if self.mode not in PRESENCE_MODES or not self.options & PresenceFlag.CAPUTF8OPT:
            return {}
        block = next((section for section in self.sections[1:] if section.startswith(b"\n")), b"")
        lines = [line.partition(b":") for line in block.split(b"\n")]
        return {key: value for key, colon, value in lines if colon}

    def feiq_version(self) -> FeiqVersion | None:
        """FeiQ's version field taken apart; None where the sender is another client."""
        return feiq_version.parse(self.version)


def parse(data: bytes) -> Packet:
    """The packet that `data` is. WireError where colons are missing or a number is none."""
    reader = Reader(data, "feiq", record=False)
    packet = Packet.read(reader)
    reader.finish()
    return packet


def compose(
    *, number: int, user: bytes, host: bytes, code: int, sections: Sequence[bytes] = (b"",), version: bytes = b"1",
    end: bytes = b"\0",
) -> Packet:  # fmt: skip
    """A packet from its values. BuildError for what the format cannot carry.

    An empty user or host is refused too: the original client's reader runs two colons into one and shifts the fields.
    """
    for name, value in (("user", user), ("host", host)):
        if not value or any(byte in b":\0" for byte in value):
            raise BuildError(f"feiq.{name}", "at least one byte, no colon, no NUL", repr(value))
    if b":" in version or b"\0" in version:
        raise BuildError("feiq.version", "no colon, no NUL", repr(version))
    if not 0 <= number < 10**_LONGEST_NUMBER:
        raise BuildError("feiq.packet_no", f"a number of at most {_LONGEST_NUMBER} digits", "another")
    if not 0 <= code <= 0xFFFFFFFF:
        raise BuildError("feiq.command", "a number of 32 bits", str(code))
    for section in sections:
        if b"\0" in section:
            raise BuildError("feiq.section", "no NUL inside", repr(section[:40]))
    return Packet(version, b"%d" % number, user, host, b"%d" % code, b"\0".join(sections) + end)


def _decimal(reader: Reader, name: str, digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
        found = f"{len(digits)} bytes" if len(digits) > _LONGEST_NUMBER else repr(digits)
        raise reader.fail(name, f"1 to {_LONGEST_NUMBER} decimal digits", found)
    return int(digits)


def _explain_version(reader: Reader, version: bytes) -> None:
    if not reader.record:
        return
    known = feiq_version.parse(version)
    if known is None:
        number = feiq_version.protocol_version(version)
        reader.explain("IP Messenger" if number == 1 else "not IP Messenger's version 1")
        return
    words = [f"FeiQ generation {known.generation}" if known.generation is not None else "FeiQ"]
    for name in ("avatar", "rank", "avatar_size", "picture_size", "ciphertext_length"):
        value = getattr(known, name)
        if value is not None:
            words.append(f"{name.replace('_', ' ')} {value}")
    reader.explain(", ".join(words))


def _explain_command(reader: Reader, code: int) -> None:
    bits = [Bits("mode", 0xFF, code & 0xFF, mode_name(code))]
    bits += [Bits(name.lower(), mask, 1) for mask, name in flags(code)]
    reader.explain(" + ".join((mode_name(code), *flag_names(code))), *bits, value=code)
