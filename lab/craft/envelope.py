"""Everything around a UDP payload, stated: no address, port, id or lifetime is left to this machine's routes.

`IP()` and `Ether()` left alone ask the host for addresses and routes, so the same script would build other frames on
another machine. An Envelope has no such default.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from lab.craft.error import BuildError

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of a UDP datagram in an Ethernet frame; IPv4 or IPv6 by the addresses.

    `ttl` is the hop limit over IPv6, `tos` the traffic class. `identification` and `dont_fragment` mean something over
    IPv4 only (RFC 791 section 3.1), `flow_label` over IPv6 only (RFC 8200 section 3). `vlan` adds an 802.1Q tag.
    Raises BuildError for a value that its field cannot carry.
    """

    source_mac: str
    destination_mac: str
    source: str
    destination: str
    source_port: int
    destination_port: int
    ttl: int = 64
    tos: int = 0
    identification: int = 1
    dont_fragment: bool = False
    flow_label: int = 0
    vlan: int | None = None
    vlan_priority: int = 0

    def __post_init__(self) -> None:
        check_mac("source_mac", self.source_mac)
        check_mac("destination_mac", self.destination_mac)
        if _address("source", self.source).version != _address("destination", self.destination).version:
            raise BuildError("destination", f"an address of the same family as {self.source}", self.destination)
        for name, most in _RANGES.items():
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not 0 <= value <= most):
                raise BuildError(name, f"a number from 0 to {most}", value)

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.source

    def answer(self) -> Envelope:
        """The way back: both ends exchanged, everything else as it is."""
        return replace(
            self,
            source_mac=self.destination_mac,
            destination_mac=self.source_mac,
            source=self.destination,
            destination=self.source,
            source_port=self.destination_port,
            destination_port=self.source_port,
        )


_RANGES = {
    "source_port": 0xFFFF,
    "destination_port": 0xFFFF,
    "ttl": 0xFF,
    "tos": 0xFF,
    "identification": 0xFFFF,
    "flow_label": 0xFFFFF,
    "vlan": 0xFFF,
    "vlan_priority": 7,
}


def check_mac(name: str, text: str) -> str:
    """`text`, which is a MAC address. Raises BuildError."""
    if not _MAC.fullmatch(text):
        raise BuildError(name, "a MAC address such as 02:4c:41:42:00:02", text)
    return text


def _address(name: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise BuildError(name, "an IPv4 or IPv6 address", text) from None
