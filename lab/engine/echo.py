"""UDP echo (RFC 862): what came goes back, unless sending it back could do harm.

The one rule: an echo server must never become half of a loop or a mirror for somebody else's flood, so it
says nothing to a source that might answer by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address

from lab.engine.datagram import Address, Send
from lab.engine.rate import Rate, RateLimit


class Refusal(Enum):
    """Why a datagram was not sent back."""

    LOW_PORT = "its source port belongs to a service that might answer by itself"
    OWN_PORT = "its source port is an echo port of ours, so the two would echo for ever"
    NO_HOST = "its source is no single host (broadcast, multicast or unspecified)"
    NOT_FOR_ONE = "it was sent to many hosts at once, and all of them would answer"
    RATE = "this source asks more often than the rate allows"


@dataclass(frozen=True, slots=True)
class EchoLimits:
    """What the server refuses. `broadcasts` are the directed broadcast addresses of the nets it is on."""

    lowest_port: int = 1024
    rate: Rate | None = field(default_factory=Rate)
    broadcasts: frozenset[str] = frozenset()


LAB_LIMITS = EchoLimits(rate=None)
"""For the lab's own network, where nobody else can be hurt by the rate."""


class EchoEngine:
    """Pure: hands back the datagrams to send. `refused` counts what was met with silence, by reason."""

    def __init__(self, own_ports: frozenset[int], limits: EchoLimits | None = None) -> None:
        self._own_ports = own_ports
        self._limits = limits or EchoLimits()
        self._rate = RateLimit(self._limits.rate)
        self.refused: Counter[Refusal] = Counter()
        self.echoed = 0

    deadline_ns: int | None = None

    def receive(self, now_ns: int, data: bytes, source: Address, asked: str | None) -> list[Send]:
        """The same bytes for `source`, or nothing. `asked` is our address, None where the datagram went to many."""
        refusal = self._refusal(now_ns, source, asked)
        if refusal is not None:
            self.refused[refusal] += 1
            # Silence, not an error: an answer of any kind to a forged source is what the rule forbids.
            return []
        self.echoed += 1
        return [Send(data, source)]

    def timeout(self, now_ns: int) -> list[Send]:
        """Echo waits for nothing."""
        return []

    def _refusal(self, now_ns: int, source: Address, asked: str | None) -> Refusal | None:
        host, port = source
        if port < self._limits.lowest_port:
            return Refusal.LOW_PORT
        if port in self._own_ports:
            return Refusal.OWN_PORT
        if self._is_many(host):
            return Refusal.NO_HOST
        if asked is None:
            return Refusal.NOT_FOR_ONE
        if not self._rate.allows(now_ns, host):
            return Refusal.RATE
        return None

    def _is_many(self, host: str) -> bool:
        address: IPv4Address | IPv6Address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address == IPv4Address("255.255.255.255") or str(address) in self._limits.broadcasts:
            return True
        return address.is_multicast or address.is_unspecified
