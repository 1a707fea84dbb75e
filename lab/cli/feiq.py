"""`lab feiq serve|send|online`: FeiQ and IP Messenger on ordinary sockets. Data on stdout, talk on stderr."""

from __future__ import annotations

import getpass
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.seconds import Seconds
from lab.cli.sockets import JsonLines, failures, host_and_port, stopped_by_signals, where

if TYPE_CHECKING:
    from lab.engine.datagram import Address
    from lab.engine.feiq_event import Event, Peer
    from lab.peer.feiq import FeiqPeer

PORT = 2425
ANSWER_S = 5.0
"""In a large network an entry is answered after up to four seconds."""
EVENTS_WAITING = 16
"""Few, since each may hold 64 KiB and all of them are still shown after Ctrl-C."""


@click.group()
def command() -> None:
    """Speak FeiQ / IP Messenger: presence, messages and their receipts."""


def _identity(function: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--user", help="User name in our packets. [who runs this]"),
        click.option("--host-name", help="Host name in our packets. [this machine's]"),
        click.option("--nick", default="", help="Nickname that others are shown. [the user name]"),
        click.option("--group", default="", help="Group that others are shown."),
        click.option("--dialect", type=click.Choice(["ipmsg", "feiq"]), default="ipmsg", show_default=True),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@click.argument("host", metavar="HOST[:PORT]")
@click.argument("text")
@click.option("--check/--no-check", default=True, help="Ask for a receipt and repeat until it comes. [--check]")
@click.option("--encoding", type=click.Choice(["utf-8", "gb18030", "gbk"]), default="gb18030", show_default=True)
@click.option("--bind", type=click.IntRange(0, 65535), help="Source port. [2425 if it is free, else any]")
@click.option("--json", "json_path", metavar="FILE", help="Write what happened as JSON; - is stdout.")
@_identity
def send(host: str, text: str, check: bool, encoding: str, bind: int | None, json_path: str | None, **who: str) -> None:
    """Send TEXT to one peer and wait for its receipt; none after five tries is exit code 5.

    UTF-8 is announced in the packet, as newer clients want it; older ones and FeiQ read GB18030.
    """
    from lab.peer.udp import address_of
    from lab.wire.error import BuildError

    name, port = host_and_port(host, PORT)
    with failures(name, port):
        to = address_of(name, port)
        peer = _on_a_port(who, [to], bind)
    try:
        started_ns = time.monotonic_ns()
        number = peer.send(to[0], text, to[1], check=check, charset=encoding)  # type: ignore[arg-type]
        received = peer.delivered(number) if check else None
    except BuildError as error:
        lacking = error.field == "feiq.text" and encoding != "utf-8"
        hint = "; --encoding utf-8 has every character" if lacking else ""
        raise Failure(f"this text cannot be sent: {error}{hint}", Exit.USAGE) from None
    finally:
        peer.stop()
    elapsed_ns = time.monotonic_ns() - started_ns
    if json_path is not None:
        from lab.cli.output import write_json

        target = {"host": to[0], "port": to[1]}
        write_json(json_path, {"to": target, "number": number, "receipt": received, "elapsed_ns": elapsed_ns})
    if received is False:
        refused = peer.is_refused(to)
        why = "nothing listens there (ICMP port unreachable)" if refused else "is a messenger running there?"
        raise Failure(f"no receipt from {where(*to)}: {why}", Exit.TIMEOUT)
    done = f"has it, after {elapsed_ns / 1e6:.1f} ms" if received else "was sent it, without asking for a receipt"
    click.echo(f"message {number}: {where(*to)} {done}", err=True)


@command.command()
@click.argument("hosts", nargs=-1, metavar="[HOST[:PORT]]...")
@click.option("--interface", metavar="IFACE", help="Ask everybody there, by broadcast and multicast.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="For --interface.")
@click.option("--wait", type=Seconds(), default=ANSWER_S, show_default=True, metavar="S", help="How long.")
@click.option("--bind", type=click.IntRange(0, 65535), help="Source port. [2425 if it is free, else any]")
@click.option("--json", "json_path", metavar="FILE", help="Write who is online as JSON; - is stdout.")
@_identity
def online(
    hosts: tuple[str, ...],
    interface: str | None,
    port: int,
    wait: float,
    bind: int | None,
    json_path: str | None,
    **who: str,
) -> None:
    """List who answers: the HOSTs named, or everybody on --interface. Nobody is exit code 5."""
    from lab.cli.feiq_lines import peer_record, person

    if bool(hosts) == (interface is not None):
        raise Failure("say whom to ask: HOSTs by name, or everybody on an --interface", Exit.USAGE)
    found = _asked_by_name(hosts, wait, bind, who) if hosts else _asked_there(interface or "", port, wait, who)
    if json_path is not None:
        from lab.cli.output import write_json

        write_json(json_path, {"online": [peer_record(peer) for peer in found]})
    if json_path != "-":
        for peer in found:
            click.echo(person(peer))
    if not found:
        raise Failure(f"nobody answered within {wait:g} s; --wait waits longer", Exit.TIMEOUT)
    click.echo(f"{len(found)} online", err=True)


@command.command()
@click.option("--host", "hosts", multiple=True, metavar="ADDRESS", help="Own address; may be repeated. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any free port.")
@click.option("--interface", metavar="IFACE", help="Announce ourselves there, by broadcast and multicast.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N messages.")
@click.option("--seconds", type=Seconds(), metavar="S", help="End after S seconds.")
@click.option("--json", "json_path", metavar="FILE", help="One JSON object an event and line; - is stdout.")
@_identity
def serve(
    hosts: tuple[str, ...],
    port: int,
    interface: str | None,
    count: int | None,
    seconds: float | None,
    json_path: str | None,
    **who: str,
) -> int:
    """Be online: answer entries, receipt messages, and show what happens, until Ctrl-C.

    Without --interface nothing is announced: who wants to find us has to ask. With it the default address is 0.0.0.0,
    since broadcasts reach no other.
    """
    import signal

    enough = Waiting()
    binds = hosts or (("0.0.0.0",) if interface else ("127.0.0.1",))  # noqa: S104
    peer = _peer(who, binds, port, interface, enough.keep)
    came = stopped_by_signals(enough)
    with failures(binds[0], port):
        peer.start()
    timer = threading.Timer(seconds or 0, enough.set)
    timer.daemon = True
    if seconds is not None:
        timer.start()
    try:
        for address in peer.addresses:
            click.echo(f"online at {where(*address)}", err=True)
        with JsonLines(json_path) as lines:
            _show(enough, lines, count, quiet=json_path == "-")
    finally:
        timer.cancel()
        enough.set()
        peer.stop()
    return int(Exit.INTERRUPTED) if signal.SIGINT in came else int(Exit.OK)


class Waiting(threading.Event):
    """What has happened and is not shown yet; set, it means that enough has been shown.

    A flood that comes faster than it can be shown waits in the kernel, where it has an end, and not here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._events: queue.SimpleQueue[tuple[int, Event] | None] = queue.SimpleQueue()
        self._room = threading.Semaphore(EVENTS_WAITING)

    def keep(self, event: Event) -> None:
        """Called in the peer's thread, which waits here for room."""
        time_ns = time.time_ns()
        while not self.is_set():
            if self._room.acquire(timeout=0.1):
                self._events.put((time_ns, event))
                return

    def set(self) -> None:
        super().set()
        self._events.put(None)

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        """What was kept, as it comes, until enough has been shown."""
        while (item := self._events.get()) is not None:
            self._room.release()
            yield item


def _show(waiting: Waiting, lines: JsonLines, count: int | None, *, quiet: bool) -> None:
    """Shows events until there are enough, or `count` messages have come."""
    from lab.cli.feiq_lines import line_of, record_of
    from lab.engine.feiq_event import MessageCame

    messages = 0
    for time_ns, event in waiting:
        lines.write(record_of(event, time_ns))
        if not quiet:
            click.echo(f"{time.strftime('%H:%M:%S', time.localtime(time_ns / 1e9))} {line_of(event)}")
        messages += isinstance(event, MessageCame)
        if messages == count:
            return


def _asked_by_name(hosts: Sequence[str], wait_s: float, bind: int | None, who: dict[str, str]) -> list[Peer]:
    from lab.peer.udp import address_of, own_address_for

    asked: list[Address] = []
    for text in hosts:
        name, port = host_and_port(text, PORT)
        with failures(name, port):
            asked.append(address_of(name, port))
            own_address_for(*asked[-1])  # Each refusal names its own host.
    with failures(*asked[0]):
        peer = _on_a_port(who, asked, bind)
    try:
        for to in asked:
            peer.ask(*to)
        peer.wait_for(lambda _: {known.address for known in peer.peers} >= set(asked), wait_s)
        found = peer.peers
        for to in asked:
            peer.tell_leaving(to)
    finally:
        peer.stop()
    return [known for known in found if known.address in asked]


def _asked_there(interface: str, port: int, wait_s: float, who: dict[str, str]) -> list[Peer]:
    peer = _peer(who, ["0.0.0.0"], port, interface)  # noqa: S104
    with failures(interface, port), peer:
        threading.Event().wait(wait_s)
        return peer.peers


def _on_a_port(who: dict[str, str], to: Sequence[Address], bind: int | None) -> FeiqPeer:
    """A started peer that can reach `to`, on `bind`, or on 2425 if that is free: some clients answer nowhere else."""
    from lab.peer.udp import PortBusy

    binds = _own_addresses(to)
    if bind is None and any(_is_ours(address) for address in to):
        # On that port we would hear ourselves, and take it for an answer.
        bind = 0
    peer = _peer(who, binds, PORT if bind is None else bind)
    try:
        peer.start()
    except PortBusy:
        if bind is not None:
            raise
        click.echo(f"port {PORT} is taken (`lab ports {PORT}`); clients that answer to it alone go unheard", err=True)
        peer = _peer(who, binds, 0)
        peer.start()
    return peer


def _is_ours(to: Address) -> bool:
    """Whether `to` is where this command itself would listen."""
    from lab.peer.udp import own_address_for

    return to == (own_address_for(*to), PORT)


def _own_addresses(to: Sequence[Address]) -> list[str]:
    """One address of ours for each IP version: the one that all of `to` would see, or else the unspecified one."""
    from lab.peer.udp import own_address_for

    binds = []
    for anywhere, version6 in (("0.0.0.0", False), ("::", True)):  # noqa: S104
        own = {own_address_for(*address) for address in to if (":" in address[0]) == version6}
        if own:
            binds.append(own.pop() if len(own) == 1 else anywhere)
    return binds


def _peer(
    who: dict[str, str],
    binds: Sequence[str],
    port: int,
    interface: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> FeiqPeer:
    from lab.engine.feiq_profile import FEIQ, IPMSG
    from lab.peer.feiq import FeiqPeer

    try:
        return FeiqPeer(
            who["user"] or _user(),
            who["host_name"] or socket.gethostname() or "localhost",
            who["nick"],
            who["group"],
            binds,
            port,
            interface=interface,
            dialect=FEIQ if who["dialect"] == "feiq" else IPMSG,
            on_event=on_event,
        )
    except ValueError as error:
        raise Failure(f"this is no name to go by: {error}", Exit.USAGE) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # No name for this user id, as in a container.
        return "lab"
