"""The numbers of IP Messenger (protocol draft 14) and FeiQ's own. Rule: an option bit has a name only within a mode.

  31                                             8 7             0
  +-----------------------------------------------+---------------+
  |        options, named by the mode's table     |     mode      |
  +-----------------------------------------------+---------------+
The command stands on the wire as the decimal digits of this 32-bit number. IP Messenger has its numbers from its
author's public source; FeiQ is closed, its modes are known from captures and from other people's clients.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Mode(IntEnum):
    """The low eight bits of a command. Packets carry plain ints, so modes that have no name here survive."""

    NOOPERATION = 0x00
    BR_ENTRY = 0x01
    BR_EXIT = 0x02
    ANSENTRY = 0x03
    BR_ABSENCE = 0x04
    BR_ISGETLIST = 0x10
    OKGETLIST = 0x11
    GETLIST = 0x12
    ANSLIST = 0x13
    ANSLIST_DICT = 0x14
    BR_ISGETLIST2 = 0x18
    SENDMSG = 0x20
    RECVMSG = 0x21
    FEIQ_GROUP_MESSAGE = 0x23
    READMSG = 0x30
    DELMSG = 0x31
    ANSREADMSG = 0x32
    GETINFO = 0x40
    SENDINFO = 0x41
    GETABSENCEINFO = 0x50
    SENDABSENCEINFO = 0x51
    GETFILEDATA = 0x60
    RELEASEFILES = 0x61
    GETDIRFILES = 0x62
    DIRFILES_AUTH = 0x63
    DIRFILES_AUTHRET = 0x64
    GETPUBKEY = 0x72
    ANSPUBKEY = 0x73
    FEIQ_HELLO = 0x77
    FEIQ_HELLO_ANSWER = 0x78
    FEIQ_TYPING = 0x79
    FEIQ_TYPING_ENDED = 0x7A
    AGENT_REQ = 0xA0
    AGENT_ANSREQ = 0xA1
    AGENT_PACKET = 0xA2
    AGENT_PROXYREQ = 0xA3
    DIR_POLL = 0xB0
    DIR_POLLAGENT = 0xB1
    DIR_BROADCAST = 0xB2
    DIR_ANSBROAD = 0xB3
    DIR_PACKET = 0xB4
    DIR_REQUEST = 0xB5
    DIR_AGENTPACKET = 0xB6
    DIR_EVBROAD = 0xB7
    DIR_AGENTREJECT = 0xB8
    FEIQ_IMAGE_CHUNK = 0xC0
    FEIQ_IMAGE_ACK = 0xC1
    FEIQ_GROUP_PRESENCE = 0xC9
    FEIQ_SHAKE = 0xD1
    FEIQ_SHAKE_ACK = 0xD2
    FEIQ_PROBE = 0xD8
    IPTUX_SENDMSG = 0xFB
    IPTUX_SEND_SIGN = 0xFC
    IPTUX_SENDSUBLAYER = 0xFD
    IPTUX_SENDICON = 0xFE
    IPTUX_ASKSHARED = 0xFF


class PresenceFlag(IntFlag):
    """Option bits of NOOPERATION, BR_ENTRY, BR_EXIT, ANSENTRY and BR_ABSENCE."""

    ABSENCEOPT = 0x00000100
    SERVEROPT = 0x00000200
    CAPFILEENC_OBSOLETE = 0x00001000
    DIALUPOPT = 0x00010000
    CAPFILEENCOPT = 0x00040000
    FILEATTACHOPT = 0x00200000
    ENCRYPTOPT = 0x00400000
    UTF8OPT = 0x00800000
    CAPUTF8OPT = 0x01000000
    CAPIPDICTOPT = 0x02000000
    ENCEXTMSGOPT = 0x04000000
    CLIPBOARDOPT = 0x08000000
    DIR_MASTER = 0x10000000


class MessageFlag(IntFlag):
    """Option bits of SENDMSG, and of FeiQ's group messages and image chunks, which borrow some of them."""

    SENDCHECKOPT = 0x00000100
    SECRETOPT = 0x00000200
    BROADCASTOPT = 0x00000400
    MULTICASTOPT = 0x00000800
    NOPOPUPOPT = 0x00001000
    AUTORETOPT = 0x00002000
    RETRYOPT = 0x00004000
    PASSWORDOPT = 0x00008000
    NOLOGOPT = 0x00020000
    NEWMULTI_OBSOLETE = 0x00040000
    NOADDLISTOPT = 0x00080000
    READCHECKOPT = 0x00100000
    FILEATTACHOPT = 0x00200000
    ENCRYPTOPT = 0x00400000
    UTF8OPT = 0x00800000
    CAPUTF8OPT = 0x01000000
    CAPIPDICTOPT = 0x02000000
    ENCEXTMSGOPT = 0x04000000
    CLIPBOARDOPT = 0x08000000
    IPTUX_PASSWD = 0x40000000
    IPTUX_SHARED = 0x80000000


