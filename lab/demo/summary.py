"""The demo's result as plain values for JSON. Keys are kept stable from version to version."""

from __future__ import annotations

from lab import __version__
from lab.demo.outcome import Demonstration


def document(done: Demonstration, *, capture: str) -> dict[str, object]:
    """`capture` is the path of the pcapng. Times are nanoseconds since 1970 UTC, frames count from 1."""
    return {
        "lab_version": __version__,
        "held": done.held,
        "conclusive": done.conclusive,
        "seed": done.seed,
        "wire": done.wire,
        "refusal": done.refusal,
        "interference": done.interference,
        "frames_dropped": done.dropped,
        "capture": capture,
        "steps": [
            {
                "title": step.title,
                "held": step.held,
                "told": step.told,
                "began_ns": step.began_ns,
                "frames": frames_of(done, step.title),
                **({"details": dict(step.details)} if step.details else {}),
            }
            for step in done.steps
        ],
        "crosscheck": done.crosscheck.document(),
    }


def frames_of(done: Demonstration, title: str) -> list[int]:
    """First and last frame of a step; empty when it has none."""
    numbers = [record.number for record in done.records if title.encode() in record.comments]
    return [numbers[0], numbers[-1]] if numbers else []
