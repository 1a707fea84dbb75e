"""The body of a FeiQ/IP Messenger packet, section by section. Rule: the mode says what a section is.

a message      text NUL [ attachment list NUL ]
presence       nickname NUL group NUL [ LF "UN:" user LF "HN:" host LF "NN:" nickname LF "GN:" group ... NUL ]
image chunk    id|total|offset|chunks|index|length|flags... NUL data
group message  ciphertext, its length in the version field's sixth part
"""

from __future__ import annotations

from lab.wire import feiq_attachments, feiq_version
from lab.wire.error import WireError
from lab.wire.feiq_numbers import PRESENCE_MODES, MessageFlag, Mode
from lab.wire.field import Reader

_SPEC = "IP Messenger draft 14 section 3"
_FEIQ = "FeiQ, from captures"

_TEXT_MEANINGS: dict[int, str] = {
    Mode.BR_ENTRY: "nickname",
    Mode.BR_EXIT: "nickname",
    Mode.ANSENTRY: "nickname",
    Mode.BR_ABSENCE: "nickname",
    Mode.NOOPERATION: "nickname",
    Mode.SENDMSG: "message",
    Mode.RECVMSG: "number of the packet received",
    Mode.READMSG: "number of the packet opened",
    Mode.DELMSG: "number of the packet thrown away unopened",
    Mode.ANSREADMSG: "number of the READMSG packet",
    Mode.GETLIST: "index to start from",
    Mode.ANSLIST: "host list",
    Mode.SENDINFO: "version of the client",
    Mode.SENDABSENCEINFO: "absence text",
    Mode.GETFILEDATA: "packet number:file id:offset, in hex",
    Mode.GETDIRFILES: "packet number:file id, in hex",
    Mode.RELEASEFILES: "number of the packet that offered the files",
    Mode.GETPUBKEY: "capabilities, in hex",
    Mode.ANSPUBKEY: "capabilities:exponent-modulus, in hex",
    Mode.FEIQ_HELLO: "nickname",
    Mode.FEIQ_IMAGE_CHUNK: "id|total|offset|chunks|index|length|flags",
    Mode.FEIQ_IMAGE_ACK: "id|index",
}


def read_body(reader: Reader, version: bytes, code: int) -> bytes:
    """Takes the whole body out of `reader`, which must hold nothing after it."""
    if not reader.record:
        return reader.rest("body")
    body = reader.data[reader.offset : reader.end]
    mode = code & 0xFF
    if mode == Mode.FEIQ_GROUP_MESSAGE:
        _group_message(reader, version)
    elif reader.left:
        _section(reader, "text")
        encrypted = mode == Mode.SENDMSG and code & MessageFlag.ENCRYPTOPT
        reader.explain("encrypted: capabilities:key:message" if encrypted else _TEXT_MEANINGS.get(mode, ""))
        _more_sections(reader, mode, code)
    return body


def _section(reader: Reader, name: str, source: str = _SPEC) -> None:
    """One section with the NUL that ends it; the last may go without."""
    if reader.data.find(b"\0", reader.offset, reader.end) < 0:
        reader.rest(name, source=source)
    else:
        reader.until(name, b"\0", source=source)


def _more_sections(reader: Reader, mode: int, code: int) -> None:
    if mode == Mode.FEIQ_IMAGE_CHUNK:
        reader.rest("image_data", source=_FEIQ)
        return
    place = 1
    while reader.left:
        rest = reader.data[reader.offset : reader.end]
        if not rest.strip(b"\0") and not (place == 1 and mode in PRESENCE_MODES):
            reader.rest("padding", source=_SPEC)
            reader.explain("NULs after the last section, which a receiver ignores")
        elif mode in PRESENCE_MODES or mode == Mode.FEIQ_HELLO:
            _presence_section(reader, place, rest)
        elif place == 1 and mode == Mode.SENDMSG and code & MessageFlag.FILEATTACHOPT:
            _attachment_section(reader)
        else:
            _section(reader, "section")
            reader.explain(f"section {place} after the text")
        place += 1


def _presence_section(reader: Reader, place: int, rest: bytes) -> None:
    if rest.startswith(b"\n"):
        _section(reader, "extension")
        reader.explain("UTF-8 names, one KEY:value a line; they count where CAPUTF8OPT is set")
    elif place == 1:
        _section(reader, "group")
    else:
        _section(reader, "section")
        reader.explain(f"section {place} after the nickname")


def _attachment_section(reader: Reader) -> None:
    """One field an entry, so that each can be shown; the NUL after the list goes with the last of them."""
    start = reader.offset
    nul = reader.data.find(b"\0", start, reader.end)
    section = reader.data[start : reader.end if nul < 0 else nul]
    ends = [start + end for _, end in feiq_attachments.spans(section)] or [start]
    for end in ends[:-1]:
        raw = reader.octets("attachment", end - reader.offset, source=_SPEC)
        reader.explain(_attachment_meaning(raw))
    raw = reader.data[reader.offset : ends[-1]]
    _section(reader, "attachment")
    reader.explain(_attachment_meaning(raw))


def _attachment_meaning(raw: bytes) -> str:
    if not raw.strip(b":\x07"):
        return "no entry"
    try:
        found = feiq_attachments.entry(raw)
    except WireError as error:
        return f"not an entry: {error.field} must be {error.wanted}"
    kind = feiq_attachments.TYPE_NAMES.get(found.type, "unknown type")
    return f"file id {found.file_id}, {found.size} bytes, {kind}"


def _group_message(reader: Reader, version: bytes) -> None:
    """The ciphertext may hold NULs and colons, so only the version field can say where it ends."""
    known = feiq_version.parse(version)
    length = known.ciphertext_length if known else None
    reader.octets("ciphertext", min(length or reader.left, reader.left), source=_FEIQ)
    if reader.left:
        reader.rest("section", source=_FEIQ)
        reader.explain("after the ciphertext")
