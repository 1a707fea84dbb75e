"""`lab ports`: what is bound here and by whom, the ranges, and whether one port is free. Only shows and asks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.output import console_err, console_out, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from lab.host.ports import Attempt, Holder, PortRange

_RESULT_STYLES = {"free": "bold green", "busy": "bold red", "not permitted": "bold yellow", "not available": "dim"}


@click.command("ports")
@click.argument("port", required=False)
@click.option("--all", "everything", is_flag=True, help="TCP connections too, not only what listens.")
@click.option("--json", "json_path", metavar="FILE", help="Write it as JSON too; - is stdout, and only that.")
def command(port: str | None, everything: bool, json_path: str | None) -> int:
    """What is bound on this machine and by whom, and how the 65,536 ports are divided; with PORT, whether it is free.

    A port counts as free when a socket could be bound to it just now, UDP and TCP, IPv4 and IPv6.

    Exit code with PORT: 0 if it is free, 1 if somebody holds it, 4 if it is free but not for this user.
    """
    from lab.host import ports

    try:
        number = None if port is None else ports.port_number(port)
    except ValueError as error:
        raise Failure(str(error), Exit.USAGE) from None
    return _report(number, everything, json_path)


def _report(port: int | None, everything: bool, json_path: str | None) -> Exit:
    from lab.host import ports

    try:
        held = ports.holders(port=port, everything=everything)
    except OSError as error:
        raise Failure(f"the sockets of this machine cannot be listed: {error}; run as root", Exit.MACHINE) from None
    ranges = ports.ranges() if port is None else ports.ranges_of(port)
    attempts = ports.try_to_bind(port) if port else ()
    if json_path:
        write_json(json_path, _document(port, held, ranges, attempts))
    if json_path != "-":
        console = console_out()
        if port is None:
            _show_bound(console, held)
            _show_ranges(console, ranges)
        else:
            _show_one(console, port, held, ranges, attempts)
    if hidden := ports.hidden(held):
        _tell_hidden(hidden)
    return _verdict(attempts)


def _verdict(attempts: Sequence[Attempt]) -> Exit:
    results = {attempt.result.value for attempt in attempts}
    if "busy" in results:
        return Exit.VERDICT_FAILED
    return Exit.PRIVILEGE if "not permitted" in results else Exit.OK


def _document(
    port: int | None, held: Sequence[Holder], ranges: Sequence[PortRange], attempts: Sequence[Attempt]
) -> dict[str, object]:
    from lab.host import ports

    document: dict[str, object] = {
        "bound": [asdict(one) | {"service": ports.service(one.port)} for one in held],
        "hidden_owners": ports.hidden(held),
        "ranges": [asdict(one) for one in ranges],
        "first_unprivileged": ports.first_unprivileged(),
    }
    if port is not None:
        document |= {
            "port": port,
            "service": ports.service(port),
            "free": bool(attempts) and _verdict(attempts) is Exit.OK,
            "attempts": [asdict(attempt) for attempt in attempts],
        }
    return document


def _show_bound(console: Console, held: Sequence[Holder]) -> None:
    from rich.text import Text

    if not held:
        console.print("Nothing is bound on this machine: no UDP socket, no listening TCP socket.")
        return
    console.print(Text("Bound on this machine", "bold"))
    console.print(_holders_table(held))


def _holders_table(held: Sequence[Holder]) -> object:
    from rich.table import Table
    from rich.text import Text

    from lab.host import ports
    from lab.wire.text import safe

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("port", justify="right")
    for heading in ("protocol", "address", "state", "process", "pid", "user", "usually"):
        table.add_column(heading)
    for one in held:
        known = Text("hidden", "yellow") if one.pid is None else Text(safe(one.process) or "gone", "bold")
        style = "cyan" if one.protocol == "udp" else "magenta"
        table.add_row(
            Text(str(one.port), f"bold {style}"), Text(f"{one.protocol}/{one.family}", style), safe(one.address),
            one.state, known, str(one.pid or ""), safe(one.user), Text(ports.service(one.port), "dim"),
        )  # fmt: skip
    return table


def _show_ranges(console: Console, ranges: Sequence[PortRange]) -> None:
    from rich.text import Text

    from lab.host import ports

    console.print()
    console.print(Text("How the ports are divided", "bold"))
    console.print(_ranges_table(ranges))
    first = ports.first_unprivileged()
    console.print(f"Ordinary users of this machine may bind ports from {first} on (ip_unprivileged_port_start).")


def _ranges_table(ranges: Sequence[PortRange]) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for one in ranges:
        span = str(one.first) if one.first == one.last else f"{one.first}-{one.last}"
        table.add_row(Text(span, "bold"), one.name, one.meaning, Text(one.source, "dim"))
    return table


def _show_one(
    console: Console, port: int, held: Sequence[Holder], ranges: Sequence[PortRange], attempts: Sequence[Attempt]
) -> None:
    from rich.text import Text

    from lab.host import ports

    usual = ports.service(port)
    console.print(Text(f"Port {port}" + (f", usually {usual}" if usual else ""), "bold"))
    console.print(_ranges_table(ranges))
    if attempts:
        console.print()
    for attempt in attempts:
        console.print(
            Text.assemble(
                f"{attempt.protocol}/{attempt.family}  ",
                (attempt.result.value, _RESULT_STYLES[attempt.result.value]),
                (_because(attempt, held), "dim"),
            )
        )
    if held:
        console.print()
        console.print(_holders_table(held))


def _because(attempt: Attempt, held: Sequence[Holder]) -> str:
    from lab.wire.text import safe

    match attempt.result.value:
        case "busy":
            names = sorted({safe(one.process) or "hidden" for one in held if one.protocol == attempt.protocol})
            return f"  held by {', '.join(names)}" if names else f"  {attempt.why}"
        case "free":
            return ""
        case _:
            return f"  {attempt.why}"


def _tell_hidden(hidden: int) -> None:
    import os

    root = os.geteuid() == 0
    words = "the kernel or another container has them" if root else "to see them: sudo $(command -v lab) ports"
    sockets = "1 socket" if hidden == 1 else f"{hidden} sockets"
    console_err().print(f"The owner of {sockets} is hidden from this user; {words}.", soft_wrap=True)
