"""IPv4 addresses: what the class chapter says, what the subnet makes of it, what is special; and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.host.addresses import AddressError, describe
from lab.host.ipv4 import CLASSES, AddressClass, address_class


def facts(text: str, *names: str) -> tuple[object, ...]:
    description = describe(text)
    return tuple(description.fact(name) for name in names)


@pytest.mark.parametrize("known", CLASSES, ids=lambda known: known.letter)
def test_the_range_of_a_class_begins_and_ends_in_it(known: AddressClass) -> None:
    first, last = (IPv4Address(end) for end in known.range.split(" to "))
    assert address_class(first) is address_class(last) is known
    assert first == IPv4Address(0) or address_class(first - 1) is not known
    assert int(last) == 2**32 - 1 or address_class(last + 1) is not known


@pytest.mark.parametrize(
    ("address", "letter"),
    [
        ("0.0.0.0", "A"),
        ("10.1.2.3", "A"),
        ("127.255.255.255", "A"),
        ("128.0.0.0", "B"),
        ("191.255.255.255", "B"),
        ("192.0.0.0", "C"),
        ("223.255.255.255", "C"),
        ("224.0.0.0", "D"),
        ("239.255.255.255", "D"),
        ("240.0.0.0", "E"),
        ("255.255.255.255", "E"),
    ],
)
def test_the_first_bits_tell_the_class(address: str, letter: str) -> None:
    assert describe(address).fact("class") == letter


@pytest.mark.parametrize(
    ("address", "network", "host", "mask", "number", "broadcast"),
    [
        ("10.77.0.2", "10", "77.0.2", "255.0.0.0", "10.0.0.0", "10.255.255.255"),
        ("172.16.5.1", "172.16", "5.1", "255.255.0.0", "172.16.0.0", "172.16.255.255"),
        ("192.168.1.10", "192.168.1", "10", "255.255.255.0", "192.168.1.0", "192.168.1.255"),
    ],
)
def test_the_class_divides_network_from_host(
    address: str, network: str, host: str, mask: str, number: str, broadcast: str
) -> None:
    names = ("network_part", "host_part", "class_netmask", "class_network_number", "class_broadcast")
    assert facts(address, *names) == (network, host, mask, number, broadcast)


def test_groups_and_the_reserved_class_have_neither_network_nor_host() -> None:
    for address in ("224.0.0.1", "250.1.1.1"):
        assert facts(address, "network_part", "class_netmask", "class_broadcast") == (None, None, None)


def test_bytes_travel_most_significant_first_and_a_little_endian_reader_gets_another_number() -> None:
    names = ("bytes", "number", "number_read_little_endian")
    assert facts("10.77.0.2", *names) == ("0a 4d 00 02", 0x0A4D0002, 0x02004D0A)


@pytest.mark.parametrize("spelling", ["192.168.1.77/26", "192.168.1.77/255.255.255.192"])
def test_a_prefix_or_a_netmask_says_the_subnet(spelling: str) -> None:
    names = ("prefix", "netmask", "wildcard", "network_number", "broadcast", "first_host", "last_host", "hosts")
    assert facts(spelling, *names) == (
        26, "255.255.255.192", "0.0.0.63", "192.168.1.64", "192.168.1.127", "192.168.1.65", "192.168.1.126", 62,
    )  # fmt: skip


def test_the_netmask_may_be_a_word_of_its_own() -> None:
    assert describe("172.16.5.1", "255.255.240.0").fact("prefix") == 20
    assert describe("172.16.5.1", "20").fact("network_number") == "172.16.0.0"
    with pytest.raises(AddressError, match="two prefixes"):
        describe("172.16.5.1/20", "20")


def test_a_31_bit_prefix_has_two_hosts_and_no_broadcast() -> None:
    names = ("hosts", "first_host", "last_host", "broadcast")
    assert facts("10.0.0.1/31", *names) == (2, "10.0.0.0", "10.0.0.1", None)
    assert facts("10.0.0.1/32", *names) == (1, None, None, None)
    for address in ("10.0.0.0/31", "10.0.0.1/31", "10.0.0.0/32"):
        assert not describe(address).is_a("network_number")
        assert not describe(address).is_a("directed_broadcast")


def test_prefix_zero_is_everything() -> None:
    assert facts("10.0.0.1/0", "netmask", "network_number", "hosts") == ("0.0.0.0", "0.0.0.0", 2**32 - 2)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("8.8.8.8", ["public"]),
        ("10.77.0.2", ["private"]),
        ("172.15.255.254", ["public"]),
        ("172.16.0.1", ["private"]),
        ("172.31.255.254", ["private"]),
        ("172.32.0.1", ["public"]),
        ("192.168.1.1", ["private"]),
        ("127.0.0.1", ["loopback"]),
        ("169.254.7.7", ["link_local"]),
        ("100.64.0.1", ["shared"]),
        ("198.51.100.1", ["documentation"]),
        ("0.0.0.0", ["unspecified", "this_network"]),
        ("255.255.255.255", ["limited_broadcast"]),
        ("224.0.0.251", ["local_multicast", "multicast"]),
        ("239.1.2.3", ["administrative_multicast", "multicast"]),
        ("250.0.0.1", ["reserved"]),
        ("192.168.1.0", ["private", "network_number"]),
        ("192.168.1.255", ["private", "directed_broadcast"]),
        ("192.168.0.255/23", ["private"]),
        ("192.168.1.0/23", ["private"]),
        ("192.168.1.128/25", ["private", "network_number"]),
        ("10.0.0.0", ["private", "network_number"]),
        ("10.255.255.255/8", ["private", "directed_broadcast"]),
        ("10.255.255.255/24", ["private", "directed_broadcast"]),
        ("224.0.0.0/24", ["local_multicast", "multicast"]),
    ],
)
def test_what_an_address_is(text: str, kinds: list[str]) -> None:
    assert [kind.name for kind in describe(text).kinds] == kinds


@pytest.mark.parametrize(
    ("group", "mac", "twin"),
    [
        ("224.0.0.251", "01:00:5e:00:00:fb", "224.128.0.251"),
        ("239.255.255.250", "01:00:5e:7f:ff:fa", "239.127.255.250"),
        ("238.129.2.3", "01:00:5e:01:02:03", "238.1.2.3"),
    ],
)
def test_a_group_has_a_mac_that_it_shares(group: str, mac: str, twin: str) -> None:
    assert facts(group, "multicast_mac", "multicast_mac_twin") == (mac, twin)
    assert describe(twin).fact("multicast_mac") == mac


def test_well_known_groups_have_their_names() -> None:
    assert describe("224.0.0.1").fact("group_name") == "all hosts of this cable"


def test_broadcasts_go_to_every_station_of_the_cable() -> None:
    for text in ("255.255.255.255", "192.168.1.255/24"):
        assert describe(text).fact("broadcast_mac") == "ff:ff:ff:ff:ff:ff"
    assert describe("192.168.1.254/24").fact("broadcast_mac") is None


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("10.77.0.2", [("class", "0"), ("network", "0001010"), ("host", "010011010000000000000010")]),
        (
            "192.168.1.10/28",
            [("class", "110"), ("network", "000001010100000000001"), ("subnet", "0000"), ("host", "1010")],
        ),
        ("192.168.1.10/16", [("network", "1100000010101000"), ("host", "0000000100001010")]),
        ("10.0.0.1/0", [("host", "00001010000000000000000000000001")]),
        ("224.0.0.1", [("class", "1110"), ("group", "0000000000000000000000000001")]),
        ("240.0.0.1", [("class", "1111"), ("reserved", "0000000000000000000000000001")]),
    ],
)
def test_the_bits_are_divided_without_rest(text: str, runs: list[tuple[str, str]]) -> None:
    assert [(run.name, run.bits) for run in describe(text).runs] == runs


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is no address"),
        ("300.1.1.1", "300 is more than a byte holds"),
        ("1.2.3", "'1.2.3' has 3 numbers; an IPv4 address has four"),
        ("1.2.3.4.5", "has 5 numbers"),
        ("1.2.3.", "'' is no decimal number"),
        ("1.2.3.0x4", "'0x4' is no decimal number"),
        ("1.2.3.-4", "'-4' is no decimal number"),
        ("1.2.3.٤", "is no decimal number"),
        ("010.1.1.1", "010 starts with a zero, which some programs take for octal; type 10"),
        ("1.1.1.1000", "1000 is more than a byte holds"),
        ("1.1.1." + "9" * 5000, "is more than a byte holds"),
        ("3232235777", "as an address it is 192.168.1.1"),
        ("9" * 5000, "has 1 numbers; an IPv4 address has four"),
        ("example.com", "'example.com' is no address"),
        ("\x1b[31mred", r"'\\x1b\[31mred' is no address"),
        ("10.0.0.1/33", "/33 is more than an IPv4 address has bits"),
        ("10.0.0.1/" + "9" * 5000, "is more than an IPv4 address has bits"),
        ("10.0.0.1/", "'' is no prefix length or netmask"),
        ("10.0.0.1/a", "'a' is no prefix length or netmask"),
        ("10.0.0.1/255.0.255.0", "has a zero bit before a one bit"),
        ("10.0.0.1/0.0.0.255", "is a wildcard mask; type the netmask 255.255.255.0"),
    ],
)
def test_what_is_no_address_is_told_with_what_to_type(text: str, says: str) -> None:
    with pytest.raises(AddressError, match=says) as told:
        describe(text)
    assert len(str(told.value)) < 200
    assert str(told.value).isprintable()


@given(st.text(max_size=30) | st.from_regex(r"[0-9./:%a-f]{0,25}", fullmatch=True), st.none() | st.text(max_size=8))
def test_any_text_is_described_or_refused(text: str, netmask: str | None) -> None:
    said = ""
    try:
        said = describe(text, netmask).headline
    except AddressError as error:
        said = str(error)
    assert said.isprintable()


@given(st.ip_addresses(v=4), st.none() | st.integers(0, 32))
def test_every_address_is_covered_bit_by_bit_and_fact_names_are_unique(address: object, prefix: int | None) -> None:
    description = describe(str(address) if prefix is None else f"{address}/{prefix}")
    assert f"{int.from_bytes(bytes(int(p) for p in str(address).split('.'))):032b}" == "".join(
        run.bits for run in description.runs
    )
    names = [fact.name for fact in description.facts]
    assert len(names) == len(set(names))
    assert description.kinds
