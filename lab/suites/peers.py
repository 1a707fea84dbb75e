"""Other people's TFTP and FeiQ programs, as a table: how each is found, started and asked. Nothing here judges them.

A server is started in the foreground on a port of its own and is ready only when the kernel lists that port.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


PEERS_DIRECTORY = Path(os.environ.get("PACKET_LAB_PEERS", CHECKOUT / ".peers"))
"""Where scripts/install-peers unpacks the packages that exclude each other."""


class PeerMissing(LookupError):
    """The program is not on this machine; the text says how to get it."""


class PeerDied(RuntimeError):
    """The program ended, or did not listen, before it could be talked to; the text has its last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program of some package; `unpacked` is its path inside .peers/, where it may not be installed."""

    name: str
    package: str
    unpacked: str = ""
    version_of: str = ""
    """Its version where that is known without asking Debian."""

    def path(self) -> str:
        """Absolute path. Raises PeerMissing."""
        if self.unpacked:
            place = PEERS_DIRECTORY / self.unpacked
            if place.exists():
                return str(place)
        else:
            found = shutil.which(self.name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if found:
                return found
        raise PeerMissing(f"{self.name} is not here; scripts/install-peers (as root) gets it from {self.package}")

    def version(self) -> str:
        """The version of Debian's package that the program came from, or "unknown version"."""
        if self.version_of:
            return self.version_of
        if self.unpacked:
            noted = PEERS_DIRECTORY / Path(self.unpacked).parts[0] / "version"
            return noted.read_text(encoding="ascii").strip() if noted.exists() else "unknown version"
        asked = ["dpkg-query", "-W", "-f", "${Version}", self.package]
        try:
            told = subprocess.run(asked, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return "unknown version"
        return told.stdout


@dataclass(frozen=True, slots=True)
class TftpServer:
    """A TFTP server. `words(program, root, host, port)` is its command line."""

    name: str
    program: Program
    words: Callable[[str, str, str, int], list[str]]
    needs_root: bool = False
    writable: bool = True
    only_port: int | None = None
    ipv6: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """What a client is asked to move: the name on the server, the file here, and the options to negotiate."""

    host: str
    port: int
    name: str
    file: str
    mode: str = "octet"
    options: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class TftpClient:
    """A TFTP client; `get` and `put` are the command lines for one request."""

    name: str
    program: Program
    get: Callable[[str, Request], list[str]]
    put: Callable[[str, Request], list[str]]
    options: tuple[str, ...] = ()
    netascii: bool = False


def _url(request: Request) -> str:
    host = f"[{request.host}]" if ":" in request.host else request.host
    suffix = ";mode=netascii" if request.mode == "netascii" else ""
    return f"tftp://{host}:{request.port}/{request.name}{suffix}"


def _curl(program: str, request: Request, *direction: str) -> list[str]:
    asked = dict(request.options or {})
    block = ["--tftp-blksize", str(asked["blksize"])] if "blksize" in asked else []
    plain = [] if asked else ["--tftp-no-options"]
    return [program, "-sS", "--globoff", "--max-time", "60", *block, *plain, *direction, _url(request)]


def _hpa(program: str, request: Request, action: str, *files: str) -> list[str]:
    mode = "netascii" if request.mode == "netascii" else "binary"
    return [program, "-m", mode, request.host, str(request.port), "-c", action, *files]


def _atftp(program: str, request: Request, direction: str) -> list[str]:
    options = [word for key, value in (request.options or {}).items() for word in ("--option", f"{key} {value}")]
    if request.mode == "netascii":
        options += ["--option", "mode netascii"]
    return [program, *options, direction, "-r", request.name, "-l", request.file, request.host, str(request.port)]


def _busybox(program: str, request: Request, direction: str) -> list[str]:
    block = ["-b", str(request.options["blksize"])] if request.options and "blksize" in request.options else []
    words = [program, "tftp", direction, "-r", request.name, "-l", request.file, *block]
    return [*words, request.host, str(request.port)]


def _dnsmasq(program: str, root: str, host: str, _port: int) -> list[str]:
    return [
        program, "--conf-file=/dev/null", "--keep-in-foreground", "--port=0", "--enable-tftp", f"--tftp-root={root}",
        f"--listen-address={host}", "--bind-interfaces", "--user=root", "--log-facility=-", "--pid-file=",
        "--tftp-max=1000",
    ]  # fmt: skip


def _hpa_server(program: str, root: str, host: str, port: int) -> list[str]:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [program, "-L", "-c", "-p", "-U", "0", "-a", where, "-u", "nobody", "-s", root]


def _atftp_server(program: str, root: str, host: str, port: int) -> list[str]:
    words = [program, "--daemon", "--no-fork", "--port", str(port), "--bind-address", host]
    return [*words, "--user", "nobody.nogroup", "--logfile", "-", root]


TFTP_SERVERS = {
    server.name: server
    for server in (
        TftpServer(
            "tftpd-hpa",
            Program("in.tftpd", "tftpd-hpa", "tftpd-hpa/usr/sbin/in.tftpd"),
            _hpa_server,
            needs_root=True,
        ),
        TftpServer(
            "atftpd",
            Program("atftpd", "atftpd", "atftpd/usr/sbin/atftpd"),
            _atftp_server,
            needs_root=True,
            ipv6=False,
        ),
        TftpServer("dnsmasq", Program("dnsmasq", "dnsmasq-base"), _dnsmasq, writable=False, only_port=69),
    )
}

TFTP_CLIENTS = {
    client.name: client
    for client in (
        TftpClient(
            "curl",
            Program("curl", "curl"),
            get=lambda program, r: _curl(program, r, "-o", r.file),
            put=lambda program, r: _curl(program, r, "-T", r.file),
            options=("blksize",),
            netascii=True,
        ),
        TftpClient(
            "tftp-hpa",
            Program("tftp", "tftp-hpa", "tftp-hpa/usr/bin/tftp"),
            get=lambda program, r: _hpa(program, r, "get", r.name, r.file),
            put=lambda program, r: _hpa(program, r, "put", r.file, r.name),
            netascii=True,
        ),
        TftpClient(
            "atftp",
            Program("atftp", "atftp", "atftp/usr/bin/atftp"),
            get=lambda program, r: _atftp(program, r, "-g"),
            put=lambda program, r: _atftp(program, r, "-p"),
            options=("blksize", "tsize", "timeout", "windowsize"),
            netascii=True,
        ),
        TftpClient(
            "busybox",
            Program("busybox", "busybox"),
            get=lambda program, r: _busybox(program, r, "-g"),
            put=lambda program, r: _busybox(program, r, "-p"),
            options=("blksize",),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FeiqPeer:
    """A FeiQ / IP Messenger program with a window, run on a screen that nobody sees. It wants root, for a host name."""

    program: Program
    needs: tuple[Program, ...]

    def words(self, home: str) -> list[str]:
        """Its command line, with its settings written below `home`; it listens on UDP and TCP port 2425."""
        settings = Path(home, "iptux.json")
        settings.write_text(json.dumps({"nick_name": "iptux", "belong_group": "lab", "hide_startup": True}))
        # A host name of its own, or its packets would tell that of this machine.
        screen = "exec xvfb-run -a dbus-run-session -- iptux -l WARN -c"
        return ["unshare", "--uts", "sh", "-c", f'hostname peer && {screen} "$0"', str(settings)]

    @staticmethod
    def environment(home: str) -> dict[str, str]:
        """No settings, caches or accessibility services of whoever runs it."""
        places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), home)
        kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
        return kept | places | {"LC_ALL": "C.UTF-8", "NO_AT_BRIDGE": "1", "USER": "peer", "LOGNAME": "peer"}


IPTUX = FeiqPeer(
    Program("iptux", "iptux"),
    (Program("xvfb-run", "xvfb"), Program("dbus-run-session", "dbus-x11"), Program("unshare", "util-linux")),
)


@contextmanager
def running(
    words: list[str], *, port: int, env: Mapping[str, str] | None = None, ready_s: float = 15.0
) -> Iterator[None]:
    """Runs a server for the length of the block; enters it when UDP `port` is bound in this thread's network.

    Raises PeerDied. The server gets a process group of its own, and only that group is ended.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env, start_new_session=True
        )
        try:
            _wait_for(port, process, ready_s, said.fileno())
            yield
        finally:
            _end(process)


def udp_ports_bound() -> set[int]:
    """The UDP ports bound in the network that the calling thread is in."""
    ports = set()
    for table in ("/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            continue
        ports |= {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    return ports


def _wait_for(port: int, process: subprocess.Popen[bytes], ready_s: float, said: int) -> None:
    deadline = time.monotonic() + ready_s
    while port not in udp_ports_bound():
        if process.poll() is not None:
            raise PeerDied(f"{process.args!r} ended with {process.returncode}: {_last_words(said)}")
        if time.monotonic() > deadline:
            raise PeerDied(f"{process.args!r} did not listen on port {port} within {ready_s:g} s: {_last_words(said)}")
        time.sleep(0.02)


def _last_words(said: int) -> str:
    os.lseek(said, 0, os.SEEK_SET)
    return ascii(os.read(said, 65536)[-600:].decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue
        if sign is signal.SIGTERM:
            continue  # the group's leader has ended; what it started may not have.
    process.wait(timeout=3)
