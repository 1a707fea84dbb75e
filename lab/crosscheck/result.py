"""What a cross-check found, for people and for JSON. Rule: who did not read is named, and never counted as agreeing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lab.crosscheck.compare import Disagreement, Tally
from lab.crosscheck.finding import Finding
from lab.crosscheck.opinions import OPINIONS
from lab.crosscheck.reading import Reading

MOST_LISTED = 1000
"""Disagreements, wrongs and remarks kept in full, of each kind; a hostile capture could hold millions. All are counted,
and no remark takes the place of something wrong."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the readers. `available` is "" where it read, else one line that says why not."""

    name: str
    available: str = ""
    version: str = ""


@dataclass(slots=True)
class CrossCheck:
    """The whole verdict on one capture or one list of frames."""

    frames: int = 0
    readers: dict[str, Reader] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    disagreements: list[Disagreement] = field(default_factory=list)
    """Those that no opinion covers."""
    known: Counter[str] = field(default_factory=Counter)
    """How often each opinion was needed, by its key."""
    findings: list[Finding] = field(default_factory=list)
    rebuilt: Counter[str] = field(default_factory=Counter)
    """Frames that came back byte for byte from a reader's field values."""
    unread_frames: int = 0
    """Frames of a link type that no reader reads, so nothing was checked in them."""
    counts: Counter[str] = field(default_factory=Counter)
    """All there were, listed or not: "disagreement", "wrong", "remark"."""
    bad: set[int] = field(default_factory=set)
    """The numbers of the frames that something is wrong with, whether or not it is still among those listed."""
    damage: str = ""
    """Where the capture file itself is damaged, after the frames counted here."""

    def add_disagreement(self, found: Disagreement) -> None:
        if found.opinion is not None:
            self.known[found.opinion.key] += 1
            return
        self.counts["disagreement"] += 1
        self.bad.add(found.frame)
        if len(self.disagreements) < MOST_LISTED:
            self.disagreements.append(found)

    def add_finding(self, found: Finding) -> None:
        self.counts[found.severity] += 1
        if found.severity == "wrong":
            self.bad.add(found.frame)
        if self.counts[found.severity] <= MOST_LISTED:
            self.findings.append(found)

    @property
    def agreed(self) -> bool:
        """Nothing wrong was found by the readers that were there. A missing tshark does not make this False."""
        return not self.counts["disagreement"] and not self.counts["wrong"] and not self.failed_readers

    @property
    def failed_readers(self) -> list[Reader]:
        """Readers that began and did not get to the end."""
        return [reader for reader in self.readers.values() if reader.available.startswith("failed")]

    @property
    def missing_readers(self) -> list[Reader]:
        return [reader for reader in self.readers.values() if reader.available]

    @property
    def bad_frames(self) -> list[int]:
        """The numbers of the frames that something is wrong with."""
        return sorted(self.bad)

    def document(self) -> dict[str, object]:
        """The verdict as plain values for JSON; bytes are hex."""
        reasons = {opinion.key: opinion.reason for opinion in OPINIONS}
        return {
            "agreed": self.agreed,
            "frames": self.frames,
            "unread_frames": self.unread_frames,
            "damage": self.damage,
            "readers": {
                reader.name: {
                    "available": not reader.available,
                    "why_not": reader.available,
                    "version": reader.version,
                    "fields_compared": self.tally.given.get(reader.name, 0),
                    "fields_not_read": self.tally.unread.get(reader.name, 0),
                    "frames_rebuilt": self.rebuilt.get(reader.name, 0),
                }
                for reader in self.readers.values()
            },
            "fields_compared": self.tally.compared,
            "fields_read_by_one": self.tally.alone,
            "counts": dict(self.counts),
            "bad_frames": self.bad_frames,
            "disagreements": [_disagreement(found) for found in self.disagreements],
            "known_differences": [
                {"key": key, "times": times, "reason": reasons[key]} for key, times in sorted(self.known.items())
            ],
            "findings": [
                {
                    "frame": found.frame,
                    "severity": found.severity,
                    "field": found.field,
                    "offset": found.offset,
                    "raw": found.raw.hex(),
                    "sentence": found.sentence,
                }
                for found in self.findings
            ],
        }


def _disagreement(found: Disagreement) -> dict[str, object]:
    return {
        "frame": found.frame,
        "field": found.field,
        "differs": list(found.differs),
        "offset": found.offset,
        "raw": found.raw.hex(),
        "says": {reader: _reading(reading) for reader, reading in found.says.items()},
    }


def _reading(reading: Reading | None) -> dict[str, object] | None:
    if reading is None:
        return None
    return {
        "offset_bits": reading.offset_bits,
        "width_bits": reading.width_bits,
        "order": reading.order,
        "value": reading.value.hex() if isinstance(reading.value, bytes) else reading.value,
    }
