"""One clear line for whatever goes wrong: what happened, why, what to type next."""

from __future__ import annotations

from typing import IO, Any

import click

from lab.cli.exits import Exit


class Failure(click.ClickException):
    """Ends a command with one line on stderr and a documented exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"lab: {printable(self.message)}", err=True)


def printable(line: str) -> str:
    """A complaint quotes what it was given, a file's name or an option; what does not print becomes an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in line)
