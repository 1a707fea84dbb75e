"""Where commands speak: data on stdout, talk on stderr, JSON whole or not at all. The only makers of consoles.

Consoles take no markup and highlight nothing: a word from the wire must not become a link or a colour. Such a
word passes `lab.wire.text.safe` before it comes here all the same.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.cli.exits import Exit
from lab.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from lab.crosscheck.lines import Line

STYLES = {"head": "bold", "plain": "", "good": "green", "bad": "red", "warning": "yellow"}
"""The colour of each tone of a verdict's lines."""

PIPE_COLUMNS = 120
"""How wide output is where no terminal says so: rich would take 80 and fold tables that a file has room for."""


def console_out() -> Console:
    """The console for data (stdout). Colours only on a terminal, and never with NO_COLOR."""
    return _console(stderr=False)


def console_err() -> Console:
    """The console for talk and progress (stderr)."""
    return _console(stderr=True)


def print_lines(console: Console, lines: Iterable[Line], indent: str = "") -> None:
    """A verdict, line by line. A terminal gets long lines folded between words; a file gets each one whole."""
    from rich.padding import Padding
    from rich.text import Text

    for line in lines:
        text = Text(line.text, style=STYLES[line.tone])
        if console.is_terminal:
            console.print(Padding(text, (0, 0, 0, len(indent))))
        else:
            console.print(Text(indent) + text, soft_wrap=True)


def json_text(document: object) -> str:
    """`document` as indented JSON in which every character that does not print is an escape.

    Plain JSON escapes C0 alone; a terminal also obeys C1 and direction overrides.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text) + "\n"


def write_json(path: str | os.PathLike[str], document: object) -> None:
    """Writes `document` to a file, whole or not at all; `-` is stdout. Raises Failure (MACHINE) where it cannot."""
    write_text(path, json_text(document))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` as UTF-8 to a file, whole or not at all; `-` is stdout. Raises Failure (MACHINE) if it cannot."""
    if os.fspath(path) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
        return
    try:
        _replace(Path(path), text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise cannot_write(path, error) from None


def cannot_write(path: str | os.PathLike[str], error: OSError | ValueError) -> Failure:
    """The Failure for a file that could not be written: what to do depends on why."""
    number = error.errno if isinstance(error, OSError) else None
    match number:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            advice = "free space or write elsewhere"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            advice = "write where you may"
        case _:
            advice = "name a file in a folder that exists"
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(f"cannot write {path}: {reason}; {advice}", Exit.MACHINE)


def _replace(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file():
        # A device or a pipe (/dev/stdout, /dev/null) is written to; renaming over it would destroy it.
        path.write_bytes(data)
        return
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _console(*, stderr: bool) -> Console:
    # rich costs 50 ms to import; `lab --help` has to do without.
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=PIPE_COLUMNS)
    return console
