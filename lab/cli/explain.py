"""`lab explain`: every byte of one packet, from hex digits or a capture. Shows all it can, then says what is wrong."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure

if TYPE_CHECKING:
    from lab.report.model import Dump
    from lab.report.pick import Picked
    from lab.wire.frame import Dissection

STARTS = ("ethernet", "ipv4", "ipv6", "udp", "tftp", "feiq")

_CAPTURE_MAGICS = tuple(
    bytes.fromhex(magic) for magic in ("0a0d0d0a", "a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "1f8b")
)
"""pcapng, pcap in either byte order and resolution, gzip."""

_MOST_HEX_INPUT = 1024 * 1024


class _Explain(click.Command):
    """Takes `-:7` for what it means here; click would take it for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        frames = [word for word in args if re.fullmatch(r"-:\d+", word)]
        if frames and "--" not in args:
            args = [*(word for word in args if word not in frames), "--", *frames]
        return super().parse_args(ctx, args)


@click.command("explain", cls=_Explain, no_args_is_help=True)
@click.argument("what", nargs=-1, required=True, metavar="HEX | FILE[:N] | -")
@click.option(
    "--as", "start", type=click.Choice(STARTS), help="Where the bytes begin. Hex: ethernet; a capture: its link type."
)
@click.option("--full", is_flag=True, help="Show every row of the bytes, also inside long fields.")
@click.option(
    "--json",
    "json_path",
    metavar="FILE",
    help="Write the reading as JSON too (keys: pydoc lab.report.document); - is stdout, and only that.",
)
def command(what: tuple[str, ...], start: str | None, full: bool, json_path: str | None) -> int:
    """Every byte of a packet: field, offset, width, byte order, raw, value, meaning, source.

    HEX is hex digits, with or without blanks, colons and 0x. Anything else is a capture (pcap, pcapng, gzipped or
    not), of which frame N is shown, the first by default; a file named like hex digits is ./NAME. `-` reads either
    from standard input, `-:N` frame N of a capture there.

    \b
      lab explain 0001 626f6f742e696d67 00 6f6374657400 --as tftp
      lab explain exchange.pcapng:7

    Exit code 6 if the bytes cannot be read to their end: what could be read is shown all the same.
    """
    from lab.report.model import Grade

    dump, head = _read(what, start)
    failed = next((fault for fault in dump.faults if fault.grade is Grade.STOPPED), None)
    if json_path is not None:
        from lab.cli.output import write_json
        from lab.report.document import dump_document

        write_json(json_path, {**dump_document(dump), **head})
    if json_path != "-":
        _show(dump, full)
    elif failed is not None:
        click.echo(f"lab: {failed.sentence}", err=True)
    return int(Exit.OK if failed is None else Exit.UNDECODABLE)


def _show(dump: Dump, full: bool) -> None:
    from lab.cli.output import console_out
    from lab.report.terminal import dump_lines

    console = console_out()
    for line in dump_lines(dump, console.width, full=full):
        console.print(line, soft_wrap=True)


def _read(what: tuple[str, ...], start: str | None) -> tuple[Dump, dict[str, object]]:
    """The bytes asked for as a model, and what JSON says of where they come from."""
    digits = hex_bytes(" ".join(what))
    if digits is not None:
        return _explain_hex(digits, start)
    if len(what) > 1:
        raise click.UsageError(
            f"one packet at a time: {' '.join(what)!r} is neither hex digits nor the name of one file"
        )
    name, number = file_and_frame(what[0])
    if name != "-":
        return _explain_capture(name, name, number, start)
    source = sys.stdin.buffer
    magic = source.peek(4)[:4] if isinstance(source, io.BufferedReader) else b""
    if magic.startswith(_CAPTURE_MAGICS) or number is not None:
        return _explain_capture(source, "standard input", number, start)
    typed = source.read(_MOST_HEX_INPUT).decode("ascii", "replace")
    digits = hex_bytes(typed)
    if digits is None:
        raise Failure("standard input is neither a capture nor hex digits; try: lab explain FILE", Exit.UNDECODABLE)
    return _explain_hex(digits, start)


def hex_bytes(words: str) -> bytes | None:
    """The bytes that hex digits stand for; None where the words are something else. UsageError for half a byte."""
    digits = re.sub(r"0[xX]|[\s:,]", "", words)
    if not digits or not re.fullmatch(r"[0-9a-fA-F]+", digits):
        return None
    if len(digits) % 2:
        raise click.UsageError(
            f"{len(digits)} hex digits make no whole bytes; for a file named {words.strip()} type ./{words.strip()}"
        )
    return bytes.fromhex(digits)


def file_and_frame(word: str) -> tuple[str, int | None]:
    """`FILE:N` taken apart. A file whose name ends like that comes first."""
    name, colon, number = word.rpartition(":")
    if not colon or not number.isascii() or not number.isdigit() or (word != "-" and Path(word).exists()):
        return word, None
    return name, int(number[:18])


def _explain_hex(data: bytes, start: str | None) -> tuple[Dump, dict[str, object]]:
    from lab.wire.frame import dissect

    begin = start or "ethernet"
    seen = dissect(data, begin)
    head: dict[str, object] = {"source": "hex", "frame": None, "time_ns": None, "start": begin}
    return _dump(seen, ""), head


def _explain_capture(
    source: str | BinaryIO, name: str, number: int | None, start: str | None
) -> tuple[Dump, dict[str, object]]:
    from lab.wire.text import safe

    number = 1 if number is None else number
    if number < 1:
        raise click.UsageError("frames count from 1")
    picked = _picked(source, safe(name), number, start)
    record = picked.record
    if record.cut:
        click.echo(
            f"lab: the capture holds {len(record.data)} of this frame's {record.original_length} bytes", err=True
        )
    head: dict[str, object] = {
        "source": name,
        "frame": record.number,
        "time_ns": record.time_ns,
        "start": picked.start,
        "comments": [safe(comment) for comment in record.comments],
    }
    return _dump(picked.dissection, f"{safe(name)}, frame {record.number}: "), head


def _picked(source: str | BinaryIO, name: str, number: int, start: str | None) -> Picked:
    from lab.pcap import CaptureError, open_capture
    from lab.report.pick import NoSuchFrame, UnknownLink, pick

    try:
        with open_capture(source) as capture:
            return pick(capture, number, start)
    except FileNotFoundError:
        raise Failure(f"{name}: no such file (and no hex digits); give hex digits or a capture", Exit.MACHINE) from None
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}; give hex digits or a capture", Exit.MACHINE) from None
    except CaptureError as error:
        raise Failure(f"{name} is not readable as a capture up to frame {number}: {error}", Exit.UNDECODABLE) from None
    except NoSuchFrame as error:
        last = f"; the last is {name}:{error.frames}" if error.frames else ""
        raise Failure(f"{name} has no frame {number}, only {error.frames} in all{last}", Exit.USAGE) from None
    except UnknownLink as error:
        raise Failure(
            f"frame {number} of {name} has link type {error.link_type}, not read here; say with --as where it begins",
            Exit.UNDECODABLE,
        ) from None


def _dump(seen: Dissection, prefix: str) -> Dump:
    from lab.report.dump import dump
    from lab.report.labels import label, plural

    return dump(seen, f"{prefix}{label(seen)[0]}, {plural(len(seen.data), 'byte')}")
