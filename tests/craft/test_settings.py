"""LAYER.FIELD=VALUE: what is set reaches the wire, what cannot be is refused with what could."""

from __future__ import annotations

import pytest

from lab.craft import frames, settings
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError

V4 = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 49152, 69, vlan=3)
V6 = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "fd77::2", "fd77::1", 49152, 69)


def built(setting: str, envelope: Envelope = V4) -> bytes:
    frame = frames.tftp_read_request(envelope, "a")
    settings.set_field(frame, setting)
    return settings.build(frame)


@pytest.mark.parametrize(
    ("setting", "offset", "wire"),
    [
        ("ethernet.dst=02:00:00:00:00:09", 0, "020000000009"),
        ("vlan.vlan=5", 14, "0005"),
        ("ip.ttl=1", 26, "01"),
        ("ip.flags=MF", 24, "2000"),
        ("ip.src=1.2.3.4", 30, "01020304"),
        ("ip.chksum=0x1234", 28, "1234"),
        ("udp.len=7", 42, "0007"),
        ("udp.len=70", 42, "0046"),
        ("tftp.op=DATA", 46, "0003"),
        ("tftp.filename=hex:ff00", 48, "ff000000"[:6]),
        ("tftp.filename=12", 48, "313200"),
        ("tftp.mode=MISSING", 48, "6100"),
    ],
)
def test_what_is_set_stands_on_the_wire(setting: str, offset: int, wire: str) -> None:
    raw = bytes.fromhex(wire)
    assert built(setting)[offset : offset + len(raw)] == raw


def test_lengths_that_are_not_set_follow_what_is() -> None:
    assert built("tftp.filename=abcdef")[42:44] == bytes.fromhex("0017")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("x", r"wanted LAYER.FIELD=VALUE, as in udp.len=7"),
        ("foo.x=1", r"a layer of this frame \(ethernet, vlan, ip, udp, tftp\)"),
        ("udp.foo=1", r"a field of udp \(sport, dport, len, chksum\)"),
        ("ip.src=1.2.3", "an IPv4 address"),
        ("ip.dst=localhost", "an IPv4 address"),
        ("ip.ttl=x", "wanted a number"),
        ("ip.ttl=256", "a number from 0 to 255"),
        ("ip.flags=9", "a number from 0 to 7"),
        ("ip.options=x", "the option of this command"),
        ("udp.sport=-1", "wanted a number"),  # ... "or one of": where /etc/services is.
        ("ethernet.src=zz", "a MAC address"),
        ("tftp.op=shout", "one of RRQ, WRQ, DATA"),
        ("tftp.filename=hex:f", "wanted text"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_could(setting: str, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        built(setting)


def test_an_ipv6_field_takes_ipv6_addresses_only() -> None:
    assert built("ipv6.src=fd77::9", V6)[22:38] == bytes.fromhex("fd77" + "0" * 27 + "9")
    with pytest.raises(BuildError, match="an IPv6 address"):
        built("ipv6.src=10.0.0.1", V6)
