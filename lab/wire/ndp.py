"""Neighbour discovery (RFC 4861 section 4), five ICMPv6 messages. Rule: options are walked, unknown ones kept whole.

  +------+------+----------+------------------+~~~~~~~~~~~~~~~~~~~+~~~~~~~~~~~~~~~~~~~~~~~~~~+
  | type | code | checksum | flags / reserved | address(es)       | type, length, data, ...  |
  +------+------+----------+------------------+~~~~~~~~~~~~~~~~~~~+~~~~~~~~~~~~~~~~~~~~~~~~~~+
An option's length counts units of 8 bytes, its own two bytes included; 0 is not allowed (section 4.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address
from lab.wire.error import BuildError
from lab.wire.field import Reader, bit
from lab.wire.icmpv6_head import build_head, read_head
from lab.wire.octets import exactly, uint

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT = range(133, 138)
SOURCE_LINK_LAYER_ADDRESS, TARGET_LINK_LAYER_ADDRESS, PREFIX_INFORMATION, REDIRECTED_HEADER, MTU = range(1, 6)
_OPTION_NAMES = {
    1: "source link-layer address", 2: "target link-layer address", 3: "prefix information", 4: "redirected header",
    5: "MTU", 14: "nonce", 24: "route information", 25: "recursive DNS server", 31: "DNS search list",
}  # fmt: skip
_PREFERENCES = {0: "medium", 1: "high", 2: "reserved", 3: "low"}  # RFC 4191
_SOURCE = "RFC 4861 section 4"


@dataclass(frozen=True, slots=True)
class Option:
    """`data` is without type and length, padding to whole units included."""

    type: int
    data: bytes

    def build(self) -> bytes:
        units, over = divmod(2 + len(self.data), 8)
        if over or not units:
            raise BuildError("icmpv6.option_data", "6 bytes, or 8 more, ...", f"{len(self.data)} bytes")
        return uint("icmpv6.option_type", self.type, 1) + uint("icmpv6.option_length", units, 1) + self.data


@dataclass(frozen=True, slots=True)
class RouterSolicitation:
    code: int
    checksum: int
    reserved: int = 0
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = read_head(reader, f"{_SOURCE}.1")
        return cls(code, found, reader.uint("reserved", 4, source=f"{_SOURCE}.1"), _options(reader))

    def build(self) -> bytes:
        head = build_head(ROUTER_SOLICITATION, self.code, self.checksum)
        return head + uint("icmpv6.reserved", self.reserved, 4) + _built(self.options)


@dataclass(frozen=True, slots=True)
class RouterAdvertisement:
    code: int
    checksum: int
    current_hop_limit: int
    flags: int
    router_lifetime_s: int
    reachable_time_ms: int
    retransmission_time_ms: int
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        source = f"{_SOURCE}.2"
        _, code, found = read_head(reader, source)
        hop_limit = reader.uint("current_hop_limit", 1, source=source)
        flags = reader.uint("flags", 1, source=source)
        reader.explain(
            "",
            bit("managed", 0x80, flags),
            bit("other_configuration", 0x40, flags),
            bit("home_agent", 0x20, flags),
            bit("preference", 0x18, flags, _PREFERENCES),
            bit("reserved", 0x07, flags),
        )
        lifetime = reader.uint("router_lifetime", 2, source=source)
        reader.explain("seconds")
        reachable = reader.uint("reachable_time", 4, source=source)
        reader.explain("milliseconds")
        retransmission = reader.uint("retransmission_time", 4, source=source)
        reader.explain("milliseconds")
        return cls(code, found, hop_limit, flags, lifetime, reachable, retransmission, _options(reader))

    def build(self) -> bytes:
        return (
            build_head(ROUTER_ADVERTISEMENT, self.code, self.checksum)
            + uint("icmpv6.current_hop_limit", self.current_hop_limit, 1)
            + uint("icmpv6.flags", self.flags, 1)
            + uint("icmpv6.router_lifetime", self.router_lifetime_s, 2)
            + uint("icmpv6.reachable_time", self.reachable_time_ms, 4)
            + uint("icmpv6.retransmission_time", self.retransmission_time_ms, 4)
            + _built(self.options)
        )


@dataclass(frozen=True, slots=True)
class NeighborSolicitation:
    code: int
    checksum: int
    target: bytes
    reserved: int = 0
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = read_head(reader, f"{_SOURCE}.3")
        reserved = reader.uint("reserved", 4, source=f"{_SOURCE}.3")
        return cls(code, found, _address(reader, "target", f"{_SOURCE}.3"), reserved, _options(reader))

    def build(self) -> bytes:
        head = build_head(NEIGHBOR_SOLICITATION, self.code, self.checksum)
        target = exactly("icmpv6.target", self.target, 16)
        return head + uint("icmpv6.reserved", self.reserved, 4) + target + _built(self.options)


@dataclass(frozen=True, slots=True)
class NeighborAdvertisement:
    """`flags` is the whole number of 32 bits: router, solicited, override at its top, the rest reserved."""

    code: int
    checksum: int
    flags: int
    target: bytes
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        _, code, found = read_head(reader, f"{_SOURCE}.4")
        flags = reader.uint("flags", 4, source=f"{_SOURCE}.4")
        reader.explain(
            "",
            bit("router", 0x80000000, flags),
            bit("solicited", 0x40000000, flags),
            bit("override", 0x20000000, flags),
            bit("reserved", 0x1FFFFFFF, flags),
        )
        return cls(code, found, flags, _address(reader, "target", f"{_SOURCE}.4"), _options(reader))

    def build(self) -> bytes:
        head = build_head(NEIGHBOR_ADVERTISEMENT, self.code, self.checksum)
        target = exactly("icmpv6.target", self.target, 16)
        return head + uint("icmpv6.flags", self.flags, 4) + target + _built(self.options)


@dataclass(frozen=True, slots=True)
class Redirect:
    code: int
    checksum: int
    target: bytes
    destination: bytes
    reserved: int = 0
    options: tuple[Option, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        source = f"{_SOURCE}.5"
        _, code, found = read_head(reader, source)
        reserved = reader.uint("reserved", 4, source=source)
        target, destination = _address(reader, "target", source), _address(reader, "destination", source)
        return cls(code, found, target, destination, reserved, _options(reader))

    def build(self) -> bytes:
        head = build_head(REDIRECT, self.code, self.checksum) + uint("icmpv6.reserved", self.reserved, 4)
        addresses = exactly("icmpv6.target", self.target, 16) + exactly("icmpv6.destination", self.destination, 16)
        return head + addresses + _built(self.options)


Message = RouterSolicitation | RouterAdvertisement | NeighborSolicitation | NeighborAdvertisement | Redirect

MESSAGES: dict[int, type[Message]] = {
    ROUTER_SOLICITATION: RouterSolicitation,
    ROUTER_ADVERTISEMENT: RouterAdvertisement,
    NEIGHBOR_SOLICITATION: NeighborSolicitation,
    NEIGHBOR_ADVERTISEMENT: NeighborAdvertisement,
    REDIRECT: Redirect,
}


def _address(reader: Reader, name: str, source: str) -> bytes:
    raw = reader.octets(name, 16, source=source)
    reader.explain(address.ipv6(raw))
    return raw


def _built(options: tuple[Option, ...]) -> bytes:
    return b"".join(option.build() for option in options)


def _options(reader: Reader) -> tuple[Option, ...]:
    options = []
    while reader.left:
        kind = reader.uint("option_type", 1, source=f"{_SOURCE}.6")
        reader.explain(_OPTION_NAMES.get(kind, "unknown"))
        units = reader.uint("option_length", 1, source=f"{_SOURCE}.6")
        reader.explain(f"{units * 8} bytes")
        most = (reader.left + 2) // 8
        if not 1 <= units <= most:
            raise reader.fail("option_length", f"1 to {most}", str(units))
        start = reader.offset
        _option_data(reader, kind, units * 8 - 2)
        options.append(Option(kind, reader.data[start : reader.offset]))
    return tuple(options)


def _option_data(reader: Reader, kind: int, length: int) -> None:
    """The fields of the options that RFC 4861 defines; a length that fits none of them makes it plain data."""
    match kind, length:
        case ((1 | 2), 6):
            raw = reader.octets("link_layer_address", 6, source=f"{_SOURCE}.6.1")
            reader.explain(address.mac(raw))
        case 3, 30:
            _prefix_information(reader)
        case 5, 6:
            reader.octets("option_reserved", 2, source=f"{_SOURCE}.6.4")
            reader.uint("mtu", 4, source=f"{_SOURCE}.6.4")
        case _:
            reader.octets("option_data", length, source=f"{_SOURCE}.6")


def _prefix_information(reader: Reader) -> None:
    source = f"{_SOURCE}.6.2"
    reader.uint("prefix_length", 1, source=source)
    flags = reader.uint("prefix_flags", 1, source=source)
    reader.explain("", bit("on_link", 0x80, flags), bit("autonomous", 0x40, flags), bit("reserved", 0x3F, flags))
    for name in ("valid_lifetime", "preferred_lifetime"):
        reader.uint(name, 4, source=source)
        reader.explain("seconds")
    reader.octets("option_reserved", 4, source=source)
    _address(reader, "prefix", source)
