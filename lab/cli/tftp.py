"""`lab tftp get|put|serve`: files by TFTP, named by URLs. Data on stdout, talk and progress on stderr."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.sockets import unknown_host, where
from lab.cli.tftp_serve import serve

if TYPE_CHECKING:
    from lab.peer.tftp_client import TftpFailed, Transferred, Wishes
    from lab.peer.tftp_url import TftpUrl

JSON = click.option("--json", "json_path", metavar="FILE", help="Write the result as JSON; - is stdout.")


@click.group()
def command() -> None:
    """Get, put and serve files by TFTP (RFC 1350, 2347, 2348, 2349, 7440)."""


command.add_command(serve)


def _transfer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--blksize", type=click.IntRange(8, 65464), default=1428, show_default=True, help="RFC 2348."),
        click.option("--windowsize", type=click.IntRange(1, 65535), default=16, show_default=True, help="RFC 7440."),
        click.option("--timeout", type=click.IntRange(1, 255), help="Repeat after so many seconds (RFC 2349)."),
        click.option("--tsize/--no-tsize", default=True, help="Ask for, or announce, the size (RFC 2349)."),
        click.option("--no-options", is_flag=True, help="Plain RFC 1350: 512 octets, one block at a time."),
        click.option("--mode", type=click.Choice(["octet", "netascii"]), help="Overrides the URL's ;mode=."),
        JSON,
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@click.argument("url")
@click.option("-o", "--output", metavar="FILE", help="Where to; - is stdout. Default: the name's last part, here.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@_transfer_options
def get(url: str, output: str | None, force: bool, json_path: str | None, **asked: Any) -> None:
    """Read a file: tftp://HOST[:PORT]/NAME[;mode=netascii]"""
    from lab.peer import tftp_client

    target = _parse(url)
    if output == "-" and json_path == "-":
        raise Failure("the file and the JSON cannot both go to stdout; give one of them a file", Exit.USAGE)
    out = _output(target, output)
    with _failures(target, out, json_path), _progress("get") as progress, _opened(out) as sink:
        result = tftp_client.get(
            target.host,
            target.port,
            target.name,
            sink,
            mode=asked["mode"] or target.mode,
            wishes=_wishes(asked),
            overwrite=force,
            progress=progress,
        )
    _report("read", target, result, out, json_path)
    _warn_of_size(result, asked["mode"] or target.mode)


@command.command()
@click.argument("file")
@click.argument("url")
@_transfer_options
def put(file: str, url: str, json_path: str | None, **asked: Any) -> None:
    """Write FILE (- is stdin): tftp://HOST[:PORT]/NAME, or .../ for the same name."""
    from lab.peer import tftp_client

    source = None if file == "-" else Path(file)
    target = _named(_parse(url), source)
    if source is not None and not source.is_file():
        raise Failure(f"there is no file {file}; name one that exists", Exit.MACHINE)
    with _failures(target, source, json_path), _progress("put") as progress:
        result = tftp_client.put(
            target.host,
            target.port,
            target.name,
            sys.stdin.buffer if source is None else source,
            mode=asked["mode"] or target.mode,
            wishes=_wishes(asked),
            progress=progress,
        )
    _report("written", target, result, source, json_path)


def _wishes(asked: dict[str, Any]) -> Wishes:
    from lab.peer.tftp_client import NO_OPTIONS, Wishes

    if asked["no_options"]:
        return NO_OPTIONS
    # A default value is not worth an option that some servers would rather not see.
    return Wishes(
        blksize=asked["blksize"] if asked["blksize"] != 512 else None,
        windowsize=asked["windowsize"] if asked["windowsize"] != 1 else None,
        timeout_s=asked["timeout"],
        tsize=0 if asked["tsize"] else None,
    )


def _parse(url: str) -> TftpUrl:
    from lab.peer.tftp_url import BadUrl, TftpUrl

    try:
        return TftpUrl.parse(url)
    except BadUrl as bad:
        raise Failure(f"{_safe(url)}: {bad}", Exit.USAGE) from None


def _output(target: TftpUrl, output: str | None) -> Path | None:
    if output == "-":
        return None
    if output is not None:
        # A link stays one: what it points to is written.
        return Path(output).resolve()
    last = os.fsdecode(target.name.rpartition(b"/")[2])
    if last in ("", ".", ".."):
        raise Failure("the URL names no file; say with -o where it goes", Exit.USAGE)
    return Path(last)


@contextmanager
def _opened(out: Path | None) -> Iterator[Path | BinaryIO]:
    """Stdout, devices and pipes are written to as the file comes; a file gets its name when it is whole."""
    if out is None:
        yield sys.stdout.buffer
    elif not out.exists() or out.is_file():
        yield out
    else:
        with out.open("wb", buffering=0) as stream:
            yield stream


