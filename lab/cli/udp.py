"""`lab udp send|listen|echo`: plain datagrams on ordinary sockets. Data on stdout, talk on stderr."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.seconds import Seconds
from lab.cli.sockets import JsonLines, failures, stopped_by_signals, where

if TYPE_CHECKING:
    from lab.peer.udp import Datagram

JSON_LINES = click.option("--json", "json_path", metavar="FILE", help="One JSON object a line; - is stdout.")
INTERFACE = click.option("--interface", metavar="IFACE", help="Where broadcast and multicast may go out of.")


@click.group()
def command() -> None:
    """Send, receive and echo plain UDP datagrams."""


@command.command()
@click.argument("host")
@click.argument("port", type=click.IntRange(1, 65535))
@click.argument("text", required=False)
@click.option("--hex", "digits", metavar="DIGITS", help="The bytes as hex digits; spaces and colons are ignored.")
@click.option("--file", metavar="FILE", help="The bytes of a file; - is stdin.")
@click.option("--bind", type=click.IntRange(1, 65535), metavar="PORT", help="Source port; else the kernel takes one.")
@click.option("--encoding", type=click.Choice(["utf-8", "gbk", "gb18030"]), default="utf-8", show_default=True)
@click.option("--wait", type=Seconds(), default=0.0, metavar="S", help="Wait so long for an answer.")
@INTERFACE
@click.option("--json", "json_path", metavar="FILE", help="Write what happened as JSON; - is stdout.")
def send(
    host: str,
    port: int,
    text: str | None,
    digits: str | None,
    file: str | None,
    bind: int | None,
    encoding: str,
    wait: float,
    interface: str | None,
    json_path: str | None,
) -> None:
    """Send one datagram: TEXT, --hex or --file.

    With --wait the first answer is shown; none in time is exit code 5. Without --hex, an answer is shown as text where
    its bytes are UTF-8 or GB18030, else as hex digits.
    """
    from lab.peer.udp import exchange

    data = _payload(text, digits, file, encoding)
    with failures(host, port):
        result = exchange(host, port, data, bind_port=bind or 0, interface=interface, wait_s=wait)
    click.echo(f"{len(data)} bytes sent to {where(*result.to)} from port {result.port}", err=True)
    if json_path is not None:
        from lab.cli.output import write_json

        answer = None if result.answer is None else _record(result.answer)
        sent = {"to": {"host": result.to[0], "port": result.to[1]}, "source_port": result.port, "hex": data.hex()}
        write_json(json_path, {"sent": sent, "answer": answer, "elapsed_ns": result.elapsed_ns})
    if result.answer is not None:
        took = f"after {result.elapsed_ns / 1e6:.1f} ms"
        click.echo(f"{_what(result.answer)} {took}", err=True)
        if json_path != "-":
            click.echo(result.answer.data.hex() if digits is not None else _shown(result.answer.data))
    elif wait:
        raise Failure(f"no answer from {where(*result.to)} within {wait:g} s; --wait waits longer", Exit.TIMEOUT)


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Own address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes any free port.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N datagrams.")
@click.option("--seconds", type=Seconds(), metavar="S", help="End after S seconds.")
@JSON_LINES
def listen(host: str, port: int, count: int | None, seconds: float | None, json_path: str | None) -> None:
    """Show each datagram that arrives, until Ctrl-C.

    Fewer than N when the S seconds have passed, or none at all, is exit code 5.
    """
    from lab.peer import udp

    with failures(host, port):
        receiver = udp.UdpSocket(host, port)
    heard = 0
    with receiver, JsonLines(json_path) as lines:
        click.echo(f"listening on {where(*receiver.address)}", err=True)
        for datagram in udp.listen(receiver, count=count, seconds=seconds):
            heard += 1
            lines.write(_record(datagram))
            click.echo(_what(datagram), err=True)
            if json_path != "-":
                click.echo(_shown(datagram.data))
    if heard < (count or 1):
        wanted = f"{heard} of {count} datagrams" if count else "no datagram"
        raise Failure(f"{wanted} within {seconds:g} s; --seconds listens longer", Exit.TIMEOUT)


@command.command()
@click.option("--host", "hosts", multiple=True, metavar="ADDRESS", help="Own address; may be repeated. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=7, show_default=True, help="0 takes any free port.")
@click.option("--rate", type=click.IntRange(0), default=20, show_default=True, help="Echoes a second and host; 0: any.")
@click.option("--seconds", type=Seconds(), metavar="S", help="End after S seconds.")
@click.option("--json", "json_path", metavar="FILE", help="At the end, write the counts as JSON; - is stdout.")
def echo(hosts: tuple[str, ...], port: int, rate: int, seconds: float | None, json_path: str | None) -> int:
    """Send back what comes (RFC 862), until Ctrl-C.

    Not to source ports below 1024, to echo servers of our own, or to more than one host at once: an echo must not
    become half of a loop.
    """
    import signal

    from lab.engine.echo import EchoLimits
    from lab.engine.rate import Rate
    from lab.peer.echo import EchoServer

    server = EchoServer(hosts or ("127.0.0.1",), port, EchoLimits(rate=Rate(rate, 2 * rate) if rate else None))
    enough = threading.Event()
    came = stopped_by_signals(enough)
    with failures((hosts or ("127.0.0.1",))[0], port):
        server.start()
    try:
        for address in server.addresses:
            click.echo(f"echoing on {where(*address)}", err=True)
        enough.wait(seconds)
    finally:
        server.stop()
    refused = {reason.name.lower(): times for reason, times in server.refused.items()}
    click.echo(f"{server.echoed} echoed, {sum(refused.values())} refused", err=True)
    if json_path is not None:
        from lab.cli.output import write_json

        write_json(json_path, {"echoed": server.echoed, "refused": refused})
    return int(Exit.INTERRUPTED) if signal.SIGINT in came else int(Exit.OK)


def _payload(text: str | None, digits: str | None, file: str | None, encoding: str) -> bytes:
    """The bytes that exactly one of the three names."""
    if sum(given is not None for given in (text, digits, file)) != 1:
        raise Failure("say what to send, once: TEXT, --hex DIGITS or --file FILE", Exit.USAGE)
    if digits is not None:
        try:
            return bytes.fromhex(digits.replace(":", ""))
        except ValueError:
            raise Failure(f"{digits!r} are not hex digits, two for each byte", Exit.USAGE) from None
    if file is not None:
        return _bytes_of(file)
    try:
        return (text or "").encode(encoding)
    except UnicodeEncodeError:
        raise Failure(f"{encoding} has not all characters of this text; --encoding utf-8 has", Exit.USAGE) from None


def _bytes_of(file: str) -> bytes:
    try:
        # One byte more than any datagram holds is enough to see that it is too long.
        if file == "-":
            return sys.stdin.buffer.read(65_536)
        with Path(file).open("rb") as stream:
            return stream.read(65_536)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}; name a file that can be read", Exit.MACHINE) from None


def _what(datagram: Datagram) -> str:
    from lab.wire.text import charset

    kind = charset(datagram.data) or "no text"
    return f"{len(datagram.data)} bytes from {where(*datagram.source)} ({kind})"


def _shown(data: bytes) -> str:
    """Text where the bytes are UTF-8 or GB18030, else hex digits."""
    from lab.wire.text import charset, safe

    return safe(data, columns=65_536) if charset(data) else data.hex(" ")


def _record(datagram: Datagram) -> dict[str, object]:
    from lab.wire.text import charset, decode

    return {
        "time_ns": datagram.time_ns,
        "source": {"host": datagram.source[0], "port": datagram.source[1]},
        "to": datagram.asked,
        "length": len(datagram.data),
        "hex": datagram.data.hex(),
        "text": decode(datagram.data),
        "encoding": charset(datagram.data),
    }
