"""What this machine permits the lab to do. The rule: looked at, never assumed; and the demo's needs come first."""

from __future__ import annotations

from collections.abc import Iterable

from lab.host.check import Check, State
from lab.host.machine_checks import machine_checks
from lab.host.network_checks import network_checks
from lab.host.program_checks import lab_on_path, program_checks

__all__ = ["Check", "State", "examine", "fit"]


def examine() -> list[Check]:
    """Looks at everything once, in under five seconds; changes nothing."""
    return [*program_checks(), lab_on_path(), *network_checks(), *machine_checks()]


def fit(checks: Iterable[Check]) -> bool:
    """True when `lab demo` can run in full: nothing is missing, though something may be worth a warning."""
    return all(check.state is not State.MISSING for check in checks)
