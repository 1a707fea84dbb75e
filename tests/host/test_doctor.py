"""The doctor: each check says ok for a sound machine, and for a sick one what is wrong and what mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from lab.host import machine_checks, network_checks, ports, probe, program_checks
from lab.host.check import Check, State, missing, ok, warn
from lab.host.doctor import examine, fit

SOUND = {
    "user namespace": "",
    "network namespace": "",
    "veth pair": "",
    "raw frames": "",
    "offload state": "",
    "port 69 inside": "",
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Stands in for /proc/sys: `settings("kernel/x", "1")`."""
    monkeypatch.setattr(network_checks, "_SYS", tmp_path)

    def put(name: str, value: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(value + "\n")

    return put


def test_every_check_has_a_name_of_its_own_and_whatever_is_not_ok_a_fix() -> None:
    checks = examine()
    assert len({check.name for check in checks}) == len(checks) >= 12
    for check in checks:
        assert check.found, check.name
        assert bool(check.fix) == (check.state is not State.OK), check.name


def test_the_machine_is_fit_unless_something_is_missing() -> None:
    assert fit([ok("a", "b"), warn("a", "b", "c")])
    assert not fit([ok("a", "b"), missing("a", "b", "c")])


def test_the_probe_tries_the_real_thing(need: Any) -> None:
    need.namespaces()
    assert network_checks.run_probe("user") == SOUND


def test_the_probe_as_root_needs_no_user_namespace(need: Any) -> None:
    need.root()
    need.namespaces()
    assert network_checks.run_probe("root") == {step: "" for step in SOUND if step != "user namespace"}


@pytest.mark.parametrize(
    ("kind", "step", "fix"),
    [
        ("user", "user namespace", "sudo sysctl -w user.max_user_namespaces=15000"),
        ("net", "network namespace", "sudo sysctl -w user.max_net_namespaces=15000"),
    ],
)
def test_a_machine_that_permits_no_namespaces_is_told_the_setting(need: Any, kind: str, step: str, fix: str) -> None:
    """Made real: inside a user namespace the limits can be lowered without touching the machine's own."""
    need.namespaces()
    program = (
        "import json; from lab.host import network_checks as n; seen = n.run_probe('user'); "
        "print(json.dumps([seen, n.user_namespaces(seen, {}).fix, [c.state for c in n.inner_steps(seen)]]))"
    )
    shell = f'echo 0 > /proc/sys/user/max_{kind}_namespaces; exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", shell, sys.executable, program], capture_output=True, text=True, check=True
    )
    seen, told, inner = json.loads(done.stdout)
    assert seen[step] == "No space left on device"
    assert list(seen)[-1] == step, "what stands on it was not tried"
    assert told == fix
    assert set(inner) == {"missing"}


def test_apparmors_restriction_is_named_with_its_setting(settings: Any) -> None:
    settings("kernel/apparmor_restrict_unprivileged_userns", "1")
    refused = {"user namespace": "", "network namespace": "Operation not permitted"}
    fix = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    seen = network_checks.user_namespaces(refused, {})
    assert (seen.state, seen.fix) == (State.MISSING, fix)
    assert "network namespace: Operation not permitted" in seen.found
    assert (network_checks.apparmor(refused, root=False).state, network_checks.apparmor(refused, root=False).fix) == (
        State.MISSING,
        fix,
    )
    assert network_checks.apparmor(refused, root=True).state is State.WARN
    assert network_checks.apparmor(SOUND, root=False).state is State.OK


def test_root_does_without_user_namespaces(settings: Any) -> None:
    settings("kernel/unprivileged_userns_clone", "0")
    seen = network_checks.user_namespaces({"user namespace": "Operation not permitted"}, SOUND)
    assert (seen.state, seen.fix) == (State.WARN, "sudo sysctl -w kernel.unprivileged_userns_clone=1")


def test_a_container_that_forbids_namespaces_is_told_the_way_out(settings: Any) -> None:
    seen = network_checks.user_namespaces({"user namespace": "Operation not permitted"}, {})
    assert "--privileged" in seen.fix


def test_a_missing_package_is_not_taken_for_a_refusal(settings: Any) -> None:
    seen = SOUND | {"veth pair": "ModuleNotFoundError: No module named 'pyroute2'"}
    seen = {step: seen[step] for step in ("user namespace", "network namespace", "veth pair")}
    assert network_checks.user_namespaces(seen, {}).state is State.OK
    network, veth, frames = network_checks.inner_steps(seen)
    assert network.state is State.OK
    assert (veth.state, veth.fix) == (State.MISSING, "pip install pyroute2")
    assert frames.found.startswith("not tried")


def test_a_probe_that_dies_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "probe.py"
    broken.write_text("raise SystemExit(3)")
    monkeypatch.setattr(probe, "__file__", str(broken))
    assert network_checks.run_probe("user") == {"user namespace": "the probe could not run: JSONDecodeError"}


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-18-amd64", (6, 1)), ("5.15", (5, 15)), ("6.18.44-fc", (6, 18)), ("6.2-rc3", (6, 2)), ("odd", (0, 0))],
)
def test_kernel_releases_are_compared_as_numbers(release: str, version: tuple[int, int]) -> None:
    assert network_checks.kernel_version(release) == version


def test_an_old_kernel_does_not_tell_of_udp_segmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    class Names:
        release = "5.15.0-91-generic"

    monkeypatch.setattr(os, "uname", Names)
    assert network_checks.offload_state(SOUND).state is State.WARN
    assert "before 6.2" in network_checks.offload_state(SOUND).found
    assert network_checks.offload_state({"offload state": "Invalid argument"}).state is State.WARN


