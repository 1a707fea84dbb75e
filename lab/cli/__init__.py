"""The command line: each command lives in a file of its own, loaded only when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from lab import __version__
from lab.cli.exits import Exit
from lab.cli.failure import Failure

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lab")
def lab() -> None:
    """packet-lab: craft, talk, watch, explain and judge UDP exchanges, from frame to file."""


def main() -> None:
    """Runs the command line; every way out has a documented exit code and at most one line of complaint."""
    try:
        result = lab.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("lab: interrupted", err=True)
        raise SystemExit(int(Exit.INTERRUPTED)) from None
    except Failure as failure:
        failure.show()
        raise SystemExit(int(failure.code)) from None
    except click.ClickException as mistake:
        mistake.show()
        raise SystemExit(int(Exit.USAGE)) from None
    except BrokenPipeError:
        raise SystemExit(int(Exit.OK)) from None
    raise SystemExit(result if isinstance(result, int) else 0)
