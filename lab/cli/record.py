"""`lab record`: the lab network, loopback or an interface, to a file that is whole however the recording ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.seconds import Seconds

if TYPE_CHECKING:
    from lab.link.recorder import Recorder
    from lab.link.recording import Ending, Summary

LAB_EXAMPLE = "lab record lab -w hello.pcapng -- curl -s tftp://10.77.0.1/hello.txt"
HELLO = b"Hello from packet-lab.\n"
BLOCKS = bytes(range(256)) * 6
"""Three blocks of 512 bytes, and the empty one that ends the transfer."""

GOODBYE_S = 2.0
"""How long COMMAND may take to end when it is told to."""


class _WithCommand(click.Command):
    """Everything after `--` is another program's command line; click would mix it with our own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta["lab.command"] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to record, and where COMMAND runs."""

    interface: str
    told: str
    """What the capture's comment says of it."""
    recorder: Recorder
    command_side: Callable[[], AbstractContextManager[None]]


@click.command("record", cls=_WithCommand, epilog=f"Example: {LAB_EXAMPLE}")
@click.argument("where", metavar="[lab|lo|INTERFACE] [-- COMMAND...]", default="lab", required=False)
@click.option("-w", "--write", "path", metavar="FILE", required=True, help="Capture to write; - is stdout.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N frames.")
@click.option("--seconds", type=Seconds(min_open=True), metavar="S", help="End after S seconds.")
@click.option("--json", "json_path", metavar="FILE", help="Write the summary as JSON; - is stdout.")
@click.pass_context
def command(
    ctx: click.Context, where: str, path: str, count: int | None, seconds: float | None, json_path: str | None
) -> int:
    """Record frames as the wire carries them: checksums filled in, offloaded frames split, nanoseconds kept.

    `lab` makes a private network, starts the lab's reference peers on 10.77.0.1 and fd77::1 (TFTP on port 69,
    echo on 7, FeiQ on 2425) and runs COMMAND opposite them, as host 10.77.0.2 and fd77::2; no root needed.
    `lo` or another interface of this machine needs the right to capture.

    FILE becomes pcapng, or pcap if it is named so; `.gz` packs it. The recording ends when COMMAND ends, after N
    frames or S seconds, or with Ctrl-C; the file is whole in any case. Exit code 1 if COMMAND failed.
    """
    if path == "-" and json_path == "-":
        raise Failure("capture and JSON cannot both go to standard output; give one of them a file", Exit.USAGE)
    if path == "-" and sys.stdout.isatty():
        raise Failure("a capture is no text for a terminal; use -w FILE, or pipe it to a program", Exit.USAGE)
    program = _program(where, ctx.meta.get("lab.command", ()))
    _look_at_the_target(path)
    with _ending_signals() as ended, _lab() if where == "lab" else _machine(where) as place:
        summary, code = _record(place, path, program, count, seconds, ended, aside="-" in (path, json_path))
    return _report(place.interface, path, json_path, summary, code)


