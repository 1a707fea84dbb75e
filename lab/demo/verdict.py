"""The demo's verdict as lines: each step, each reader, and the last word. How they look is the printer's business."""

from __future__ import annotations

from collections.abc import Iterator

from lab.crosscheck.lines import Line
from lab.crosscheck.lines import verdict_lines as crosscheck_lines
from lab.demo.outcome import Demonstration
from lab.wire.text import safe


def verdict_lines(done: Demonstration) -> Iterator[Line]:
    """Everything that decides the exit code, and what is missing where tshark is not here."""
    yield Line("The steps", "head")
    for step in done.steps:
        told = f"{step.title}: {safe(step.told, 400)}"
        yield Line(f"✓ {told}", "good") if step.held else Line(f"✗ {told}", "bad")
    yield Line("")
    yield Line("The cross-check", "head")
    yield from crosscheck_lines(done.crosscheck)
    yield Line("")
    yield _last_word(done)


def _last_word(done: Demonstration) -> Line:
    if not done.conclusive:
        why = done.interference or f"{done.dropped} frames were lost by the recorder"
        return Line(f"No verdict: the recording cannot be trusted: {why}", "warning")
    wire = f"on the {done.wire}"
    if not done.held:
        broken = sum(not step.held for step in done.steps)
        words = f"{broken} of {len(done.steps)} steps did not hold" if broken else "the readings disagree"
        return Line(f"Failed {wire}: {words}", "bad")
    missing = [reader.name for reader in done.crosscheck.missing_readers]
    readers = len(done.crosscheck.readers) - len(missing)
    held = f"All {len(done.steps)} steps held {wire}"
    agree = f"{readers} independent readings of {len(done.records)} frames agree"
    if missing:
        return Line(f"{held}; {agree}, without the {' and '.join(missing)} reading.", "warning")
    return Line(f"{held}; {agree}.", "good")
