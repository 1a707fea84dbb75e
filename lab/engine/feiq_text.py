"""Names and messages to bytes and back. The one rule: bytes are split first and decoded after, part by part.

presence body   nickname NUL group NUL [ LF "UN:" user LF "HN:" host LF "NN:" nickname LF "GN:" group NUL ]
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from lab.engine.feiq_profile import NAME_LETTERS, Identity
from lab.wire.error import BuildError
from lab.wire.feiq import CommonFlag, Packet, is_utf8
from lab.wire.text import decode

Charset = Literal["utf-8", "gb18030", "gbk"]


@dataclass(frozen=True, slots=True)
class Names:
    """What a packet says about its sender, decoded and cut to a name's length; not yet safe to show."""

    user: str
    host: str
    nick: str
    group: str


def encode(text: str, charset: Charset, field: str = "feiq.text") -> bytes:
    """Text as it goes on the wire: LF alone ends a line (draft 14, section 4). BuildError where it has no bytes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise BuildError(field, "no NUL inside: it would begin another section", "one")
    try:
        return text.encode(charset)
    except UnicodeEncodeError as error:
        # Never a question mark instead: a message must not change its meaning on the way.
        raise BuildError(field, f"characters that {charset} has", repr(text[error.start : error.end][:8])) from None


def name_bytes(name: str, charset: Charset) -> bytes:
    """A name for the header or a presence body; what would end a field there becomes `;` (draft 14, section 4)."""
    cleaned = "".join(";" if letter in ":\n\r\0\a" else letter for letter in name)
    return encode(cleaned, charset, "feiq.name")


def presence_sections(me: Identity, charset: Charset, *, utf8_block: bool) -> tuple[bytes, ...]:
    """Nickname and group in `charset`, then, where asked for, all four names again in UTF-8."""
    sections = (name_bytes(me.nick or me.user, charset), name_bytes(me.group, charset))
    if not utf8_block:
        return sections
    names = {b"UN": me.user, b"HN": me.host, b"NN": me.nick or me.user, b"GN": me.group}
    return (*sections, b"".join(b"\n" + key + b":" + name_bytes(name, "utf-8") for key, name in names.items()))


def names_of(packet: Packet) -> Names:
    """The sender's names as the header has them; the user's name serves as the nickname."""
    names = _decode_together(packet)
    return replace(names, nick=names.user)


def presence_names(packet: Packet) -> Names:
    """All four names of a presence packet. Where the UTF-8 block counts, it wins over the classic fields."""
    sections = packet.sections
    # A second section that begins with LF is the UTF-8 block of a sender that left the group out.
    blocks = [section for section in sections[1:] if section.startswith(b"\n")]
    group = sections[1] if len(sections) > 1 and not sections[1].startswith(b"\n") else b""
    names = _decode_together(packet, sections[0], group)
    if not blocks or not packet.options & CommonFlag.CAPUTF8OPT:
        return names
    for line in blocks[0].split(b"\n"):
        key, _, value = line.partition(b":")
        word = decode(value, utf8=True)[:NAME_LETTERS]
        match key:
            case b"UN":
                names = replace(names, user=word)
            case b"HN":
                names = replace(names, host=word)
            case b"NN":
                names = replace(names, nick=word)
            case b"GN":
                names = replace(names, group=word)
            case _:
                # VS, IP, PL and what is still to come: nothing that is shown.
                pass
    return names


def _decode_together(packet: Packet, nick: bytes = b"", group: bytes = b"") -> Names:
    """Decodes names that one hand wrote by one charset: a short GBK word alone is too easily good UTF-8 as well.

    Joining them is safe: no character of either charset holds a colon or a NUL, the header's names no colon, and
    nickname and group no NUL.
    """
    together = decode(packet.user + b":" + packet.host + b"\0" + nick + b"\0" + group, utf8=is_utf8(packet.code))
    header, nickname, group_name = together.rsplit("\0", 2)
    user, _, host = header.partition(":")
    return Names(*(name[:NAME_LETTERS] for name in (user, host, nickname, group_name)))
