"""Draws bytes sixteen a row; under each row a bracket with a letter says which field every byte belongs to.

    0000  02 4c 41 42 00 01 02 4c  41 42 00 02 08 00 45 00  .LAB...LAB....E.
          a───────────────┘ b────────────────┘ c───┘ d┘ e┘

Colour repeats what the brackets say. A place that is wrong gets a mark and a sentence under it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from rich.cells import cell_len
from rich.text import Text

from lab.report.canvas import Canvas, wrap
from lab.report.model import Dump, Fault, Grade, Span

PER_ROW = 16
MISSING = "··"
"""Stands where a byte should have been."""

_HUES = ((33, 39, 69), (71, 34, 107), (172, 208, 137), (170, 134, 141), (37, 73, 38))
"""One family of colours a layer, three shades a family so that neighbours in a layer differ (256-colour numbers)."""

_KEPT_HEAD, _KEPT_TAIL, _WORTH_FOLDING = 2, 1, 3
_GUTTER = 2


def style_of(span: Span) -> str:
    """The colour of a field; bytes that belong to nobody have none."""
    if span.group < 0:
        return "dim"
    hue = _HUES[span.group % len(_HUES)]
    return f"color({hue[span.shade % len(hue)]})"


def fault_style(fault: Fault) -> str:
    return "yellow" if fault.grade is Grade.REMARK else "bold red"


def fault_mark(fault: Fault) -> str:
    return "△" if fault.grade is Grade.REMARK else "✗"


def _wrong_byte_style(fault: Fault) -> str:
    return "black on yellow" if fault.grade is Grade.REMARK else "bold white on red"


def hex_lines(dump: Dump, width: int, *, full: bool = False) -> list[Text]:
    """The rows of `dump`. Long runs inside one field are folded unless `full`."""
    lines: list[Text] = []
    hidden = set() if full else _foldable(dump)
    rows = max(1, -(-len(dump.data) // PER_ROW))
    if any(fault.offset == rows * PER_ROW for fault in dump.faults):
        # The bytes end with the row, and what is missing would have begun the next.
        rows += 1
    row = 0
    while row < rows:
        if row in hidden:
            end = row
            while end in hidden:
                end += 1
            lines.append(_fold(dump, row, end))
            row = end
            continue
        lines += _row(dump, row * PER_ROW, width)
        row += 1
    return lines


def _row(dump: Dump, start: int, width: int) -> list[Text]:
    end = min(start + PER_ROW, len(dump.data))
    byte_line, tag_line = Canvas(width), Canvas(width)
    digits = _offset_digits(dump)
    byte_line.put(0, f"{start:0{digits}x}", "dim")
    wrong = {offset: _wrong_byte_style(fault) for fault in dump.faults for offset in _wrong_bytes(dump, fault)}
    for span in _spans_between(dump, start, end):
        _bytes_of(span, start, end, byte_line, digits, wrong)
        _bracket(span, start, end, tag_line, digits)
    for fault in dump.faults:
        if fault.offset == len(dump.data) < start + PER_ROW:
            byte_line.put(_column(len(dump.data) - start, digits), MISSING, _wrong_byte_style(fault))
    lines = [byte_line.text(), tag_line.text()] if end > start else [byte_line.text()]
    for fault in dump.faults:
        if start <= fault.offset < start + PER_ROW:
            lines += _fault_lines(fault, start, width, digits)
    return lines


def _spans_between(dump: Dump, start: int, end: int) -> tuple[Span, ...]:
    """The spans that hold a byte of a row. They are in order, and a packet may have thousands."""
    first = bisect_right(dump.spans, start, key=lambda span: span.end)
    return dump.spans[first : bisect_left(dump.spans, end, key=lambda span: span.offset)]


def _bytes_of(span: Span, start: int, end: int, canvas: Canvas, digits: int, wrong: dict[int, str]) -> None:
    text_column = _column(PER_ROW, digits) + 1
    for offset in range(max(start, span.offset), min(end, span.end)):
        value = span.raw[offset - span.offset]
        style = wrong.get(offset) or style_of(span)
        canvas.put(_column(offset - start, digits), f"{value:02x}", style)
        canvas.put(text_column + offset - start, chr(value) if 0x20 <= value < 0x7F else ".", style)


def _bracket(span: Span, start: int, end: int, canvas: Canvas, digits: int) -> None:
    """The part of a field's bracket that belongs to this row; it stays open where the field goes on."""
    first, last = max(start, span.offset), min(end, span.end) - 1
    left, right = _column(first - start, digits), _column(last - start, digits) + 1
    style = style_of(span)
    canvas.line(left, right + 1, "─", style)
    if span.end <= end:
        canvas.put(right, "┘", style)
    if span.offset >= start:
        canvas.put(left, span.tag, style)


def _wrong_bytes(dump: Dump, fault: Fault) -> range:
    """The bytes that a fault paints: where reading stopped, one; elsewhere the whole field."""
    for span in dump.spans:
        if span.offset <= fault.offset < span.end:
            return (
                range(fault.offset, fault.offset + 1) if fault.grade is Grade.STOPPED else range(span.offset, span.end)
            )
    return range(0)


def _fault_lines(fault: Fault, start: int, width: int, digits: int) -> list[Text]:
    """The mark under the first wrong byte, and the sentence on the side of it that has more room."""
    column = _column(fault.offset - start, digits)
    sentence = f"{fault.field}: wanted {fault.wanted}, found {fault.found}"
    left_room, right_room = column - digits - _GUTTER - 1, width - column - 3
    leftward = right_room < cell_len(sentence) and left_room > right_room
    lines = []
    for index, words in enumerate(wrap(sentence, max(left_room, right_room, 24))):
        canvas = Canvas(width)
        canvas.put(column - 1 - cell_len(words) if leftward else column + 3, words, fault_style(fault))
        if not index:
            canvas.put(column, "▲▲", fault_style(fault))
        lines.append(canvas.text())
    return lines


def _foldable(dump: Dump) -> set[int]:
    """Rows in the middle of a long field that nobody has anything to say about."""
    hidden: set[int] = set()
    faulty = {fault.offset // PER_ROW for fault in dump.faults}
    for span in dump.spans:
        rows = range(-(-span.offset // PER_ROW) + _KEPT_HEAD, span.end // PER_ROW - _KEPT_TAIL)
        if len(rows) >= _WORTH_FOLDING and not faulty & set(rows):
            hidden.update(rows)
    return hidden


def _fold(dump: Dump, row: int, end: int) -> Text:
    span = next(s for s in dump.spans if s.offset <= row * PER_ROW < s.end)
    digits = _offset_digits(dump)
    count = end - row
    words = f"… {count} more rows of {span.tag} ({span.name}), {count * PER_ROW} bytes …"
    return Text(" " * (digits + _GUTTER)).append(words, "italic " + style_of(span))


def _offset_digits(dump: Dump) -> int:
    return max(4, len(f"{len(dump.data):x}"))


def _column(index: int, digits: int) -> int:
    """Where byte `index` of a row stands; the row has a wider gap in its middle."""
    return digits + _GUTTER + index * 3 + (1 if index >= PER_ROW // 2 else 0)
