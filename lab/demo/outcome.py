"""What the demo found, as values: each step, and whether it held. Nothing here runs or prints anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.crosscheck.result import CrossCheck
from lab.pcap import Record

Detail = str | int | bool


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One step. `told` is one sentence: what was seen, or what went wrong. Times are the wall clock's."""

    title: str
    held: bool
    told: str
    began_ns: int
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The whole run. `wire` says what it ran on; `refusal` why that was not the private network, and the fix."""

    wire: str
    refusal: str
    seed: int
    steps: tuple[StepOutcome, ...]
    records: tuple[Record, ...]
    interference: str
    """Why the recording cannot be trusted, or nothing."""
    dropped: int
    crosscheck: CrossCheck

    @property
    def conclusive(self) -> bool:
        """False when the lab's own instrument failed: then neither success nor failure means anything."""
        return not self.interference and not self.dropped

    @property
    def held(self) -> bool:
        return all(step.held for step in self.steps) and self.crosscheck.agreed