def test_port_69_inside_may_be_refused() -> None:
    assert network_checks.port_69_inside(SOUND).state is State.OK
    assert (
        network_checks.port_69_inside({"port 69 inside": "Permission denied"}).fix == "lab tftp serve DIR --port 6969"
    )


@pytest.mark.parametrize(
    ("capabilities", "state"), [(1 << 13, "ok"), (0x1FFFFFFFFFF, "ok"), (0, "warn"), (1 << 12, "warn")]
)
def test_cap_net_raw_is_bit_13(capabilities: int, state: str) -> None:
    assert network_checks.net_raw(capabilities).state == state


def test_python_before_3_11_is_missing() -> None:
    assert program_checks.python((3, 11, 0)).state is State.OK
    assert program_checks.python((3, 10, 12)).state is State.MISSING


@pytest.mark.parametrize(
    ("version", "state"),
    [("2.6.1", "ok"), ("2.10.0", "ok"), ("2.7.0rc1", "ok"), ("2.6.0", "missing"), ("2.5", "missing")],
)
def test_versions_are_compared_as_numbers(monkeypatch: pytest.MonkeyPatch, version: str, state: str) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: version)
    assert program_checks.package("Scapy", "scapy", (2, 6, 1)).state == state


def test_a_package_that_is_not_there_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert program_checks.package("Scapy", "scapy", (2, 6, 1)).fix == "pip install 'scapy>=2.6.1'"
    assert program_checks.other_packages().state is State.MISSING


def test_without_tshark_the_third_reading_is_missing() -> None:
    assert program_checks.tshark_check(None, "").fix == "sudo apt-get install tshark"
    assert program_checks.tshark_lua(None).state is State.MISSING


def fake_tshark(folder: Path, script: str) -> str:
    path = folder / "tshark"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_tshark_that_runs_no_lua_is_found_out(tmp_path: Path) -> None:
    silent = fake_tshark(tmp_path, 'echo "TShark (Wireshark) 4.2.2 without Lua."')
    assert program_checks.tshark_version(silent) == "4.2.2"
    assert program_checks.tshark_check(silent, "4.2.2").state is State.OK
    assert program_checks.tshark_lua(silent).state is State.MISSING


def test_an_old_or_broken_tshark_is_missing(tmp_path: Path) -> None:
    broken = fake_tshark(tmp_path, "exit 1")
    assert program_checks.tshark_version(broken) == ""
    assert program_checks.tshark_check(broken, "").state is State.MISSING
    assert program_checks.tshark_check(broken, "2.6.20").state is State.MISSING


def test_the_real_tshark_runs_our_line_of_lua(need: Any) -> None:
    tshark = need.tool("tshark")
    assert program_checks.tshark_lua(tshark).state is State.OK


@pytest.mark.parametrize(
    ("result", "state", "fix"),
    [
        (ports.Binding.FREE, "ok", ""),
        (ports.Binding.BUSY, "warn", "lab tftp serve DIR --port 6969   # or end what holds it: lab ports 69"),
        (
            ports.Binding.NOT_PERMITTED,
            "warn",
            "lab tftp serve DIR --port 6969   # or: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=69",
        ),
        (ports.Binding.NO_SUCH_FAMILY, "warn", "lab tftp serve DIR --port 6969"),
    ],
)
def test_a_port_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, result: ports.Binding, state: str, fix: str
) -> None:
    monkeypatch.setattr(ports, "try_to_bind", lambda port: (ports.Attempt("udp", "IPv4", result, "why"),))
    monkeypatch.setattr(ports, "holders", lambda port: [])
    seen = machine_checks.udp_port("TFTP port 69", 69, "lab tftp serve DIR --port 6969")
    assert (seen.state, seen.fix) == (state, fix)


def test_who_holds_a_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    held = ports.Holder("udp", "IPv4", "0.0.0.0", 69, "", 42, "in.tftpd", "root")
    monkeypatch.setattr(ports, "try_to_bind", lambda port: (ports.Attempt("udp", "IPv4", ports.Binding.BUSY, ""),))
    monkeypatch.setattr(ports, "holders", lambda port: [held])
    assert machine_checks.udp_port("TFTP port 69", 69, "x").found == "held by in.tftpd (pid 42)"


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (machine_checks.low_ports(1024, root=False), "warn"),
        (machine_checks.low_ports(0, root=False), "ok"),
        (machine_checks.low_ports(1024, root=True), "ok"),
        (machine_checks.receive_buffer("212992"), "ok"),
        (machine_checks.receive_buffer("4096"), "warn"),
        (machine_checks.receive_buffer(""), "ok"),
        (machine_checks.clock(0), "warn"),
        (machine_checks.clock(1_800_000_000), "ok"),
        (machine_checks.disk("/proc/nowhere"), "warn"),
    ],
)
def test_the_small_things(check: Check, state: str) -> None:
    assert check.state == state


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert machine_checks.disk(str(tmp_path)).state is State.OK
    monkeypatch.setattr(machine_checks, "NEEDED_BYTES", 1 << 80)
    assert machine_checks.disk(str(tmp_path)).state is State.WARN


@pytest.mark.parametrize(("variable", "state"), [("C.UTF-8", "ok"), ("POSIX", "warn")])
def test_the_locale_decides_whether_chinese_shows(variable: str, state: str) -> None:
    program = "from lab.host.machine_checks import utf8; check = utf8(); print(check.state, check.fix)"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": variable, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path) + os.pathsep + os.getcwd()
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(state)
