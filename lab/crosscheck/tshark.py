"""Runs tshark through pyshark over one capture file. Rule: the only place that knows pyshark and its traps.

XML mode, because JSON mode drops repeated fields. The whole file in one run: an in-memory capture costs half a second
a packet. A new event loop for each run: after any `asyncio.run()` pyshark finds none, and from Python 3.14 on none is
made for it. A profile folder of our own and preferences by name, so that a user's settings change nothing.
Measured: 700 frames a second, while tshark itself works on another core; dropping to `tshark -T pdml` would be four
times as fast and is not needed for captures of a few thousand frames.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab.crosscheck.unprivileged import start_as_nobody

MISSING = "not available: apt-get install tshark"
OLDEST = (4, 0)
PATIENCE_S = 10.0
"""How long tshark may take to say its version."""

PREFERENCES = {
    # Reassembly would give positions in a buffer that is no frame.
    "ip.defragment": "FALSE",
    "ipv6.defragment": "FALSE",
    "tcp.desegment_tcp_streams": "FALSE",
    "tftp.defragment": "FALSE",
    # What stands in the packet, not what somebody computed from it.
    "tcp.relative_sequence_numbers": "FALSE",
    "ip.check_checksum": "TRUE",
    "tcp.check_checksum": "TRUE",
    "udp.check_checksum": "TRUE",
    # A datagram that merely looks like FeiQ (an echoed line, say) is not FeiQ to the other readers either.
    "feiq.other_ports": "FALSE",
}

_UNUSED = re.compile(
    rb'^ *<field name="(?:eth\.(?:addr|dst\.|src\.)[^>]*|[^"]*"[^>]* (?:hide="yes"|size="0")[^>]*)/>\n', re.MULTILINE
)
"""Fields that cover no byte of the frame, that exist for filters only (`ip.version` of an IPv6 packet), or that are
what an Ethernet address says beside itself (vendor, group bit): two thirds of the text, and of pyshark's time."""


class TsharkFailed(Exception):
    """tshark or pyshark did not read the file to its end. Says what is known of the reason."""


@dataclass(frozen=True, slots=True)
class TsharkField:
    """A field as PDML states it: `shown` is tshark's value, `raw` the bytes it covers, `label` its line for people."""

    layer: str
    name: str
    offset: int
    width: int
    shown: str
    raw: str
    label: str


@dataclass(frozen=True, slots=True)
class Tshark:
    """A tshark that was found, and its version."""

    path: str
    version: str


def find(path_list: str | None = None) -> Tshark | str:
    """The tshark of this machine, or one line that says what is missing and how to get it.

    `path_list` is where to look, folders joined by colons; by default PATH and where administrators put programs.
    """
    folders = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/bin" if path_list is None else path_list
    path = shutil.which("tshark", path=folders)
    if path is None:
        return MISSING
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not available: {path} does not run ({getattr(error, 'strerror', None) or 'no answer'})"
    said = answer.stdout.decode(errors="replace")
    found = re.search(r"(\d+)\.(\d+)\.\d+", said)
    if found is None:
        return f"not available: {path} does not say its version"
    if (int(found[1]), int(found[2])) < OLDEST:
        return f"not available: {path} is version {found[0]}, 4.0 or newer is needed"
    if not re.search(r"\bwith Lua\b", said):
        return f"not available: {path} was built without Lua, which reads FeiQ"
    return Tshark(path, found[0])


