"""`lab tftp serve`: one directory, read-only unless asked otherwise, with one line for each transfer on stderr."""

from __future__ import annotations

import errno
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.sockets import stopped_by_signals, where

if TYPE_CHECKING:
    from lab.peer.tftp_server import TftpServer
    from lab.peer.tftp_service import Ended


@click.command("serve")
@click.argument("directory", metavar="DIR")
@click.option("--host", "hosts", multiple=True, metavar="ADDRESS", help="Own address; may be repeated. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=69, show_default=True, help="0 takes any free port.")
@click.option("--write", is_flag=True, help="Let clients store new files.")
@click.option("--overwrite", is_flag=True, help="With --write: let them replace files.")
@click.option(
    "--rate", type=click.FloatRange(0), default=20, show_default=True, help="Requests a second and client; 0: any."
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N transfers.")
@click.option("--seconds", type=click.FloatRange(0), metavar="S", help="End after S seconds.")
@click.option("--json", "json_path", metavar="FILE", help="At the end, write the transfers as JSON; - is stdout.")
def serve(
    directory: str,
    hosts: tuple[str, ...],
    port: int,
    write: bool,
    overwrite: bool,
    rate: float,
    count: int | None,
    seconds: float | None,
    json_path: str | None,
) -> int:
    """Serve the files of DIR until Ctrl-C.

    Only regular files beneath DIR are served, symbolic links are not followed. Uploads appear under their name when
    they are whole.
    """
    from lab.cli.output import write_json

    log = _Log(count, keep=json_path is not None)
    stopped_by = stopped_by_signals(log.enough)
    with ExitStack() as running:
        for host in hosts or ("127.0.0.1",):
            server = _server(directory, host, port, log, write=write, overwrite=overwrite, rate=rate)
            running.enter_context(server)
            log.say(f"serving {directory} on {where(*server.address)}, {'read and write' if write else 'read-only'}")
        log.enough.wait(seconds)
    if log.unread:
        raise BrokenPipeError
    if json_path is not None:
        write_json(json_path, {"transfers": log.transfers})
    return int(Exit.INTERRUPTED) if signal.SIGINT in stopped_by else int(Exit.OK)


class _Log:
    """What has been served: a line each, and the JSON's list. Called from the servers' threads.

    Without `keep` there is no list: whoever may ask may ask often, and it would grow for ever.
    """

    def __init__(self, count: int | None, *, keep: bool) -> None:
        self.enough = threading.Event()
        self.unread = False
        """Nobody reads our lines any more, so it is time to end."""
        self.transfers: list[dict[str, object]] = []
        self._keep = keep
        self._left = count
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        try:
            click.echo(line, err=True)
        except BrokenPipeError:
            self.unread = True
            self.enough.set()
        except OSError:
            pass  # A full disk under the log is no reason to serve nobody.

    def ended(self, transfer: Ended) -> None:
        with self._lock:
            if self._keep:
                self.transfers.append(_document(transfer))
            self.say(_line(transfer))
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self.enough.set()


def _server(
    directory: str, host: str, port: int, log: _Log, *, write: bool, overwrite: bool, rate: float
) -> TftpServer:
    from lab.engine.tftp_admission import Limits
    from lab.peer.tftp_server import TftpServer

    if not Path(directory).is_dir():
        raise Failure(f"there is no directory {directory}; name one that exists", Exit.MACHINE)
    if not host:
        # The system would take it for every address there is, and an unset variable is no wish to serve the world.
        raise Failure("--host is empty; name an address of this machine, 0.0.0.0 for all of them", Exit.USAGE)
    limits = Limits(rate_per_s=rate)
    try:
        return TftpServer(directory, host, port, write=write, overwrite=overwrite, limits=limits, on_end=log.ended)
    except OSError as error:
        raise _refused(error, host, port) from None


def _refused(error: OSError, host: str, port: int) -> Failure:
    place = where(host, port)
    match error.errno:
        case errno.EADDRINUSE:
            return Failure(f"{place} is taken; `lab ports {port}` says by whom, or use --port", Exit.MACHINE)
        case errno.EACCES | errno.EPERM if port and port < 1024 and error.filename is None:
            return Failure(f"{place} needs root (ports below 1024 do); use --port 6969", Exit.PRIVILEGE)
        case errno.EADDRNOTAVAIL:
            return Failure(f"{host} is no address of this machine; `lab addr {host}` says what it is", Exit.MACHINE)
        case None | -2 | -5 | -9:
            return Failure(f"{host} is no IP address; --host takes one of this machine's", Exit.USAGE)
    return Failure(f"{error.filename or place}: {error.strerror}", Exit.MACHINE)


def _line(transfer: Ended) -> str:
    from lab.engine.tftp_actions import Failed

    done = "written" if transfer.write else "read"
    what = f"{where(*transfer.peer)} {_safe(transfer.filename)}"
    if isinstance(transfer.outcome, Failed):
        text = _safe(transfer.outcome.message) or transfer.outcome.reason.value
        return f"{what}: not {done}: {text}"
    return f"{what}: {transfer.octets} octets {done} in {transfer.seconds:.2f} s"


def _document(transfer: Ended) -> dict[str, object]:
    from lab.engine.tftp_actions import Failed

    outcome = transfer.outcome
    failed = isinstance(outcome, Failed)
    return {
        "peer": {"host": transfer.peer[0], "port": transfer.peer[1]},
        "request": "WRQ" if transfer.write else "RRQ",
        "name": _safe(transfer.filename),
        "name_hex": transfer.filename.hex(),
        "mode": _safe(transfer.mode),
        "octets": transfer.octets,
        "seconds": round(transfer.seconds, 6),
        "blksize": transfer.terms.blksize,
        "windowsize": transfer.terms.windowsize,
        "result": "failed" if failed else "ok",
        "reason": outcome.reason.name.lower() if isinstance(outcome, Failed) else None,
        "message": _safe(outcome.message) if isinstance(outcome, Failed) else "",
    }


def _safe(text: bytes) -> str:
    from lab.wire.text import safe

    return safe(text)
