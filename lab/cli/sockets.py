"""What commands on ordinary sockets share: addresses as people write them, and every failure as one clear line."""

from __future__ import annotations

import errno
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from lab.cli.exits import Exit
from lab.cli.failure import Failure


def where(host: str, port: int) -> str:
    """`10.77.0.1:7` or `[fd77::1]:7`; the host may come from the wire or from a user, so it is made safe."""
    from lab.wire.text import safe

    return f"[{safe(host)}]:{port}" if ":" in host else f"{safe(host)}:{port}"


def unknown_host(host: str, error: OSError) -> Failure:
    """What is said of a name that stands for no address."""
    from lab.wire.text import safe

    words = f"{safe(host)} is no address and no known host: {error.strerror}"
    return Failure(f"{words}; look how it is spelt, or give an address", Exit.MACHINE)


def host_and_port(text: str, default: int) -> tuple[str, int]:
    """`HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address. Raises Failure (USAGE)."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isdecimal() and port.isascii() and 0 < int(port) < 65536)):
        raise Failure(f"{text!r} is not HOST, HOST:PORT or [IPV6]:PORT (ports are 1 to 65535)", Exit.USAGE)
    return host, int(port) if port else default


@contextmanager
def failures(host: str, port: int) -> Iterator[None]:
    """Turns what a socket says about `host` and `port` into one line and its exit code."""
    from lab.peer.udp import NotOneHost

    try:
        yield
    except NotOneHost:
        raise _many(host) from None
    except OSError as error:
        raise _failure(error, host, port) from None


def _failure(error: OSError, host: str, port: int) -> Failure:
    from lab.peer.udp import PortBusy, Refused
    from lab.wire.text import safe

    place = where(host, port)
    match error:
        case PortBusy():
            taken = where(error.host, error.port)
            return Failure(f"{taken} is taken; `lab ports {error.port}` says by whom", Exit.MACHINE)
        case Refused() if error.errno == errno.EMSGSIZE:
            return Failure(f"too long for one datagram to {place}; UDP carries 65,507 bytes over IPv4", Exit.USAGE)
        case Refused() if error.errno == errno.ENETUNREACH:
            return Failure(f"{place}: {error.strerror}; `ip route` shows the ways there are", Exit.MACHINE)
        case Refused():
            return Failure(f"{where(*error.to)}: {error.strerror}; start the peer first, or ask another", Exit.TIMEOUT)
        case socket.gaierror():
            return unknown_host(host, error)
    match error.errno:
        case errno.EACCES if 0 < port < 1024:
            return Failure(f"{place} needs root (ports below 1024 do); take a port from 1024 on", Exit.PRIVILEGE)
        case errno.EACCES | errno.EPERM:
            return Failure(f"{place}: {error.strerror}; a firewall may forbid it (`nft list ruleset`)", Exit.PRIVILEGE)
        case errno.EADDRNOTAVAIL:
            words = f"{safe(host)} is no address of this machine"
            return Failure(f"{words}; `lab addr {safe(host)}` says what it is", Exit.MACHINE)
        case errno.ENODEV:
            return Failure("there is no such interface; `ip link` lists them", Exit.MACHINE)
    return Failure(f"{place}: {error.strerror or error}", Exit.MACHINE)


def _many(host: str) -> Failure:
    words = f"{host} is not one host (broadcast, multicast or unspecified)"
    return Failure(f"{words}; name the --interface that it may go out of, where the command has one", Exit.REFUSED)


def stopped_by_signals(enough: threading.Event) -> list[int]:
    """Ctrl-C and SIGTERM set `enough`, so that a command ends in good order; the list says which came."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        enough.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return came


class JsonLines:
    """One JSON object a line, each written whole as soon as it is known; `-` is stdout. None writes nothing."""

    def __init__(self, path: str | None) -> None:
        self._file: TextIO | None = None
        if path == "-":
            self._file = sys.stdout
        elif path is not None:
            try:
                self._file = Path(path).open("w", encoding="ascii")  # noqa: SIM115
            except OSError as error:
                words = f"cannot write {path}: {error.strerror}; name a file in a folder that exists"
                raise Failure(words, Exit.MACHINE) from None

    def write(self, record: dict[str, object]) -> None:
        if self._file is not None:
            # ASCII only: every character that could move a cursor is an escape.
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None and self._file is not sys.stdout:
            self._file.close()
