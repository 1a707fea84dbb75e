"""What two TFTP ends agree on: options asked, granted and checked (RFC 2347, 2348, 2349, 7440).

The server never grants more than was asked and leaves out what it cannot use; the client refuses what it did not ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BLKSIZE_MIN, BLKSIZE_MAX = 8, 65464
"""RFC 2348: 65464 is the largest UDP payload that IPv4 carries, less TFTP's header and room for options."""
TIMEOUT_MIN_S, TIMEOUT_MAX_S = 1, 255
WINDOWSIZE_MAX = 65535

OPTIONS_READ = 16
NAME_OCTETS = 32
VALUE_OCTETS = 20
"""How much of a request's option list is looked at; the rest is passed over like options nobody knows."""

Options = tuple[tuple[bytes, bytes], ...]


class TermsRefused(ValueError):
    """An OACK that the client cannot accept: RFC 2347 asks for ERROR 8. The text is ours and printable."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The values in force. The defaults are RFC 1350's."""

    blksize: int = 512
    windowsize: int = 1
    timeout_s: int | None = None
    tsize: int | None = None
    rollover: int | None = None
    """The block number after 65535 (no RFC; servers use it): 0 or 1, None where nobody asked."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options that a client asks for; None asks nothing. `tsize` is 0 in a read request, the size in a write."""

    blksize: int | None = None
    windowsize: int | None = None
    timeout_s: int | None = None
    tsize: int | None = None
    rollover: int | None = None

    def options(self) -> Options:
        pairs = (
            (b"tsize", self.tsize),
            (b"blksize", self.blksize),
            (b"timeout", self.timeout_s),
            (b"windowsize", self.windowsize),
            (b"rollover", self.rollover),
        )
        return tuple((name, b"%d" % value) for name, value in pairs if value is not None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a server goes along with what is asked."""

    blksize_max: int = BLKSIZE_MAX
    windowsize_max: int = 64
    window_octets_max: int = 4 << 20


def number(raw: bytes) -> int | None:
    """A decimal number, or None for a sign, blanks, hex, other scripts' digits, nothing at all or too much of it."""
    if not raw or len(raw) > VALUE_OCTETS or not all(0x30 <= octet <= 0x39 for octet in raw):
        return None
    return int(raw)


def asked(options: Options) -> dict[bytes, bytes]:
    """Lower-case name to value; the first of a repeated option counts (RFC 2347: an option appears once)."""
    seen: dict[bytes, bytes] = {}
    for name, value in options[:OPTIONS_READ]:
        if name and len(name) <= NAME_OCTETS:
            seen.setdefault(name.lower(), value)
    return seen


def grant(options: Options, size: int | None, bounds: Bounds) -> tuple[Terms, Options]:
    """The server's side: terms, and the OACK's options (empty: no OACK, RFC 1350's defaults).

    `size` is the answer to a read request's tsize; None leaves tsize out (netascii, or a size nobody knows).
    """
    terms = Terms()
    granted: list[tuple[bytes, bytes]] = []
    for name, raw in asked(options).items():
        value = number(raw)
        if value is None or (better := _granted(terms, name, value, size, bounds)) is None:
            continue  # RFC 2347: an option that is not known or not usable is left out, never an error.
        terms, answer = better
        granted.append((name, b"%d" % answer))
    return _within(terms, granted, bounds)


def _granted(terms: Terms, name: bytes, value: int, size: int | None, bounds: Bounds) -> tuple[Terms, int] | None:
    match name:
        case b"blksize" if BLKSIZE_MIN <= value <= BLKSIZE_MAX:
            value = min(value, bounds.blksize_max)
            return replace(terms, blksize=value), value
        case b"windowsize" if 1 <= value <= WINDOWSIZE_MAX:
            value = min(value, bounds.windowsize_max)
            return replace(terms, windowsize=value), value
        case b"timeout" if TIMEOUT_MIN_S <= value <= TIMEOUT_MAX_S:
            return replace(terms, timeout_s=value), value
        case b"tsize" if size is not None:
            return replace(terms, tsize=size), size
        case b"rollover" if value in (0, 1):
            return replace(terms, rollover=value), value
    return None


def _within(terms: Terms, granted: list[tuple[bytes, bytes]], bounds: Bounds) -> tuple[Terms, Options]:
    """Lowers the window until its octets fit; blksize and windowsize may have come in either order."""
    fitting = max(1, min(terms.windowsize, bounds.window_octets_max // terms.blksize))
    if fitting == terms.windowsize:
        return terms, tuple(granted)
    lowered = tuple((name, b"%d" % fitting if name == b"windowsize" else value) for name, value in granted)
    return replace(terms, windowsize=fitting), lowered


def accept(wishes: Wishes, answer: Options) -> Terms:
    """The client's side: the terms of an OACK. Raises TermsRefused for what was not asked or goes beyond it."""
    wanted = asked(wishes.options())
    seen: set[bytes] = set()
    terms = Terms()
    for name, raw in answer:
        key = name.lower()
        if key not in wanted:
            raise TermsRefused("option not asked for")
        if key in seen:
            raise TermsRefused(f"option {key.decode()} twice")
        seen.add(key)
        value = number(raw)
        if value is None:
            raise TermsRefused(f"{key.decode()} is not a decimal number")
        terms = _checked(terms, wishes, key.decode(), value)
    return terms


def _checked(terms: Terms, wishes: Wishes, option: str, value: int) -> Terms:
    match option:
        case "blksize" if BLKSIZE_MIN <= value <= (wishes.blksize or 0):
            return replace(terms, blksize=value)
        case "windowsize" if 1 <= value <= (wishes.windowsize or 0):
            return replace(terms, windowsize=value)
        case "timeout" if value == wishes.timeout_s:  # RFC 2349: the server echoes the value or leaves it out.
            return replace(terms, timeout_s=value)
        case "rollover" if value == wishes.rollover:
            return replace(terms, rollover=value)
        case "tsize":
            return replace(terms, tsize=value)
    raise TermsRefused(f"{option} {value} goes beyond what was asked")
