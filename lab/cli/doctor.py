"""`lab doctor`: what this machine permits the lab to do, each thing with its fix. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.output import console_err, console_out, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.host.check import Check

_STYLES = {"ok": "bold green", "warn": "bold yellow", "missing": "bold red"}


@click.command("doctor")
@click.option("--json", "json_path", metavar="FILE", help="Write it as JSON too; - is stdout, and only that.")
def command(json_path: str | None) -> int:
    """Look at this machine: namespaces, rights, tshark, Python, ports, locale, and what mends what is wanting.

    Exit code 0 if `lab demo` can run in full here, warnings or not; 1 if something that it needs is missing.
    """
    from lab.host.doctor import examine, fit

    checks = examine()
    sound = fit(checks)
    if json_path:
        write_json(json_path, {"fit": sound, "checks": [asdict(check) for check in checks]})
    if json_path != "-":
        _show(checks)
    wanting = [check.name for check in checks if check.state == "missing"]
    if wanting:
        words = f"`lab demo` cannot run in full here, it needs: {', '.join(wanting)}."
    else:
        words = "`lab demo` can run in full here."
    counts = ", ".join(f"{sum(one.state == state for one in checks)} {state}" for state in _STYLES)
    console_err().print(f"{words} ({counts})", soft_wrap=True)
    return Exit.OK if sound else Exit.VERDICT_FAILED


def _show(checks: Sequence[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    from lab.wire.text import safe

    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        table.add_row(Text(check.state, _STYLES[check.state]), Text(check.name, "bold"), safe(check.found))
        if check.fix:
            table.add_row("", Text("fix", "dim"), Text(safe(check.fix), "cyan"))
    console_out().print(table)
