"""The command numbers of IP Messenger and FeiQ, as the Scapy reading writes them down for itself.

The low 8 bits of the command are its mode; the other 24 are flags, and the same flag means different things in
different modes. Source: the IP Messenger protocol text, draft 14; FeiQ's own modes from what is seen on the wire.
lab.wire has these numbers too, and shares none of them: two readings that share a table could not disagree.
"""

from __future__ import annotations

from difflib import get_close_matches

NOOPERATION, BR_ENTRY, BR_EXIT, ANSENTRY, BR_ABSENCE = 0x00, 0x01, 0x02, 0x03, 0x04
SENDMSG, RECVMSG, READMSG, DELMSG, ANSREADMSG = 0x20, 0x21, 0x30, 0x31, 0x32

MODES = {
    NOOPERATION: "NOOPERATION",
    BR_ENTRY: "BR_ENTRY",
    BR_EXIT: "BR_EXIT",
    ANSENTRY: "ANSENTRY",
    BR_ABSENCE: "BR_ABSENCE",
    0x10: "BR_ISGETLIST",
    0x11: "OKGETLIST",
    0x12: "GETLIST",
    0x13: "ANSLIST",
    0x14: "ANSLIST_DICT",
    0x18: "BR_ISGETLIST2",
    SENDMSG: "SENDMSG",
    RECVMSG: "RECVMSG",
    0x23: "FEIQ_GROUP_MESSAGE",
    READMSG: "READMSG",
    DELMSG: "DELMSG",
    ANSREADMSG: "ANSREADMSG",
    0x40: "GETINFO",
    0x41: "SENDINFO",
    0x50: "GETABSENCEINFO",
    0x51: "SENDABSENCEINFO",
    0x60: "GETFILEDATA",
    0x61: "RELEASEFILES",
    0x62: "GETDIRFILES",
    0x72: "GETPUBKEY",
    0x73: "ANSPUBKEY",
    0x77: "FEIQ_HELLO",
    0x78: "FEIQ_HELLO_ANSWER",
    0x79: "FEIQ_TYPING",
    0x7A: "FEIQ_TYPING_ENDED",
    0xC0: "FEIQ_IMAGE",
    0xC1: "FEIQ_IMAGE_RECEIPT",
    0xC9: "FEIQ_GROUP_PRESENCE",
    0xD1: "FEIQ_SHAKE",
    0xD2: "FEIQ_SHAKE_ANSWER",
}

SENDCHECKOPT, SECRETOPT, BROADCASTOPT, AUTORETOPT = 0x100, 0x200, 0x400, 0x2000
READCHECKOPT, FILEATTACHOPT, UTF8OPT, CAPUTF8OPT = 0x100000, 0x200000, 0x800000, 0x1000000

_PRESENCE = {
    0x100: "ABSENCEOPT",
    0x200: "SERVEROPT",
    0x10000: "DIALUPOPT",
    0x40000: "CAPFILEENCOPT",
    FILEATTACHOPT: "FILEATTACHOPT",
    0x400000: "ENCRYPTOPT",
    UTF8OPT: "UTF8OPT",
    CAPUTF8OPT: "CAPUTF8OPT",
    0x2000000: "CAPIPDICTOPT",
    0x4000000: "ENCEXTMSGOPT",
    0x8000000: "CLIPBOARDOPT",
    0x10000000: "DIR_MASTER",
}
_MESSAGE = {
    SENDCHECKOPT: "SENDCHECKOPT",
    SECRETOPT: "SECRETOPT",
    BROADCASTOPT: "BROADCASTOPT",
    0x800: "MULTICASTOPT",
    0x1000: "NOPOPUPOPT",
    AUTORETOPT: "AUTORETOPT",
    0x4000: "RETRYOPT",
    0x8000: "PASSWORDOPT",
    0x20000: "NOLOGOPT",
    0x40000: "NEWMULTIOPT",
    0x80000: "NOADDLISTOPT",
    READCHECKOPT: "READCHECKOPT",
    FILEATTACHOPT: "FILEATTACHOPT",
    0x400000: "ENCRYPTOPT",
    UTF8OPT: "UTF8OPT",
    CAPUTF8OPT: "CAPUTF8OPT",
    0x2000000: "CAPIPDICTOPT",
    0x4000000: "ENCEXTMSGOPT",
    0x8000000: "CLIPBOARDOPT",
}
_ANY = {
    0x2000: "AUTORETOPT",
    0x4000: "RETRYOPT",
    READCHECKOPT: "READCHECKOPT",
    FILEATTACHOPT: "FILEATTACHOPT",
    0x400000: "ENCRYPTOPT",
    UTF8OPT: "UTF8OPT",
    CAPUTF8OPT: "CAPUTF8OPT",
}
_FILES = _ANY | {0x400: "ENCFILE_OBSOLETE", 0x800: "ENCFILEOPT"}


def flags_of(mode: int) -> dict[int, str]:
    """What each flag is called in this mode."""
    if mode <= BR_ABSENCE:
        return _PRESENCE
    if mode in (SENDMSG, 0x23):
        return _MESSAGE
    return _FILES if mode in (0x60, 0x62) else _ANY


def words(code: int) -> str:
    """A command number in words, `SENDMSG|SENDCHECKOPT`; what has no name stays a hexadecimal number."""
    mode, known = code & 0xFF, flags_of(code & 0xFF)
    parts = [MODES.get(mode, f"{mode:#04x}")]
    for bit in (1 << at for at in range(8, max(code.bit_length(), 32))):
        if code & bit:
            parts.append(known.get(bit, f"{bit:#x}"))
    return "|".join(parts)


def number(text: str) -> int:
    """The command number that words mean; the mode comes first, as `words` writes it. Raises ValueError."""
    first, *rest = text.split("|")
    mode = _one(first, {name: value for value, name in MODES.items()})
    names = {name: bit for bit, name in flags_of(mode & 0xFF).items()}
    return sum({_one(part, names) for part in rest}, mode)


def _one(text: str, names: dict[str, int]) -> int:
    name = text.strip().upper().removeprefix("IPMSG_")
    if name in names:
        return names[name]
    try:
        return int(text, 0)
    except ValueError:
        near = get_close_matches(name, names, 1)
        raise ValueError(f"no {text!r}" + (f"; did you mean {near[0]}?" if near else "")) from None
