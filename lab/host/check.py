"""One thing that the doctor looked at. The rule: whatever is not ok comes with the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`missing` means that `lab demo` cannot run in full; `warn` that something smaller is wanting."""

    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is what was looked at, `found` what was there, `fix` a command to type (or what else to do)."""

    name: str
    state: State
    found: str
    fix: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name, State.OK, found)


def warn(name: str, found: str, fix: str) -> Check:
    return Check(name, State.WARN, found, fix)


def missing(name: str, found: str, fix: str) -> Check:
    return Check(name, State.MISSING, found, fix)
