"""Ports of this machine: the ranges they fall into, who holds which, and whether one is free.

The rule: a port is called free only after a socket has been bound to it; what cannot be seen is counted, not hidden.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

Protocol = Literal["udp", "tcp"]
Family = Literal["IPv4", "IPv6"]

_SETTINGS = Path("/proc/sys/net/ipv4")


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from `first` to `last`, both included, by somebody's rule."""

    name: str
    first: int
    last: int
    meaning: str
    source: str

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last


@dataclass(frozen=True, slots=True)
class Holder:
    """A socket that has a port. `pid` is None where this user may not see whose it is."""

    protocol: Protocol
    family: Family
    address: str
    port: int
    state: str
    pid: int | None
    process: str
    user: str


class Binding(StrEnum):
    """What came of the attempt to bind a port."""

    FREE = "free"
    BUSY = "busy"
    NOT_PERMITTED = "not permitted"
    NO_SUCH_FAMILY = "not available"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to bind; `why` is the kernel's word where it failed."""

    protocol: Protocol
    family: Family
    result: Binding
    why: str = ""


SERVICES = {
    7: "echo",
    9: "discard",
    13: "daytime",
    19: "chargen",
    20: "ftp-data",
    21: "ftp",
    22: "ssh",
    23: "telnet",
    25: "smtp",
    53: "dns",
    67: "dhcp server",
    68: "dhcp client",
    69: "tftp",
    80: "http",
    110: "pop3",
    123: "ntp",
    137: "netbios names",
    143: "imap",
    161: "snmp",
    162: "snmp traps",
    443: "https",
    500: "ike",
    514: "syslog",
    546: "dhcpv6 client",
    547: "dhcpv6 server",
    1900: "ssdp",
    2425: "ipmsg and FeiQ",
    3306: "mysql",
    3389: "rdp",
    4789: "vxlan",
    5353: "multicast dns",
    5355: "llmnr",
    8080: "http, second choice",
}
"""Ports that a lesson or this lab meets; /etc/services is often missing on a bare machine."""


def kernel_range() -> tuple[int, int]:
    """From where to where this kernel picks a port for a socket that asked for none."""
    first, last = (int(word) for word in _setting("ip_local_port_range", "32768 60999").split())
    return first, last


def first_unprivileged() -> int:
    """The first port that an ordinary user may bind; 1024 unless somebody changed it."""
    return int(_setting("ip_unprivileged_port_start", "1024"))


def ranges() -> tuple[PortRange, ...]:
    """The divisions of the 65,536 ports, everybody's and this kernel's."""
    first, last = kernel_range()
    return (
        PortRange("any", 0, 0, "not a port: asks the kernel to pick one", "RFC 6335 6"),
        PortRange("well-known", 0, 1023, "given out by IANA to services; root's own on Unix", "RFC 6335 6"),
        PortRange(
            "registered", 1024, 49151, "registered with IANA on request, such as 2425 for IP Messenger", "RFC 6335 6"
        ),
        PortRange("dynamic (IANA)", 49152, 65535, "never given out: for clients' ends", "RFC 6335 6"),
        PortRange("dynamic (textbook)", 1024, 65535, "all that are not well known", "older textbooks"),
        PortRange("dynamic (BSD)", 1024, 5000, "what the first socket programs got", "4.2BSD"),
        PortRange(
            "dynamic (this kernel)", first, last, "what a socket gets here that asks for none", "ip_local_port_range"
        ),
    )


def ranges_of(port: int) -> tuple[PortRange, ...]:
    """The ranges that a port falls into. Raises ValueError for what is no port."""
    if not 0 <= port <= 65535:
        raise ValueError(f"{port} is no port: ports go from 0 to 65535")
    return tuple(known for known in ranges() if port in known)


def service(port: int) -> str:
    """What usually listens there, "" when nobody says."""
    if port in SERVICES:
        return SERVICES[port]
    for protocol in ("udp", "tcp"):
        with suppress(OSError):
            return socket.getservbyport(port, protocol)
    return ""


