"""What an arrow says of each kind of packet. Bytes and words are literals."""

from __future__ import annotations

import pytest

from lab.report.labels import label
from lab.report.model import Kind
from lab.wire.frame import dissect

ETHERNET_ARP = "ffffffffffff 024c41420002 0806 0001 0800 06 04"
IPV6 = "60000000 {length:04x} 3a ff fd770000000000000000000000000002 fd770000000000000000000000000001"
IPV6_FRAGMENT = (
    "60000000 0010 2c 40 fd770000000000000000000000000002 fd770000000000000000000000000001"
    "1100 0009 00000001 6162636465666768"
)


@pytest.mark.parametrize(
    ("start", "data", "words", "kind"),
    [
        ("tftp", b"\0\1boot.img\0OCTET\0blksize\x001428\0", 'RRQ "boot.img" OCTET blksize=1428', Kind.REQUEST),
        ("tftp", b"\0\2up\0netascii\0", 'WRQ "up" netascii', Kind.REQUEST),
        ("tftp", b"\0\1f\0octet\0" + b"a\0" * 22, 'RRQ "f" octet' + " a=a" * 8 + " and 3 options more", Kind.REQUEST),
        ("tftp", b"\0\1f\0octet\0" + b"a\0" * 18, 'RRQ "f" octet' + " a=a" * 8 + " and 1 option more", Kind.REQUEST),
        ("tftp", b"\0\6tsize\x009\0", "OACK tsize=9", Kind.GRANT),
        ("tftp", b"\0\6", "OACK", Kind.GRANT),
        ("tftp", b"\0\3\1\0x", "DATA 256 (1 byte)", Kind.DATA),
        ("tftp", b"\0\3\xff\xff", "DATA 65535 (0 bytes)", Kind.DATA),
        ("tftp", b"\0\4\0\0", "ACK 0", Kind.ACK),
        ("tftp", b"\0\5\0\1No such file\0", 'ERROR 1 "No such file"', Kind.ERROR),
        ("tftp", b"\0\7\0\0", "malformed TFTP", Kind.ERROR),
        ("tftp", b"\0\1no mode\0", "malformed RRQ", Kind.ERROR),
        (
            "feiq",
            b"1:1238605487:klaus:whoever_pc:32:Nice day!",
            'FeiQ SENDMSG #1238605487 klaus@whoever_pc "Nice day!"',
            Kind.MESSAGE,
        ),
        ("feiq", b"1:7:a:b:0:", "FeiQ NOOPERATION #7 a@b", Kind.MESSAGE),
        (
            "feiq",
            "1:8:a:b:8388896:你好".encode(),
            'FeiQ SENDMSG+SENDCHECKOPT+UTF8OPT #8 a@b "你好"',
            Kind.MESSAGE,
        ),
        ("feiq", b"hello", "malformed FeiQ / IP Messenger", Kind.ERROR),
        ("udp", "1388 0007 000d 0000 68656c6c6f", 'echo "hello" (5 bytes)', Kind.MESSAGE),
        ("udp", "1388 0009 000a 0000 6869", 'UDP "hi" (2 bytes)', Kind.OTHER),
        ("udp", "1388 0009 000c 0000 00010203", "UDP (4 bytes)", Kind.OTHER),
        ("udp", "1388 0007 0008 0000", "echo (0 bytes)", Kind.OTHER),
        ("udp", "1388 0009 0008 0000", "UDP (0 bytes)", Kind.OTHER),
        (
            "ethernet",
            ETHERNET_ARP + "0001 024c41420002 0a4d0002 000000000000 0a4d0001",
            "ARP who has 10.77.0.1? tell 10.77.0.2",
            Kind.LINK,
        ),
        (
            "ethernet",
            ETHERNET_ARP + "0001 024c41420002 0a4d0002 000000000000 0a4d0002",
            "ARP announces 10.77.0.2",
            Kind.LINK,
        ),
        (
            "ethernet",
            ETHERNET_ARP + "0002 024c41420001 0a4d0001 024c41420002 0a4d0002",
            "ARP 10.77.0.1 is at 02:4c:41:42:00:01",
            Kind.LINK,
        ),
        (
            "ipv6",
            IPV6.format(length=24) + "87 00 0000 00000000 fd770000000000000000000000000001",
            "ICMPv6 neighbor solicitation fd77::1",
            Kind.LINK,
        ),
        (
            "ipv4",
            "4500001c000120b9 40110000 0a4d0002 0a4d0001 6162636465666768",
            "IPv4 fragment, bytes 1480 to 1487",
            Kind.OTHER,
        ),
        ("ipv6", IPV6_FRAGMENT, "IPv6 fragment, bytes 8 to 15", Kind.OTHER),
        ("ipv4", "4500001400010000 40fd0000 0a4d0002 0a4d0001", "IPv4 carrying protocol 253", Kind.OTHER),
        ("ipv4", "4500001c00010000 40010000 0a4d0002 0a4d0001 0800 0000 0001 0001", "ICMP echo", Kind.OTHER),
        ("ethernet", b"", "malformed Ethernet II", Kind.ERROR),
    ],
)
def test_a_packet_in_a_few_words(start: str, data: bytes | str, words: str, kind: Kind) -> None:
    raw = bytes.fromhex(data) if isinstance(data, str) else data
    assert label(dissect(raw, start)) == (words, kind)
