"""From a dissection to the model of its bytes: every byte in exactly one span, every word of the wire made safe."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from lab.report.model import Dump, Fault, Grade, Part, Span
from lab.report.words import mostly_text, title
from lab.wire import feiq, text
from lab.wire.field import Bits, Field
from lab.wire.frame import Dissection, Note

_WORDS = frozenset({"tftp", "feiq", "echo", "udp", ""})
"""Layers whose byte strings may be text. Elsewhere they are addresses, however much they look like letters."""

_TEXT_COLUMNS = 160
_HEX_BYTES = 8
_UNREAD = "unparsed"


def dump(dissection: Dissection, heading: str = "") -> Dump:
    """The bytes of `dissection` as spans, with everything that is wrong about them."""
    groups: dict[str, int] = {}
    spans: list[Span] = []
    shade = 0
    utf8 = _declares_utf8(dissection)
    for index, field in enumerate(dissection.fields):
        layer, _, name = field.name.rpartition(".")
        group = groups.setdefault(layer, len(groups)) if name != _UNREAD else -1
        shade = shade + 1 if spans and spans[-1].group == group else 0
        spans.append(_span(field, _tag(index), group, shade, layer, name, utf8))
    return Dump(heading, dissection.data, tuple(spans), _faults(dissection))


def _span(field: Field, tag: str, group: int, shade: int, layer: str, name: str, utf8: bool) -> Span:
    value, meaning = _value(field, layer, utf8)
    return Span(
        tag=tag,
        group=group,
        shade=shade,
        layer=title(layer),
        name=name.replace("_", " "),
        offset=field.offset,
        raw=field.raw,
        order=field.order,
        number=field.value if isinstance(field.value, int) else None,
        value=value,
        meaning=meaning,
        other_order=field.swapped,
        clause=field.source,
        parts=tuple(_part(bits, field) for bits in field.bits),
    )


def _value(field: Field, layer: str, utf8: bool) -> tuple[str, str]:
    """What to show as the value, and what is left to say about it."""
    if isinstance(field.value, int):
        return str(field.value), field.meaning
    if layer.removeprefix("quoted_") in _WORDS:
        words = text.safe(text.decode(field.value, utf8=utf8 and layer == "feiq"), _TEXT_COLUMNS)
        if mostly_text(words):
            named = {"utf-8": "UTF-8", "gb18030": "GB18030"}.get(text.charset(field.value, utf8=utf8), "")
            return f'"{words}"', "; ".join(part for part in (field.meaning, named) if part)
    elif field.meaning:
        return field.meaning, ""
    shown = field.value[:_HEX_BYTES].hex(" ")
    return shown + (" …" if len(field.value) > _HEX_BYTES else ""), field.meaning


def _part(bits: Bits, field: Field) -> Part:
    return Part(bits.name.replace("_", " "), bits.mask, _pattern(bits, field), bits.value, bits.meaning)


def _pattern(bits: Bits, field: Field) -> str:
    """The bits of a binary number of one or two bytes in their place: `.... 0101`. Elsewhere the mask."""
    width = len(field.raw) * 8
    if width > 16 or not isinstance(field.value, int) or int.from_bytes(field.raw, field.order or "big") != field.value:
        return f"& {bits.mask:#x}"
    drawn = ""
    for place in reversed(range(width)):
        drawn += str(field.value >> place & 1) if bits.mask >> place & 1 else "."
        drawn += " " if place % 4 == 0 and place else ""
    return drawn


def _faults(dissection: Dissection) -> tuple[Fault, ...]:
    faults = [_noted(note) for note in dissection.notes]
    error = dissection.error
    if error is not None:
        wanted, found = text.safe(error.wanted), text.safe(error.found)
        faults.append(Fault(error.offset, error.field, wanted, found, Grade.STOPPED, text.safe(str(error))))
    return tuple(sorted(faults, key=lambda fault: fault.offset))


def _noted(note: Note) -> Fault:
    grade = Grade.REMARK if note.kind == "partial" else Grade.WRONG
    form = "#06x" if note.kind in ("checksum", "partial") else "d"
    if note.kind == "padding":
        return Fault(note.offset, note.field, "zeros", f"{note.found} other bytes", grade, note.sentence)
    return Fault(note.offset, note.field, f"{note.wanted:{form}}", f"{note.found:{form}}", grade, note.sentence)


def _declares_utf8(dissection: Dissection) -> bool:
    layer = dissection.layer("feiq")
    return layer is not None and isinstance(layer.packet, feiq.Packet) and feiq.is_utf8(layer.packet.code)


def _tag(index: int) -> str:
    """a to z, A to Z, then aa, ab and so on."""
    letters = ascii_lowercase + ascii_uppercase
    tag = ""
    index += 1
    while index:
        index, place = divmod(index - 1, len(letters))
        tag = letters[place] + tag
    return tag
