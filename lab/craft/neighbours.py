"""How a station finds a neighbour's MAC address and lets itself be found: ARP (RFC 826), RFC 4861 over IPv6.

Every field is stated, and nothing is remembered here: bytes in, frames out.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

BROADCAST = "ff:ff:ff:ff:ff:ff"
_NOBODY = "00:00:00:00:00:00"
_REQUEST, _REPLY = 1, 2


def who_has(mac: str, address: str, wanted: str) -> Packet:
    """The question for `wanted`, from the station at `mac` and `address`; ARP or neighbour solicitation."""
    if ":" not in wanted:
        return _arp(_REQUEST, mac, address, _NOBODY, wanted, BROADCAST)
    group = solicited_node(wanted)
    solicitation = ICMPv6ND_NS(type=135, code=0, cksum=None, res=0, tgt=wanted)
    option = ICMPv6NDOptSrcLLAddr(type=1, len=1, lladdr=mac)
    return _icmpv6(mac, group_mac(group), address, group) / solicitation / option


def reply_to(question: Packet, mac: str, addresses: tuple[str, ...]) -> Packet | None:
    """The answer of the station that owns `mac` and `addresses`; None where the frame does not ask for it."""
    ether: Any = question
    if ARP in question:
        asked: Any = question[ARP]
        if asked.op != _REQUEST or asked.pdst not in addresses:
            return None
        return _arp(_REPLY, mac, asked.pdst, asked.hwsrc, asked.psrc, ether.src)
    if ICMPv6ND_NS not in question:
        return None
    target, asker = question[ICMPv6ND_NS].tgt, question[IPv6].src
    # RFC 4861 section 7.1.1: what came through a router (hop limit below 255) is no neighbour's question.
    if target not in addresses or question[IPv6].hlim != 255:
        return None
    # RFC 4861 section 7.2.4: an asker without an address yet is answered to all nodes, unsolicited.
    to = "ff02::1" if asker == "::" else asker
    to_mac = group_mac(to) if asker == "::" else ether.src
    advertisement = ICMPv6ND_NA(type=136, code=0, cksum=None, R=0, S=int(asker != "::"), O=1, res=0, tgt=target)
    return _icmpv6(mac, to_mac, target, to) / advertisement / ICMPv6NDOptDstLLAddr(type=2, len=1, lladdr=mac)


def learnt_from(frame: Packet, addresses: tuple[str, ...]) -> tuple[str, str] | None:
    """The neighbour's address and MAC that an answer to us tells; None for every other frame."""
    if ARP in frame:
        told: Any = frame[ARP]
        return (told.psrc, told.hwsrc) if told.op == _REPLY and told.pdst in addresses else None
    if ICMPv6ND_NA in frame and frame[IPv6].dst in addresses and frame[IPv6].hlim == 255:
        advertised: Any = frame[ICMPv6ND_NA]
        option: Any = frame.getlayer(ICMPv6NDOptDstLLAddr)
        source: Any = frame
        return advertised.tgt, option.lladdr if option is not None else source.src
    return None


def solicited_node(address: str) -> str:
    """The multicast group that the owner of an IPv6 address listens to (RFC 4291 section 2.7.1)."""
    low = int(ipaddress.IPv6Address(address)) & 0xFFFFFF
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | low))


def group_mac(group: str) -> str:
    """The MAC address of an IPv4 (RFC 1112 section 6.4) or IPv6 (RFC 2464 section 7) multicast group."""
    raw = ipaddress.ip_address(group).packed
    octets = b"\x33\x33" + raw[-4:] if len(raw) == 16 else bytes((0x01, 0x00, 0x5E, raw[1] & 0x7F)) + raw[2:]
    return octets.hex(":")


def _arp(op: int, mac: str, address: str, to_mac: str, to_address: str, frame_to: str) -> Packet:
    ether = Ether(dst=frame_to, src=mac, type=0x0806)
    return ether / ARP(
        hwtype=1, ptype=0x0800, hwlen=6, plen=4, op=op, hwsrc=mac, psrc=address, hwdst=to_mac, pdst=to_address
    )


def _icmpv6(mac: str, to_mac: str, source: str, to: str) -> Packet:
    return Ether(dst=to_mac, src=mac, type=0x86DD) / IPv6(
        version=6, tc=0, fl=0, plen=None, nh=58, hlim=255, src=source, dst=to
    )
