"""Draws the table under a hex dump: one row a field, its parts below it. Where there is no room, words go under.

tag  at    bytes  order  field        raw                value     meaning
c    000c  2      big    type         08 00              2048      IPv4; little: 8; RFC 894
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from lab.report.canvas import Canvas, clip, wrap
from lab.report.hex_lines import fault_mark, fault_style, style_of
from lab.report.model import Dump, Fault, Grade, Part, Span

_LEAST_MEANING = 28
"""Columns below which a column of meanings is worse than a line of its own."""
_RAW_BYTES, _NARROW_RAW_BYTES = 6, 4
_NARROW = 100


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each column starts. Not `roomy`: meanings that do not fit go on the line below, under the field's name."""

    at: int
    octets: int
    order: int
    field: int
    raw: int
    value: int
    meaning: int
    width: int
    raw_bytes: int

    @property
    def roomy(self) -> bool:
        return self.width - self.meaning >= _LEAST_MEANING

    @property
    def value_room(self) -> int:
        return min(self.meaning - 2, self.width) - self.value


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of the words of a row, in one style."""

    words: str
    style: str


def field_lines(dump: Dump, width: int) -> list[Text]:
    """The table of `dump` in `width` columns: a heading a layer, a row a field, then what is wrong."""
    columns = _columns(dump, width)
    lines = [_head(columns)]
    layer = ""
    for span in dump.spans:
        if span.layer != layer:
            layer = span.layer
            lines.append(_layer(dump, span, width))
        lines += _field(dump, span, columns)
    return lines


def fault_lines(dump: Dump, width: int) -> list[Text]:
    """One sentence for each thing that is wrong."""
    lines = []
    for fault in dump.faults:
        for index, words in enumerate(wrap(fault.sentence, width - 2)):
            lines.append(Text(("  " if index else f"{fault_mark(fault)} ") + words, fault_style(fault)))
    return lines


def _columns(dump: Dump, width: int) -> _Columns:
    names = [len(s.name) for s in dump.spans] + [len(p.name) + 2 for s in dump.spans for p in s.parts]
    name = min(max([5, *names]), 20 if width < 118 else 25)
    tag = max([1, *(len(s.tag) for s in dump.spans)])
    at = tag + 2
    octets = at + max(4, len(f"{len(dump.data):x}")) + 2
    order = octets + 7
    field = order + 8
    raw = field + name + 2
    raw_bytes = _RAW_BYTES if width >= _NARROW else _NARROW_RAW_BYTES
    value = raw + 3 * raw_bytes + (3 if width >= _NARROW else 1)
    wanted = min(max([5, *(cell_len(s.value) for s in dump.spans)]), 30)
    meaning = value + wanted + 2
    return _Columns(at, octets, order, field, raw, value, meaning, width, raw_bytes)


def _head(columns: _Columns) -> Text:
    canvas = Canvas(columns.width)
    words = {columns.at: "at", columns.octets: "bytes", columns.order: "order", columns.field: "field"}
    words |= {columns.raw: "raw", columns.value: "value"}
    if columns.roomy:
        words[columns.meaning] = "meaning; other order; source"
    for column, word in words.items():
        canvas.put(column, word, "dim")
    return canvas.text()


def _layer(dump: Dump, first: Span, width: int) -> Text:
    """The heading of a run of fields of one layer. A layer with padding after its payload gets two."""
    end = first.end
    for span in dump.spans[dump.spans.index(first) :]:
        if span.layer != first.layer:
            break
        end = span.end
    canvas = Canvas(width)
    after = canvas.put(0, f"── {first.layer} · ", "bold " + style_of(first))
    after = canvas.put(after, f"bytes {first.offset}–{end - 1} " if end > first.offset + 1 else f"byte {first.offset} ")
    canvas.line(after, width, "─", "dim")
    return canvas.text()


def _field(dump: Dump, span: Span, columns: _Columns) -> list[Text]:
    style = style_of(span)
    canvas = Canvas(columns.width)
    canvas.put(0, span.tag, "bold " + style)
    canvas.put(columns.at, f"{span.offset:0{max(4, len(f'{len(dump.data):x}'))}x}", "dim")
    canvas.put(columns.octets, str(len(span.raw)))
    canvas.put(columns.order, span.order or "—", "" if span.order else "dim")
    canvas.put(columns.field, clip(span.name, columns.raw - columns.field - 1), style)
    canvas.put(columns.raw, _raw(span.raw, columns.raw_bytes), "dim")
    canvas.put(columns.value, clip(span.value, columns.value_room), "bold")
    unclipped = span.value if cell_len(span.value) > columns.value_room else ""
    lines = _with_words(canvas, [_Piece(unclipped, "bold"), *_words(span)], columns)
    for fault in dump.faults:
        if fault.grade is not Grade.STOPPED and fault.offset == span.offset:
            lines += _fault(fault, columns)
    for part in span.parts:
        lines += _part(part, style, columns)
    return lines


def _words(span: Span) -> list[_Piece]:
    other = "big" if span.order == "little" else "little"
    swapped = f"{other}: {span.other_order}" if span.other_order is not None else ""
    clause = span.clause.replace("section ", "§")
    return [_Piece(span.meaning, ""), _Piece(swapped, "italic"), _Piece(clause, "dim")]


def _with_words(canvas: Canvas, pieces: list[_Piece], columns: _Columns) -> list[Text]:
    """The row, and the words beside it or below it."""
    pieces = [piece for piece in pieces if piece.words]
    if not pieces:
        return [canvas.text()]
    words = "; ".join(piece.words for piece in pieces)
    styles = [piece.style for piece in pieces for _ in f"{piece.words}; "]
    beside = columns.roomy or cell_len(words) <= columns.width - columns.meaning
    column = columns.meaning if beside else columns.field
    drawn = [] if beside else [canvas.text()]
    place = 0
    for line in wrap(words, columns.width - column):
        row = canvas if not drawn else Canvas(columns.width)
        place = words.index(line, place)
        at = column
        for letter, style in zip(line, styles[place:], strict=False):
            at = row.put(at, letter, style)
        place += len(line)
        drawn.append(row.text())
    return drawn


def _fault(fault: Fault, columns: _Columns) -> list[Text]:
    lines = []
    for words in wrap(f"{fault_mark(fault)} wanted {fault.wanted}, found {fault.found}", columns.width - columns.field):
        canvas = Canvas(columns.width)
        canvas.put(columns.field, words, fault_style(fault))
        lines.append(canvas.text())
    return lines


def _part(part: Part, style: str, columns: _Columns) -> list[Text]:
    canvas = Canvas(columns.width)
    canvas.put(columns.field, clip(f"· {part.name}", columns.raw - columns.field - 1), style)
    after = canvas.put(columns.raw, part.pattern, "dim")
    canvas.put(max(columns.value, after + 2), str(part.value))
    return _with_words(canvas, [_Piece(part.meaning, "")], columns)


def _raw(raw: bytes, room: int) -> str:
    return raw.hex(" ") if len(raw) <= room else raw[: room - 1].hex(" ") + " …"
