"""May the lab have a network of its own here? The rule: tried in a child, then explained by the machine's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lab.host import probe
from lab.host.check import Check, missing, ok, warn

_SYS = Path("/proc/sys")
CAP_NET_RAW = 13  # linux/capability.h

_STEPS = (
    ("network namespace", "network namespaces", "a network of its own"),
    ("veth pair", "veth pair", "a cable with two ends"),
    ("raw frames", "raw frames", "AF_PACKET sends whole frames inside"),
)
_ASK_KERNEL = (
    "use a kernel with CONFIG_USER_NS, CONFIG_NET_NS, CONFIG_VETH and CONFIG_PACKET (every distribution's own has them)"
)


def network_checks() -> list[Check]:
    """Namespaces, their restrictions, and what works inside them."""
    root = os.geteuid() == 0
    as_user = run_probe("user")
    # A container's root may be refused what its user namespace grants: the lab then goes that way too.
    as_root = run_probe("root") if root else {}
    inside = as_root if as_root and not any(as_root.get(step, "?") for step in probe.GROUND[1:]) else as_user
    return [
        user_namespaces(as_user, as_root),
        apparmor(as_user, root=root),
        *inner_steps(inside),
        offload_state(inside),
        port_69_inside(inside),
        net_raw(_effective_capabilities()),
    ]


def run_probe(mode: str) -> dict[str, str]:
    """Each step that was tried with its error, "" where it worked. A probe that dies says so under its first step."""
    first = probe.steps(mode)[0][0]
    command = [sys.executable, "-P", probe.__file__, mode]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
        return dict(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return {first: "no answer within 20 s"}
    except (ValueError, OSError) as error:
        return {first: f"the probe could not run: {type(error).__name__}"}


def user_namespaces(as_user: dict[str, str], as_root: dict[str, str]) -> Check:
    name = "user namespaces"
    # Where AppArmor restricts them the namespace itself is granted, but no right in it: the veth pair fails.
    refused = next((f"{step}: {words}" for step, words in as_user.items() if _is_refusal(step, words)), "")
    if not refused:
        return ok(name, "work: the lab needs no root")
    found = f"refused ({refused})"
    if as_root and not any(as_root.values()):
        return warn(name, f"{found}; root does without", why_refused())
    return missing(name, found, why_refused())


def _is_refusal(step: str, words: str) -> bool:
    """A veth pair may also fail for want of a package or a module, which says nothing of namespaces."""
    return bool(words) and step in probe.GROUND and (step != "veth pair" or "permitted" in words.lower())


def why_refused() -> str:
    """The command that permits user namespaces, by the settings that are known to forbid them."""
    if setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if setting("kernel/unprivileged_userns_clone") == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    for kind in ("user", "net"):
        if setting(f"user/max_{kind}_namespaces") == "0":
            return f"sudo sysctl -w user.max_{kind}_namespaces=15000"
    return "run as root, or outside the container (docker run --privileged); until then the lab uses its virtual wire"


def apparmor(as_user: dict[str, str], *, root: bool) -> Check:
    name = "AppArmor restriction"
    fix = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    match setting("kernel/apparmor_restrict_unprivileged_userns"):
        case "1" if root:
            return warn(name, "on: ordinary users are refused (Ubuntu 24.04 and later); root is not", fix)
        case "1" if any(as_user.values()):
            return missing(name, "on: user namespaces get no rights (Ubuntu 24.04 and later)", fix)
        case "1":
            return ok(name, "on, but this program has a profile that permits it")
        case "":
            return ok(name, "this kernel has none")
        case _:
            return ok(name, "off")


def inner_steps(inside: dict[str, str]) -> list[Check]:
    """What the lab builds its network from, each step as the kernel answered it."""
    return [_inner(inside, step, name, found) for step, name, found in _STEPS]


def _inner(inside: dict[str, str], step: str, name: str, found: str) -> Check:
    match inside.get(step):
        case "":
            return ok(name, found)
        case None:
            return missing(name, "not tried: what it stands on was refused", "mend the line above first")
        case error if "pyroute2" in error:
            return missing(name, error, "pip install pyroute2")
        case error:
            return missing(name, error, why_refused() if _is_refusal(step, error) else _ASK_KERNEL)


def offload_state(inside: dict[str, str]) -> Check:
    """PACKET_VNET_HDR tells each frame's offloads; UDP super-frames come with it from Linux 6.2 on."""
    name = "offload state"
    release = os.uname().release
    if error := inside.get("offload state", "not tried"):
        return warn(
            name, f"PACKET_VNET_HDR: {error}", "captures on loopback will show unfilled checksums; use the lab network"
        )
    if kernel_version(release) < (6, 2):
        words = f"kernel {release}: UDP super-frames are not seen whole before 6.2"
        return warn(name, words, "use Linux 6.2 or later, or record in the lab network, where offloads are off")
    return ok(name, f"PACKET_VNET_HDR works, and kernel {release} tells of UDP segmentation")


def kernel_version(release: str) -> tuple[int, int]:
    """`6.1.0-18-amd64` is (6, 1); what cannot be read is (0, 0)."""
    major, _, rest = release.partition(".")
    minor = "".join(letter for letter in rest.partition(".")[0].partition("-")[0] if letter.isdigit())
    return (int(major), int(minor)) if major.isdigit() and minor else (0, 0)


def port_69_inside(inside: dict[str, str]) -> Check:
    name = "port 69 inside"
    error = inside.get("port 69 inside", "not tried: there is no lab network")
    if not error:
        return ok(name, "a TFTP server may have its own port in the lab network")
    return warn(name, error, "lab tftp serve DIR --port 6969")


def net_raw(capabilities: int) -> Check:
    """Needed only outside of the lab network, where raw sockets open real interfaces."""
    name = "CAP_NET_RAW"
    if capabilities >> CAP_NET_RAW & 1:
        return ok(name, "held: real interfaces can be recorded")
    return warn(
        name, "not held: only the lab's own network can be recorded", "sudo $(command -v lab) record lo -w lo.pcapng"
    )


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def setting(name: str) -> str:
    """A kernel setting by its path below /proc/sys, "" where this kernel has none of that name."""
    try:
        return (_SYS / name).read_text().strip()
    except OSError:
        return ""
