"""When to repeat and when to give up: adaptive, backing off exponentially, reset by progress alone (RFC 1123 4.2.3.2).

Only what was waited for counts as progress. Other datagrams leave the deadline where it is: a timer that every
stray packet restarts may never fire under loss.
"""

from __future__ import annotations

from dataclasses import dataclass

S = 1_000_000_000
"""Nanoseconds in a second."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient an engine is. Times in seconds."""

    first_s: float = 1.0
    """Before the first repetition, until a round trip has been measured."""
    shortest_s: float = 0.2
    longest_s: float = 8.0
    give_up_s: float = 30.0
    """Silence that ends a transfer."""
    ask_s: float = 10.0
    """Silence after a client's request that ends it before it began."""
    dally_s: float = 3.0
    """How long a receiver stays to repeat its last ACK (RFC 1350 section 6)."""
    whole_s: float = 3600.0
    """A transfer's longest life."""


class Timer:
    """The repetition timer of one transfer.

    `timeout_s` is RFC 2349's option: the interval is then agreed and not measured. `unproven` limits repetitions
    that nobody asked for, until the peer has answered once: a forged request must not make us flood its victim.
    """

    def __init__(
        self, now_ns: int, timing: Timing, *, timeout_s: int | None = None, unproven: int | None = None
    ) -> None:
        self.deadline_ns: int | None = None
        self.repeats = 0
        self._timing = timing
        self._fixed_ns = None if timeout_s is None else timeout_s * S
        self._interval_ns = self._fixed_ns or int(timing.first_s * S)
        self._unproven = unproven
        self._quiet_since_ns = now_ns
        self._sent_ns: int | None = None
        self._smooth_ns: float | None = None
        self._spread_ns = 0.0

    def sent(self, now_ns: int) -> None:
        """Something new was sent, and an answer to it is due."""
        self._sent_ns = now_ns
        self._set_deadline(now_ns)

    def progress(self, now_ns: int) -> None:
        """The answer came. Measures the round trip, unless a repetition makes it ambiguous (Karn's rule)."""
        if self._sent_ns is not None and self.repeats == 0:
            self._measure(now_ns - self._sent_ns)
        self._sent_ns = None
        self._unproven = None
        self.repeats = 0
        self._quiet_since_ns = now_ns
        self.deadline_ns = None

    def more(self, now_ns: int) -> None:
        """Part of a window came: the wait for the rest begins anew, nothing is measured."""
        self._sent_ns = None
        self.progress(now_ns)
        self._set_deadline(now_ns)

    def repeated(self, now_ns: int) -> None:
        """The deadline passed and what was sent is sent again."""
        self.repeats += 1
        self._set_deadline(now_ns)

    def gave_up(self, now_ns: int) -> bool:
        return now_ns >= self._end_ns

    def stop(self) -> None:
        self.deadline_ns = None

    @property
    def _end_ns(self) -> int:
        # An agreed interval longer than our patience is waited for twice, so that one repetition happens.
        return self._quiet_since_ns + max(int(self._timing.give_up_s * S), 2 * (self._fixed_ns or 0))

    def _set_deadline(self, now_ns: int) -> None:
        if self._unproven is not None and self.repeats >= self._unproven:
            self.deadline_ns = self._end_ns
            return
        longest = max(int(self._timing.longest_s * S), self._interval_ns)
        interval = min(self._interval_ns << min(self.repeats, 16), longest)
        self.deadline_ns = min(now_ns + interval, self._end_ns)

    def _measure(self, round_trip_ns: int) -> None:
        """RFC 6298's estimate. An agreed timeout stands as it is."""
        if self._fixed_ns is not None:
            return
        if self._smooth_ns is None:
            self._smooth_ns, self._spread_ns = float(round_trip_ns), round_trip_ns / 2
        else:
            self._spread_ns += (abs(self._smooth_ns - round_trip_ns) - self._spread_ns) / 4
            self._smooth_ns += (round_trip_ns - self._smooth_ns) / 8
        wanted = int(self._smooth_ns + 4 * self._spread_ns)
        self._interval_ns = min(max(wanted, int(self._timing.shortest_s * S)), int(self._timing.longest_s * S))
