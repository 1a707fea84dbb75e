"""The command line: each command lives in a file of its own, loaded only when it is asked for."""

from __future__ import annotations

import io
import os
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn, TextIO

import click
from click.shell_completion import CompletionItem

from lab import __version__
from lab.cli.exits import Exit
from lab.cli.failure import Failure, printable

COMMANDS = {
    "demo": "The whole lab in one run: craft, talk, record, explain, cross-check.",
    "explain": "Every byte of a packet: field, offset, width, byte order, value, clause.",
    "check": "Byte order and framing of every frame of a capture, by three readings.",
    "craft": "Build one frame with every field settable; show, write or send it.",
    "record": "Record the lab network, loopback or an interface to pcapng.",
    "udp": "Send, receive and echo plain datagrams.",
    "tftp": "Get, put and serve files by TFTP.",
    "feiq": "Speak FeiQ / IP Messenger: serve, send, who is online.",
    "addr": "What an address is: class, network, host, scope.",
    "ports": "What is bound on this machine and by whom; is a port free?",
    "doctor": "What this machine permits the lab to do, and how to mend the rest.",
}
"""Command name to its line in `lab --help`, so that help imports no command."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"lab.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_no_such_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Click would import every command to ask it for its help, on each press of the tab key.
        names = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lab")
def lab() -> None:
    """packet-lab: craft, talk, watch, explain and judge UDP exchanges, from frame to file.

    \b
    Exit codes: 0 ok, 1 verdict failed, 2 usage, 3 refused for safety,
    4 missing privilege, 5 timeout, 6 undecodable input, 7 the peer answered
    with an error, 8 this machine, 9 no verdict, 130 interrupted.

    \b
    Shell completion: eval "$(_LAB_COMPLETE=bash_source lab)"
    (zsh_source, fish_source likewise)
    """


def main() -> None:
    """Runs the command line; every way out has a documented exit code and at most one line of complaint."""
    _open_what_was_closed()
    _never_die_of_a_letter()
    _end_in_good_order()
    stdout = sys.stdout
    try:
        # The name is stated so that `python -m lab` completes and complains like `lab`.
        result: Any = lab.main(prog_name="lab", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        _end("interrupted", Exit.INTERRUPTED)
    except Failure as failure:
        failure.show()
        raise SystemExit(int(failure.code)) from None
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        raise SystemExit(int(Exit.USAGE)) from None
    except click.UsageError as mistake:
        path = mistake.ctx.command_path if mistake.ctx else "lab"
        words = mistake.format_message().rstrip(".")
        _end(f"{words}{'' if words.endswith('?') else '.'} Type '{path} --help'.", Exit.USAGE)
    except click.ClickException as mistake:
        _end(mistake.format_message(), Exit.USAGE)
    except BrokenPipeError:
        _leave_quietly()
    except SystemExit as left:
        # A closed pipe ends rich, and click after it has wrapped stdout, with exit code 1: here that means a verdict.
        if sys.stdout is not stdout or isinstance(left.__context__, BrokenPipeError):
            _leave_quietly()
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if not error.filename:
            _drop_what_is_unwritten(sys.stdout)  # The disk under it may be full: the interpreter must not try again.
        _end(f"this machine refused: {where}{error.strerror or error}; 'lab doctor' says what it permits", Exit.MACHINE)
    raise SystemExit(result if isinstance(result, int) else 0)


def _end(words: str, code: Exit) -> NoReturn:
    click.echo(f"lab: {printable(words)}", err=True)
    raise SystemExit(int(code)) from None


def _open_what_was_closed() -> None:
    """Standard streams that the caller closed (`<&-`, `>&-`) become /dev/null.

    Python has no stream for a closed descriptor, and the next file or socket opened would get its number.
    """
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != descriptor:
                os.dup2(nothing, descriptor)
                os.close(nothing)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: SIM115 (open as long as we run)


def _never_die_of_a_letter() -> None:
    """Where the locale's charset lacks a letter (Chinese, a line of a ladder), a question mark stands for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_in_good_order() -> None:
    """SIGTERM and a closed terminal interrupt as Ctrl-C does, so that no temporary file outlives the command.

    What the caller ignores (`nohup`) stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _leave_quietly() -> NoReturn:
    """The reader of our output has seen enough (`| head`): nothing more is written, not even by the interpreter."""
    for stream in (sys.stdout, sys.stderr):
        _drop_what_is_unwritten(stream)
    raise SystemExit(int(Exit.OK))


def _drop_what_is_unwritten(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _no_such_command(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, 1)
    return f"there is no command {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
