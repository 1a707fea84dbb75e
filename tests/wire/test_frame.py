"""Where one layer ends and the next begins: padding, quotations, fragments, transfers, and what cannot be read."""

from __future__ import annotations

import pytest

from lab.wire import tftp
from lab.wire.error import WireError
from lab.wire.flows import Flows
from lab.wire.frame import dissect, rebuild


def names(data: bytes, start: str = "ethernet", flows: Flows | None = None) -> list[str]:
    return [layer.name for layer in dissect(data, start, flows).layers]


def test_a_transfer_is_recognised_after_its_request(vectors):
    request, ack = vectors["frame-ipv4-tftp"].data, vectors["frame-vlan"].data
    assert names(ack) == ["ethernet", "vlan", "ipv4", "udp"]
    flows = Flows()
    assert names(request, flows=flows) == ["ethernet", "ipv4", "udp", "tftp"]
    assert names(ack, flows=flows) == ["ethernet", "vlan", "ipv4", "udp", "tftp"]
    assert dissect(ack, flows=flows).layer("tftp").packet == tftp.Ack(1)


def test_padding_belongs_to_ethernet_and_to_no_packet(vectors):
    dissection = dissect(vectors["frame-ipv4-echo-padded"].data)
    assert dissection.layer("ethernet").end == 60
    assert dissection.layer("ipv4").end == 43
    assert dissection.layer("udp").packet.payload == b"x"
    assert dissection.field("ethernet.padding").offset == 43
    assert dissection.notes == ()


def test_bytes_after_the_packet_of_a_long_frame_are_a_trailer():
    ip = bytes.fromhex("4500 0014 0000 0000 40 fd 0000 0a4d0001 0a4d0002")
    frame = bytes.fromhex("024c41420002 024c41420001 0800") + ip
    assert dissect(frame + bytes(26)).fields[-1].name == "ethernet.padding"
    assert dissect(frame + bytes(27)).fields[-1].name == "ethernet.trailer"


def test_a_tagged_frame_may_be_four_bytes_longer_and_still_be_padded():
    ip = bytes.fromhex("4500 0014 0000 0000 40 fd 0000 0a4d0001 0a4d0002")
    frame = bytes.fromhex("024c41420002 024c41420001 8100 0001 0800") + ip
    assert dissect(frame + bytes(26)).fields[-1].name == "ethernet.padding"
    assert dissect(frame + bytes(27)).fields[-1].name == "ethernet.trailer"


def test_without_ethernet_bytes_after_a_packet_are_noted():
    data = bytes.fromhex("4500 0014 0000 0000 40 fd 6551 0a4d0001 0a4d0002") + b"more"
    dissection = dissect(data, "ipv4")
    assert dissection.fields[-1].name == "ipv4.trailing"
    assert [(note.kind, note.field, note.wanted, note.found) for note in dissection.notes] == [
        ("length", "ipv4.total_length", 24, 20)
    ]
    assert rebuild(dissection) == data


def test_a_quoted_packet_is_not_taken_for_one_that_travels(vectors):
    dissection = dissect(vectors["frame-icmp-port-unreachable"].data)
    assert dissection.layer("udp") is None
    assert dissection.layer("quoted_udp").packet.destination_port == 69
    flows = Flows()
    dissect(vectors["frame-icmp-port-unreachable"].data, flows=flows)
    assert names(vectors["frame-vlan"].data, flows=flows)[-1] == "udp"


@pytest.mark.parametrize("kept", range(38))
def test_a_quotation_may_be_cut_anywhere(vectors, kept):
    frame = vectors["frame-icmp-port-unreachable"].data
    cut = frame[: 42 + kept]
    ip = cut[14:16] + len(cut[14:]).to_bytes(2, "big") + cut[18:]
    dissection = dissect(frame[:14] + ip)
    assert dissection.error is None
    assert {note.field for note in dissection.notes} <= {"ipv4.header_checksum", "icmp.checksum"}
    assert rebuild(dissection) == frame[:14] + ip


def test_extensions_after_a_quotation_are_told_apart():
    quoted = bytes.fromhex("4500 0080 0000 0000 40 fd 0000 0a4d0001 0a4d0002") + bytes(108)
    head = bytes.fromhex("4500 00a0 0000 0000 40 01 0000 0a4d0002 0a4d0001 0b 00 0000 00 20 0000")
    dissection = dissect(head + quoted + b"\x20\0\0\0", "ipv4")
    assert dissection.field("icmp.extensions").offset == 28 + 128
    assert dissection.field("quoted_ipv4.payload").width == 108


