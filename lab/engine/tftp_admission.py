"""Which datagram on the listening port begins a transfer. Only RRQ and WRQ are answered; everything else gets silence.

Silence keeps two servers from talking to each other for ever, and an ERROR must never be answered anyway (RFC 1350
section 7). Limits are silent too: an answer to each packet of a flood would double it, an honest client asks again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from lab.engine.datagram import Address
from lab.engine.tftp_reading import read_request
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_timer import S
from lab.wire.tftp import ReadRequest, WriteRequest

SOURCES_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server takes on. Zero rate: no rate limit."""

    sessions: int = 1000
    half_open: int = 256
    """Sessions whose peer has not answered yet; the oldest makes room, so a flood never locks honest clients out."""
    per_source: int = 16
    rate_per_s: float = 20.0
    burst: int = 40


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a session; first end `evicted`, if there is one, to make room."""

    request: ReadRequest | WriteRequest
    evicted: TftpSession | None = None


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The request of a session that has not been heard: its first answer was lost."""

    session: TftpSession


@dataclass(slots=True)
class _Allowance:
    """A token bucket for one source address."""

    tokens: float
    at_ns: int


@dataclass(slots=True)
class Admission:
    """Knows the living sessions; the shell reports each with `begun` and `ended`."""

    limits: Limits = field(default_factory=Limits)
    _sessions: OrderedDict[Address, TftpSession] = field(default_factory=OrderedDict)
    _living: OrderedDict[int, TftpSession] = field(default_factory=OrderedDict)
    _per_source: dict[str, int] = field(default_factory=dict)
    _allowances: OrderedDict[str, _Allowance] = field(default_factory=OrderedDict)

    def receive(self, now_ns: int, data: bytes, source: Address) -> Begin | AskedAgain | None:
        """A datagram that came to the listening port; None is silence."""
        request = read_request(data)
        if request is None or source[1] == 0 or not self._within_rate(now_ns, source[0]):
            return None
        living = self._sessions.get(source)
        if living is not None and living.request == request and not living.proven and not living.done:
            return AskedAgain(living)
        if self._per_source.get(source[0], 0) >= self.limits.per_source:
            return None
        half_open = [session for session in self._living.values() if not session.proven]
        full = len(self._living) >= self.limits.sessions
        if len(half_open) >= self.limits.half_open or (full and half_open):
            return Begin(request, evicted=half_open[0])
        return None if full else Begin(request)

    def begun(self, session: TftpSession) -> None:
        self._living[id(session)] = session
        self._sessions[session.peer] = session
        self._per_source[session.peer[0]] = self._per_source.get(session.peer[0], 0) + 1

    def ended(self, session: TftpSession) -> None:
        if self._living.pop(id(session), None) is None:
            return
        if self._sessions.get(session.peer) is session:
            del self._sessions[session.peer]
        left = self._per_source[session.peer[0]] - 1
        if left:
            self._per_source[session.peer[0]] = left
        else:
            del self._per_source[session.peer[0]]

    def _within_rate(self, now_ns: int, source: str) -> bool:
        if not self.limits.rate_per_s:
            return True
        allowance = self._allowances.pop(source, None) or _Allowance(self.limits.burst, now_ns)
        gained = (now_ns - allowance.at_ns) / S * self.limits.rate_per_s
        allowance.tokens = min(self.limits.burst, allowance.tokens + gained)
        allowance.at_ns = now_ns
        self._allowances[source] = allowance  # Most recent last: the longest unseen is forgotten first.
        if len(self._allowances) > SOURCES_REMEMBERED:
            self._allowances.popitem(last=False)
        if allowance.tokens < 1:
            return False
        allowance.tokens -= 1
        return True
