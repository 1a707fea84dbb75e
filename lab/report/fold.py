"""Long regular stretches of a ladder become one line. Rule: whatever is marked, or breaks the step, stays in sight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from lab.report.labels import plural
from lab.report.model import Event, Fold, Row

_HEAD, _TAIL = 1, 1
"""Windows that stay in sight at both ends of a stretch; of single blocks, one more at its head."""
_LEAST_WINDOWS = 3
_LEAST_LOOSE = 12
"""Fewer frames than this are not worth a fold where the step is irregular."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What folding needs to know of a plain DATA or ACK: whose, which way, which block, how many bytes."""

    flow: frozenset[tuple[str, int]]
    is_data: bool
    block: int
    size: int


@dataclass(frozen=True, slots=True)
class _Window:
    """Frames `start` to `end` (not included) of the rows: DATA of one size, and the ACK of the last of them."""

    start: int
    end: int
    first: Beat
    last: Beat

    @property
    def blocks(self) -> int:
        return self.end - self.start - 1

    def goes_on_in(self, other: _Window) -> bool:
        same = (self.first.flow, self.first.size, self.blocks) == (other.first.flow, other.first.size, other.blocks)
        return same and self.end == other.start and _follows(self.last, other.first)


def fold(rows: list[Row], beats: list[Beat | None]) -> tuple[Row, ...]:
    """`rows` with their regular stretches folded; `beats` runs beside them, None for what must stay in sight."""
    folds = _regular(beats)
    folds |= _loose(beats, {index for start, (end, _) in folds.items() for index in range(start, end)})
    kept: list[Row] = []
    index = 0
    while index < len(rows):
        if index in folds:
            end, words = folds[index]
            kept.append(_fold(words, [row for row in rows[index:end] if isinstance(row, Event)]))
            index = end
        else:
            kept.append(rows[index])
            index += 1
    return tuple(kept)


def _regular(beats: list[Beat | None]) -> dict[int, tuple[int, str]]:
    """Start of each fold to its end and words, for windows that follow each other evenly."""
    windows = _windows(beats)
    folds = {}
    start = 0
    while start < len(windows):
        end = start + 1
        while end < len(windows) and windows[end - 1].goes_on_in(windows[end]):
            end += 1
        hidden = windows[start + _HEAD + (windows[start].blocks == 1) : end - _TAIL]
        if len(hidden) >= _LEAST_WINDOWS:
            blocks = hidden[0].blocks
            what = (
                f"{plural(len(hidden), 'more window')} of {plural(blocks, 'block')}"
                if blocks > 1
                else f"{plural(len(hidden), 'more block')}, each acknowledged"
            )
            folds[hidden[0].start] = (hidden[-1].end, what)
        start = end
    return folds


def _windows(beats: list[Beat | None]) -> list[_Window]:
    windows = []
    start = 0
    while start < len(beats):
        first = beats[start]
        end = start + 1
        if first is None or not first.is_data:
            start = end
            continue
        last = first
        while end < len(beats) and (beat := beats[end]) is not None and beat.is_data and _next_in_window(last, beat):
            last = beat
            end += 1
        ack = beats[end] if end < len(beats) else None
        if ack is not None and not ack.is_data and ack.flow == first.flow and ack.block == last.block:
            windows.append(_Window(start, end + 1, first, last))
            end += 1
        start = end
    return windows


def _next_in_window(last: Beat, beat: Beat) -> bool:
    return beat.flow == last.flow and beat.size == last.size and _follows(last, beat)


def _follows(last: Beat, beat: Beat) -> bool:
    """The next block number; after 65535 it is 0, or 1 with some peers."""
    return beat.block == (last.block + 1) % 65536 or (last.block == 65535 and beat.block == 1)


def _loose(beats: list[Beat | None], taken: set[int]) -> dict[int, tuple[int, str]]:
    """Long stretches of one flow's unmarked DATA and ACK in any order."""
    folds = {}
    start = 0
    while start < len(beats):
        first = beats[start]
        end = start + 1
        if first is None or start in taken:
            start = end
            continue
        while end < len(beats) and end not in taken and (beat := beats[end]) is not None and beat.flow == first.flow:
            end += 1
        begin, finish = start + _HEAD * 2, end - _TAIL * 2
        if finish - begin >= _LEAST_LOOSE:
            data = sum(1 for beat in beats[begin:finish] if beat is not None and beat.is_data)
            acks = finish - begin - data
            folds[begin] = (finish, f"{data} more DATA and {acks} more ACK, in uneven step")
        start = end
    return folds


def _fold(words: str, events: list[Event]) -> Fold:
    longest_ms = max((b.time_ns - a.time_ns for a, b in pairwise(events)), default=0) / 1e6
    pause = f", longest pause {longest_ms:.0f} ms" if longest_ms >= 100 else ""
    return Fold(f"… {words}: frames {events[0].number}–{events[-1].number}{pause} …", tuple(events))
