"""Names for people: what layers are called, and whether bytes read like text. Nothing here comes from the wire."""

from __future__ import annotations

LAYERS = {
    "ethernet": "Ethernet II",
    "vlan": "802.1Q",
    "arp": "ARP",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "icmp": "ICMP",
    "icmpv6": "ICMPv6",
    "igmp": "IGMP",
    "mld": "MLD",
    "tcp": "TCP",
    "hop_by_hop": "IPv6 hop-by-hop options",
    "destination_options": "IPv6 destination options",
    "routing": "IPv6 routing header",
    "ipv6_fragment": "IPv6 fragment header",
    "authentication": "Authentication header",
    "udp": "UDP",
    "tftp": "TFTP",
    "feiq": "FeiQ / IP Messenger",
    "echo": "Echo",
    "": "Not read",
}
"""A layer's name in field names to what people call it."""


def title(layer: str) -> str:
    """A layer's name for people; that of a packet quoted by an ICMP error says so."""
    name = layer.removeprefix("quoted_")
    words = LAYERS.get(name, name.replace("_", " "))
    return words if name == layer else f"{words}, quoted"


def mostly_text(shown: str) -> bool:
    """Whether text made safe is worth reading: less than half of what is shown is escapes (`\\x1b`)."""
    return shown.count("\\") * 8 <= len(shown)