def test_in_icmpv6_a_quotations_length_counts_units_of_eight():
    quoted = bytes.fromhex("60000000 0058 fd 40") + bytes(32) + bytes(88)
    head = bytes.fromhex("60000000 008c 3a 40") + bytes(32) + bytes.fromhex("03 00 0000 10 000000")
    dissection = dissect(head + quoted + b"\x20\0\0\0", "ipv6")
    assert dissection.field("icmpv6.extensions").offset == 48 + 128
    assert dissection.field("quoted_ipv6.payload").width == 88


def test_what_cannot_be_read_is_left_whole_and_the_place_named():
    frame = bytes.fromhex("024c41420002 024c41420001 0800 65") + bytes(30)
    dissection = dissect(frame)
    assert (dissection.error.field, dissection.error.offset) == ("ipv4.version", 14)
    assert [field.name for field in dissection.fields][-2:] == ["ipv4.version_and_ihl", "unparsed"]
    assert dissection.layer("ipv4").packet is None
    with pytest.raises(WireError):
        rebuild(dissection)


@pytest.mark.parametrize(
    ("hexadecimal", "field", "offset"),
    [
        ("44", "ipv4.ihl", 0),
        ("45 00 0013", "ipv4.total_length", 2),
        ("46 00 0018 0000 0000 40 11 0000 00000000 00000000", "ipv4.options", 20),
        ("46 00 0018 0000 0000 40 11 0000 00000000 00000000 94 01 0000", "ipv4.option_length", 21),
        ("46 00 0018 0000 0000 40 11 0000 00000000 00000000 94 05 0000", "ipv4.option_length", 21),
        ("46 00 0018 0000 0000 40 11 0000 00000000 00000000 01 01 01 94", "ipv4.option_length", 24),
    ],
)
def test_a_broken_ipv4_header_is_named_by_its_field(hexadecimal, field, offset):
    error = dissect(bytes.fromhex(hexadecimal), "ipv4").error
    assert (error.field, error.offset) == (field, offset)


@pytest.mark.parametrize(
    ("next_header", "rest", "field", "offset"),
    [
        ("00", "11 01 0502 0000 0100", "hop_by_hop.length", 41),
        ("00", "11 00 0507 0000 0100", "hop_by_hop.option_length", 43),
        ("3c", "11 00 0104 0000 00", "destination_options.length", 41),
        ("3c", "11 00 0103 0000 00 05", "destination_options.option_length", 48),
        ("2b", "11 00 0001", "routing.length", 41),
        ("2c", "11 00 0001 0000", "ipv6_fragment.identification", 44),
        ("33", "11 00 0000 00000000 00000000", "authentication.length", 41),
        ("3a", "87 00 0000 00000000" + "00" * 16 + "01 00 000000000000", "icmpv6.option_length", 65),
        ("3a", "87 00 0000 00000000" + "00" * 16 + "01 02 000000000000", "icmpv6.option_length", 65),
        ("3a", "8f 00 0000 0000 0001 04 00 0001" + "00" * 16, "mld.number_of_sources", 50),
        ("06", "0000 0000 00000000 00000000 4000 0000 0000 0000", "tcp.data_offset", 52),
    ],
)
def test_a_broken_header_behind_ipv6_is_named_by_its_field(next_header, rest, field, offset):
    body = bytes.fromhex(rest)
    head = bytes.fromhex("60000000") + len(body).to_bytes(2, "big") + bytes.fromhex(next_header) + b"\x40" + bytes(32)
    error = dissect(head + body, "ipv6").error
    assert (error.field, error.offset) == (field, offset)


def test_extension_headers_are_walked_in_any_order():
    body = bytes.fromhex("2b00 0104 00000000  3c00 0000 00000000  2c00 0104 00000000  1100 0000 00000001") + bytes(8)
    body = body[:-8] + bytes.fromhex("9c40 0007 0008 0000")
    head = bytes.fromhex("60000000") + len(body).to_bytes(2, "big") + b"\0\x40" + bytes(32)
    assert names(head + body, "ipv6") == [
        "ipv6", "hop_by_hop", "routing", "destination_options", "ipv6_fragment", "udp",
    ]  # fmt: skip


def test_a_tunnel_is_walked_and_its_inner_lengths_are_checked():
    inner = bytes.fromhex("60000000 0008 11 40") + bytes(32) + bytes.fromhex("0000 0000 0009 0000")
    outer = bytes.fromhex("4500 0044 0000 0000 40 29 0000 0a4d0001 0a4d0002")
    dissection = dissect(outer + inner, "ipv4")
    assert [layer.name for layer in dissection.layers] == ["ipv4", "ipv6", "udp"]
    assert ("length", "udp.length", 8, 9) in [(n.kind, n.field, n.wanted, n.found) for n in dissection.notes]
