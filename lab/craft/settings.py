"""`LAYER.FIELD=VALUE` in Scapy's own names: sets any field of a frame that was built, for the command line and scripts.

A value of digits is a number (`7`, `0x1f`), `hex:0011` is bytes, `MISSING` leaves the field's bytes out where the layer
can, everything else is text. Lengths and checksums that are not set are still filled in.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from scapy.fields import Field, FlagsField, IP6Field, IPField, MACField, PacketListField, StrField
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from lab.craft.envelope import check_mac
from lab.craft.error import BuildError
from lab.craft.feiq_layer import LabFeiQ
from lab.craft.field import MISSING, Missable, SeparatedField
from lab.craft.tftp_layer import LabTFTP

LAYERS: dict[str, type[Packet]] = {
    "ethernet": Ether,
    "vlan": Dot1Q,
    "ip": IP,
    "ipv6": IPv6,
    "udp": UDP,
    "tftp": LabTFTP,
    "feiq": LabFeiQ,
    "payload": Raw,
}
_SETTING = re.compile(r"([a-z0-9]+)\.([a-z0-9_]+)=(.*)", re.DOTALL | re.IGNORECASE)
_ADDRESSES = (IPField, IP6Field, MACField)
_NUMBER = re.compile(r"0x[0-9a-f]+|[0-9]+", re.IGNORECASE)


def set_field(frame: Packet, setting: str) -> None:
    """Changes one field of `frame`. Raises BuildError that names the layers or fields there are."""
    parts = _SETTING.fullmatch(setting)
    if parts is None:
        raise BuildError("set", "LAYER.FIELD=VALUE, as in udp.len=7", setting)
    layer_name, field_name, text = parts[1].lower(), parts[2], parts[3]
    there = {name: kind for name, kind in LAYERS.items() if frame.haslayer(kind)}
    if layer_name not in there:
        raise BuildError(setting.partition("=")[0], f"a layer of this frame ({', '.join(there)})", layer_name)
    layer = frame[there[layer_name]]
    fields = {field.name: field for field in layer.fields_desc}
    if field_name not in fields:
        raise BuildError(setting.partition("=")[0], f"a field of {layer_name} ({', '.join(fields)})", field_name)
    field = getattr(fields[field_name], "fld", fields[field_name])
    name = f"{layer_name}.{field_name}"
    try:
        layer.setfieldval(field_name, _value(field, text))
    except (ValueError, TypeError, KeyError):
        raise BuildError(name, _wanted(field), text) from None
    if isinstance(layer.fields.get(field_name), str) and not isinstance(field, _ADDRESSES):
        raise BuildError(name, _wanted(field), text)


def build(frame: Packet) -> bytes:
    """The frame's bytes. Raises BuildError where a value does not fit its field, which Scapy notices only now."""
    for layer in frame.layers():
        _check_numbers(frame[layer])
    try:
        return bytes(frame)
    except BuildError:
        raise
    except Exception as wrong:
        # Scapy raises whatever its fields happen to: struct.error, OSError for an address, AttributeError, ...
        raise BuildError("frame", "values that fit their fields", str(wrong).partition("\n")[0]) from None


def _value(field: Any, text: str) -> Any:
    """Raises ValueError for a text that the field cannot take; names are never looked up on a network."""
    if text == "MISSING" and isinstance(field, (SeparatedField, Missable)):
        return MISSING
    if isinstance(field, PacketListField):
        raise ValueError(text)
    if text.lower().startswith("hex:"):
        return bytes.fromhex(text[4:])
    if isinstance(field, IPField):
        return str(ipaddress.IPv4Address(text))
    if isinstance(field, IP6Field):
        return str(ipaddress.IPv6Address(text))
    if isinstance(field, MACField):
        return check_mac("mac", text)
    if isinstance(field, (StrField, SeparatedField)):
        return text.encode() if isinstance(field, StrField) else text
    return int(text, 0) if _NUMBER.fullmatch(text) else text


def _wanted(field: Any) -> str:
    match field:
        case PacketListField():
            return "the option of this command that builds the list"
        case IPField():
            return "an IPv4 address"
        case IP6Field():
            return "an IPv6 address"
        case MACField():
            return "a MAC address"
        case FlagsField():
            return f"a number or names joined by + ({', '.join(field.names)})"
        case _ if getattr(field, "s2i", None):
            return f"a number or one of {', '.join(map(str, list(field.s2i)[:12]))}"
    return "text" if isinstance(field, (StrField, SeparatedField)) else "a number"


def _check_numbers(layer: Packet) -> None:
    """A number too large for its bits is cut by some of Scapy's fields in silence."""
    for name, value in layer.fields.items():
        field: Any = layer.get_field(name)
        field = getattr(field, "fld", field)
        bits = getattr(field, "size", None) or 8 * getattr(field, "sz", 0)
        if hasattr(value, "flagrepr"):
            value = int(value)
        if isinstance(value, int) and isinstance(field, Field) and bits and not 0 <= value < 2 ** int(bits):
            raise BuildError(f"{layer.name}.{name}", f"a number from 0 to {2 ** int(bits) - 1}", int(value))
