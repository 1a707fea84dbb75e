"""The name table is whole: every field has one line, and what a reader cannot name is said so."""

from __future__ import annotations

import pytest

from lab.crosscheck.names import is_named_by, names, sources


def test_every_protocol_that_the_lab_reads_has_names_in_the_table() -> None:
    layers = {field.partition(".")[0] for field in names()}
    assert layers >= {
        "ethernet", "vlan", "arp", "ipv4", "ipv6", "hop_by_hop", "destination_options", "ipv6_fragment", "icmp",
        "icmpv6", "mld", "igmp", "udp", "tcp", "tftp", "feiq", "quoted_ipv4", "quoted_ipv6", "quoted_udp",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "reference", "scapy", "tshark"),
    [
        ("tftp.block", "tftp.block", "LabTFTP.block", "tftp.block"),
        ("ipv4.ecn", "ipv4.type_of_service/ecn", "IP.tos/0x03", "ip.dsfield.ecn"),
        ("quoted_udp.length", "quoted_udp.length", "quoted_UDP.len", "quoted_udp.length"),
    ],
)
def test_a_field_has_a_word_of_its_own_in_each_reading(field: str, reference: str, scapy: str, tshark: str) -> None:
    name = names()[field]
    assert (name.reference, name.scapy, name.tshark) == ((reference,), (scapy,), (tshark,))


def test_a_long_line_goes_on_in_the_next() -> None:
    assert names()["ipv4.options"].tshark == ("ip.options",)
    assert names()["mld.multicast_address"].tshark[1] == "icmpv6.mldr.mar.multicast_address"


def test_a_reader_without_a_word_does_not_name_the_field() -> None:
    assert not is_named_by("scapy", "igmp.type")
    assert is_named_by("tshark", "igmp.type")
    assert is_named_by("reference", "feiq.padding")
    assert not is_named_by("tshark", "feiq.padding")


def test_one_word_of_a_reader_can_hold_several_fields() -> None:
    assert {name.field for name in sources("scapy")["IP.tos"]} == {"ipv4.dscp", "ipv4.ecn"}


def test_an_unknown_reader_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no reader is called"):
        names()["tftp.block"].sources("wireshark")
