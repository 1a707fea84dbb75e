"""Ports: ranges, holders, and whether one is free; asked of this machine's kernel with real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

import psutil
import pytest

from lab.host import ports
from lab.host.ports import Attempt, Binding


def bound(kind: int, family: int, host: str) -> socket.socket:
    one = socket.socket(family, kind)
    if family == socket.AF_INET6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind((host, 0))
    return one


@pytest.mark.parametrize(
    ("port", "names"),
    [
        (0, ["any", "well-known"]),
        (69, ["well-known"]),
        (1023, ["well-known"]),
        (1024, ["registered", "dynamic (textbook)", "dynamic (BSD)"]),
        (2425, ["registered", "dynamic (textbook)", "dynamic (BSD)"]),
        (5001, ["registered", "dynamic (textbook)"]),
        (49151, ["registered", "dynamic (textbook)", "dynamic (this kernel)"]),
        (49152, ["dynamic (IANA)", "dynamic (textbook)", "dynamic (this kernel)"]),
        (65535, ["dynamic (IANA)", "dynamic (textbook)"]),
    ],
)
def test_a_port_falls_into_ranges(monkeypatch: pytest.MonkeyPatch, port: int, names: list[str]) -> None:
    monkeypatch.setattr(ports, "kernel_range", lambda: (32768, 60999))
    assert [one.name for one in ports.ranges_of(port)] == names


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_falls_into_none(port: int) -> None:
    with pytest.raises(ValueError, match="ports go from 0 to 65535"):
        ports.ranges_of(port)


def test_the_kernels_range_is_where_it_takes_ports_from() -> None:
    first, last = ports.kernel_range()
    with bound(socket.SOCK_DGRAM, socket.AF_INET, "127.0.0.1") as one:
        assert first <= one.getsockname()[1] <= last


def test_settings_that_are_not_there_have_their_usual_values(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_SETTINGS", tmp_path)
    assert ports.kernel_range() == (32768, 60999)
    assert ports.first_unprivileged() == 1024
    (tmp_path / "ip_local_port_range").write_text("1024\t65000\n")
    assert ports.kernel_range() == (1024, 65000)


@pytest.mark.parametrize(
    ("text", "port"),
    [("69", 69), ("tftp", 69), ("TFTP", 69), ("feiq", 2425), ("ipmsg", 2425), ("0", 0), ("65535", 65535)],
)
def test_a_port_may_be_named(text: str, port: int) -> None:
    assert ports.port_number(text) == port


@pytest.mark.parametrize("text", ["65536", "-1", "", "tftpd", "６９", "9" * 5000, "a\0b", "\x1b[2J"])
def test_what_is_no_port_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no port; type 0 to 65535 or a service such as tftp") as told:
        ports.port_number(text)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("kind", "family", "host", "busy"),
    [
        (socket.SOCK_DGRAM, socket.AF_INET, "127.0.0.1", ("udp", "IPv4")),
        (socket.SOCK_DGRAM, socket.AF_INET6, "::1", ("udp", "IPv6")),
        (socket.SOCK_STREAM, socket.AF_INET, "127.0.0.1", ("tcp", "IPv4")),
        (socket.SOCK_STREAM, socket.AF_INET6, "::1", ("tcp", "IPv6")),
    ],
)
def test_a_port_that_is_held_is_busy_for_its_own_kind_alone(
    kind: int, family: int, host: str, busy: tuple[str, str]
) -> None:
    with bound(kind, family, host) as one:
        if kind == socket.SOCK_STREAM:
            one.listen()
        port = one.getsockname()[1]
        results = {(a.protocol, a.family): a.result for a in ports.try_to_bind(port)}
        assert {place for place, result in results.items() if result is Binding.BUSY} == {busy}
        (holder,) = [h for h in ports.holders(port=port) if h.pid == os.getpid()]
    assert (holder.protocol, holder.family, holder.address) == (*busy, host)
    assert holder.process == psutil.Process().name()
    assert {a.result for a in ports.try_to_bind(port)} == {Binding.FREE}


def test_holders_are_udp_sockets_and_listeners_and_everything_when_asked() -> None:
    with bound(socket.SOCK_STREAM, socket.AF_INET, "127.0.0.1") as server:
        server.listen()
        with socket.create_connection(server.getsockname()) as client, server.accept()[0]:
            place = client.getsockname()[1]
            assert place not in {one.port for one in ports.holders()}
            assert place in {one.port for one in ports.holders(everything=True)}
        listening = [one for one in ports.holders() if one.port == server.getsockname()[1]]
        assert [one.state for one in listening] == ["listen"]


def test_an_ordinary_user_is_told_that_low_ports_are_not_for_him(need: Any) -> None:
    need.root()
    if ports.first_unprivileged() <= 1:
        pytest.skip("every port is free to everybody here")
    program = (
        "import os; from lab.host import ports; os.setgid(65534); os.setuid(65534);"
        "print(sorted({attempt.result.value for attempt in ports.try_to_bind(1)}))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() in ("['not permitted']", "['not available', 'not permitted']")


def test_owners_that_this_user_may_not_see_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    def connections(kind: str) -> list[SimpleNamespace]:
        assert kind == "inet"
        udp = SimpleNamespace(family=socket.AF_INET, type=socket.SOCK_DGRAM, status="NONE", pid=None, raddr=())
        udp.laddr = SimpleNamespace(ip="0.0.0.0", port=53)
        over = SimpleNamespace(family=socket.AF_INET, type=socket.SOCK_STREAM, status="TIME_WAIT", pid=None, raddr=())
        over.laddr = SimpleNamespace(ip="10.0.0.1", port=80)
        return [over, udp]

    monkeypatch.setattr(psutil, "net_connections", connections)
    assert [(one.port, one.pid, one.process) for one in ports.holders()] == [(53, None, "")]
    assert ports.hidden(ports.holders()) == 1
    assert ports.hidden(ports.holders(everything=True)) == 1, "what only waits out its time has no owner"


def test_a_system_that_shows_no_sockets_is_a_permission_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuses)
    with pytest.raises(PermissionError, match="root only"):
        ports.holders()


def test_a_machine_without_ipv6_is_not_a_busy_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def without_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    with bound(socket.SOCK_DGRAM, socket.AF_INET, "127.0.0.1") as one:
        port = one.getsockname()[1]
    attempts = ports.try_to_bind(port)
    assert attempts[1] == Attempt("udp", "IPv6", Binding.NO_SUCH_FAMILY, "Address family not supported by protocol")
    assert attempts[0].result is Binding.FREE