def port_number(text: str) -> int:
    """A port from digits or a service's name, such as `tftp`. Raises ValueError, whose text says what to type."""
    if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535:
        return int(text)
    for port, name in SERVICES.items():
        if text.lower() in (name.lower(), *name.lower().split(" and ")):
            return port
    for protocol in ("udp", "tcp"):
        with suppress(OSError, UnicodeError, ValueError):
            return socket.getservbyname(text, protocol)
    raise ValueError(f"{text[:40]!a} is no port; type 0 to 65535 or a service such as tftp")


def holders(*, port: int | None = None, everything: bool = False) -> list[Holder]:
    """Who has ports here: UDP sockets and listening TCP sockets, or `everything`; sorted by port.

    Without root the owners of other users' sockets stay hidden: their `pid` is None. Raises OSError where the
    system tells nothing at all.
    """
    import psutil  # type: ignore[import-untyped]

    found: list[Holder] = []
    try:
        connections = psutil.net_connections(kind="inet")
    except psutil.AccessDenied as error:
        raise PermissionError("this system shows sockets to root only") from error
    for connection in connections:
        protocol: Protocol = "udp" if connection.type == socket.SOCK_DGRAM else "tcp"
        if not connection.laddr or (port is not None and connection.laddr.port != port):
            continue
        if protocol == "tcp" and connection.status != psutil.CONN_LISTEN and not everything and port is None:
            continue
        family: Family = "IPv6" if connection.family == socket.AF_INET6 else "IPv4"
        state = "" if connection.status == psutil.CONN_NONE else connection.status.lower().replace("_", " ")
        process, user = _owner(connection.pid)
        address = connection.laddr
        found.append(Holder(protocol, family, address.ip, address.port, state, connection.pid, process, user))
    return sorted(set(found), key=lambda one: (one.port, one.protocol, one.family, one.address, one.pid or 0))


def hidden(found: Iterable[Holder]) -> int:
    """How many sockets have an owner that this user may not see."""
    # A connection that only waits out its time belongs to nobody any more.
    return sum(one.pid is None and one.state != "time wait" for one in found)


def try_to_bind(port: int) -> tuple[Attempt, ...]:
    """Binds the port for an instant on every address: UDP and TCP, IPv4 and IPv6, each by itself."""
    protocols: tuple[Protocol, ...] = ("udp", "tcp")
    families: tuple[Family, ...] = ("IPv4", "IPv6")
    return tuple(_attempt(protocol, family, port) for protocol in protocols for family in families)


def _attempt(protocol: Protocol, family: Family, port: int) -> Attempt:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(socket.AF_INET if family == "IPv4" else socket.AF_INET6, kind) as one:
            if family == "IPv6":
                # Else the IPv6 socket would ask for IPv4 too, and be told about the wrong one.
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if protocol == "tcp":
                # Connections that are only waiting out their time keep no server from starting.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("0.0.0.0" if family == "IPv4" else "::", port))  # noqa: S104 (every address is the question)
    except OSError as error:
        return Attempt(protocol, family, _result(error), error.strerror or str(error))
    return Attempt(protocol, family, Binding.FREE)


def _result(error: OSError) -> Binding:
    match error.errno:
        case errno.EADDRINUSE:
            return Binding.BUSY
        case errno.EACCES | errno.EPERM:
            return Binding.NOT_PERMITTED
        case errno.EAFNOSUPPORT | errno.EADDRNOTAVAIL | errno.EPROTONOSUPPORT:
            return Binding.NO_SUCH_FAMILY
        case _:
            raise error


def _owner(pid: int | None) -> tuple[str, str]:
    import psutil

    if pid is None:
        return "", ""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.name(), process.username()
    return "", ""


def _setting(name: str, otherwise: str) -> str:
    try:
        return (_SETTINGS / name).read_text().strip() or otherwise
    except OSError:
        return otherwise
