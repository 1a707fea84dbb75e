"""Cells, wrapping and clipping, with characters of every width."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from lab.report.canvas import Canvas, clip, wrap


def test_text_laid_over_a_line_replaces_its_cells() -> None:
    canvas = Canvas(10)
    canvas.line(0, 10, "─")
    assert canvas.put(2, " 中 ") == 6
    assert canvas.text().plain == "── 中 ────"


def test_a_combining_mark_takes_no_cell() -> None:
    canvas = Canvas(4)
    assert canvas.put(0, "e\u0301x") == 2
    assert canvas.text().plain == "e\u0301x"


def test_what_falls_off_the_edge_is_gone_and_half_a_wide_character_is_not_drawn() -> None:
    canvas = Canvas(3)
    canvas.put(0, "ab中")
    canvas.put(-1, "z")
    assert canvas.text().plain == "ab"


def test_clipped_text_says_so() -> None:
    assert clip("boot.img", 8) == "boot.img"
    assert clip("boot.img", 7) == "boot.i…"
    assert clip("中文", 3) == "中…"
    assert clip("中文", 0) == ""


def test_words_in_parentheses_stay_together() -> None:
    assert wrap("DATA 1 (512 bytes)", 12) == ["DATA 1", "(512 bytes)"]


def test_a_closing_quote_is_not_left_alone() -> None:
    assert wrap('"abcdefgh"', 9) == ['"abcdefg', 'h"']


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=80), st.integers(2, 30))
def test_wrapping_keeps_every_character_and_no_line_is_too_wide(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= columns for line in lines)
