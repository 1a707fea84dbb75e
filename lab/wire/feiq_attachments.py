"""The attachment list of a FeiQ/IP Messenger message. Rule: an entry keeps its bytes; numbers are what they say.

  entry = fileid ":" name ":" size ":" mtime ":" attr *( ":" key "=" val *("," val) ) ":" BEL [":"]

`fileid` is decimal, everything else hex; a ":" in a name is doubled. Met in the wild as an entry's end: BEL, `:BEL`,
`BEL:` and `:BEL:`, and none at all after the last. (IP Messenger protocol draft 14, section on file attachment.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lab.wire.error import BuildError, WireError

BEL = b"\x07"
_HEX = frozenset(b"0123456789abcdefABCDEF")
_DECIMAL = frozenset(b"0123456789")
_LONGEST_NUMBER = 16
"""Hex digits of 64 bits: a longer number cannot be a size, and is not worth computing."""

REGULAR, DIRECTORY, RETURN_TO_PARENT, SYMLINK, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO = 1, 2, 3, 4, 5, 6, 7
RESOURCE_FORK, CLIPBOARD = 0x10, 0x20

TYPE_NAMES = {
    REGULAR: "regular file",
    DIRECTORY: "directory",
    RETURN_TO_PARENT: "return to parent",
    SYMLINK: "symbolic link",
    CHARACTER_DEVICE: "character device",
    BLOCK_DEVICE: "block device",
    FIFO: "FIFO",
    RESOURCE_FORK: "resource fork",
    CLIPBOARD: "image in the text",
}
ATTRIBUTE_NAMES = {
    0x100: "read only", 0x1000: "hidden", 0x2000: "hidden extension", 0x4000: "archive", 0x8000: "system",
}  # fmt: skip
KEY_NAMES = {
    0x01: "uid", 0x02: "user name", 0x03: "gid", 0x04: "group name", 0x08: "clipboard position", 0x10: "permissions",
    0x11: "major number", 0x12: "minor number", 0x13: "ctime", 0x14: "mtime", 0x15: "atime", 0x16: "creation time",
    0x20: "creator", 0x21: "file type", 0x22: "Finder info", 0x30: "ACL", 0x40: "alias file name",
    0x41: "Unicode file name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """One entry. `name` has its doubled colons undone; `raw` is the entry as it stood, its end included."""

    file_id: int
    name: bytes
    size: int
    mtime: int
    attribute: int = REGULAR
    extensions: tuple[tuple[int, tuple[bytes, ...]], ...] = ()
    raw: bytes = b""

    @property
    def type(self) -> int:
        """The low eight bits of the attribute."""
        return self.attribute & 0xFF

    def build(self) -> bytes:
        """The entry as IP Messenger writes it, ended by `:BEL`."""
        if not self.name or any(byte in b"\0\x07" for byte in self.name):
            raise BuildError("feiq.attachment", "a name without NUL and BEL", repr(self.name))
        numbers = (self.size, self.mtime, self.attribute)
        if self.file_id < 0 or min(numbers) < 0:
            raise BuildError("feiq.attachment", "numbers not below 0", repr((self.file_id, *numbers)))
        name = self.name.replace(b":", b"::")
        parts = [b"%d" % self.file_id, name, *(b"%x" % number for number in numbers)]
        parts += [b"%x=%s" % (key, b",".join(values)) for key, values in self.extensions]
        return b":".join(parts) + b":" + BEL


def spans(section: bytes) -> list[tuple[int, int]]:
    """Where each entry of a list stands in its section, ends included: every byte belongs to exactly one entry."""
    cuts = [0]
    while cuts[-1] < len(section):
        found = section.find(BEL, cuts[-1])
        end = len(section) if found < 0 else found + 1
        if found >= 0 and section[end : end + 1] == b":":
            end += 1  # No entry begins with a colon, so this one still belongs to the end of the last.
        cuts.append(end)
    return list(pairwise(cuts))


def parse(section: bytes, offset: int = 0) -> tuple[Attachment, ...]:
    """Every entry of a list. WireError at the first that is none; `offset` is where the section stands in the input."""
    found = []
    for start, end in spans(section):
        if section[start:end].strip(b":\x07"):
            found.append(entry(section[start:end], offset + start))
    return tuple(found)


def entry(raw: bytes, offset: int = 0) -> Attachment:
    """One entry, with or without its end. WireError names the part that is wrong."""
    parts, places = _split(raw.partition(BEL)[0])
    if len(parts) < 4:
        raise WireError("feiq.attachment", offset, "fileid:name:size:mtime", f"{len(parts)} parts")
    if not parts[1]:
        raise WireError("feiq.attachment_name", offset + places[1], "a name", "nothing")
    numbers = [
        _number(part, name, offset + place, allowed)
        for part, place, name, allowed in (
            (parts[0], places[0], "file_id", _DECIMAL),
            (parts[2], places[2], "size", _HEX),
            (parts[3], places[3], "mtime", _HEX),
        )
    ]
    has_attribute = len(parts) > 4 and bool(parts[4])
    attribute = _number(parts[4], "attribute", offset + places[4], _HEX) if has_attribute else REGULAR
    extensions = tuple(
        _extension(part, offset + place) for part, place in zip(parts[5:], places[5:], strict=True) if part
    )
    return Attachment(numbers[0], parts[1], numbers[1], numbers[2], attribute, extensions, raw)


def _split(body: bytes) -> tuple[list[bytes], list[int]]:
    """Splits at single colons. Only the name may hold doubled ones; elsewhere two in a row are an empty part."""
    first = body.find(b":")
    if first < 0:
        return [body], [0]
    end = first + 1
    while end < len(body):
        if body[end : end + 2] == b"::":
            end += 2
        elif body[end : end + 1] == b":":
            break
        else:
            end += 1
    parts, places = [body[:first], body[first + 1 : end].replace(b"::", b":")], [0, first + 1]
    place = end + 1
    for part in body[place:].split(b":") if end < len(body) else ():
        parts.append(part)
        places.append(place)
        place += len(part) + 1
    return parts, places


def _number(part: bytes, name: str, offset: int, allowed: frozenset[int]) -> int:
    kind = "decimal" if allowed is _DECIMAL else "hex"
    if not part or len(part) > _LONGEST_NUMBER or not allowed.issuperset(part):
        wanted = f"1 to {_LONGEST_NUMBER} {kind} digits"
        raise WireError(f"feiq.attachment_{name}", offset, wanted, f"{len(part)} bytes {part[:20]!r}")
    return int(part, 10 if allowed is _DECIMAL else 16)


def _extension(part: bytes, offset: int) -> tuple[int, tuple[bytes, ...]]:
    key, equals, value = part.partition(b"=")
    if not equals:
        raise WireError("feiq.attachment_extension", offset, "key=value", f"{part[:20]!r}")
    return _number(key, "extension", offset, _HEX), tuple(value.split(b","))
