"""Ports, locale, IPv6, disk, clock, terminal: the small things that stop a run. The rule: each is asked for itself."""

from __future__ import annotations

import errno
import locale
import os
import shutil
import socket
import sys
import tempfile
import time

from lab.host import ports
from lab.host.check import Check, ok, warn
from lab.host.network_checks import setting

NEEDED_BYTES = 200 * 1024 * 1024
BORN = 1_735_689_600
"""2025-01-01: the lab is younger than that, so no right clock is older."""


def machine_checks() -> list[Check]:
    """Everything about this machine that is neither a program nor a namespace."""
    return [
        udp_port("TFTP port 69", 69, "lab tftp serve DIR --port 6969"),
        udp_port("FeiQ port 2425", 2425, "lab feiq serve --port 2426"),
        low_ports(ports.first_unprivileged(), root=os.geteuid() == 0),
        ipv6_loopback(),
        receive_buffer(setting("net/core/rmem_max")),
        open_files(),
        disk(tempfile.gettempdir()),
        disk(os.getcwd()),
        utf8(),
        clock(time.time()),
        terminal(),
    ]


def udp_port(name: str, port: int, otherwise: str) -> Check:
    """Whether a peer of the lab may have this port outside of the lab network."""
    attempts = [attempt for attempt in ports.try_to_bind(port) if attempt.protocol == "udp"]
    results = {attempt.result for attempt in attempts}
    if ports.Binding.BUSY in results:
        held = sorted({_whose(one) for one in ports.holders(port=port) if one.protocol == "udp"})
        words = f"held by {', '.join(held) or 'a process that only root may see'}"
        return warn(name, words, f"{otherwise}   # or end what holds it: lab ports {port}")
    if ports.Binding.NOT_PERMITTED in results:
        return warn(name, "free, but not for an ordinary user", f"{otherwise}   # or: {_permit(port)}")
    if ports.Binding.FREE not in results:
        return warn(name, f"cannot be bound: {attempts[0].why}", otherwise)
    return ok(name, "free")


def _whose(one: ports.Holder) -> str:
    return f"{one.process} (pid {one.pid})" if one.pid is not None else "a process that only root may see"


def _permit(port: int) -> str:
    return f"sudo sysctl -w net.ipv4.ip_unprivileged_port_start={port}"


def low_ports(first: int, *, root: bool) -> Check:
    name = "low ports"
    if root:
        return ok(name, "root may bind every port")
    if first <= 69:
        return ok(name, f"ordinary users may bind ports from {first} on")
    return warn(name, f"ordinary users may bind ports from {first} on; the lab network lifts that", _permit(69))


def ipv6_loopback() -> Check:
    name = "IPv6 on loopback"
    fix = "sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0"
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.bind(("::1", 0))
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            fix = "boot without ipv6.disable=1"
        return warn(name, error.strerror or str(error), fix)
    return ok(name, "::1 can be bound")


def receive_buffer(most: str) -> Check:
    """A window of TFTP blocks must fit the socket's buffer (RFC 7440), which the kernel counts about double."""
    name = "receive buffer"
    if not most.isdigit():
        return ok(name, "not told by this kernel")
    blocks = int(most) // 2304
    words = f"at most {int(most) // 1024} KiB a socket: TFTP windows up to {min(blocks, 65535)} blocks of 1,468 bytes"
    if blocks >= 16:
        return ok(name, words)
    return warn(name, words, "sudo sysctl -w net.core.rmem_max=4194304")


def open_files() -> Check:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    words = f"{soft} at once"
    if soft == resource.RLIM_INFINITY or soft >= 1024:
        return ok("open files", words)
    return warn("open files", f"{words}: a server may run short of sockets", f"ulimit -n {min(hard, 4096)}")


def disk(folder: str) -> Check:
    """Room for captures, and the right to write them."""
    name = "disk, temporary" if folder == tempfile.gettempdir() else "disk, here"
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warn(name, f"{folder}: {error.strerror}", "export TMPDIR=/var/tmp")
    words = f"{free / 2**30:.1f} GiB free in {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return warn(name, f"{folder} cannot be written to", "lab demo --out ~/lab-demo")
    if free < NEEDED_BYTES:
        return warn(name, words, f"df -h {folder}   # and make room: 200 MiB is plenty")
    return ok(name, words)


def utf8() -> Check:
    name = "UTF-8"
    encoding = locale.getpreferredencoding(False)
    output = sys.stdout.encoding or encoding
    if encoding.lower().replace("-", "") == "utf8" == output.lower().replace("-", ""):
        return ok(
            name, f"locale {os.environ.get('LC_ALL') or os.environ.get('LC_CTYPE') or os.environ.get('LANG') or 'C'}"
        )
    return warn(name, f"text is {encoding} here, output {output}: Chinese will not show", "export LC_ALL=C.UTF-8")


def clock(now_s: float) -> Check:
    """Captures bear this clock's time; engines count by the monotonic one."""
    name = "clock"
    resolution_ns = time.get_clock_info("monotonic").resolution * 1e9
    words = f"{time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(now_s))}, steps of {resolution_ns:.0f} ns"
    if now_s < BORN:
        return warn(name, f"{words}: that is in the past", "sudo timedatectl set-ntp true")
    if resolution_ns > 1_000_000:
        return warn(
            name, f"{words}: too coarse to time packets", "cat /sys/devices/system/clocksource/*/current_clocksource"
        )
    return ok(name, words)


def terminal() -> Check:
    name = "terminal"
    columns = shutil.get_terminal_size((80, 24)).columns
    if not sys.stdout.isatty():
        return ok(name, "output goes to a file or a pipe: plain, without colours")
    if os.environ.get("NO_COLOR"):
        return ok(name, f"{columns} columns, NO_COLOR is set: plain")
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        return warn(name, "TERM says it is dumb: no colours", "export TERM=xterm-256color")
    if columns < 100:
        return warn(name, f"{columns} columns: ladders and bytes want 100", "widen the window")
    return ok(name, f"{columns} columns, {os.environ['TERM']}")
