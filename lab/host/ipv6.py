"""What an IPv6 address is: its parts, its kinds and scope, and what else is hidden in it.

The rule: nothing is told that the bits do not say.

    global     | routing prefix (48) | subnet (16) | interface identifier (64) |
    unique     | 1111110 | L | global identifier (40) | subnet (16) | interface identifier (64) |
    link-local | 1111111010 | zeros (54) | interface identifier (64) |
    multicast  | 11111111 | flags 0RPT | scope | group identifier (112) |        RFC 4291, RFC 4193
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network

from lab.host.fact import AddressError, BitRun, Description, Fact, Kind, byte_facts, cut
from lab.host.ipv4 import parse_ipv4, shown
from lab.host.known import IPV6_GROUPS, IPV6_KINDS, IPV6_SCOPES

# Named here because ipaddress answers for the IPv4 address within a mapped one, since Python 3.13.
_MULTICAST = IPv6Network("ff00::/8")
_LINK_LOCAL = IPv6Network("fe80::/10")
_SITE_LOCAL = IPv6Network("fec0::/10")
_UNIQUE_LOCAL = IPv6Network("fc00::/7")

_ZONE_BYTES = 15
"""Linux cuts interface names at IFNAMSIZ - 1."""


def parse_ipv6(text: str) -> tuple[IPv6Address, str]:
    """The address and its zone ("" for none). Raises AddressError with what to type instead."""
    digits, percent, zone = text.partition("%")
    if percent and not _is_zone(zone):
        raise AddressError(f"{shown(zone)} is no zone; type the interface after the %, as fe80::1%eth0")
    if digits.startswith("[") or digits.endswith("]"):
        raise AddressError("brackets belong to URLs; type the address without them")
    if "." in digits:
        parse_ipv4(digits.rpartition(":")[2])
    try:
        return IPv6Address(digits), zone
    except AddressValueError as error:
        reason = str(error).partition(" in ")[0]
        raise AddressError(
            f"{shown(digits)} is no IPv6 address ({ascii(reason)[1:-1]}); type one such as 2001:db8::1"
        ) from None


def parse_prefix6(text: str) -> int:
    """A prefix length. Raises AddressError."""
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 128:
        return int(text)
    raise AddressError(f"/{shown(text)[1:-1]} is no IPv6 prefix length; type /0 to /128")


def describe_ipv6(address: IPv6Address, zone: str, prefix: int | None) -> Description:
    """Everything about one address; `prefix` is the length of the subnet it stands in, where the user told it."""
    kinds = _kinds(address, prefix)
    short = f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)
    spelled = f"{short}%{zone}" if zone else short
    groups = (
        [
            Fact("Address", "address", spelled, "the one short spelling", "RFC 5952"),
            Fact("Address", "exploded", address.exploded, "every zero written out"),
        ],
        byte_facts(address.packed, "128 bits"),
        _multicast_facts(address) if address in _MULTICAST else _unicast_facts(address, zone),
        _embedded_facts(address),
        _subnet_facts(address, prefix) if prefix is not None else [],
        [
            Fact(
                "Names", "reverse_name", f"{address.reverse_pointer}.", "where DNS keeps its name (PTR)", "RFC 3596 2.5"
            )
        ],
    )
    facts = tuple(fact for group in groups for fact in group)
    words = [spelled, "IPv6", *(kind.name.replace("_", " ") for kind in kinds)]
    return Description(spelled, 6, " · ".join(words), _anatomy(address, prefix, kinds), facts, kinds)


def multicast_mac(group: IPv6Address) -> str:
    """The Ethernet address that frames to this group bear (RFC 2464 section 7)."""
    return "33:33:" + group.packed[12:].hex(":")


def solicited_node(address: IPv6Address) -> IPv6Address:
    """The group that a neighbour solicitation for this address goes to (RFC 4291 section 2.7.1)."""
    return IPv6Address(bytes.fromhex("ff0200000000000000000001ff") + address.packed[13:])


def eui64_mac(address: IPv6Address) -> str | None:
    """The MAC that the interface identifier was made from, if it has the look of one (RFC 4291 appendix A)."""
    identifier = address.packed[8:]
    if identifier[3:5] != b"\xff\xfe":
        return None
    return bytes([identifier[0] ^ 0x02, *identifier[1:3], *identifier[5:]]).hex(":")


def _is_zone(zone: str) -> bool:
    plain = zone.isprintable() and not any(letter in "/ %" for letter in zone)
    return plain and 0 < len(zone.encode()) <= _ZONE_BYTES


def _kinds(address: IPv6Address, prefix: int | None) -> tuple[Kind, ...]:
    found = [Kind(name, meaning, source) for block, name, meaning, source in IPV6_KINDS if address in block]
    if found and found[-1].name in ("global_unicast", "ipv4_compatible") and len(found) > 1:
        found.pop()  # An ordinary address is what it would be were it not special.
    if not found:
        found.append(Kind("reserved", "no standard gives it out", "RFC 4291 2.4"))
    ordinary = address not in _MULTICAST and int(address) > 0
    if prefix is not None and prefix < 127 and ordinary and int(address) & ((1 << 128 - prefix) - 1) == 0:
        words = f"host bits all zeros: any router of {address}/{prefix}"
        found.append(Kind("subnet_router_anycast", words, "RFC 4291 2.6.1"))
    return tuple(found)


def _anatomy(address: IPv6Address, prefix: int | None, kinds: tuple[Kind, ...]) -> tuple[BitRun, ...]:
    number = int(address)
    match kinds[0].name:
        case "multicast":
            return cut(number, 128, ("multicast", 8), ("flags", 4), ("scope", 4), ("group", 112))
        case "ipv4_mapped" | "nat64" | "ipv4_compatible":
            return cut(number, 128, ("prefix", 96), ("embedded_ipv4", 32))
        case "6to4":
            return cut(number, 128, ("prefix", 16), ("embedded_ipv4", 32), ("subnet", 16), ("interface", 64))
        case "teredo":
            parts = (("prefix", 32), ("server_ipv4", 32), ("flags", 16), ("hidden_port", 16), ("client_ipv4", 32))
            return cut(number, 128, *parts)
        case "link_local":
            return cut(number, 128, ("prefix", 10), ("zeros", 54), ("interface", 64))
        case "unique_local":
            parts = (("prefix", 7), ("local", 1), ("global_identifier", 40), ("subnet", 16), ("interface", 64))
            return cut(number, 128, *parts)
        case "loopback" | "unspecified":
            return cut(number, 128, ("whole", 128))
    if prefix is not None:
        return cut(number, 128, ("network", prefix), ("host", 128 - prefix))
    return cut(number, 128, ("routing_prefix", 48), ("subnet", 16), ("interface", 64))


def _unicast_facts(address: IPv6Address, zone: str) -> list[Fact]:
    group = "Scope"
    scope = _scope(address)
    facts = [Fact(group, "scope", scope, "how far it means the same thing", "RFC 4007")]
    if zone:
        needed = (
            "which cable it is good on" if scope == "link-local" else "not needed: only link-local addresses want one"
        )
        facts.append(Fact(group, "zone", zone, needed, "RFC 4007 11"))
    elif address in _LINK_LOCAL:
        facts.append(Fact(group, "zone_missing", "yes", "to use it, say which cable, as %eth0", "RFC 4007 11"))
    if address in _UNIQUE_LOCAL:
        facts += _unique_local_facts(address)
    if int(address) > 1 and not address.ipv4_mapped:
        facts += _neighbour_facts(address)
    return facts


def _scope(address: IPv6Address) -> str:
    if int(address) == 1 or address in _LINK_LOCAL:
        return "link-local"
    if address in _SITE_LOCAL:
        return "site-local"
    return "none" if int(address) == 0 else "global"


def _unique_local_facts(address: IPv6Address) -> list[Fact]:
    group = "Unique local"
    number = int(address)
    local = number >> 120 & 1
    said = "made here, at random" if local else "not defined: these addresses begin with fd"
    return [
        Fact(group, "local_bit", local, said, "RFC 4193 3.1"),
        Fact(
            group,
            "global_identifier",
            f"{number >> 80 & 0xFF_FFFF_FFFF:010x}",
            "40 bits that no other site should have",
        ),
        Fact(group, "subnet_identifier", f"{number >> 64 & 0xFFFF:04x}", "16 bits for the site's own subnets"),
    ]


def _neighbour_facts(address: IPv6Address) -> list[Fact]:
    group = "On Ethernet"
    asked = solicited_node(address)
    facts = [
        Fact(
            group,
            "solicited_node",
            str(asked),
            "the group that is asked for its MAC, in place of ARP",
            "RFC 4291 2.7.1",
        ),
        Fact(group, "solicited_node_mac", multicast_mac(asked), "33:33 and the group's last 32 bits", "RFC 2464 7"),
    ]
    if mac := eui64_mac(address):
        words = "ff:fe within, so made from this MAC (its universal/local bit turned over)"
        facts.append(Fact(group, "eui64_mac", mac, words, "RFC 4291 appendix A"))
    return facts


def _multicast_facts(address: IPv6Address) -> list[Fact]:
    group = "Multicast"
    flags, scope = address.packed[1] >> 4, address.packed[1] & 0xF
    name, reach = IPV6_SCOPES.get(scope, ("unassigned", "no standard says how far"))
    facts = [
        Fact(group, "flags", f"{flags:04b}", _flag_words(flags), "RFC 4291 2.7, RFC 3306, RFC 3956"),
        Fact(group, "scope", name, f"number {scope}: {reach}", "RFC 7346 2"),
        Fact(group, "group_identifier", f"{int(address) & (1 << 112) - 1:x}"),
        Fact(
            "On Ethernet", "multicast_mac", multicast_mac(address), "33:33 and the group's last 32 bits", "RFC 2464 7"
        ),
    ]
    if address.packed[:13] == bytes.fromhex("ff0200000000000000000001ff"):
        words = f"asks hosts whose address ends in {address.packed[13:].hex(':')} for their MAC"
        facts.append(Fact("Names", "group_name", "solicited-node group", words, "RFC 4291 2.7.1"))
    elif known := IPV6_GROUPS.get(str(address)):
        facts.append(Fact("Names", "group_name", known, "a well-known group", "IANA"))
    if flags & 0b0010:
        length = min(address.packed[3], 64)
        owner = IPv6Network((int.from_bytes(address.packed[4:12], "big") << 64, length), strict=False)
        facts.append(Fact(group, "unicast_prefix", str(owner), "the network that the group belongs to", "RFC 3306 4"))
    return facts


def _flag_words(flags: int) -> str:
    words = ["made up as needed (T)" if flags & 1 else "well known, given out by IANA"]
    if flags & 2:
        words.append("made from a unicast prefix (P)")
    if flags & 4:
        words.append("the rendezvous point is within (R)")
    if flags & 8:
        words.append("the reserved bit is set")
    return "; ".join(words)


def _embedded_facts(address: IPv6Address) -> list[Fact]:
    group = "Within"
    packed = address.packed
    if address.ipv4_mapped:
        words = "an IPv4 peer, as an IPv6 socket shows it"
        return [Fact(group, "embedded_ipv4", str(address.ipv4_mapped), words, "RFC 4291 2.5.5.2")]
    if address in IPv6Network("64:ff9b::/96"):
        return [
            Fact(group, "embedded_ipv4", str(IPv4Address(packed[12:])), "the host behind the translator", "RFC 6052")
        ]
    if address.sixtofour:
        return [Fact(group, "embedded_ipv4", str(address.sixtofour), "the router that unpacks it", "RFC 3056 2")]
    if address.teredo:
        server, client = address.teredo
        port = int.from_bytes(packed[10:12], "big") ^ 0xFFFF
        return [
            Fact(group, "teredo_server", str(server), "the server that helped", "RFC 4380 4"),
            Fact(group, "embedded_ipv4", str(client), "the client's address outside its NAT, its bits turned over"),
            Fact(group, "teredo_port", port, "the client's UDP port outside its NAT, its bits turned over"),
        ]
    if packed[8:12] in (bytes.fromhex("00005efe"), bytes.fromhex("02005efe")):
        return [Fact(group, "embedded_ipv4", str(IPv4Address(packed[12:])), "0:5efe says ISATAP", "RFC 5214 6.1")]
    if packed[:12] == bytes(12) and int(address) > 0xFFFF:
        return [
            Fact(group, "embedded_ipv4", str(IPv4Address(packed[12:])), "the form was given up", "RFC 4291 2.5.5.1")
        ]
    return []


def _subnet_facts(address: IPv6Address, prefix: int) -> list[Fact]:
    group = f"Subnet /{prefix}"
    network = IPv6Network((address, prefix), strict=False)
    usual = "the usual length of a subnet" if prefix == 64 else "hosts configure themselves only in a /64"
    return [
        Fact(group, "prefix", prefix, usual, "RFC 4291 2.5.4"),
        Fact(group, "network_number", str(network.network_address), "the address with its host bits zero"),
        Fact(
            group, "last_address", str(network.broadcast_address), "IPv6 has no broadcast: it is a host like any other"
        ),
        Fact(group, "addresses", str(network.num_addresses), f"2^{128 - prefix}"),
    ]
