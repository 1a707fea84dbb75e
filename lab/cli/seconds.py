"""A number of seconds on the command line. Rule: what comes through can be waited for, so nan and inf do not."""

from __future__ import annotations

import math
from typing import Any

import click

LONGEST_S = 1_000_000
"""Eleven days; the system's own waiting calls end at 24."""


class Seconds(click.FloatRange):
    """From `min` to `max` seconds, finite. UsageError (exit code 2) for everything else."""

    def __init__(self, min: float = 0, max: float = LONGEST_S, *, min_open: bool = False) -> None:  # noqa: A002
        super().__init__(min, max, min_open=min_open)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return number
