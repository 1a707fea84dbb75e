"""The tshark reading in neutral words. Rule: a number is what tshark shows, never the bytes that PDML passes on.

PDML's `value` attribute holds the bytes of a field as they stand, whatever the dissector made of them: a byte order
shows in `show` alone. Parts of a number show their place in tshark's own line, `.... 0101 = Header Length: 20 bytes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from lab.crosscheck.names import QUOTED, Name, sources
from lab.crosscheck.reading import Reading, read_number
from lab.crosscheck.reference_reading import joined, span
from lab.crosscheck.tshark import TsharkField

_BITS = re.compile(r"([01. ]*[01][01. ]*) = ")
_EXTENSIONS = {"ipv6.hopopts.": "hop_by_hop.", "ipv6.dstopts.": "destination_options."}


def readings(frame: bytes, fields: Iterable[TsharkField]) -> list[Reading]:
    """Every field that the table knows by tshark's name."""
    found: list[Reading] = []
    runs: dict[str, list[Reading]] = {}
    known_by = sources("tshark")
    for field in _renamed(fields):
        for name in known_by.get(field.name, ()):
            reading = _read(frame, field, name)
            (runs.setdefault(name.field, []) if name.kind == "run" else found).append(reading)
    for field_name, pieces in runs.items():
        found += joined(frame, field_name, pieces)
    return found


def _renamed(fields: Iterable[TsharkField]) -> list[TsharkField]:
    """Names that mean several things in Wireshark get one for each: it depends on what they stand behind."""
    ordered = sorted(fields, key=lambda field: field.offset)
    names = {field.name for field in ordered}
    quoted_from = _quoted_from(ordered)
    mld = any(name.startswith("icmpv6.mld") for name in names)
    renamed: list[TsharkField] = []
    extension = ""
    for field in ordered:
        name = field.name
        for theirs, ours in _EXTENSIONS.items():
            if name.startswith(theirs):
                extension, name = ours, ours + name.removeprefix(theirs)
        if name.startswith("ipv6.opt."):
            name = extension + name.removeprefix("ipv6.")
        elif name == "data.data" and "tftp.block" in names:
            name = "tftp.data"
        elif mld and name in ("icmpv6.type", "icmpv6.code", "icmpv6.checksum"):
            name = name.replace("icmpv6", "mld")
        if quoted_from <= field.offset:
            name = QUOTED + name
        renamed.append(field if name is field.name else replace(field, name=name))
    return renamed


def _quoted_from(fields: Iterable[TsharkField]) -> int:
    """Where the packet begins that an ICMP error quotes: Wireshark shows an IP header inside the ICMP layer."""
    inner = [f.offset for f in fields if f.layer in ("icmp", "icmpv6") and f.name in ("ip.version", "ipv6.version")]
    return min(inner, default=1 << 30)


def _read(frame: bytes, field: TsharkField, name: Name) -> Reading:
    if name.kind == "run":
        return span(frame, name.field, field.offset, field.offset + field.width)
    if name.kind == "number":
        bits = _BITS.match(field.label)
        if bits:
            return _part(frame, field, name, bits[1].replace(" ", ""))
        try:
            value = int(field.shown, 0)
        except ValueError:
            return Reading(name.field, 8 * field.offset, 8 * field.width, "", field.shown.encode())
        return read_number(name.field, frame, 8 * field.offset, 8 * field.width, value)
    return Reading(name.field, 8 * field.offset, 8 * field.width, "", _value(field, name))


def _part(frame: bytes, field: TsharkField, name: Name, pattern: str) -> Reading:
    """A part of a number. tshark's value may be scaled (a length in bytes); the bits that it prints are not."""
    pattern = pattern.rjust(-(-len(pattern) // 8) * 8, ".")
    first = len(pattern) - len(pattern.lstrip("."))
    digits = pattern.strip(".")
    # TCP's flags are printed as twelve bits beside the one byte they stand in.
    start = field.offset - (first // 8 if len(pattern) > 8 * field.width else 0)
    return read_number(name.field, frame, 8 * start + first, len(digits), int(digits, 2))


def _value(field: TsharkField, name: Name) -> int | bytes:
    try:
        match name.kind:
            case "mac":
                return bytes.fromhex(field.shown.replace(":", ""))
            case "ipv4":
                return IPv4Address(field.shown).packed
            case "ipv6":
                return IPv6Address(field.shown).packed
            case "decimal":
                return int(field.shown)
            case "text":
                return _text(field)
            case "entry":
                return bytes.fromhex(field.raw).removesuffix(b"\0")
    except (ValueError, AddressValueError):
        return field.shown.encode()
    return bytes.fromhex(field.raw)


def _text(field: TsharkField) -> bytes:
    """tshark's text where it can be had: printable ASCII. XML turns a line feed into a blank, and other bytes have
    been decoded; there only the place of the text is tshark's, and the bytes in it are the frame's."""
    raw = bytes.fromhex(field.raw)
    bare = raw[:-1] if raw[-1:] in (b"\0", b":") else raw
    plain = all(0x20 <= byte < 0x7F and byte != 0x5C for byte in bare)
    return field.shown.encode() if plain else bare
