"""The face for a terminal: models as lines of styled text. `plain` takes the colours off for a file.

Everything that a colour says is also said by a letter, a bracket, a mark or a word.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from lab.report.field_lines import fault_lines, field_lines
from lab.report.hex_lines import hex_lines
from lab.report.ladder_lines import ladder_lines
from lab.report.model import Dump

__all__ = ["dump_lines", "ladder_lines", "plain"]

NARROWEST = 80
"""A row of sixteen bytes needs 75 columns."""


def dump_lines(dump: Dump, width: int, *, full: bool = False) -> list[Text]:
    """Title, bytes, table of fields, what is wrong. Long runs in one field are folded unless `full`."""
    width = max(width, NARROWEST)
    lines = [Text(dump.title, "bold", no_wrap=True), Text()] if dump.title else []
    lines += hex_lines(dump, width, full=full)
    if dump.spans:
        lines += [Text(), *field_lines(dump, width)]
    if dump.faults:
        lines += [Text(), *fault_lines(dump, width)]
    return lines


def plain(lines: Iterable[Text]) -> str:
    """Lines for a text file: the same words and brackets without any colour."""
    return "".join(line.plain.rstrip() + "\n" for line in lines)
