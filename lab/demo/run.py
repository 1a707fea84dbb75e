"""The whole lab in one run: crafted frames talk to peers on sockets, recorded, then read three times over.

`run` puts rooms together and decides nothing about protocols; showing the result is for the command line.
"""

from __future__ import annotations

import random
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.craft.error import BuildError, ExchangeError
from lab.crosscheck.check import cross_check
from lab.demo.bench import Bench, interference, open_bench
from lab.demo.outcome import Demonstration, StepOutcome
from lab.demo.steps import STEPS, DidNotHold, Step
from lab.link.tap import Recorded
from lab.pcap import Record


def run(seed: int, progress: Callable[[str], None]) -> Demonstration:
    """Runs every step over every IP version of the bench, then cross-checks the recording.

    The same seed makes the same file contents. `progress` gets a line for each thing begun. Raises OSError where
    neither wire can be laid; a step that does not hold is an outcome, not an error.
    """
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="packet-lab-") as root, open_bench(Path(root)) as bench:
        progress(f"on the {bench.wire}" + (f" ({bench.refusal})" if bench.refusal else ""))
        outcomes = []
        for family in bench.families:
            for step in STEPS:
                outcomes.append(_perform(step, bench, family, chance))
                progress(f"{outcomes[-1].title}: {outcomes[-1].told}")
        recorded, dropped = bench.stop_recording()
        doubt = interference(recorded, bench.witness)
    records = _commented(recorded, outcomes)
    progress(f"cross-checking {len(records)} frames")
    return Demonstration(
        wire=bench.wire,
        refusal=bench.refusal,
        seed=seed,
        steps=tuple(outcomes),
        records=records,
        interference=doubt,
        dropped=dropped,
        crosscheck=cross_check(records),
    )


def _perform(step: Step, bench: Bench, family: int, chance: random.Random) -> StepOutcome:
    title = f"{step.title}, over IPv{family}"
    began_ns = time.time_ns()
    try:
        told, details = step.run(bench, family, chance)
    except (DidNotHold, ExchangeError, BuildError, OSError) as broken:
        return StepOutcome(title, False, str(broken), began_ns)
    return StepOutcome(title, True, told, began_ns, details)


def _commented(recorded: Sequence[Recorded], steps: Sequence[StepOutcome]) -> tuple[Record, ...]:
    """The frames as records, each with the step in whose time it fell."""
    starts = [step.began_ns for step in steps]
    records = []
    for number, (time_ns, frame) in enumerate(recorded, 1):
        place = max(bisect_right(starts, time_ns) - 1, 0)
        records.append(Record(number, time_ns, frame, len(frame), comments=(steps[place].title.encode(),)))
    return tuple(records)
