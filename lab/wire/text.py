"""Bytes to text, and text to something safe to show: nothing from the wire reaches an output but through `safe`."""

from __future__ import annotations

import codecs
import unicodedata

# Printable by Unicode's own account, yet they show as nothing: braille blank, Hangul fillers, Khmer inherent vowels.
_BLANK = frozenset("\u2800\u3164\u115f\u1160\uffa0\u17b4\u17b5\u034f")
_MARKS_IN_A_ROW = 2
_CUT = "…"


def decode(raw: bytes, *, utf8: bool = False) -> str:
    """FeiQ's rule: with UTF8OPT strict UTF-8; else strict UTF-8, then GB18030; what fits neither as visible escapes.

    A last character cut in half does not spoil the text before it. The result is text, not yet safe to show.
    """
    return "".join(_escape(letter) if "\udc80" <= letter <= "\udcff" else letter for letter in _decode(raw, utf8=utf8))


def charset(raw: bytes, *, utf8: bool = False) -> str:
    """Which reading `decode` chooses: "ascii", "utf-8", "gb18030", or "" where the bytes are whole in none."""
    if raw.isascii():
        return "ascii"
    for encoding in ("utf-8",) if utf8 else ("utf-8", "gb18030"):
        if _strict(raw, encoding) is not None:
            return encoding
    return ""


def safe(raw: bytes | str, columns: int = 256) -> str:
    """One line that cannot move a cursor, change a colour, hide or reverse anything; at most `columns` wide.

    What is not printable is escaped (`\\x1b`, `\\u202e`), blanks other than U+0020 and U+3000 too; of a run of
    combining marks two are shown. Longer text ends in an ellipsis.
    """
    text = _decode(raw, utf8=False) if isinstance(raw, bytes) else raw
    shown: list[str] = []
    width = 0
    fits = 0  # how much of `shown` leaves room for the ellipsis
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me") else 0
        piece = letter if _shows(letter) and marks <= _MARKS_IN_A_ROW else _escape(letter)
        width += _columns(piece)
        if width > columns:
            return "".join(shown[:fits]) + _CUT[:columns]
        shown.append(piece)
        if width < columns:
            fits = len(shown)
    return "".join(shown)


def _decode(raw: bytes, *, utf8: bool) -> str:
    """Bytes that belong to no character come out as the surrogates U+DC80 to U+DCFF, as PEP 383 has it."""
    encodings = ("utf-8",) if utf8 else ("utf-8", "gb18030")
    for attempt in (_strict, _cut_short):
        for encoding in encodings:
            text = attempt(raw, encoding)
            if text is not None:
                return text
    return raw.decode("utf-8" if utf8 else "ascii", "surrogateescape")


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _cut_short(raw: bytes, encoding: str) -> str | None:
    """The text where only its last character is incomplete."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(raw)
    except UnicodeDecodeError:
        return None
    pending = decoder.getstate()[0]
    return text + pending.decode("ascii", "surrogateescape") if text else None


def _shows(letter: str) -> bool:
    return (letter.isprintable() and letter not in _BLANK) or letter == "\u3000"


def _escape(letter: str) -> str:
    number = ord(letter)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _columns(piece: str) -> int:
    if len(piece) > 1:
        return len(piece)
    if unicodedata.category(piece) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(piece) in ("W", "F") else 1
