"""A verdict as lines of text, for terminals, logs and the demo. Rule: nothing from the wire passes unescaped.

Each line has a tone, so that whoever prints can choose a colour; the words say all of it without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lab.crosscheck.compare import Disagreement
from lab.crosscheck.finding import Finding
from lab.crosscheck.opinions import OPINIONS
from lab.crosscheck.reading import Reading
from lab.crosscheck.result import CrossCheck, Reader
from lab.wire.text import safe

Tone = Literal["head", "plain", "good", "bad", "warning"]

MOST_SHOWN = 20
"""Troubles shown one by one; the rest is named by its frame numbers."""
_MOST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    tone: Tone = "plain"


def verdict_lines(result: CrossCheck, *, most: int = MOST_SHOWN) -> list[Line]:
    """What was checked by whom, every trouble (the first `most` in full), the remarks, the verdict."""
    lines = [_reader_line(result, reader) for reader in result.readers.values()]
    troubles = sorted(
        [(found.frame, _finding_text(found)) for found in result.findings if found.severity == "wrong"]
        + [(found.frame, _disagreement_text(found)) for found in result.disagreements]
    )
    lines += [Line(text, "bad") for _, text in troubles[:most]]
    if len(troubles) > most:
        more = result.counts["wrong"] + result.counts["disagreement"] - most
        frames = ranges(frame for frame, _ in troubles[most:])
        lines.append(Line(f"and {more:,} more, in {frames}", "bad"))
    remarks = [found for found in result.findings if found.severity == "remark"]
    lines += [Line(_finding_text(found), "warning") for found in remarks[:most]]
    if result.counts["remark"] > most:
        lines.append(Line(f"and {result.counts['remark'] - most:,} more remarks", "warning"))
    reasons = {opinion.key: opinion.reason for opinion in OPINIONS}
    for key, times in sorted(result.known.items()):
        lines.append(Line(f"known difference {key}, {times:,} fields: {reasons[key]}"))
    if result.unread_frames:
        lines.append(Line(f"{result.unread_frames:,} frames of a link type that is not read here", "warning"))
    return [*lines, verdict_line(result)]


def verdict_line(result: CrossCheck) -> Line:
    """The verdict in one line."""
    readers = len(result.readers) - len(result.missing_readers)
    checked = f"{result.frames:,} frames, {result.tally.compared:,} fields compared by {readers} readers"
    bad = result.bad_frames
    if bad:
        wrong = result.counts["wrong"] + result.counts["disagreement"]
        return Line(f"FAILED: {checked}; {wrong:,} wrong, in {ranges(bad)}", "bad")
    if result.failed_readers:
        return Line(f"NO VERDICT: {checked}; a reader failed", "bad")
    if result.damage:
        return Line(f"DAMAGED: {checked}, all in order; then {result.damage}", "bad")
    if result.frames and result.frames == result.unread_frames:
        return Line(f"NO VERDICT: {result.frames:,} frames, none of a link type that is read here", "bad")
    if result.missing_readers:
        return Line(f"in order: {checked}; {len(result.missing_readers)} reader missing, see above", "warning")
    return Line(f"in order: {checked}", "good")


def ranges(numbers: Iterable[int]) -> str:
    """`frames 1-3, 7, 9-12`, or `frame 7`."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    words = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)
    return f"frame {words}" if words.isdigit() else f"frames {words}"


def _reader_line(result: CrossCheck, reader: Reader) -> Line:
    if reader.available:
        return Line(f"{reader.name} reading: {safe(reader.available)}", "warning")
    name = f"{reader.name} {reader.version}".strip()
    text = f"{name}: {result.tally.given.get(reader.name, 0):,} fields compared"
    if unread := result.tally.unread.get(reader.name, 0):
        text += f", {unread:,} not read"
    if rebuilt := result.rebuilt.get(reader.name, 0):
        text += f", {rebuilt:,} frames rebuilt byte for byte"
    return Line(text)


def _finding_text(found: Finding) -> str:
    raw = f" [{_hex(found.raw)}]" if found.raw else ""
    return f"frame {found.frame}: {found.field} at byte {found.offset}{raw}: {safe(found.sentence)}"


def _disagreement_text(found: Disagreement) -> str:
    says = "; ".join(f"{reader} {_reading_text(reading)}" for reader, reading in found.says.items())
    place = f"frame {found.frame}: {found.field} at byte {found.offset} [{_hex(found.raw)}]"
    return f"{place}: readers differ in {', '.join(found.differs)}: {says}"


def _reading_text(reading: Reading | None) -> str:
    if reading is None:
        return "does not see it"
    if isinstance(reading.value, bytes):
        value = f"'{safe(reading.value, 60)}'"
    else:
        value = f"{reading.value}" + (f" ({reading.order})" if reading.order else "")
    return f"{value} at {_place(reading.offset_bits)}+{_place(reading.width_bits)}"


def _place(bits: int) -> str:
    """Bytes, and bits where there are any over: `44`, `20.3`."""
    return f"{bits // 8}" + (f".{bits % 8}" if bits % 8 else "")


def _hex(raw: bytes) -> str:
    return raw[:_MOST_BYTES].hex(" ") + (" …" if len(raw) > _MOST_BYTES else "")
