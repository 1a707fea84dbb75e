"""IPv6 addresses: scopes, kinds, and the MACs, ports and IPv4 addresses that are hidden in them."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.host.addresses import AddressError, describe


def facts(text: str, *names: str) -> tuple[object, ...]:
    description = describe(text)
    return tuple(description.fact(name) for name in names)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("::", ["unspecified"]),
        ("::1", ["loopback"]),
        ("::ffff:10.0.0.1", ["ipv4_mapped"]),
        ("::10.0.0.1", ["ipv4_compatible"]),
        ("64:ff9b::192.0.2.1", ["nat64"]),
        ("100::1", ["discard"]),
        ("2001:db8::1", ["documentation"]),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", ["teredo"]),
        ("2002:c000:201::1", ["6to4"]),
        ("2606:4700::1111", ["global_unicast"]),
        ("fc00::1", ["unique_local"]),
        ("fd77::1", ["unique_local"]),
        ("fe80::1", ["link_local"]),
        ("febf::1", ["link_local"]),
        ("fec0::1", ["site_local"]),
        ("ff02::1", ["multicast"]),
        ("4000::1", ["reserved"]),
        ("fd77::/64", ["unique_local", "subnet_router_anycast"]),
        ("fd77::1/64", ["unique_local"]),
        ("fd77::/127", ["unique_local"]),
    ],
)
def test_what_an_address_is(text: str, kinds: list[str]) -> None:
    assert [kind.name for kind in describe(text).kinds] == kinds


def test_the_short_spelling_is_the_one_of_rfc_5952() -> None:
    assert describe("2001:DB8:0:0:1:0:0:1").address == "2001:db8::1:0:0:1"
    assert describe("::FFFF:a00:1").address == "::ffff:10.0.0.1"
    assert describe("fe80::1%lab0").address == "fe80::1%lab0"


def test_an_interface_identifier_with_fffe_within_was_a_mac() -> None:
    assert describe("fe80::4c:41ff:fe42:1").fact("eui64_mac") == "02:4c:41:42:00:01"
    assert describe("fe80::211:22ff:fe33:4455").fact("eui64_mac") == "00:11:22:33:44:55"
    assert describe("fd77::1").fact("eui64_mac") is None


def test_neighbours_are_asked_for_in_the_solicited_node_group() -> None:
    assert facts("fd77::abcd:1234:5678", "solicited_node", "solicited_node_mac") == (
        "ff02::1:ff34:5678",
        "33:33:ff:34:56:78",
    )
    assert facts("::1", "solicited_node") == (None,)


@pytest.mark.parametrize(
    ("text", "flags", "scope", "mac"),
    [
        ("ff02::1", "0000", "link-local", "33:33:00:00:00:01"),
        ("ff02::fb", "0000", "link-local", "33:33:00:00:00:fb"),
        ("ff05::1:3", "0000", "site-local", "33:33:00:01:00:03"),
        ("ff1e::89ab:cdef", "0001", "global", "33:33:89:ab:cd:ef"),
        ("ff38::1", "0011", "organization-local", "33:33:00:00:00:01"),
        ("ff07::1", "0000", "unassigned", "33:33:00:00:00:01"),
    ],
)
def test_a_group_tells_flags_scope_and_mac(text: str, flags: str, scope: str, mac: str) -> None:
    assert facts(text, "flags", "scope", "multicast_mac") == (flags, scope, mac)


def test_groups_have_names() -> None:
    assert describe("ff02::2").fact("group_name") == "all routers of this cable"
    assert describe("ff02::1:ff42:1").fact("group_name") == "solicited-node group"


def test_a_group_made_from_a_prefix_tells_it() -> None:
    assert describe("ff3e:30:2001:db8:1::1").fact("unicast_prefix") == "2001:db8:1::/48"


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::c000:201", "192.0.2.1"),
        ("2002:c000:201::1", "192.0.2.1"),
        ("fe80::5efe:192.0.2.1", "192.0.2.1"),
        ("fe80::200:5efe:8.8.8.8", "8.8.8.8"),
        ("::1.2.3.4", "1.2.3.4"),
        ("::1", None),
        ("fd77::1", None),
    ],
)
def test_an_ipv4_address_within_is_found(text: str, inner: str | None) -> None:
    assert describe(text).fact("embedded_ipv4") == inner


def test_teredo_hides_server_client_and_port() -> None:
    names = ("teredo_server", "embedded_ipv4", "teredo_port")
    assert facts("2001:0:4136:e378:8000:63bf:3fff:fdd2", *names) == ("65.54.227.120", "192.0.2.45", 40000)


def test_unique_local_tells_its_identifiers() -> None:
    names = ("local_bit", "global_identifier", "subnet_identifier")
    assert facts("fd12:3456:789a:bcde::1", *names) == (1, "123456789a", "bcde")


def test_a_zone_says_the_cable_and_link_local_without_one_says_so() -> None:
    assert facts("fe80::1%lab0", "zone", "zone_missing") == ("lab0", None)
    assert facts("fe80::1", "zone", "zone_missing") == (None, "yes")
    assert facts("fd77::1", "zone", "zone_missing") == (None, None)


@pytest.mark.parametrize("inner", ["224.0.0.1", "169.254.0.1", "127.0.0.1", "0.0.0.0"])
def test_a_mapped_address_is_no_group_whatever_it_carries(inner: str) -> None:
    assert facts(f"::ffff:{inner}", "scope", "multicast_mac", "zone_missing") == ("global", None, None)
    assert [kind.name for kind in describe(f"::ffff:{inner}").kinds] == ["ipv4_mapped"]


def test_a_subnet_has_no_broadcast() -> None:
    names = ("prefix", "network_number", "last_address", "addresses", "broadcast")
    assert facts("fd77::1:2/120", *names) == (120, "fd77::1:0", "fd77::1:ff", "256", None)
    assert describe("fd77::1/64").fact("addresses") == "18446744073709551616"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("fe80::1", [("prefix", 10), ("zeros", 54), ("interface", 64)]),
        ("fd77::1", [("prefix", 7), ("local", 1), ("global_identifier", 40), ("subnet", 16), ("interface", 64)]),
        ("ff02::1", [("multicast", 8), ("flags", 4), ("scope", 4), ("group", 112)]),
        ("2606::1/32", [("network", 32), ("host", 96)]),
        ("2606::1", [("routing_prefix", 48), ("subnet", 16), ("interface", 64)]),
    ],
)
def test_the_bits_are_divided(text: str, runs: list[tuple[str, int]]) -> None:
    assert [(run.name, run.width) for run in describe(text).runs] == runs


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("::1::2", "'::1::2' is no IPv6 address"),
        ("1:2:3:4:5:6:7:8:9", "is no IPv6 address"),
        ("fe80::12345", "is no IPv6 address"),
        ("fe80::1%", "'' is no zone; type the interface after the %"),
        ("fe80::1%lab0/", "is no IPv6 prefix length"),
        ("fe80::1%a b", "is no zone"),
        ("fe80::1%" + "x" * 16, "is no zone"),
        ("fe80::1%\x1b[2J", "is no zone"),
        ("[::1]", "brackets belong to URLs"),
        ("::ffff:300.1.1.1", "300 is more than a byte holds"),
        ("::1/129", "/129 is no IPv6 prefix length; type /0 to /128"),
        ("::1/255.255.0.0", "is no IPv6 prefix length"),
    ],
)
def test_what_is_no_address_is_told_with_what_to_type(text: str, says: str) -> None:
    with pytest.raises(AddressError, match=says) as told:
        describe(text)
    assert str(told.value).isprintable()


@given(st.ip_addresses(v=6), st.none() | st.integers(0, 128))
def test_every_address_is_covered_bit_by_bit_and_fact_names_are_unique(
    address: IPv6Address, prefix: int | None
) -> None:
    description = describe(str(address) if prefix is None else f"{address}/{prefix}")
    assert f"{int(address):0128b}" == "".join(run.bits for run in description.runs)
    names = [fact.name for fact in description.facts]
    assert len(names) == len(set(names))
    assert description.kinds
