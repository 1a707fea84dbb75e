"""Puts frames through the cross-check as a capture would bring them."""

from __future__ import annotations

from lab.crosscheck.check import cross_check
from lab.crosscheck.result import CrossCheck
from lab.crosscheck.tshark import MISSING, Tshark
from lab.pcap import Record


def records(*frames: bytes) -> list[Record]:
    return [Record(number, number * 1_000_000, data, len(data)) for number, data in enumerate(frames, 1)]


def checked(*frames: bytes, use: Tshark | str = MISSING) -> CrossCheck:
    """Without `use` there is no tshark, so the test needs none and is fast."""
    return cross_check(records(*frames), use=use)


def says(result: CrossCheck) -> list[tuple[int, str, tuple[str, ...]]]:
    """Frame, field and difference of each disagreement."""
    return [(found.frame, found.field, found.differs) for found in result.disagreements]


def troubles(result: CrossCheck) -> list[tuple[int, str]]:
    """Frame and field of each finding that is wrong."""
    return [(found.frame, found.field) for found in result.findings if found.severity == "wrong"]
