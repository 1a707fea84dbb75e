"""`lab check`: is every frame of a capture right, and do three readers read it alike? Prints, and judges nothing.

Exit code: 8 where a file could not be opened, else 1 where anything was wrong in any, else 6 where a file is damaged or
no capture, else 9 where nothing could be judged, else 0. A machine without tshark is told so, and its verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit

if TYPE_CHECKING:
    from lab.crosscheck.result import CrossCheck

_WORST_FIRST = (Exit.MACHINE, Exit.VERDICT_FAILED, Exit.UNDECODABLE, Exit.NO_VERDICT, Exit.OK)
_PORT = click.IntRange(1, 65535)


@click.command("check", no_args_is_help=True)
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option(
    "--tftp-port", "tftp_ports", type=_PORT, multiple=True, metavar="N", help="TFTP is also served at port N."
)
@click.option(
    "--feiq-port", "feiq_ports", type=_PORT, multiple=True, metavar="N", help="FeiQ is also spoken at port N."
)
@click.option("--json", "json_path", metavar="FILE", help="Write the verdict as JSON too; - is stdout, and only that.")
def command(
    captures: tuple[str, ...], tftp_ports: tuple[int, ...], feiq_ports: tuple[int, ...], json_path: str | None
) -> int:
    """Byte order and framing of every frame of captures, by three readings.

    Lengths, checksums (offloaded ones are recognised), terminating NULs, padding, block numbers; then every field as
    the lab's own reader, Scapy and tshark read it, offset by offset; then each frame rebuilt from its fields.
    CAPTURE is pcap or pcapng, gzipped or not; - is standard input.

    \b
      lab check captures/*.pcapng
      lab check transfer.pcap --tftp-port 6969 --json verdict.json

    Exit code 1 with the frame numbers if anything is wrong, 6 if a capture is damaged (after all that precedes the
    damage was checked), 8 if there is no such file.
    """
    exits: list[Exit] = []
    documents: list[dict[str, object]] = []
    for path in captures:
        code, document = _check(path, tftp_ports, feiq_ports, quiet=json_path == "-")
        exits.append(code)
        documents.append({"file": path, "exit_code": int(code), **document})
    if json_path is not None:
        from lab.cli.output import write_json

        write_json(json_path, {"captures": documents})
    return int(next(code for code in _WORST_FIRST if code in exits))


def _check(
    path: str, tftp_ports: tuple[int, ...], feiq_ports: tuple[int, ...], *, quiet: bool
) -> tuple[Exit, dict[str, object]]:
    from lab.crosscheck.check import cross_check
    from lab.pcap import CaptureError, open_capture

    try:
        with open_capture(path) as capture, _progress(path) as progress:
            result = cross_check(capture, tftp_ports=tftp_ports, feiq_ports=feiq_ports, progress=progress)
    except OSError as error:
        return _refused(path, f"{error.strerror}; name a capture file", Exit.MACHINE)
    except CaptureError as error:
        return _refused(path, f"not a capture: {error.what}", Exit.UNDECODABLE)
    for reader in result.missing_readers:
        click.echo(f"lab: {reader.name} reading: {_safe(reader.available)}", err=True)
    if not quiet:
        _show(path, result)
    if result.damage:
        click.echo(f"lab: {_safe(path)}: damaged: {result.damage}; {result.frames} frames before it", err=True)
    return _exit(result), result.document()


@contextmanager
def _progress(path: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while it takes its time (some 500 frames a second), where somebody watches."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from lab.cli.output import console_err

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = console_err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(_safe(path), total=None)
        yield lambda done, frames: bar.update(task, completed=done, total=frames)


def _exit(result: CrossCheck) -> Exit:
    if result.bad_frames:
        return Exit.VERDICT_FAILED
    if result.damage:
        return Exit.UNDECODABLE
    if result.failed_readers or (result.frames and result.frames == result.unread_frames):
        return Exit.NO_VERDICT
    return Exit.OK


def _refused(path: str, why: str, code: Exit) -> tuple[Exit, dict[str, object]]:
    click.echo(f"lab: {_safe(path)}: {why}", err=True)
    return code, {"error": why}


def _safe(text: str) -> str:
    from lab.wire.text import safe

    return safe(text)


def _show(path: str, result: CrossCheck) -> None:
    from lab.cli.output import console_out, print_lines
    from lab.crosscheck.lines import Line, verdict_lines

    out = console_out()
    print_lines(out, [Line(_safe(path), "head")])
    print_lines(out, verdict_lines(result), indent="  ")
