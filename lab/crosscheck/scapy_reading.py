"""The Scapy reading in neutral words. Rule: it repeats what lab.craft.reading said and adds nothing to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from lab.craft.reading import ScapyField
from lab.crosscheck.names import QUOTED, Name, sources
from lab.crosscheck.reading import Reading, read_number
from lab.crosscheck.reference_reading import joined, span

_QUOTED_LAYERS = {"IPerror": "IP", "IPerror6": "IPv6", "UDPerror": "UDP", "TCPerror": "TCP"}
_TERMINATORS = (b"\0", b":")
_PLACE = re.compile(r"\[\d+\]")


def readings(frame: bytes, fields: Iterable[ScapyField]) -> list[Reading]:
    """Every field that the table knows by Scapy's name."""
    found: list[Reading] = []
    runs: dict[str, list[Reading]] = {}
    known_by = sources("scapy")
    for field in (*fields, *_payloads(fields)):
        for word in _words(field):
            for name in known_by.get(word, ()):
                reading = _read(frame, field, name, word)
                (runs.setdefault(name.field, []) if name.kind == "run" else found).append(reading)
    for field_name, pieces in runs.items():
        found += joined(frame, field_name, pieces)
    return found


def _words(field: ScapyField) -> set[str]:
    """The words under which a field may stand in the table: with its place in a list, without, as the whole list."""
    layer = field.layer.partition("#")[0]
    prefix = QUOTED if layer in _QUOTED_LAYERS else ""
    layer = prefix + _group(_QUOTED_LAYERS.get(layer, layer))
    return {
        f"{layer}.{field.field}",
        f"{layer}.{_PLACE.sub('', field.field)}",
        f"{layer}.{field.field.partition('[')[0]}",
    }


def _group(layer: str) -> str:
    """Scapy has a class for each kind of ICMPv6 message; the table has a name for each kind of field."""
    if layer.startswith("ICMPv6ML"):
        return "MLD"
    if layer.startswith("ICMPv6NDOpt"):
        return "ICMPv6.option"
    return "ICMPv6" if layer.startswith("ICMPv6") else layer


def _payloads(fields: Iterable[ScapyField]) -> list[ScapyField]:
    """What follows each UDP header, but for the padding of the frame, as fields named `payload`."""
    found: list[ScapyField] = []
    inside = ""
    for field in fields:
        layer = field.layer.partition("#")[0]
        if layer in ("UDP", "UDPerror"):
            inside = layer
        elif inside and layer != "Padding":
            found.append(ScapyField(inside, "payload", field.offset_bits, field.width_bits, field.value))
    return found


def _read(frame: bytes, field: ScapyField, name: Name, word: str) -> Reading:
    if name.kind == "run":
        return span(frame, name.field, field.offset_bits // 8, (field.offset_bits + field.width_bits) // 8)
    masks = [source.partition("/")[2] for source in name.scapy if source.partition("/")[0] == word]
    value = _value(field, name)
    if name.kind != "number" or not isinstance(value, int):
        return Reading(name.field, field.offset_bits, field.width_bits, "", value)
    if not masks[0]:
        return read_number(name.field, frame, field.offset_bits, field.width_bits, value)
    mask = int(masks[0], 0)
    unused = (mask & -mask).bit_length() - 1
    width = mask.bit_length() - unused
    offset = field.offset_bits + field.width_bits - unused - width
    return read_number(name.field, frame, offset, width, (value & mask) >> unused)


def _value(field: ScapyField, name: Name) -> int | bytes:
    """Scapy's value as a number or as bytes; where it is not what its kind demands, the text of it."""
    match name.kind, field.value:
        case "number", int(number):
            return number
        case "mac", str(text):
            return bytes.fromhex(text.replace(":", ""))
        case (("ipv4" | "ipv6"), str(text)):
            try:
                return (IPv4Address(text) if name.kind == "ipv4" else IPv6Address(text)).packed
            except AddressValueError:
                return text.encode()
        case "decimal", bytes(digits) if digits.isdigit():
            return int(digits)
        case "text", bytes(text):
            return text
        case _, bytes(raw):
            return raw
    return str(field.value).encode()
