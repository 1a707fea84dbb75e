"""The Scapy reading of a frame: where each field of each layer stands and what it says, from what Scapy dissected.

Positions come from running each field's own `getfield` over the bytes its layer was given, as Scapy's dissection does;
nothing here knows a header's layout. `rebuild` throws every cached byte away first: without that, Scapy would hand back
the bytes it was given and no difference could ever show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scapy.layers.inet import IP, UDP, IPerror
from scapy.layers.inet6 import IPerror6, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether
from scapy.packet import NoPayload, Packet, Raw

from lab.craft.feiq_layer import LabFeiQ, SectionsField
from lab.craft.session import FeiQSession, TFTPSession, replace_payload, set_raw
from lab.craft.tftp_layer import LabTFTP

STARTS = ("ethernet", "ipv4", "ipv6", "udp", "tftp", "feiq")
TFTP_PORTS = frozenset({69})
FEIQ_PORTS = frozenset({2425})


@dataclass(frozen=True, slots=True)
class ScapyField:
    """One field as Scapy read it. `layer` is the class (`Ether`, `IP`, `UDP`, `LabTFTP`), with `#2` for the second one.

    A field inside a list is named by its place: `options[1].value`, `sections[0]`. `value` is what Scapy gives to the
    programmer: int, bytes or str (addresses); flags are their number. `width_bits` counts a terminator with its field.
    """

    layer: str
    field: str
    offset_bits: int
    width_bits: int
    value: int | bytes | str


def dissect(
    data: bytes,
    start: str = "ethernet",
    *,
    tftp_ports: Iterable[int] = TFTP_PORTS,
    feiq_ports: Iterable[int] = FEIQ_PORTS,
    session: TFTPSession | None = None,
) -> Packet:
    """`data` as Scapy layers. What UDP carries depends on the ports and on the session, never on what was imported.

    `session` remembers transfers from frame to frame; give the same one for each frame of a capture, in order.
    Raises ValueError for an unknown `start` and for no bytes at all.
    """
    if not data:
        raise ValueError("no bytes to read")
    match start:
        case "tftp":
            return LabTFTP(data)
        case "feiq":
            return LabFeiQ(data)
        case "ethernet":
            packet = _take(Ether, data)
        case "ipv4":
            packet = _take(IP, data)
        case "ipv6":
            packet = _take(IPv6, data)
        case "udp":
            return _bare_udp(data, frozenset(tftp_ports), frozenset(feiq_ports))
        case _:
            raise ValueError(f"a reading starts at one of {', '.join(STARTS)}, not at {start!r}")
    set_raw(packet)
    FeiQSession(feiq_ports=feiq_ports).process(packet)
    (session or TFTPSession(tftp_ports=tftp_ports)).process(packet)
    return packet


def read_frame(
    data: bytes,
    start: str = "ethernet",
    *,
    tftp_ports: Iterable[int] = TFTP_PORTS,
    feiq_ports: Iterable[int] = FEIQ_PORTS,
    session: TFTPSession | None = None,
) -> list[ScapyField]:
    """Every field of every layer that Scapy found, in the order of the bytes; arguments as for `dissect`."""
    return fields_of(dissect(data, start, tftp_ports=tftp_ports, feiq_ports=feiq_ports, session=session))


def fields_of(packet: Packet) -> list[ScapyField]:
    """The fields of a packet that `dissect` gave and nobody has changed since."""
    found: list[ScapyField] = []
    seen: dict[str, int] = {}
    offset = 0
    layer: Any = packet
    while not isinstance(layer, NoPayload):
        name = type(layer).__name__
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 else f"{name}#{seen[name]}"
        fields, used_bits = _measure(layer, label, "", offset)
        found += fields
        offset += used_bits
        layer = layer.payload
    return found


def rebuild(
    data: bytes,
    start: str = "ethernet",
    *,
    tftp_ports: Iterable[int] = TFTP_PORTS,
    feiq_ports: Iterable[int] = FEIQ_PORTS,
    session: TFTPSession | None = None,
    recompute: bool = False,
) -> bytes:
    """`data` dissected, its caches cleared, and built again from the field values alone.

    With `recompute` the lengths and checksums of IPv4, IPv6, UDP, ICMP and ICMPv6 are forgotten too, so Scapy fills in
    its own: a frame with a wrong length or checksum then comes back different.
    """
    packet = dissect(data, start, tftp_ports=tftp_ports, feiq_ports=feiq_ports, session=session)
    return build_again(packet, recompute=recompute)


def build_again(packet: Packet, *, recompute: bool = False) -> bytes:
    """What `rebuild` does, to a packet that `dissect` gave: it loses its caches, so read its fields before."""
    packet.clear_cache()
    if recompute:
        _forget_sums(packet)
    return bytes(packet)


def _take(kind: type[Packet], data: bytes) -> Packet:
    """The outermost layer; bytes too few for its header raise inside Scapy (struct.error, as a rule) and stay Raw."""
    try:
        return kind(data)
    except Exception:
        return Raw(data)


def _bare_udp(data: bytes, tftp_ports: frozenset[int], feiq_ports: frozenset[int]) -> Packet:
    """UDP without addresses: a session cannot follow it, so only the ports say what it carries."""
    udp: Any = _take(UDP, data)
    if not isinstance(udp, UDP):
        return Raw(data)
    set_raw(udp)
    raw = bytes(udp.payload)
    ports = {udp.sport, udp.dport}
    if raw and ports & tftp_ports:
        replace_payload(udp, LabTFTP(raw))
    elif raw and ports & feiq_ports:
        replace_payload(udp, LabFeiQ(raw))
    whole: Packet = udp
    return whole


def _measure(layer: Any, label: str, prefix: str, offset: int) -> tuple[list[ScapyField], int]:
    """The fields of one layer and the bits they take, found by dissecting its bytes again, field by field."""
    found: list[ScapyField] = []
    left: Any = layer.original or bytes(layer)  # Scapy keeps what a list could not read as a Raw made by hand.
    start = _bits_left(left)
    for field in layer.fields_desc:
        before = _bits_left(left)
        left, value = field.getfield(layer, left)
        width = before - _bits_left(left)
        if width and (value is not None or not field.isconditional):
            found += _entries(label, prefix + field.name, offset + start - before, width, field, value)
        if not left and (field.ismayend or (value is not None and field.isconditional and field.fld.ismayend)):
            break
    return found, start - _bits_left(left)


def _entries(label: str, name: str, offset: int, width: int, field: Any, value: Any) -> list[ScapyField]:
    """A plain field is one entry; a list of packets or sections is one for each of its parts."""
    inner = field.fld if field.isconditional else field
    if isinstance(value, list) and value and all(isinstance(part, Packet) for part in value):
        found: list[ScapyField] = []
        for at, part in enumerate(value):
            entries, used = _measure(part, label, f"{name}[{at}].", offset)
            found += entries
            offset += used
        return found
    if isinstance(inner, SectionsField):
        found = []
        for at, section in enumerate(value):
            bits = 8 * (len(section) + (at < len(value) - 1))
            if bits:
                found.append(ScapyField(label, f"{name}[{at}]", offset, bits, section))
            offset += bits
        return found
    return [ScapyField(label, name, offset, width, _plain(value))]


def _bits_left(left: Any) -> int:
    """Scapy hands a partly used byte on as (bytes, bits already taken, ...)."""
    if isinstance(left, tuple):
        return 8 * len(left[0]) - int(left[1])
    return 8 * len(left)


def _plain(value: Any) -> int | bytes | str:
    match value:
        case bool() | int():
            return int(value)
        case bytes():
            return bytes(value)
        case str():
            return value
    return int(value) if hasattr(value, "flagrepr") else str(value)


def _forget_sums(packet: Packet) -> None:
    """Clears what Scapy can compute. Two things stay: a UDP checksum of 0 over IPv4, which says "none was computed"
    (RFC 768), and whatever is a part of a packet only: a fragment's payload, a packet quoted by an ICMP error."""
    layer: Any = packet
    fragment = False
    while not isinstance(layer, (NoPayload, IPerror, IPerror6)):
        fragment = fragment or isinstance(layer, IPv6ExtHdrFragment)
        unsummed = isinstance(layer, UDP) and not layer.chksum and isinstance(layer.underlayer, IP)
        if not fragment and not unsummed:
            for name in {"chksum", "cksum", "len", "plen"} & layer.fields.keys():
                del layer.fields[name]
        fragment = fragment or (isinstance(layer, IP) and bool(layer.frag or layer.flags.MF))
        layer = layer.payload
