"""Frames written down by hand, layer by layer, give the bytes of their vector, and its bytes give these layers."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from lab.wire import arp, ethernet, feiq, icmp, icmpv6, igmp, ipv4, ipv6, mld, ndp, tcp, tftp, udp, vlan
from lab.wire import ipv6_extensions as extensions
from lab.wire.frame import dissect
from lab.wire.frame_layers import Echo
from lab.wire.group_record import Record
from lab.wire.type_length import Option

KERNEL, STATION = bytes.fromhex("024c41420001"), bytes.fromhex("024c41420002")
TO_KERNEL = ethernet.Frame(KERNEL, STATION, 0x0800)
TO_STATION = ethernet.Frame(STATION, KERNEL, 0x0800)
ALERT = (Option(148, b"\0\0"),)
ALERT6 = extensions.Options(58, (extensions.Option(5, b"\0\0"), extensions.Option(1, b"")))
ANSWER = udp.Datagram(7, 40000, 10, 0xED93)


def ip(text: str) -> bytes:
    return ip_address(text).packed


def request4(total_length: int, header_checksum: int, protocol: int = 17, **more: int) -> ipv4.Packet:
    return ipv4.Packet(
        ip("10.77.0.2"), ip("10.77.0.1"), protocol, total_length, header_checksum, identification=0x1234, **more
    )


def answer4(total_length: int = 30, header_checksum: int = 0xE311, protocol: int = 17) -> ipv4.Packet:
    return ipv4.Packet(
        ip("10.77.0.1"), ip("10.77.0.2"), protocol, total_length, header_checksum, identification=0x4321, flags=2
    )


def alerted(source: str, group: str, number: int, total_length: int, header_checksum: int) -> ipv4.Packet:
    return ipv4.Packet(ip(source), ip(group), 2, total_length, header_checksum, 0xC0, number, ttl=1, options=ALERT)


def six(source: str, destination: str, next_header: int, length: int, hop_limit: int = 64) -> ipv6.Packet:
    return ipv6.Packet(ip(source), ip(destination), next_header, length, hop_limit=hop_limit)


def to(mac: str, source: bytes = STATION, type: int = 0x86DD) -> ethernet.Frame:  # noqa: A002
    return ethernet.Frame(bytes.fromhex(mac), source, type)


TO_KERNEL6, TO_STATION6 = replace(TO_KERNEL, type=0x86DD), replace(TO_STATION, type=0x86DD)
HELLO = tftp.ReadRequest(b"hello.txt", b"octet")
QUOTED = tftp.ReadRequest(b"a", b"octet").build()
SPANNING_TREE = bytes.fromhex(
    "424203 0000 00 00 00 8000024c41420001 00000000 8000024c41420001 8001 0000 1400 0200 0f00"
)
DISCOVERY = bytes.fromhex("0207 04024c41420001 0404 056c616230 06020078 0000")

# The layers from the outside in, then what the frame holds after them.
FRAMES = {
    "frame-ipv4-tftp": ((TO_KERNEL, request4(46, 0x53EF), udp.Datagram(50000, 69, 26, 0xA344), HELLO), b""),
    "frame-ipv6-tftp": (
        (TO_KERNEL6, six("fd77::2", "fd77::1", 17, 26), udp.Datagram(50000, 69, 26, 0xBCEE), HELLO), b""
    ),
    "frame-ipv4-feiq": (
        (
            to("ffffffffffff", type=0x0800),
            ipv4.Packet(ip("10.77.0.2"), ip("10.77.0.255"), 17, 70, 0x6506, identification=7),
            udp.Datagram(2425, 2425, 50, 0x377C),
            feiq.Packet(b"1", b"1238605487", b"klaus", b"whoever_pc", b"32", b"Nice day!"),
        ), b"",
    ),
    "frame-ipv6-feiq": (
        (
            TO_KERNEL6, six("fd77::2", "fd77::1", 17, 34), udp.Datagram(2425, 2425, 34, 0x6FD1),
            feiq.Packet(b"1", b"2", b"klaus", b"whoever_pc", b"33", b"1\0"),
        ), b"",
    ),
    "frame-ipv4-echo-padded": (
        (TO_KERNEL, request4(29, 0x5400), udp.Datagram(40000, 7, 9, 0xD6F7), Echo(b"x")), bytes(17)
    ),
    "frame-vlan": (
        (
            replace(TO_KERNEL, type=0x8100), vlan.Tag(5, 0, 100, 0x0800), request4(32, 0x53FD),
            udp.Datagram(50000, 50001, 12, 0x6492, b"\0\4\0\1"),
        ), b"",
    ),
    "frame-vlan-stacked": (
        (
            replace(TO_KERNEL, type=0x88A8), vlan.Tag(0, 0, 200, 0x8100), vlan.Tag(0, 1, 100, 0x86DD),
            six("fd77::2", "fd77::1", 17, 10), udp.Datagram(40000, 7, 10, 0x073E), Echo(b"ab"),
        ), b"",
    ),
    "frame-arp-request": (
        (to("ffffffffffff", type=0x0806), arp.Packet(1, STATION, ip("10.77.0.2"), bytes(6), ip("10.77.0.1"))),
        bytes(18),
    ),
    "frame-arp-reply": (
        (replace(TO_STATION, type=0x0806), arp.Packet(2, KERNEL, ip("10.77.0.1"), STATION, ip("10.77.0.2"))), b""
    ),
    "frame-neighbor-solicitation": (
        (
            to("3333ff000001"), six("fd77::2", "ff02::1:ff00:1", 58, 32, 255),
            ndp.NeighborSolicitation(0, 0x3B1B, ip("fd77::1"), 0, (ndp.Option(1, STATION),)),
        ), b"",
    ),
    "frame-neighbor-advertisement": (
        (
            TO_STATION6, six("fd77::1", "fd77::2", 58, 32, 255),
            ndp.NeighborAdvertisement(0, 0xD9A8, 0x60000000, ip("fd77::1"), (ndp.Option(2, KERNEL),)),
        ), b"",
    ),
    "frame-router-solicitation": (
        (
            to("333300000002"), six("fe80::4c:41ff:fe42:2", "ff02::2", 58, 16, 255),
            ndp.RouterSolicitation(0, 0xF80D, 0, (ndp.Option(1, STATION),)),
        ), b"",
    ),
    "frame-router-advertisement": (
        (
            to("333300000001", KERNEL), six("fe80::4c:41ff:fe42:1", "ff02::1", 58, 56, 255),
            ndp.RouterAdvertisement(
                0, 0xA53D, 64, 0x40, 1800, 30000, 1000,
                (
                    ndp.Option(3, bytes.fromhex("40c0 00015180 00003840 00000000") + ip("fd77::")),
                    ndp.Option(5, bytes.fromhex("0000 000005dc")),
                ),
            ),
        ), b"",
    ),
    "frame-redirect": (
        (
            TO_STATION6, six("fe80::4c:41ff:fe42:1", "fd77::2", 58, 40, 255),
            ndp.Redirect(0, 0x3F17, ip("fd77::3"), ip("fd77::9")),
        ), b"",
    ),
    "frame-icmp-port-unreachable": (
        (TO_STATION, answer4(66, 0xE2FD, 1), icmp.Error(3, 3, 0x11BD, bytes(4))),
        replace(
            request4(38, 0x53F7), payload=udp.Datagram(50000, 69, 18, 0x6ECD, QUOTED).build()
        ).build(),
    ),
    "frame-icmpv6-port-unreachable": (
        (TO_STATION6, six("fd77::1", "fd77::2", 58, 66), icmpv6.Error(1, 4, 0x925D, bytes(4))),
        replace(
            six("fd77::2", "fd77::1", 17, 18), payload=udp.Datagram(50000, 69, 18, 0x8877, QUOTED).build()
        ).build(),
    ),
    "frame-icmpv6-packet-too-big": (
        (TO_STATION6, six("fd77::1", "fd77::2", 58, 56), icmpv6.Error(2, 0, 0x8C6B, b"\0\0\5\0")),
        replace(six("fd77::2", "fd77::1", 17, 1408), payload=udp.Datagram(50000, 50001, 1408, 0x7359).build()).build(),
    ),
    "frame-icmp-echo": (
        (TO_KERNEL, request4(36, 0x5409, 1), icmp.Echo(8, 0, 0x5557, 0x1111, 2, b"abcdefgh")), b""
    ),
    "frame-icmpv6-echo": (
        (TO_KERNEL6, six("fd77::2", "fd77::1", 58, 16), icmpv6.Echo(128, 0, 0xE219, 0x1111, 2, b"abcdefgh")), b""
    ),
    "frame-igmp-v2-report": (
        (
            to("01005e510908", type=0x0800), alerted("10.77.0.2", "226.81.9.8", 1, 32, 0x2E6F),
            igmp.Message(0x16, 0, 0xFEA5, ip("226.81.9.8")),
        ), bytes(14),
    ),
    "frame-igmp-v3-query": (
        (
            to("01005e000001", KERNEL, 0x0800), alerted("10.77.0.1", "224.0.0.1", 2, 36, 0x39C3),
            igmp.QueryV3(100, 0xEC1E, ip("0.0.0.0"), 2, 125),
        ), bytes(10),
    ),
    "frame-igmp-v3-report": (
        (
            to("01005e000016", type=0x0800), alerted("10.77.0.2", "224.0.0.22", 3, 40, 0x39A8),
            igmp.ReportV3(0xEEA4, (Record(4, ip("226.81.9.8")),)),
        ), bytes(6),
    ),
    "frame-mld-v1-report": (
        (
            to("333300000979"), six("fe80::4c:41ff:fe42:2", "ff15::979", 0, 32, 1), ALERT6,
            mld.Message(131, 0, 0x2C7E, 0, 0, ip("ff15::979")),
        ), b"",
    ),
    "frame-mld-v2-query": (
        (
            to("333300000001", KERNEL), six("fe80::4c:41ff:fe42:1", "ff02::1", 0, 36, 1), ALERT6,
            mld.QueryV2(0, 0x1608, 10000, 0, ip("::"), 2, 125),
        ), b"",
    ),
    "frame-mld-v2-report": (
        (
            to("333300000016"), six("::", "ff02::16", 0, 36, 1), ALERT6,
            mld.ReportV2(0, 0x6F88, (Record(4, ip("ff02::1:ff00:2")),)),
        ), b"",
    ),
    "frame-tcp-syn": (
        (
            TO_KERNEL, request4(60, 0x53EC, 6),
            tcp.Segment(
                50000, 2425, 0x01020304, 0, 0x02, 64240, 0x67A2,
                options=(
                    Option(2, b"\x05\xb4"), Option(4, b""), Option(8, bytes.fromhex("0000000100000000")), Option(1),
                    Option(3, b"\x07"),
                ),
            ),
        ), b"",
    ),
    "frame-ipv4-fragment-first": (
        (
            TO_KERNEL,
            replace(request4(44, 0x33F1), flags=1, payload=bytes.fromhex("c3500007002836a9") + bytes(range(16))),
        ), b"",
    ),
    "frame-ipv4-fragment-last": (
        (TO_KERNEL, replace(request4(36, 0x53F6), fragment_offset=3, payload=bytes(range(16, 32)))), bytes(10)
    ),
    "frame-ipv6-fragment-first": (
        (
            TO_KERNEL6, six("fd77::2", "fd77::1", 44, 32),
            extensions.Fragment(17, 0, 1, 0x01020304, payload=bytes.fromhex("c350000700285053") + bytes(range(16))),
        ), b"",
    ),
    "frame-ipv6-routing": (
        (
            TO_KERNEL6, six("fd77::2", "fd77::1", 43, 34), extensions.Routing(17, 2, 1, bytes(4) + ip("fd77::5")),
            udp.Datagram(40000, 7, 10, 0x073A), Echo(b"ab"),
        ), b"",
    ),
    "frame-ipv6-destination-options": (
        (
            TO_KERNEL6, six("fd77::2", "fd77::1", 60, 18), extensions.Options(17, (extensions.Option(1, bytes(4)),)),
            udp.Datagram(40000, 7, 10, 0x073E), Echo(b"ab"),
        ), b"",
    ),
    "frame-udp-partial-checksum": ((TO_STATION, answer4(), replace(ANSWER, checksum=0x14B8), Echo(b"ab")), b""),
    "frame-udp-wrong-checksum": ((TO_STATION, answer4(), ANSWER, Echo(b"ac")), b""),
    "frame-udp-checksum-swapped": ((TO_STATION, answer4(), replace(ANSWER, checksum=0x93ED), Echo(b"ab")), b""),
    "frame-udp-no-checksum-ipv4": ((TO_STATION, answer4(), replace(ANSWER, checksum=0), Echo(b"ab")), b""),
    "frame-udp-no-checksum-ipv6": (
        (TO_STATION6, six("fd77::1", "fd77::2", 17, 10), replace(ANSWER, checksum=0), Echo(b"ab")), b""
    ),
    "frame-udp-length-too-small": (
        (TO_STATION, answer4(), udp.Datagram(7, 40000, 9, 0xEDF7), Echo(b"a")), b"b"
    ),
    "frame-udp-length-too-big": ((TO_STATION, answer4(), udp.Datagram(7, 40000, 12, 0), Echo(b"ab")), b""),
    "frame-ipv4-wrong-header-checksum": ((TO_STATION, answer4(30, 0xE312), ANSWER, Echo(b"ab")), b""),
    "frame-ipv4-cut-short": ((TO_STATION, answer4(), ANSWER, Echo(b"a")), b""),
    "frame-padding-not-zero": ((TO_STATION, answer4(), ANSWER, Echo(b"ab")), b"secret" + bytes(10)),
    "frame-ieee-802.3": ((replace(to("0180c2000000", KERNEL, 38), payload=SPANNING_TREE + bytes(8)),), b""),
    "frame-unknown-type": ((replace(to("0180c200000e", KERNEL, 0x88CC), payload=DISCOVERY),), b""),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_written_from_its_layers(vectors, name):
    layers, after = FRAMES[name]
    built = layers[-1].build()
    for layer in reversed(layers[:-1]):
        built = replace(layer, payload=built).build()
    assert built + after == vectors[name].data


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_read_into_its_layers(vectors, name):
    layers, _ = FRAMES[name]
    found = [layer for layer in dissect(vectors[name].data).layers if not layer.name.startswith("quoted_")]
    for layer, wanted in zip(found, layers, strict=True):
        opaque = getattr(wanted, "payload", None)
        assert layer.packet == wanted or (not opaque and replace(layer.packet, payload=b"") == wanted)


def test_no_vector_of_a_frame_is_left_out(vectors):
    sound = {name for name, vector in vectors.items() if vector.start == "ethernet" and vector.error is None}
    assert sound == FRAMES.keys()