class ReceiptFlag(IntFlag):
    """Option bits of READMSG."""

    READCHECKOPT = 0x00100000


class FileFlag(IntFlag):
    """Option bits of GETFILEDATA and GETDIRFILES."""

    ENCFILE_OBSOLETE = 0x00000400
    ENCFILEOPT = 0x00000800
    ENCRYPTOPT = 0x00400000


class ListFlag(IntFlag):
    """Option bits of BR_ISGETLIST and BR_ISGETLIST2."""

    RETRYOPT = 0x00004000


class KeyFlag(IntFlag):
    """Option bits of GETPUBKEY."""

    AUTORETOPT = 0x00002000


class CommonFlag(IntFlag):
    """What a bit means in every mode: the text's encoding, and the sender's ability to read it."""

    UTF8OPT = 0x00800000
    CAPUTF8OPT = 0x01000000


PRESENCE_MODES = frozenset({Mode.NOOPERATION, Mode.BR_ENTRY, Mode.BR_EXIT, Mode.ANSENTRY, Mode.BR_ABSENCE})
"""Modes whose body is `nick NUL group NUL`, read by the presence table of option bits."""

_TABLES: dict[int, type[IntFlag]] = {
    **dict.fromkeys(PRESENCE_MODES, PresenceFlag),
    Mode.FEIQ_GROUP_PRESENCE: PresenceFlag,
    Mode.SENDMSG: MessageFlag,
    Mode.FEIQ_GROUP_MESSAGE: MessageFlag,
    Mode.FEIQ_IMAGE_CHUNK: MessageFlag,
    Mode.READMSG: ReceiptFlag,
    Mode.GETFILEDATA: FileFlag,
    Mode.GETDIRFILES: FileFlag,
    Mode.BR_ISGETLIST: ListFlag,
    Mode.BR_ISGETLIST2: ListFlag,
    Mode.GETPUBKEY: KeyFlag,
}
_COMMON_NAMES = {flag.value: flag.name or "" for flag in CommonFlag}
_FLAG_NAMES = {mode: _COMMON_NAMES | {flag.value: flag.name or "" for flag in table} for mode, table in _TABLES.items()}
_MODE_NAMES = {mode.value: mode.name for mode in Mode}


def mode_name(code: int) -> str:
    """The name of a command's mode; "unknown" where it has none."""
    return _MODE_NAMES.get(code & 0xFF, "unknown")


def flags(code: int) -> tuple[tuple[int, str], ...]:
    """The option bits set in a command, lowest first, each with its name in that mode (a bit without one: its hex)."""
    names = _FLAG_NAMES.get(code & 0xFF, _COMMON_NAMES)
    set_bits = [1 << place for place in range(8, 32) if code & (1 << place)]
    return tuple((mask, names.get(mask) or f"{mask:#x}") for mask in set_bits)


def flag_names(code: int) -> tuple[str, ...]:
    """The names of the option bits set in a command, read by the table of its mode."""
    return tuple(name for _, name in flags(code))


def is_utf8(code: int) -> bool:
    """UTF8OPT: the one option bit that means the same in every mode (the whole packet is UTF-8)."""
    return bool(code & CommonFlag.UTF8OPT)
