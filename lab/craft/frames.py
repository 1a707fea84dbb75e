"""Whole frames, every field stated: `bytes(frames.tftp_read_request(envelope, b"boot.img"))` is what goes on the wire.

Each function returns a Scapy packet, so any field can still be changed; lengths and checksums are filled in when it is
built, unless they are set. The same arguments give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lab.craft import tftp_layer as tftp
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError
from lab.craft.feiq_layer import LabFeiQ
from lab.craft.tftp_layer import LabTFTP, LabTFTPOption

Frame: TypeAlias = Packet
"""A Scapy packet from Ethernet down; `bytes(frame)` builds it."""

Options = Iterable[tuple[bytes | str, bytes | str | int]]

_IPV4, _IPV6, _TAG, _UDP = 0x0800, 0x86DD, 0x8100, 17


def udp(envelope: Envelope, payload: bytes | Packet) -> Packet:
    """A UDP datagram in its frame (RFC 768). Raises BuildError for a payload that no datagram can carry."""
    body = Raw(payload) if isinstance(payload, bytes) and payload else payload
    most = 65527 if envelope.is_ipv6 else 65507
    if len(bytes(body)) > most:
        raise BuildError("payload", f"at most {most} bytes", f"{len(bytes(body))} bytes")
    datagram = UDP(sport=envelope.source_port, dport=envelope.destination_port, len=None, chksum=None)
    whole: Packet = _link(envelope) / _network(envelope) / datagram
    return whole / body if bytes(body) else whole


def tftp_read_request(
    envelope: Envelope, filename: bytes | str, mode: bytes | str = b"octet", options: Options = ()
) -> Packet:
    """RRQ (RFC 1350 section 5, options RFC 2347)."""
    return udp(envelope, request(tftp.RRQ, filename, mode, options))


def tftp_write_request(
    envelope: Envelope, filename: bytes | str, mode: bytes | str = b"octet", options: Options = ()
) -> Packet:
    """WRQ (RFC 1350 section 5, options RFC 2347)."""
    return udp(envelope, request(tftp.WRQ, filename, mode, options))


def tftp_data(envelope: Envelope, block: int, data: bytes) -> Packet:
    """DATA (RFC 1350 section 5); `block` from 0 to 65535."""
    return udp(envelope, LabTFTP(op=tftp.DATA, block=_short("block", block), data=data))


def tftp_ack(envelope: Envelope, block: int) -> Packet:
    """ACK (RFC 1350 section 5)."""
    return udp(envelope, LabTFTP(op=tftp.ACK, block=_short("block", block)))


def tftp_error(envelope: Envelope, code: int, message: bytes | str = b"") -> Packet:
    """ERROR (RFC 1350 section 5 and appendix)."""
    return udp(envelope, LabTFTP(op=tftp.ERROR, error_code=_short("code", code), error_message=_text(message)))


def tftp_oack(envelope: Envelope, options: Options) -> Packet:
    """OACK (RFC 2347)."""
    return udp(envelope, LabTFTP(op=tftp.OACK, options=_options(options)))


def feiq(
    envelope: Envelope,
    *,
    number: int,
    user: bytes | str,
    host: bytes | str,
    command: int | str,
    sections: Iterable[bytes | str] = (b"", b""),
    version: bytes | str = b"1",
) -> Packet:
    """A FeiQ or IP Messenger packet. `command` is a number or words, `SENDMSG|SENDCHECKOPT`; an empty last section is
    the NUL at the end that real senders write. Raises BuildError for an empty name or a colon inside one."""
    for name, value in (("user", user), ("host", host), ("version", version)):
        text = _text(value)
        if not text or b":" in text or b"\0" in text:
            raise BuildError(name, "at least one byte, no colon and no NUL", value)
    try:
        packet = LabFeiQ(version=version, packet_no=number, user=user, host=host, command_no=command, sections=sections)
    except ValueError as wrong:
        raise BuildError("command", f"a number, or words such as SENDMSG|SENDCHECKOPT ({wrong})", command) from None
    if packet.code is None or packet.code >= 2**32 or not 0 <= number < 2**32:
        raise BuildError("command" if 0 <= number < 2**32 else "number", "a number below 2**32", command)
    return udp(envelope, packet)


def request(opcode: int, filename: bytes | str, mode: bytes | str, options: Options) -> LabTFTP:
    """A request's payload alone. Raises BuildError where a NUL would cut a text short."""
    return LabTFTP(op=opcode, filename=_line("filename", filename), mode=_line("mode", mode), options=_options(options))


def fragments(frame: Packet, size: int, identification: int = 1) -> list[Packet]:
    """The frame's IP packet cut into pieces of `size` payload bytes, a multiple of 8 (RFC 791 section 3.2,
    RFC 8200 section 4.5); each piece is a whole frame. A packet that fits comes back as one piece."""
    if size < 8 or size % 8:
        raise BuildError("size", "a multiple of 8, at least 8", size)
    whole = type(frame)(bytes(frame))
    network = whole.getlayer(IPv6) or whole.getlayer(IP)
    if network is None:
        raise BuildError("frame", "an IPv4 or IPv6 packet", whole.summary())
    body = bytes(network.payload)
    head = whole.copy()
    head[type(network)].remove_payload()
    return [
        _fragment(head, type(network), body[at : at + size], at, at + size < len(body), identification)
        for at in range(0, len(body), size)
    ]


def _fragment(head: Packet, kind: type[Packet], piece: bytes, at: int, more: bool, identification: int) -> Packet:
    frame = head.copy()
    network = frame[kind]
    if kind is IP:
        network.id, network.frag, network.len, network.chksum = identification, at // 8, None, None
        network.flags = "MF" if more else 0
        return frame / Raw(piece)
    follows, network.nh, network.plen = network.nh, 44, None
    return frame / IPv6ExtHdrFragment(nh=follows, offset=at // 8, m=int(more), id=identification) / Raw(piece)


def _link(envelope: Envelope) -> Packet:
    ip_type = _IPV6 if envelope.is_ipv6 else _IPV4
    outer_type = ip_type if envelope.vlan is None else _TAG
    ether = Ether(dst=envelope.destination_mac, src=envelope.source_mac, type=outer_type)
    if envelope.vlan is None:
        return ether
    return ether / Dot1Q(prio=envelope.vlan_priority, dei=0, vlan=envelope.vlan, type=ip_type)


def _network(envelope: Envelope) -> Packet:
    if envelope.is_ipv6:
        return IPv6(
            version=6,
            tc=envelope.tos,
            fl=envelope.flow_label,
            plen=None,
            nh=_UDP,
            hlim=envelope.ttl,
            src=envelope.source,
            dst=envelope.destination,
        )
    return IP(
        version=4,
        ihl=None,
        tos=envelope.tos,
        len=None,
        id=envelope.identification,
        flags="DF" if envelope.dont_fragment else 0,
        frag=0,
        ttl=envelope.ttl,
        proto=_UDP,
        chksum=None,
        src=envelope.source,
        dst=envelope.destination,
        options=[],
    )


def _options(options: Options) -> list[LabTFTPOption]:
    return [
        LabTFTPOption(
            option=_line("option", name), value=_line("option value", str(value) if isinstance(value, int) else value)
        )
        for name, value in options
    ]


def _line(name: str, text: bytes | str) -> bytes:
    raw = _text(text)
    if b"\0" in raw:
        raise BuildError(name, "no NUL inside", text)
    return raw


def _text(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _short(name: str, value: int) -> int:
    if not 0 <= value <= 0xFFFF:
        raise BuildError(name, "a number from 0 to 65535", value)
    return value
