"""Headers alone: strict about their lengths, and values that they cannot carry are our own mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.wire import arp, ethernet, icmp, icmpv6, igmp, ipv4, ipv6, mld, ndp, tcp, udp, vlan
from lab.wire import ipv6_extensions as extensions
from lab.wire.error import BuildError, WireError
from lab.wire.field import Field, Reader, bit
from lab.wire.type_length import Option

IPV4 = ipv4.Packet(bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2]), 17, 20, 0)
IPV6 = ipv6.Packet(bytes(16), bytes(16), 59, 0)
TCP = tcp.Segment(1, 2, 3, 4, 0, 0, 0)


@pytest.mark.parametrize(
    ("parse", "data", "field", "offset"),
    [
        (ethernet.parse, bytes(13), "ethernet.type", 12),
        (vlan.parse, bytes(3), "vlan.type", 2),
        (arp.parse, bytes.fromhex("0001 0800 06 04 0001"), "arp.sender_hardware", 8),
        (arp.parse, bytes.fromhex("0001 0800 06 04 0001") + bytes(21), "arp.trailing", 28),
        (ipv4.parse, IPV4.build() + b"x", "ipv4.total_length", 2),
        (ipv4.parse, replace(IPV4, total_length=21).build(), "ipv4.total_length", 2),
        (ipv6.parse, IPV6.build() + b"x", "ipv6.payload_length", 4),
        (ipv6.parse, replace(IPV6, payload_length=1).build(), "ipv6.payload_length", 4),
        (udp.parse, udp.Datagram(1, 2, 9, 0).build(), "udp.length", 4),
        (udp.parse, udp.Datagram(1, 2, 8, 0, b"x").build(), "udp.length", 4),
        (udp.parse, udp.Datagram(1, 2, 7, 0).build(), "udp.length", 4),
        (mld.parse, b"\x80" + bytes(23), "mld.type", 0),
        (tcp.parse, bytes(12) + b"\x60" + bytes(7), "tcp.options", 20),
    ],
)
def test_a_strict_reader_wants_all_bytes_and_no_more(parse, data, field, offset):
    with pytest.raises(WireError) as caught:
        parse(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@pytest.mark.parametrize(
    ("packet", "field"),
    [
        (ethernet.Frame(bytes(5), bytes(6), 0x0800), "ethernet.destination"),
        (ethernet.Frame(bytes(6), bytes(6), 0x10000), "ethernet.type"),
        (vlan.Tag(8, 0, 1, 0x0800), "vlan.control"),
        (vlan.Tag(0, 0, 4096, 0x0800), "vlan.control"),
        (arp.Packet(1, bytes(6), bytes(4), bytes(5), bytes(4)), "arp.addresses"),
        (arp.Packet(1, bytes(256), bytes(4), bytes(256), bytes(4)), "arp.hardware_length"),
        (replace(IPV4, source=bytes(16)), "ipv4.source"),
        (replace(IPV4, ttl=256), "ipv4.ttl"),
        (replace(IPV4, flags=8), "ipv4.flags_and_fragment_offset"),
        (replace(IPV4, fragment_offset=1 << 13), "ipv4.flags_and_fragment_offset"),
        (replace(IPV4, options=(Option(1),)), "ipv4.options"),
        (replace(IPV4, options=(Option(148, bytes(42)),)), "ipv4.options"),
        (replace(IPV4, options=(Option(148),)), "option.data"),
        (replace(IPV4, options=(Option(1, b"x"),)), "option.data"),
        (replace(IPV4, options=(Option(0), Option(1)), option_padding=b"\0\0"), "ipv4.options"),
        (replace(IPV4, option_padding=bytes(4)), "ipv4.options"),
        (replace(IPV6, destination=bytes(4)), "ipv6.destination"),
        (replace(IPV6, flow_label=1 << 20), "ipv6.version_class_and_flow"),
        (replace(TCP, flags=256), "tcp.offset_and_flags"),
        (replace(TCP, options=(Option(2, b"\5"),)), "tcp.options"),
        (udp.Datagram(65536, 2, 8, 0), "udp.source_port"),
        (udp.Datagram(1, 2, 8, -1), "udp.checksum"),
        (icmp.Error(3, 3, 0, bytes(3)), "icmp.rest_of_header"),
        (icmpv6.Echo(128, 0, 0, 1, 65536), "icmpv6.sequence_number"),
        (ndp.NeighborSolicitation(0, 0, bytes(16), 0, (ndp.Option(1, bytes(5)),)), "icmpv6.option_data"),
        (ndp.NeighborSolicitation(0, 0, bytes(4)), "icmpv6.target"),
        (extensions.Options(17, (extensions.Option(1, bytes(3)),)), "ipv6.extension"),
        (extensions.Options(17, (extensions.Option(0, b""),)), "ipv6.option_data"),
        (extensions.Fragment(17, 1 << 13, 0, 0), "ipv6_fragment.offset_and_more"),
        (extensions.Authentication(17, 0, 0, 0, bytes(3)), "authentication.integrity_check_value"),
        (mld.Message(133, 0, 0, 0, 0, bytes(16)), "mld.type"),
    ],
)
def test_what_the_format_cannot_carry_is_refused_as_our_own_mistake(packet, field):
    with pytest.raises(BuildError) as caught:
        packet.build()
    assert caught.value.field == field


def test_lengths_and_checksums_are_computed_apart_from_what_was_found():
    packet = replace(IPV4, total_length=0xDEAD, header_checksum=0xBEEF, payload=b"12345678")
    assert packet.build()[2:4] == b"\xde\xad"
    assert packet.build()[10:12] == b"\xbe\xef"
    assert packet.expected_total_length == 28
    # 4500 + 001c + 4011 + 0a4d + 0001 + 0a4d + 0002 = 99ca, inverted 6635.
    assert replace(packet, total_length=28).expected_header_checksum == 0x6635
    assert packet.expected_header_checksum == 0x87A3
    assert udp.Datagram(1, 2, 0, 0, b"abc").expected_length == 11
    assert replace(IPV6, payload=b"abc").expected_payload_length == 3


def test_an_error_inside_a_larger_input_counts_from_its_start():
    with pytest.raises(WireError) as caught:
        udp.Datagram.read(Reader(bytes(42) + bytes.fromhex("0001 0002 0007 0000"), "udp", 34 + 8))
    assert caught.value.offset == 46


def test_a_quiet_reader_reads_the_same_and_records_nothing():
    data = IPV4.build()
    quiet, loud = Reader(data, "ipv4", record=False), Reader(data, "ipv4")
    assert ipv4.Packet.read(quiet) == ipv4.Packet.read(loud)
    assert quiet.fields == []
    assert b"".join(field.raw for field in loud.fields) == data


def test_a_number_knows_what_it_would_be_in_the_other_byte_order():
    assert Field("tftp.block", 2, b"\1\2", "big", 258).swapped == 513
    assert Field("x.y", 0, b"\1\2\3\4", "little", 0x04030201).swapped == 0x01020304
    assert Field("ipv4.ttl", 8, b"\1", "", 1).swapped is None
    assert Field("tftp.data", 4, b"\1\2", "", b"\1\2").swapped is None


def test_parts_of_a_number_are_shifted_down_to_their_lowest_bit():
    assert bit("id", 0x0FFF, 0xA064).value == 0x064
    assert bit("priority", 0xE000, 0xA064, {5: "video"}) == bit("priority", 0xE000, 0xA064, "video")
    assert bit("priority", 0xE000, 0xA064).value == 5


@pytest.mark.parametrize(
    ("routing_type", "segments_left", "final"),
    [(0, 2, b"B" * 16), (2, 1, b"B" * 16), (4, 1, b"A" * 16), (3, 1, b""), (0, 0, b""), (4, 0, b"")],
)
def test_a_routing_header_names_the_address_that_checksums_are_for(routing_type, segments_left, final):
    header = extensions.Routing(17, routing_type, segments_left, bytes(4) + b"A" * 16 + b"B" * 16)
    assert header.final_destination == final


def test_a_group_records_auxiliary_data_are_counted_in_words():
    data = bytes.fromhex("22 00 0000 0000 0001  04 02 0000 e2510908") + b"12345678"
    report = igmp.parse(data)
    assert [(r.type, r.group, r.auxiliary_data) for r in report.records] == [(4, bytes([226, 81, 9, 8]), b"12345678")]
    assert report.build() == data