def _program(where: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """COMMAND; in the lab network, where nobody else can go, a shell if none was named."""
    if not words and where == "lab":
        if not sys.stdin.isatty():
            raise Failure(f"the lab network has no traffic without a COMMAND; try: {LAB_EXAMPLE}", Exit.USAGE)
        words = (os.environ.get("SHELL") or "/bin/sh",)
    if words and shutil.which(words[0]) is None:
        raise Failure(f"there is no program called {words[0]}; name one that is installed, or its path", Exit.MACHINE)
    return words


def _look_at_the_target(path: str) -> None:
    """Says what is wrong with FILE before anything is started."""
    target = Path(path)
    if path != "-" and target.is_dir():
        raise Failure(f"{path} is a directory; name a file in it", Exit.MACHINE)
    if path != "-" and not target.parent.is_dir():
        raise Failure(f"there is no directory {target.parent}; make it, or write somewhere else", Exit.MACHINE)


@contextmanager
def _ending_signals() -> Iterator[Ending]:
    """Ctrl-C and SIGTERM set the event instead of breaking off, so that the file is finished."""
    from lab.link.recording import Ending

    ended = Ending()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ended.close()


@contextmanager
def _lab() -> Iterator[_Place]:
    """The private network with the reference peers on its kernel side."""
    from lab.link.namespace import KERNEL, STATION, NamespacesRefused, PrivateNetwork

    try:
        network = PrivateNetwork.enter(station_kernel=True)
    except NamespacesRefused as refusal:
        raise Failure(f"no private network: {refusal.reason}; {refusal.fix}", Exit.PRIVILEGE) from None
    told = (
        f"a private network; {KERNEL.ipv4} and {KERNEL.ipv6}: the lab's reference peers (TFTP 69, echo 7, FeiQ 2425); "
        f"{STATION.ipv4} and {STATION.ipv6}: the command"
    )
    with network, _reference_peers([KERNEL.ipv4, KERNEL.ipv6] if network.ipv6 else [KERNEL.ipv4]):
        yield _Place("lab0", told, network.record(), network.station_namespace)


@contextmanager
def _reference_peers(hosts: list[str]) -> Iterator[None]:
    from lab.peer.reference import ReferencePeers

    with tempfile.TemporaryDirectory(prefix="packet-lab-") as served:
        Path(served, "hello.txt").write_bytes(HELLO)
        Path(served, "blocks.bin").write_bytes(BLOCKS)
        with ReferencePeers(served, hosts):
            yield


@contextmanager
def _machine(interface: str) -> Iterator[_Place]:
    """Loopback or an interface of this machine: listened to, never sent on."""
    from lab.link.recorder import Recorder, interfaces

    here = interfaces()
    if interface not in here:
        raise Failure(f"there is no interface {interface}; this machine has {', '.join(here)}", Exit.MACHINE)
    told = "loopback, each frame once" if interface == "lo" else "an interface of a machine"
    yield _Place(interface, told, Recorder(interface), nullcontext)


def _record(
    place: _Place,
    path: str,
    program: tuple[str, ...],
    count: int | None,
    seconds: float | None,
    ended: Ending,
    *,
    aside: bool,
) -> tuple[Summary, int | None]:
    """Records until something ends it; the summary and COMMAND's exit status, if it ended by itself."""
    from lab import __version__
    from lab.link.recording import Recording
    from lab.pcap import Interface, Section, new_capture

    comment = f"Recorded by lab record: {place.told}." + (f" Command: {' '.join(program)}" if program else "")
    section = Section(comments=(comment.encode(),), application=f"packet-lab {__version__}".encode())
    described = [Interface(name=place.interface.encode())]
    _open(place)
    try:
        with new_capture(path, interfaces=described, section=section) as writer:
            recording = Recording(writer, ended, count=count, live=path == "-")
            with place.recorder.start(recording.take), _running(place, program, ended, aside=aside) as child:
                ended.wait(seconds)
                # Still None if something else ended the recording: then we end the command, which is no failure.
                code = child.returncode if child else None
            return recording.finish(place.recorder.dropped), code
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"cannot write {path}: {reason}; free space or write elsewhere", Exit.MACHINE) from None
    finally:
        place.recorder.stop()


def _open(place: _Place) -> None:
    """Begins to capture before anything is written, so that a refusal leaves no trace."""
    from lab.link.tap import NotEthernet

    try:
        place.recorder.open()
    except PermissionError:
        raise Failure(
            f"no right to capture on {place.interface}: run as root (sudo), or use `lab record lab`, which needs none",
            Exit.PRIVILEGE,
        ) from None
    except NotEthernet as refusal:
        raise Failure(f"{refusal}; name one that does", Exit.MACHINE) from None
    except OSError as error:
        raise Failure(f"cannot capture on {place.interface}: {error.strerror}; is it up?", Exit.MACHINE) from None


@contextmanager
def _running(
    place: _Place, program: tuple[str, ...], ended: Ending, *, aside: bool
) -> Iterator[subprocess.Popen[bytes] | None]:
    """COMMAND runs for the length of the `with`, and sets `ended` when it ends before."""
    if not program:
        yield None
        return
    try:
        with place.command_side():
            # Where capture or JSON has standard output for itself, the command's words go to standard error.
            child = subprocess.Popen(program, stdout=sys.stderr if aside else None)
    except OSError as error:
        raise Failure(f"cannot run {program[0]}: {error.strerror}; name a program", Exit.MACHINE) from None

    def wait() -> None:
        child.wait()
        ended.set()

    watch = threading.Thread(target=wait, daemon=True)
    watch.start()
    try:
        yield child
    finally:
        _end(child)
        watch.join()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Asks a command that still runs to end, then makes it."""
    # After Ctrl-C it has the signal too, and may be busy ending as it likes best.
    for patience_s, urge in ((0.2, child.terminate), (GOODBYE_S, child.kill)):
        try:
            child.wait(patience_s)
        except subprocess.TimeoutExpired:
            urge()
    child.wait()


def _report(interface: str, path: str, json_path: str | None, summary: Summary, code: int | None) -> int:
    name = "standard output" if path == "-" else path
    lost = f", {summary.dropped} LOST" if summary.dropped else ""
    click.echo(
        f"{summary.frames} frames ({summary.octets} bytes{lost}) of {interface} in {summary.seconds:.1f} s: {name}",
        err=True,
    )
    if code:
        click.echo(f"lab: the command ended with exit status {code}", err=True)
    if json_path is not None:
        from lab.cli.output import write_json

        write_json(
            json_path,
            {
                "capture": path,
                "interface": interface,
                "frames": summary.frames,
                "bytes": summary.octets,
                "dropped": summary.dropped,
                "seconds": round(summary.seconds, 6),
                "command_status": code,
            },
        )
    return int(Exit.VERDICT_FAILED if code else Exit.OK)
