"""`lab demo`: runs the whole lab once and shows it. Exit code 0 only if every step and every cross-check held."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure

if TYPE_CHECKING:
    from rich.console import Console

    from lab.demo.outcome import Demonstration

CAPTURE, SUMMARY = "demo.pcapng", "summary.json"
NAMES = {
    "10.77.0.1": "peer (kernel)",
    "fd77::1": "peer (kernel)",
    "10.77.0.2": "station (crafted)",
    "fd77::2": "station (crafted)",
    "10.77.0.3": "stranger (crafted)",
    "fd77::3": "stranger (crafted)",
}
"""Who has which address on the lab's own network."""


@click.command("demo")
@click.option("--out", "folder", metavar="DIR", default="lab-demo", show_default=True, help="Where the files go.")
@click.option("--json", "json_path", metavar="FILE", help="Write the summary here too; - is stdout, and only that.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed sends the same file contents again.")
def command(folder: str, json_path: str | None, seed: int | None) -> int:
    """Crafted frames talk echo, FeiQ and TFTP to peers on ordinary sockets; recorded, explained, cross-checked.

    Needs no root: it makes a network of its own, which nothing leaves. Where this machine refuses that, it says why
    and runs on a virtual wire. Exit code 0 only if every step and every cross-check held; 9 if the recording cannot
    be trusted.
    """
    from lab.cli.output import console_err, console_out, write_json
    from lab.demo.run import run
    from lab.demo.summary import document
    from lab.wire.text import safe

    began = time.monotonic()
    talk = console_err()
    place = _folder(folder)
    chosen = random.SystemRandom().getrandbits(32) if seed is None else seed
    talk.print(f"lab demo --seed {chosen}")
    try:
        done = run(chosen, lambda line: talk.print(f"  {safe(line, 400)}", soft_wrap=True))
    except OSError as error:
        raise Failure(f"no wire could be laid: {error}; type: lab doctor", Exit.MACHINE) from None
    _save(done, place / CAPTURE)
    summary = document(done, capture=str(place / CAPTURE))
    write_json(place / SUMMARY, summary)
    if json_path is not None:
        write_json(json_path, summary)
    if json_path != "-":
        console = console_out()
        _show_ladder(console, done)
        _show_bytes(console, done)
        _show_verdict(console, done, place, time.monotonic() - began)
    return int(_exit_code(done))


def _exit_code(done: Demonstration) -> Exit:
    if not done.conclusive:
        return Exit.NO_VERDICT
    return Exit.OK if done.held else Exit.VERDICT_FAILED


def _folder(name: str) -> Path:
    place = Path(name)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(
            f"cannot make the folder {name}: {error.strerror}; name another with --out", Exit.MACHINE
        ) from None
    if not os.access(place, os.W_OK | os.X_OK):
        # Better known now than when the demonstration is over.
        raise Failure(f"{name} may not be written into; name another folder with --out", Exit.MACHINE)
    return place


def _save(done: Demonstration, path: Path) -> None:
    from lab.pcap import Section, save

    section = Section(
        comments=(f"lab demo --seed {done.seed}, on the {done.wire}".encode(),), application=b"packet-lab"
    )
    try:
        save(path, done.records, section=section)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}; name another folder with --out", Exit.MACHINE) from None


def _show_ladder(console: Console, done: Demonstration) -> None:
    from lab.report.ladder import ladder
    from lab.report.terminal import ladder_lines

    drawn = ladder(done.records, title="What crossed the wire", names=NAMES)
    for line in ladder_lines(drawn, console.width):
        console.print(line, soft_wrap=True)


def _show_bytes(console: Console, done: Demonstration) -> None:
    from lab.demo.kinds import one_of_each
    from lab.report.dump import dump
    from lab.report.labels import label, plural
    from lab.report.terminal import dump_lines

    console.print("\nOne packet of each kind, byte by byte", style="bold")
    for record, seen in one_of_each(done.records):
        title = f"frame {record.number}: {label(seen)[0]}, {plural(len(seen.data), 'byte')}"
        console.print()
        for line in dump_lines(dump(seen, title), console.width):
            console.print(line, soft_wrap=True)


def _show_verdict(console: Console, done: Demonstration, place: Path, seconds: float) -> None:
    from lab.cli.output import print_lines
    from lab.demo.verdict import verdict_lines

    console.print()
    print_lines(console, verdict_lines(done))
    console.print(f"\nCapture  {place / CAPTURE}\nSummary  {place / SUMMARY}\n{seconds:.1f} s", soft_wrap=True)
