"""The reference reading in neutral words. Rule: it repeats what lab.wire said and adds nothing to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lab.crosscheck.names import Name, sources
from lab.crosscheck.reading import Reading, order_of, read_number
from lab.wire.field import Field
from lab.wire.frame import Dissection

_FEIQ_HEADER = ("version", "packet_no", "user", "host", "command")


def readings(dissection: Dissection) -> list[Reading]:
    """Every field of the dissection; one that the table does not know keeps the reference's name."""
    found: list[Reading] = []
    runs: dict[str, list[Reading]] = {}
    for field in dissection.fields:
        if field.name.endswith("udp.payload"):
            continue  # `_payloads` gives it, for every datagram alike
        known = sources("reference").get(field.name, ())
        named = [(name, reading) for name in known if (reading := _read(dissection.data, field, name)) is not None]
        for name, reading in named:
            (runs.setdefault(name.field, []) if name.kind == "run" else found).append(reading)
        if not named:
            found.append(_whole(dissection.data, field.name, field))
    for field_name, pieces in runs.items():
        found += joined(dissection.data, field_name, pieces)
    return [*found, *_payloads(dissection), *_bodies(dissection)]


def joined(frame: bytes, field: str, pieces: Iterable[Reading]) -> list[Reading]:
    """Pieces that touch each other, as one; what lies apart stays apart."""
    runs: list[tuple[int, int]] = []
    for piece in sorted(pieces, key=lambda piece: piece.offset_bits):
        end = piece.offset_bits + piece.width_bits
        if runs and runs[-1][1] == piece.offset_bits:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((piece.offset_bits, end))
    return [span(frame, field, start // 8, end // 8) for start, end in runs]


def span(frame: bytes, field: str, start: int, end: int) -> Reading:
    """The bytes from `start` to `end` as a field."""
    return Reading(field, 8 * start, 8 * (end - start), "", frame[start:end])


def _read(frame: bytes, field: Field, name: Name) -> Reading | None:
    parts = [source.partition("/")[2] for source in name.reference if source.partition("/")[0] == field.name]
    if not parts[0]:
        return _whole(frame, name.field, field)
    for bits in field.bits:
        if bits.name == parts[0]:
            unused = (bits.mask & -bits.mask).bit_length() - 1
            width = bits.mask.bit_length() - unused
            offset = 8 * field.end - unused - width
            return read_number(name.field, frame, offset, width, bits.value)
    return None


def _whole(frame: bytes, name: str, field: Field) -> Reading:
    if isinstance(field.value, bytes):
        return Reading(name, 8 * field.offset, 8 * field.width, "", field.value)
    if field.order == "" and field.width != 1:
        return Reading(name, 8 * field.offset, 8 * field.width, "", field.value)
    reading = read_number(name, frame, 8 * field.offset, 8 * field.width, field.value)
    # What the reference says of the order must also be what its value shows.
    shown = order_of(frame, 8 * field.offset, 8 * field.width, field.value)
    return replace(reading, order="neither") if shown in ("big", "little") and shown != field.order else reading


def _payloads(dissection: Dissection) -> list[Reading]:
    """What UDP carries, whatever reads it: from its header's end to its own."""
    found = []
    for layer in dissection.layers:
        header = [field.end for field in layer.fields if field.name == f"{layer.name}.checksum"]
        if layer.name.endswith("udp") and header and layer.end > header[0]:
            found.append(span(dissection.data, f"{layer.name}.payload", header[0], layer.end))
    return found


def _bodies(dissection: Dissection) -> list[Reading]:
    """FeiQ's body as one field: everything after the command."""
    layer = dissection.layer("feiq")
    if layer is None or layer.packet is None:
        return []
    body = [field for field in layer.fields if field.name.removeprefix("feiq.") not in _FEIQ_HEADER]
    return [span(dissection.data, "feiq.body", body[0].offset, layer.end)] if body else []
