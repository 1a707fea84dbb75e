"""From what a person typed to everything known of that address. The rule: no name is looked up, no packet is sent."""

from __future__ import annotations

from lab.host.fact import AddressError, BitRun, Description, Fact, Kind
from lab.host.ipv4 import describe_ipv4, parse_ipv4, parse_prefix
from lab.host.ipv6 import describe_ipv6, parse_ipv6, parse_prefix6

__all__ = ["AddressError", "BitRun", "Description", "Fact", "Kind", "describe"]


def describe(text: str, netmask: str | None = None) -> Description:
    """Describes `10.0.0.1`, `10.0.0.1/8`, `10.0.0.1/255.0.0.0`, `fe80::1%eth0` or `fd77::1/64`.

    `netmask` is the same as what may follow the slash. Raises AddressError, whose text says what to type instead.
    """
    digits, slash, behind = text.strip().partition("/")
    if slash and netmask is not None:
        raise AddressError("two prefixes; type it after the slash or as the second word, not both")
    mask = behind if slash else netmask
    if ":" in digits:
        address6, zone = parse_ipv6(digits)
        return describe_ipv6(address6, zone, None if mask is None else parse_prefix6(mask))
    address = parse_ipv4(digits)
    return describe_ipv4(address, None if mask is None else parse_prefix(mask))
