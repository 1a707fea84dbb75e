"""One frame in a few words: what an arrow of a ladder says, and the title of a dump. All of it is safe to show."""

from __future__ import annotations

from collections.abc import Iterable

from lab.report.model import Kind
from lab.report.words import mostly_text, title
from lab.wire import address, arp, feiq, ipv4, ipv6_extensions, tcp, text, tftp, udp
from lab.wire.field import Field
from lab.wire.frame import Dissection, Layer
from lab.wire.frame_layers import Echo

_NAME_COLUMNS, _TEXT_COLUMNS, _OPTION_COLUMNS = 48, 60, 24
_MOST_OPTIONS = 8
_LONGEST_TEXT = 512


def label(dissection: Dissection) -> tuple[str, Kind]:
    """The words for a frame and what kind of event it is, by the innermost layer that was read."""
    for layer in reversed(dissection.layers):
        if layer.name.startswith("quoted_"):
            continue
        said = _said(layer, dissection)
        if said is not None:
            return said
    return "bytes that nobody can read", Kind.ERROR


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _said(layer: Layer, dissection: Dissection) -> tuple[str, Kind] | None:
    match layer.packet:
        case None:
            return _malformed(layer), Kind.ERROR
        case arp.Packet():
            return _arp(layer.packet), Kind.LINK
        case feiq.Packet():
            return _feiq(layer.packet), Kind.MESSAGE
        case Echo(data):
            return _words("echo", data), Kind.MESSAGE
        case udp.Datagram(payload=data) as datagram:
            # An echo of nothing has no layer of its own to say so.
            return _words("echo" if 7 in (datagram.source_port, datagram.destination_port) else "UDP", data), Kind.OTHER
        case tcp.Segment():
            return f"TCP {layer.packet.source_port} → {layer.packet.destination_port}", Kind.OTHER
        case ipv4.Packet(is_fragment=True) as packet:
            return _fragment("IPv4", packet.fragment_offset, packet.payload), Kind.OTHER
        case ipv6_extensions.Fragment(is_whole=False) as packet:
            return _fragment("IPv6", packet.fragment_offset, packet.payload), Kind.OTHER
        case _:
            return _tftp(layer.packet) or _control(layer) or _fallback(layer, dissection)


def _malformed(layer: Layer) -> str:
    """Named as closely as what could be read of it allows."""
    known = next((field.meaning for field in layer.fields if field.name == "tftp.opcode"), "")
    return f"malformed {known if known and known != 'unknown' else title(layer.name)}"


def _tftp(packet: object) -> tuple[str, Kind] | None:
    match packet:
        case tftp.ReadRequest(filename, mode, options) | tftp.WriteRequest(filename, mode, options):
            name = "RRQ" if isinstance(packet, tftp.ReadRequest) else "WRQ"
            words = [name, f'"{text.safe(filename, _NAME_COLUMNS)}"', text.safe(mode, _OPTION_COLUMNS)]
            return " ".join([*words, *_options(options)]), Kind.REQUEST
        case tftp.Oack(options):
            return " ".join(["OACK", *_options(options)]), Kind.GRANT
        case tftp.Data(block, data):
            return f"DATA {block} ({plural(len(data), 'byte')})", Kind.DATA
        case tftp.Ack(block):
            return f"ACK {block}", Kind.ACK
        case tftp.Error(code, message):
            return f'ERROR {code} "{text.safe(message, _TEXT_COLUMNS)}"', Kind.ERROR
    return None


def _options(options: Iterable[tuple[bytes, bytes]]) -> list[str]:
    pairs = [f"{text.safe(name, _OPTION_COLUMNS)}={text.safe(value, _OPTION_COLUMNS)}" for name, value in options]
    more = len(pairs) - _MOST_OPTIONS
    return pairs if more <= 0 else [*pairs[:_MOST_OPTIONS], f"and {plural(more, 'option')} more"]


def _feiq(packet: feiq.Packet) -> str:
    names = "+".join((feiq.mode_name(packet.code), *feiq.flag_names(packet.code)))
    sender = f"{text.safe(packet.user, _OPTION_COLUMNS)}@{text.safe(packet.host, _OPTION_COLUMNS)}"
    words = f"FeiQ {names} #{packet.number} {sender}"
    said = text.safe(text.decode(packet.text, utf8=feiq.is_utf8(packet.code)), _TEXT_COLUMNS)
    return f'{words} "{said}"' if packet.text else words


def _words(name: str, data: bytes) -> str:
    """What was said where it is text, and its size in any case."""
    size = f"({plural(len(data), 'byte')})"
    shown = text.safe(data[:_LONGEST_TEXT], _TEXT_COLUMNS)
    if not data or not mostly_text(shown):
        return f"{name} {size}"
    return f'{name} "{shown}" {size}'


def _fragment(name: str, units: int, payload: bytes) -> str:
    """Which bytes of the whole packet's payload these are; offsets stand in units of eight."""
    return f"{name} fragment, bytes {units * 8} to {units * 8 + len(payload) - 1}"


def _arp(packet: arp.Packet) -> str:
    sender, target = (
        address.ipv4(raw) if len(raw) == 4 else raw.hex() for raw in (packet.sender_protocol, packet.target_protocol)
    )
    if packet.operation == arp.REQUEST:
        return f"ARP who has {target}? tell {sender}" if sender != target else f"ARP announces {sender}"
    if packet.operation == arp.REPLY:
        return f"ARP {sender} is at {address.mac(packet.sender_hardware)}"
    return f"ARP operation {packet.operation}"


def _control(layer: Layer) -> tuple[str, Kind] | None:
    """ICMP, IGMP and MLD in the words that the reading gave their type, code and target."""
    if layer.name not in ("icmp", "icmpv6", "igmp", "mld"):
        return None
    fields = {field.name.rpartition(".")[2]: field for field in layer.fields}
    kind, code = _meaning(fields.get("type")), _meaning(fields.get("code"))
    words = [title(layer.name), kind]
    if code and code not in ("0", kind):
        words[-1:] = [code] if "unreachable" in code else [f"{kind},", code]
    for name in ("target", "group_address", "multicast_address"):
        if name in fields:
            words.append(_meaning(fields[name]))
    unreachable = "unreachable" in kind or "exceeded" in kind or "too big" in kind
    is_neighbour = "neighbo" in kind or "router" in kind
    return " ".join(word for word in words if word), (
        Kind.ERROR if unreachable else Kind.LINK if is_neighbour or layer.name == "mld" else Kind.OTHER
    )


def _meaning(field: Field | None) -> str:
    if field is None:
        return ""
    return field.meaning or str(field.value if isinstance(field.value, int) else field.value.hex())


def _fallback(layer: Layer, dissection: Dissection) -> tuple[str, Kind] | None:
    """Nothing but headers: the last of them that names what it carries."""
    if layer.name not in ("ethernet", "vlan", "ipv4", "ipv6"):
        return None
    name = {"ethernet": "type", "vlan": "type", "ipv4": "protocol", "ipv6": "next_header"}[layer.name]
    carried = dissection.field(f"{layer.name}.{name}")
    if carried is None:
        return title(layer.name), Kind.OTHER
    number = f"{name.replace('_', ' ')} {carried.value!r}"
    return f"{title(layer.name)} carrying {number if carried.meaning == 'unknown' else carried.meaning}", Kind.OTHER