def _named(target: TftpUrl, source: Path | None) -> TftpUrl:
    from dataclasses import replace

    if target.name and not target.name.endswith(b"/"):
        return target
    if source is None:
        raise Failure("the URL names no file; add the name that stdin gets on the server", Exit.USAGE)
    return replace(target, name=target.name + os.fsencode(source.name))


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar on stderr where that is a terminal; nothing elsewhere."""
    from lab.cli.output import console_err

    console = console_err()
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        shown_s = 0.0

        def show(octets: int, total: int | None) -> None:
            nonlocal shown_s
            now_s = time.monotonic()
            if now_s - shown_s >= 0.05 or octets == total:
                shown_s = now_s
                bar.update(task, completed=octets, total=total)

        yield show


@contextmanager
def _failures(target: TftpUrl, file: Path | None, json_path: str | None) -> Iterator[None]:
    """Every way a transfer fails, as one line and its exit code; the JSON says it too."""
    from lab.peer.tftp_client import TftpFailed
    from lab.peer.udp import NotOneHost

    place = where(target.host, target.port)
    try:
        yield
    except TftpFailed as failed:
        if isinstance(failed.cause, BrokenPipeError):
            raise failed.cause from None  # The reader of our output has seen enough, which is no failure.
        failure = _failure(failed, place, file)
    except FileExistsError:
        failure = Failure(f"{_safe(str(file))} exists; --force replaces it", Exit.REFUSED)
    except NotOneHost:
        words = f"{_safe(target.host)} is not one host (broadcast, multicast or unspecified)"
        failure = Failure(f"{words}; name the host that serves", Exit.REFUSED)
    except ValueError as error:
        failure = Failure(f"this cannot be asked for: {error}", Exit.USAGE)
    except OSError as error:
        failure = _machine(error, target, file)
    else:
        return
    if json_path is not None:
        from lab.cli.output import write_json

        write_json(json_path, {"result": "failed", "exit": int(failure.code), "why": failure.message})
    raise failure


def _failure(failed: TftpFailed, place: str, file: Path | None) -> Failure:
    from lab.engine.tftp_actions import Reason

    text = _safe(failed.message)
    match failed.reason:
        case Reason.PEER_ERROR:
            name = _error_name(failed.code)
            return Failure(f"{place} answered with error {failed.code}{name}: {text or '(no text)'}", Exit.PEER_ERROR)
        case Reason.SILENCE:
            return Failure(f"no answer from {place}; is a TFTP server running there, and let through?", Exit.TIMEOUT)
        case Reason.UNREACHABLE:
            words = f"nothing listens at {place} (ICMP unreachable)"
            return Failure(f"{words}; start the server, or see why it ended", Exit.TIMEOUT)
        case _ if failed.cause is not None:
            return Failure(f"{_safe(str(file or 'stdout'))}: {failed.cause.strerror}", Exit.MACHINE)
    return Failure(f"{place} broke the rules: {text}; --no-options may help", Exit.PEER_ERROR)


def _machine(error: OSError, target: TftpUrl, file: Path | None) -> Failure:
    import socket

    if isinstance(error, socket.gaierror):
        return unknown_host(target.host, error)
    if error.filename is None and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL):
        hint = "`ip route` shows the ways there are"
        if target.host.lower().startswith("fe80:") and "%" not in target.host:
            hint = f"a link-local address needs its interface: [{_safe(target.host)}%25eth0]"
        return Failure(f"there is no way to {where(target.host, target.port)}: {error.strerror}; {hint}", Exit.MACHINE)
    what = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(file or target.host)
    return Failure(f"{_safe(what)}: {error.strerror}", Exit.MACHINE)


def _error_name(code: int) -> str:
    from lab.wire.tftp import ErrorCode

    return f" ({ErrorCode(code).name.lower().replace('_', ' ')})" if code in list(ErrorCode) else ""


def _report(done: str, target: TftpUrl, result: Transferred, file: Path | None, json_path: str | None) -> None:
    from lab.cli.output import console_err, write_json

    terms = result.terms
    speed = result.octets / 1e6 / max(result.seconds, 1e-6)
    line = f"{_safe(target.name)}: {result.octets} octets {done} in {result.seconds:.2f} s ({speed:.1f} MB/s)"
    peer = where(*result.peer)
    console_err().print(f"{line}, {peer}, blksize {terms.blksize}, windowsize {terms.windowsize}", soft_wrap=True)
    if json_path is None:
        return
    document: dict[str, object] = {
        "result": "ok",
        "peer": {"host": result.peer[0], "port": result.peer[1]},
        "name": _safe(target.name),
        "name_hex": target.name.hex(),
        "octets": result.octets,
        "seconds": round(result.seconds, 6),
        "options": _terms(terms),
    }
    if file is not None and file.is_file():
        with file.open("rb") as stream:
            document["file"] = str(file)
            document["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
    write_json(json_path, document)


def _warn_of_size(result: Transferred, mode: str) -> None:
    if mode == "octet" and result.terms.tsize is not None and result.terms.tsize != result.octets:
        click.echo(f"lab: warning: the server announced {result.terms.tsize} octets and sent {result.octets}", err=True)


def _terms(terms: Any) -> dict[str, int | None]:
    names = {"blksize": "blksize", "windowsize": "windowsize", "timeout": "timeout_s", "tsize": "tsize"}
    return {name: getattr(terms, attribute) for name, attribute in names.items()}


def _safe(text: str | bytes) -> str:
    from lab.wire.text import safe

    return safe(text)
