"""How often one source may be answered: a token bucket for each, and a bound on how many are remembered."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` answers a second in the long run, `burst` at once."""

    per_s: int = 20
    burst: int = 40


class RateLimit:
    """Counts answers by source. Tokens are kept in nanoseconds, so that no float ever drifts."""

    def __init__(self, rate: Rate | None, sources: int = 1_000) -> None:
        """`rate` None lifts the limit; `sources` bounds the memory, the longest silent source is forgotten first."""
        self._rate = rate
        self._sources = sources
        self._full_at_ns: OrderedDict[str, int] = OrderedDict()

    def allows(self, now_ns: int, source: str) -> bool:
        """Whether `source` may be answered now; an allowed answer is counted."""
        if self._rate is None:
            return True
        cost_ns = NS_PER_S // self._rate.per_s
        # The moment at which this source's bucket would be full again; far ahead means nearly empty.
        full_at_ns = max(self._full_at_ns.get(source, now_ns), now_ns) + cost_ns
        if full_at_ns - now_ns > self._rate.burst * cost_ns:
            return False
        self._full_at_ns[source] = full_at_ns
        self._full_at_ns.move_to_end(source)
        if len(self._full_at_ns) > self._sources:
            self._full_at_ns.popitem(last=False)
        return True
