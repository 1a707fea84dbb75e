"""One line of a terminal as cells, so that text may be laid over lines; a wide character takes two cells, always."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len
from rich.text import Text

_BREAKS = re.compile(r" (?![^()]*\))")


class Canvas:
    """A row of `width` blanks to draw on from left to right or in any order; what falls off the edge is gone."""

    def __init__(self, width: int) -> None:
        self._cells = [" "] * width
        self._styles = [""] * width

    def put(self, column: int, text: str, style: str = "") -> int:
        """Lays `text` down from `column` on and returns the column after it."""
        for character in text:
            width = cell_len(character)
            if width == 0:
                # A combining mark belongs to the character before it and takes no room.
                if 0 < column <= len(self._cells):
                    self._cells[column - 1] += character
                continue
            if column >= 0 and column + width <= len(self._cells):
                self._cells[column] = character
                self._styles[column] = style
                if width == 2:
                    self._cells[column + 1] = ""
                    self._styles[column + 1] = style
            column += width
        return column

    def line(self, start: int, end: int, character: str, style: str = "") -> None:
        """Repeats a one-cell character from `start` up to, not including, `end`."""
        self.put(start, character * max(0, end - start), style)

    def text(self) -> Text:
        """The line with its styles, without the blanks at its end."""
        text = Text(no_wrap=True, overflow="ignore")
        for style, run in groupby(zip(self._cells, self._styles, strict=True), key=itemgetter(1)):
            text.append("".join(character for character, _ in run), style or None)
        text.rstrip()
        return text


def clip(text: str, columns: int) -> str:
    """`text` in at most `columns` cells; what had to go is told by an ellipsis."""
    if cell_len(text) <= columns:
        return text
    kept, used = "", 0
    for character in text:
        used += cell_len(character)
        if used > columns - 1:
            break
        kept += character
    return kept + "…" if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """Breaks `text` at blanks into lines of at most `columns` cells; a word that is too long is cut.

    What stands in parentheses counts as one word.
    """
    lines, current = [], ""
    for word in _BREAKS.split(text):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= columns:
            current = joined
            continue
        if current:
            lines.append(current)
        current = word
        while cell_len(current) > columns:
            head = _head(current, columns)
            if len(current) - len(head) == 1 < len(head):
                # One closing quote alone on a line looks lost.
                head = head[:-1]
            lines.append(head)
            current = current[len(head) :]
    return [*lines, current]


def _head(text: str, columns: int) -> str:
    """The longest beginning that fits, and at least one character so that the caller gets on."""
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > columns and index:
            return text[:index]
    return text
