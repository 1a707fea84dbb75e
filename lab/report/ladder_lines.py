"""Draws a ladder as lines of text: lanes downward, one arrow a frame. What it means was decided in the model.

    frame    ms  client                                  server
                 10.77.0.2                            10.77.0.1
        3  0.00  │── RRQ "boot.img" octet blksize=1428 ──▶│  :50123 → :69
        4  0.41  │◀────────────────── OACK blksize=1428 ──│  :40312 → :50123

A label that does not fit its arrow stands above it. Colour repeats what the words say and is never alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from rich.cells import cell_len
from rich.text import Text

from lab.report.canvas import Canvas, clip, wrap
from lab.report.model import Event, Fold, Kind, Ladder, Participant, Step

NARROWEST = 60
"""Below this many columns a ladder is no longer one; a narrower terminal wraps it."""

STYLES = {
    Kind.REQUEST: "bold cyan",
    Kind.GRANT: "bold magenta",
    Kind.DATA: "blue",
    Kind.ACK: "green",
    Kind.ERROR: "bold red",
    Kind.MESSAGE: "bold cyan",
    Kind.LINK: "dim",
    Kind.OTHER: "",
}

_LANE, _MARK, _GUTTER = "dim", "bold yellow", "dim"
_ARROW_ROOM = cell_len("│──  ─▶│")
_BUSY_GAP, _QUIET_GAP, _LEAST_GAP = 32, 16, 12
"""Columns between two lanes that we fight for: where most is said, elsewhere, and when nothing else helps."""


@dataclass(frozen=True, slots=True)
class _Layout:
    width: int
    number: int
    decimals: int
    clock: int
    lanes: tuple[int, ...]
    marks: int

    @property
    def first(self) -> int:
        return self.lanes[0]

    @property
    def last(self) -> int:
        return self.lanes[-1]


def ladder_lines(ladder: Ladder, width: int) -> list[Text]:
    """The ladder in at most `width` columns (60 at the least), title first."""
    ladder = _with_company(ladder)
    layout = _layout(ladder, max(width, NARROWEST))
    lines = [Text(ladder.title, "bold", no_wrap=True)] if ladder.title else []
    lines += _header(ladder.participants, layout)
    for row in ladder.rows:
        match row:
            case Event():
                lines += _event(row, ladder, layout)
            case Fold():
                lines.append(_fold(row, layout))
            case Step():
                lines += _step(row, layout)
    return lines


def _with_company(ladder: Ladder) -> Ladder:
    """An arrow needs two ends: who speaks to nobody we saw speaks to the network."""
    if len(ladder.participants) > 1:
        return ladder
    lanes = (*ladder.participants, Participant("everybody"))
    return replace(ladder, participants=lanes if len(lanes) > 1 else (Participant("nobody"), *lanes))


def _events(ladder: Ladder) -> list[Event]:
    return [row for row in ladder.rows if isinstance(row, Event)]


def _layout(ladder: Ladder, width: int) -> _Layout:
    events = _events(ladder)
    last_ms = max((e.time_ns - ladder.start_ns for e in events), default=0) / 1e6
    decimals = 2 if last_ms < 1000 else 1 if last_ms < 100_000 else 0
    number = max(5, len(str(max((e.number for e in events), default=0))))
    clock = max(4, len(f"{last_ms:.{decimals}f}"))
    first = number + clock + 4
    marks = min(max((cell_len(", ".join(e.marks)) for e in events), default=0), 17 if width < 100 else 28)
    room = width - first - 1 - (marks + 2 if marks else 0)
    gaps = _gaps(ladder, events, room)
    lanes = [first]
    for gap in gaps:
        lanes.append(lanes[-1] + gap)
    return _Layout(width, number, decimals, clock, tuple(lanes), width - lanes[-1] - 3)


def _gaps(ladder: Ladder, events: list[Event], room: int) -> list[int]:
    """How far lanes stand apart: as far as their labels want. Where that is too much, the quiet gaps give way first."""
    lanes = ladder.participants
    gaps = [max(_QUIET_GAP, _name_width(a) + _name_width(b) + 2) for a, b in pairwise(lanes)]
    traffic: Counter[int] = Counter()
    for event in events:
        left, right = _ends(event, len(lanes))
        if event.target is None and event.source:
            left, right = event.source - 1, event.source
        if right - left == 1:
            traffic[left] += 1
            gaps[left] = max(gaps[left], cell_len(event.label) + _ARROW_ROOM)
    busiest = traffic.most_common(1)[0][0] if traffic else 0
    for least in (_BUSY_GAP, _QUIET_GAP, _LEAST_GAP):
        for index in sorted(range(len(gaps)), key=lambda i: (i == busiest, -gaps[i])):
            floor = max(least, _BUSY_GAP) if index == busiest and least != _LEAST_GAP else least
            gaps[index] = max(min(gaps[index], floor), gaps[index] - max(0, sum(gaps) - room))
    return gaps


def _name_width(participant: Participant) -> int:
    return max(map(cell_len, _header_words(participant)), default=0)


def _ends(event: Event, lanes: int) -> tuple[int, int]:
    """The leftmost and rightmost lane that the arrow touches."""
    if event.target is None:
        return 0, lanes - 1
    return min(event.source, event.target), max(event.source, event.target)


def _header(participants: tuple[Participant, ...], layout: _Layout) -> list[Text]:
    """Names over addresses, one address a line."""
    columns = [_header_words(participant) for participant in participants]
    rows = [[words[row] if row < len(words) else "" for words in columns] for row in range(max(map(len, columns)))]
    lines = []
    for index, words in enumerate(rows):
        canvas = Canvas(layout.width)
        if not index:
            canvas.put(layout.number - 5, "frame", _GUTTER)
            canvas.put(layout.number + 2 + layout.clock - 2, "ms", _GUTTER)
        after = 0
        for lane, word in enumerate(words):
            after = canvas.put(max(after, _header_column(lane, word, layout)), word, "" if index else "bold") + 1
        lines.append(canvas.text())
    return lines


def _header_words(participant: Participant) -> list[str]:
    return [word for word in (participant.name, *participant.addresses) if word]


def _header_column(index: int, word: str, layout: _Layout) -> int:
    """The first name starts at its lane, the last ends there, those between stand over theirs."""
    lane = layout.lanes[index]
    if index == 0:
        return lane
    if index == len(layout.lanes) - 1:
        return lane - cell_len(word) + 1
    return lane - cell_len(word) // 2


def _lanes(layout: _Layout, character: str = "│") -> Canvas:
    canvas = Canvas(layout.width)
    for lane in layout.lanes:
        canvas.put(lane, character, _LANE)
    return canvas


def _event(event: Event, ladder: Ladder, layout: _Layout) -> list[Text]:
    style = STYLES[event.kind]
    above, label = _label_lines(event, layout)
    lines = [_lanes_with(layout, column, words, style).text() for column, words in above]
    canvas = _lanes(layout)
    canvas.put(0, f"{event.number:>{layout.number}}", _GUTTER)
    elapsed_ms = (event.time_ns - ladder.start_ns) / 1e6
    canvas.put(layout.number + 2, f"{elapsed_ms:>{layout.clock}.{layout.decimals}f}", _GUTTER)
    _arrow(canvas, event, label, layout, style)
    marks = wrap(", ".join(event.marks), max(8, layout.marks))
    canvas.put(layout.last + 3, marks[0], _MARK)
    lines.append(canvas.text())
    lines += [_lanes_with(layout, layout.last + 3, mark, _MARK).text() for mark in marks[1:]]
    return lines


def _lanes_with(layout: _Layout, column: int, words: str, style: str) -> Canvas:
    canvas = _lanes(layout)
    canvas.put(column, words, style)
    return canvas


def _label_lines(event: Event, layout: _Layout) -> tuple[list[tuple[int, str]], str]:
    """The lines of the label that stand above its arrow (column, words), and what stands on it."""
    left, right = (layout.lanes[i] for i in _ends(event, len(layout.lanes)))
    source, leftward = layout.lanes[event.source], _leftward(event)
    on_arrow = (source - left if leftward else right - source) + 1 - _ARROW_ROOM
    if cell_len(event.label) <= on_arrow:
        return [], event.label
    if on_arrow >= _BUSY_GAP - _ARROW_ROOM:
        # The last line rides on the arrow, and no other lane is drawn over.
        *above, last = wrap(event.label, on_arrow)
        return [(source - 2 - cell_len(words) if leftward else source + 4, words) for words in above], last
    # Lanes stand too close: the label goes over them, to where there is room.
    start = source if layout.width - source > 40 else layout.first
    return [(start + 1, f" {words} ") for words in wrap(event.label, layout.width - start - 3)], ""


def _leftward(event: Event) -> bool:
    """Which side of its source a label stands on; of an arrow to everybody the left one, where there is one."""
    if event.target is None:
        return event.source > 0
    return event.target < event.source


def _arrow(canvas: Canvas, event: Event, label: str, layout: _Layout, style: str) -> None:
    source = layout.lanes[event.source]
    targets = [layout.first, layout.last] if event.target is None else [layout.lanes[event.target]]
    for target in targets:
        _shaft(canvas, source, target, style, layout)
    if label:
        column = source - 4 - cell_len(label) if _leftward(event) else source + 3
        canvas.put(column, f" {label} ", style)


def _shaft(canvas: Canvas, source: int, target: int, style: str, layout: _Layout) -> None:
    if source == target:
        return
    start, end = (source + 1, target) if source < target else (target + 1, source)
    canvas.line(start, end, "─", style)
    for lane in layout.lanes:
        if start <= lane < end:
            canvas.put(lane, "┼", style)
    canvas.put(*((end - 1, "▶", style) if source < target else (start, "◀", style)))


def _fold(fold: Fold, layout: _Layout) -> Text:
    canvas = _lanes(layout, "┊")
    canvas.put(layout.number - 1, "…", _GUTTER)
    words = f" {clip(fold.text, layout.width - layout.first - 4)} "
    middle = (layout.first + layout.last) // 2
    column = max(layout.first + 1, min(middle - cell_len(words) // 2, layout.width - cell_len(words)))
    canvas.put(column, words, "italic dim")
    return canvas.text()


def _step(step: Step, layout: _Layout) -> list[Text]:
    lines = [_lanes(layout).text()]
    for words in wrap(step.title, layout.width - 6):
        canvas = Canvas(layout.width)
        after = canvas.put(0, f"{'── ' if len(lines) == 1 else '   '}{words} ", "bold yellow")
        lines.append(canvas.text())
    # Only a title's last line leaves room for the rule after it.
    canvas.line(after, layout.last + 1, "─", "dim yellow")
    return [*lines[:-1], canvas.text()]
