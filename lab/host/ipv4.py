"""What an IPv4 address is: its class, its parts, its kinds, and its place in a subnet.

The rule: the class is told as history (RFC 791, ended by RFC 1519 in 1993), the prefix as what counts today.

      0                   1                   2                   3
      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    A |0|  network    |                     host                      |
    B |1 0|        network            |             host              |
    C |1 1 0|               network                   |     host      |
    D |1 1 1 0|                 multicast group                       |
    E |1 1 1 1|                     reserved                          |
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from lab.host.fact import AddressError, BitRun, Description, Fact, Kind, byte_facts, cut
from lab.host.known import IPV4_GROUPS, IPV4_KINDS


@dataclass(frozen=True, slots=True)
class AddressClass:
    """A class of RFC 791: its letter, the bits it starts with, where its network part ends (0: it has none)."""

    letter: str
    leading: str
    prefix: int
    range: str
    use: str


CLASSES = (
    AddressClass("A", "0", 8, "0.0.0.0 to 127.255.255.255", "126 networks of 16,777,214 hosts (0 and 127 are special)"),
    AddressClass("B", "10", 16, "128.0.0.0 to 191.255.255.255", "16,384 networks of 65,534 hosts"),
    AddressClass("C", "110", 24, "192.0.0.0 to 223.255.255.255", "2,097,152 networks of 254 hosts"),
    AddressClass("D", "1110", 0, "224.0.0.0 to 239.255.255.255", "multicast: a group of hosts, not a host"),
    AddressClass("E", "1111", 0, "240.0.0.0 to 255.255.255.255", "reserved; 255.255.255.255 is the broadcast"),
)


def address_class(address: IPv4Address) -> AddressClass:
    """The class that the first bits tell (RFC 791 section 2.3, RFC 1112 for D)."""
    first = f"{int(address):032b}"
    return next(known for known in CLASSES if first.startswith(known.leading))


def parse_ipv4(text: str) -> IPv4Address:
    """Four decimal bytes and nothing else. Raises AddressError with what to type instead."""
    parts = text.split(".")
    if len(parts) != 4:
        raise AddressError(_not_four(text, len(parts)))
    for part in parts:
        if not (part.isascii() and part.isdigit()):
            raise AddressError(f"{shown(part)} is no decimal number; type four numbers, as 192.168.1.10")
        if len(part) > 1 and part.startswith("0"):
            raise AddressError(
                f"{part[:12]} starts with a zero, which some programs take for octal; type {int(part[:9])} if so"
            )
        if len(part) > 3 or int(part) > 255:
            raise AddressError(f"{part[:12]} is more than a byte holds; each of the four numbers goes from 0 to 255")
    return IPv4Address(text)


def parse_prefix(text: str) -> int:
    """A prefix length from `24` or `255.255.255.0`. Raises AddressError."""
    if text.isascii() and text.isdigit():
        if len(text) > 2 or int(text) > 32:
            raise AddressError(f"/{text[:12]} is more than an IPv4 address has bits; type /0 to /32")
        return int(text)
    try:
        mask = int(parse_ipv4(text))
    except AddressError:
        raise AddressError(f"{shown(text)} is no prefix length or netmask; type /24 or /255.255.255.0") from None
    length = mask.bit_count()
    if mask == _mask(length):
        return length
    if mask ^ 0xFFFFFFFF == _mask(32 - length):
        raise AddressError(f"{text} is a wildcard mask; type the netmask {IPv4Address(mask ^ 0xFFFFFFFF)}")
    raise AddressError(f"{text} has a zero bit before a one bit; a netmask is all ones first, as 255.255.255.0")


def describe_ipv4(address: IPv4Address, prefix: int | None) -> Description:
    """Everything about one address; `prefix` is the length of the subnet it stands in, where the user told it."""
    known = address_class(address)
    kinds = _kinds(address, prefix, known)
    words = [f"{address}", "IPv4", f"class {known.letter}", *(kind.name.replace("_", " ") for kind in kinds)]
    groups = (
        [Fact("Address", "address", str(address))],
        byte_facts(address.packed, "32 bits"),
        _class_facts(address, known),
        _subnet_facts(address, prefix, known) if prefix is not None else [],
        _ethernet_facts(address, kinds),
        [
            Fact(
                "Names", "reverse_name", f"{address.reverse_pointer}.", "where DNS keeps its name (PTR)", "RFC 1035 3.5"
            )
        ],
    )
    facts = tuple(fact for group in groups for fact in group)
    return Description(str(address), 4, " · ".join(words), _anatomy(address, prefix, known), facts, kinds)


def _mask(length: int) -> int:
    return 0xFFFFFFFF << 32 - length & 0xFFFFFFFF


def _anatomy(address: IPv4Address, prefix: int | None, known: AddressClass) -> tuple[BitRun, ...]:
    number = int(address)
    lead = len(known.leading)
    if not known.prefix:
        return cut(number, 32, ("class", lead), ("group" if known.letter == "D" else "reserved", 32 - lead))
    if prefix is None or prefix >= known.prefix:
        subnet = 0 if prefix is None else prefix - known.prefix
        rest = 32 - known.prefix - subnet
        return cut(number, 32, ("class", lead), ("network", known.prefix - lead), ("subnet", subnet), ("host", rest))
    return cut(number, 32, ("network", prefix), ("host", 32 - prefix))


def _class_facts(address: IPv4Address, known: AddressClass) -> list[Fact]:
    group = f"Class {known.letter}"
    begins = f"it begins with the {_plural('bit', len(known.leading))} {known.leading}: {known.range}; {known.use}"
    facts = [Fact(group, "class", known.letter, begins, "RFC 791 2.3" if known.prefix else "RFC 1112")]
    if not known.prefix:
        return facts
    parts = str(address).split(".")
    bytes_of_network = known.prefix // 8
    network = IPv4Network((address, known.prefix), strict=False)
    return [
        *facts,
        Fact(
            group, "network_part", ".".join(parts[:bytes_of_network]), f"the first {_count(bytes_of_network, 'byte')}"
        ),
        Fact(
            group, "host_part", ".".join(parts[bytes_of_network:]), f"the last {_count(4 - bytes_of_network, 'byte')}"
        ),
        Fact(group, "class_netmask", str(network.netmask), f"/{known.prefix}: what the class meant by itself"),
        Fact(group, "class_network_number", str(network.network_address), "host part all zeros: the network itself"),
        Fact(group, "class_broadcast", str(network.broadcast_address), "host part all ones: every host of the network"),
    ]


def _subnet_facts(address: IPv4Address, prefix: int, known: AddressClass) -> list[Fact]:
    group = f"Subnet /{prefix}"
    network = IPv4Network((address, prefix), strict=False)
    first, last = network.network_address, network.broadcast_address
    facts = [
        Fact(group, "prefix", prefix, _against_class(prefix, known), "RFC 4632"),
        Fact(group, "netmask", str(network.netmask), "ones over the network, zeros over the host"),
        Fact(group, "wildcard", str(network.hostmask), "the netmask turned round, as access lists write it"),
        Fact(group, "network_number", str(first), "the address with its host bits zero"),
    ]
    if not known.prefix:
        return [*facts, Fact(group, "last_address", str(last), "no hosts here, so no broadcast either")]
    match prefix:
        case 32:
            return [*facts, Fact(group, "hosts", 1, "one single host")]
        case 31:
            pair = "a point-to-point cable: both are hosts, there is no broadcast"
            return [*facts, *_host_range(group, first, last), Fact(group, "hosts", 2, pair, "RFC 3021")]
    hosts = network.num_addresses - 2
    return [
        *facts,
        Fact(group, "broadcast", str(last), "host bits all ones: every host of the subnet", "RFC 919"),
        *_host_range(group, first + 1, last - 1),
        Fact(group, "hosts", hosts, f"2^{32 - prefix} addresses less the network number and the broadcast"),
    ]


def _host_range(group: str, first: IPv4Address, last: IPv4Address) -> list[Fact]:
    return [Fact(group, "first_host", str(first)), Fact(group, "last_host", str(last))]


def _against_class(prefix: int, known: AddressClass) -> str:
    if not known.prefix:
        return f"class {known.letter} has no networks of hosts"
    if prefix == known.prefix:
        return f"just what class {known.letter} meant"
    if prefix > known.prefix:
        return f"class {known.letter}'s /{known.prefix} cut into {1 << prefix - known.prefix:,} subnets; this is one"
    return f"{1 << known.prefix - prefix:,} networks of class {known.letter} taken together (CIDR)"


def _ethernet_facts(address: IPv4Address, kinds: tuple[Kind, ...]) -> list[Fact]:
    group = "On Ethernet"
    if address.is_multicast:
        mac = multicast_mac(address)
        twin = IPv4Address(int(address) ^ 0x0080_0000)
        facts = [
            Fact(group, "multicast_mac", mac, "01:00:5e, a zero bit, and the group's last 23 bits", "RFC 1112 6.4"),
            Fact(
                group, "multicast_mac_twin", str(twin), "one of the 31 other groups with the same MAC: hosts must look"
            ),
        ]
        if name := IPV4_GROUPS.get(str(address)):
            facts.append(Fact("Names", "group_name", name, "a well-known group", "IANA"))
        return facts
    if any(kind.name.endswith("broadcast") for kind in kinds):
        return [Fact(group, "broadcast_mac", "ff:ff:ff:ff:ff:ff", "every station of the cable takes the frame")]
    return []


def multicast_mac(group: IPv4Address) -> str:
    """The Ethernet address that frames to this group bear (RFC 1112 section 6.4)."""
    return f"01:00:5e:{int(group) >> 16 & 0x7F:02x}:{int(group) >> 8 & 0xFF:02x}:{int(group) & 0xFF:02x}"


def _kinds(address: IPv4Address, prefix: int | None, known: AddressClass) -> tuple[Kind, ...]:
    found = [Kind(name, meaning, source) for block, name, meaning, source in IPV4_KINDS if address in block]
    if found and found[0].name == "limited_broadcast":
        return (found[0],)
    if not found:
        found.append(Kind("public", "an ordinary address of the Internet, for one host", "RFC 4632"))
    if known.prefix and int(address) != 0:
        found += _role(address, known.prefix if prefix is None else prefix, by_class=prefix is None)
    return tuple(found)


def _role(address: IPv4Address, length: int, *, by_class: bool) -> list[Kind]:
    """Whether the host bits make it the network's own number or its broadcast; /31 and /32 have neither."""
    if length > 30:
        return []
    network = IPv4Network((address, length), strict=False)
    said = f"by its class, of {network}" if by_class else f"of {network}"
    if address == network.network_address:
        return [
            Kind("network_number", f"host bits all zeros: the network itself, no host ({said})", "RFC 1122 3.2.1.3")
        ]
    if address == network.broadcast_address:
        return [Kind("directed_broadcast", f"host bits all ones: every host there ({said})", "RFC 919")]
    return []


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}s" if number > 1 else noun


def _plural(noun: str, number: int) -> str:
    return f"{noun}s" if number > 1 else noun


def _not_four(text: str, parts: int) -> str:
    if parts == 1 and text.isascii() and text.isdigit() and int(text[:12]) <= 0xFFFFFFFF:
        return f"{text} is one number; as an address it is {IPv4Address(int(text))}, type that if you mean it"
    if text and all(letter in "0123456789." for letter in text):
        return f"{shown(text)} has {parts} numbers; an IPv4 address has four, as 192.168.1.10"
    return f"{shown(text)} is no address; type one such as 192.168.1.10, 10.0.0.1/8 or fe80::1"


def shown(text: str) -> str:
    """What the user typed, fit for one line of complaint."""
    return ascii(text if len(text) <= 40 else text[:40] + "...")
