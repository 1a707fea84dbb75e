"""The special addresses of IPv4 and IPv6, as the IANA registries and their RFCs list them. Data only.

Each line: the block, the name of the kind, what it means, and who says so. More special blocks stand first.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

IPV4_KINDS: tuple[tuple[IPv4Network, str, str, str], ...] = tuple(
    (IPv4Network(block), name, meaning, source)
    for block, name, meaning, source in (
        ("255.255.255.255/32", "limited_broadcast", "all hosts on this cable; no router passes it on", "RFC 919"),
        (
            "0.0.0.0/32",
            "unspecified",
            "no address (yet): a source before DHCP, or a server on every interface",
            "RFC 1122",
        ),
        ("0.0.0.0/8", "this_network", "hosts of this network; only ever a source", "RFC 791"),
        ("127.0.0.0/8", "loopback", "this machine itself; must never be seen on a cable", "RFC 1122 3.2.1.3"),
        ("10.0.0.0/8", "private", "anyone may use it inside; the Internet does not route it", "RFC 1918"),
        ("172.16.0.0/12", "private", "anyone may use it inside; the Internet does not route it", "RFC 1918"),
        ("192.168.0.0/16", "private", "anyone may use it inside; the Internet does not route it", "RFC 1918"),
        ("169.254.0.0/16", "link_local", "a host gave it to itself because no DHCP server answered", "RFC 3927"),
        ("100.64.0.0/10", "shared", "between a provider and its customers' routers (carrier NAT)", "RFC 6598"),
        ("192.0.2.0/24", "documentation", "for examples (TEST-NET-1); never on a cable", "RFC 5737"),
        ("198.51.100.0/24", "documentation", "for examples (TEST-NET-2); never on a cable", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "for examples (TEST-NET-3); never on a cable", "RFC 5737"),
        ("198.18.0.0/15", "benchmarking", "for measuring network devices", "RFC 2544"),
        ("192.0.0.170/31", "nat64_discovery", "what ipv4only.arpa resolves to", "RFC 7050"),
        ("192.0.0.0/24", "protocol_assignments", "kept by IETF for protocols", "RFC 6890"),
        ("192.88.99.0/24", "6to4_relay", "once the nearest 6to4 relay; given up", "RFC 7526"),
        ("232.0.0.0/8", "source_specific_multicast", "a group heard from one named sender", "RFC 4607"),
        ("239.0.0.0/8", "administrative_multicast", "groups that stay within an organisation", "RFC 2365"),
        ("233.0.0.0/8", "glop_multicast", "groups given out by autonomous system number", "RFC 3180"),
        ("224.0.0.0/24", "local_multicast", "groups of this cable alone; no router passes them on", "RFC 5771"),
        ("224.0.1.0/24", "internetwork_multicast", "groups that may cross the Internet", "RFC 5771"),
        ("224.0.0.0/4", "multicast", "a group: all who joined it get the packet", "RFC 1112"),
        ("240.0.0.0/4", "reserved", "kept for the future; stacks refuse it", "RFC 1112 4"),
    )
)

IPV4_GROUPS = {
    "224.0.0.1": "all hosts of this cable",
    "224.0.0.2": "all routers of this cable",
    "224.0.0.5": "OSPF routers",
    "224.0.0.6": "OSPF designated routers",
    "224.0.0.9": "RIPv2 routers",
    "224.0.0.18": "VRRP",
    "224.0.0.22": "IGMPv3 reports",
    "224.0.0.251": "multicast DNS",
    "224.0.0.252": "LLMNR",
    "224.0.1.1": "NTP",
    "224.0.1.129": "PTP",
    "239.255.255.250": "SSDP (UPnP discovery)",
}

IPV6_KINDS: tuple[tuple[IPv6Network, str, str, str], ...] = tuple(
    (IPv6Network(block), name, meaning, source)
    for block, name, meaning, source in (
        ("::/128", "unspecified", "no address (yet); only ever a source", "RFC 4291 2.5.2"),
        ("::1/128", "loopback", "this machine itself; must never be seen on a cable", "RFC 4291 2.5.3"),
        (
            "::ffff:0:0/96",
            "ipv4_mapped",
            "an IPv4 address, as an IPv6 socket shows it; not for a cable",
            "RFC 4291 2.5.5.2",
        ),
        ("64:ff9b::/96", "nat64", "an IPv4 host, reached through a translator", "RFC 6052"),
        ("64:ff9b:1::/48", "nat64_local", "translation prefixes for local use", "RFC 8215"),
        ("100::/64", "discard", "routers throw it away", "RFC 6666"),
        ("2001::/32", "teredo", "IPv6 in UDP through an IPv4 NAT", "RFC 4380"),
        ("2001:2::/48", "benchmarking", "for measuring network devices", "RFC 5180"),
        ("2001:20::/28", "orchid", "a cryptographic host identity, not a place", "RFC 7343"),
        ("2001:db8::/32", "documentation", "for examples; never on a cable", "RFC 3849"),
        ("3fff::/20", "documentation", "for examples; never on a cable", "RFC 9637"),
        ("2002::/16", "6to4", "IPv6 in IPv4 packets, the IPv4 address within", "RFC 3056"),
        ("5f00::/16", "segment_routing", "SRv6 segment identifiers", "RFC 9602"),
        ("fc00::/7", "unique_local", "anyone may use it inside; the Internet does not route it", "RFC 4193"),
        ("fe80::/10", "link_local", "good on one cable only: a zone such as %eth0 says which", "RFC 4291 2.5.6"),
        ("fec0::/10", "site_local", "given up: unique local addresses took its place", "RFC 3879"),
        ("ff00::/8", "multicast", "a group: all who joined it get the packet", "RFC 4291 2.7"),
        ("::/96", "ipv4_compatible", "given up: an IPv4 address in the last four bytes", "RFC 4291 2.5.5.1"),
        ("2000::/3", "global_unicast", "an ordinary address of the Internet", "RFC 4291 2.5.4"),
    )
)

IPV6_GROUPS = {
    "ff01::1": "all nodes of this machine",
    "ff01::2": "all routers of this machine",
    "ff02::1": "all nodes of this cable",
    "ff02::2": "all routers of this cable",
    "ff02::5": "OSPF routers",
    "ff02::6": "OSPF designated routers",
    "ff02::9": "RIPng routers",
    "ff02::d": "PIM routers",
    "ff02::16": "MLDv2 reports",
    "ff02::fb": "multicast DNS",
    "ff02::1:2": "DHCPv6 servers and relays",
    "ff02::1:3": "LLMNR",
    "ff05::2": "all routers of this site",
    "ff05::1:3": "DHCPv6 servers of this site",
}

IPV6_SCOPES = {
    0: ("reserved", "must not be used"),
    1: ("interface-local", "never leaves the machine"),
    2: ("link-local", "never leaves the cable"),
    3: ("realm-local", "as far as the network technology reaches"),
    4: ("admin-local", "as far as somebody configured"),
    5: ("site-local", "one site"),
    8: ("organization-local", "several sites of one organisation"),
    14: ("global", "everywhere"),
    15: ("reserved", "must not be used"),
}
"""RFC 7346 section 2; the numbers that are missing are unassigned."""