def dissect(
    tshark: Tshark, capture: str | Path, *, tftp_ports: Collection[int] = (), feiq_ports: Collection[int] = ()
) -> Iterator[list[TsharkField]]:
    """The fields of each frame of a capture file, frame by frame in file order. Raises TsharkFailed."""
    # pyshark and lxml cost 0.2 s to import.
    import pyshark

    ports = {f"udp.port=={port}": "tftp" for port in tftp_ports} | {f"udp.port=={port}": "feiq" for port in feiq_ports}
    dissector = as_file(files("lab.crosscheck") / "feiq.lua")
    with TemporaryDirectory(prefix="lab-tshark-") as profile, _event_loop() as loop, dissector as path:
        program, script = start_as_nobody(tshark.path, path, Path(capture), Path(profile))
        reader = pyshark.FileCapture(
            str(capture),
            keep_packets=False,
            eventloop=loop,
            tshark_path=program,
            decode_as=ports,
            # Only with the dissector loaded does tshark know its preference, so the script goes first.
            custom_parameters=["-X", f"lua_script:{script}", *_preferences()],
        )
        reader._cleanup_subprocess = partial(_end, reader)
        reader._setup_tshark_output_parser = _parser
        packets = iter(reader)
        try:
            with _environment(profile):
                first = next(packets, None)
            if first is not None:
                yield _fields(first)
                yield from (_fields(packet) for packet in packets)
        except TsharkFailed:
            raise
        except Exception as error:
            if isinstance(error.__context__, KeyboardInterrupt):
                # pyshark puts away its tshark, and stumbles over the loop that the interrupt has stopped.
                raise KeyboardInterrupt from None
            raise TsharkFailed(f"tshark's answer was not understood: {type(error).__name__}: {error}") from error
        finally:
            packets.close()


def _fields(packet: Any) -> list[TsharkField]:
    """What tshark shows of the frame's bytes."""
    return [
        TsharkField(
            layer.layer_name,
            field.name or _name_of_unnamed(field.show or ""),
            int(field.pos),
            int(field.size),
            field.show or "",
            field.raw_value or "",
            field.showname or "",
        )
        for layer in packet.layers
        # pyshark's public access is by name; all fields at once are only here.
        for container in layer._all_fields.values()
        for field in container.all_fields
        if field.size and field.size != "0" and not field.hide
    ]


def _name_of_unnamed(shown: str) -> str:
    """Wireshark has no name for IPv4's options as a whole, only a line."""
    return "ip.options" if shown.startswith("Options: (") else ""


def _parser() -> Any:
    """pyshark's own XML parser, handed less: it takes half the time when nobody's fields are left out beforehand."""
    from pyshark.tshark.output_parser.tshark_xml import TsharkXmlParser

    parser = TsharkXmlParser()
    extract = parser._extract_packet_from_data

    def shorter(data: bytes, got_first_packet: bool = True) -> tuple[bytes | None, bytes]:
        packet, rest = extract(data, got_first_packet=got_first_packet)
        return packet and _UNUSED.sub(b"", packet), rest

    parser._extract_packet_from_data = shorter
    return parser


async def _end(reader: Any, process: asyncio.subprocess.Process) -> None:
    """Takes the place of pyshark's own ending, which kills a tshark that is about to end by itself.

    The two race: asyncio then complains of a child that it never reaped, and tshark's exit code is lost.
    """
    reader._running_processes.discard(process)
    if not reader._eof_reached:
        # Nobody will read the rest, and tshark would not end while its pipes are full. The transport's own close()
        # would reap a tshark that an interrupt has just ended, and asyncio then complains of an unknown child.
        for pipe in process._transport._pipes.values():  # type: ignore[attr-defined]
            pipe.pipe.close()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    code = await process.wait()
    await asyncio.gather(*reader._stderr_handling_tasks)
    if reader._eof_reached and code > 0:
        raise TsharkFailed(reader._last_error_line or f"tshark ended with exit code {code}")


def _preferences() -> list[str]:
    return [word for name, value in PREFERENCES.items() for word in ("-o", f"{name}:{value}")]


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    except KeyboardInterrupt:
        # Ctrl-C ends tshark as well. asyncio would tell of every end of theirs that nobody came to see.
        logging.getLogger("asyncio").disabled = True
        raise
    finally:
        _abandon(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _abandon(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what an interrupt left running, the start of tshark for one: a loop must not be closed over it."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@contextmanager
def _environment(profile: str) -> Iterator[None]:
    """pyshark starts tshark with our own environment and takes no other, so ours is changed for that moment."""
    wanted = {"WIRESHARK_CONFIG_DIR": profile, "LC_ALL": "C.UTF-8"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
