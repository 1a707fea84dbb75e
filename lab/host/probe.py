"""Tries, in a process of its own, what the private network needs; run as a script: `python -P probe.py user|root`.

The rule: it does the thing itself and reports the kernel's answer; settings are never taken for the answer. What
it makes disappears with it. Prints one JSON list of [step, error]; an empty error means that the step worked. Steps
that stand on one that failed are not tried and not listed.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000
SOL_PACKET = 263  # linux/socket.h
PACKET_VNET_HDR = 15  # linux/if_packet.h
ETH_P_ALL = 3  # linux/if_ether.h

Step = tuple[str, Callable[[], None]]

GROUND = ("user namespace", "network namespace", "veth pair")
"""The steps that all later ones stand on."""


def steps(mode: str) -> list[Step]:
    """What is tried, in order."""
    first: list[Step] = [("user namespace", enter_user_namespace)] if mode == "user" else []
    return [
        *first,
        ("network namespace", enter_network_namespace),
        ("veth pair", make_cable),
        ("raw frames", open_packet_socket),
        ("offload state", ask_for_offload_state),
        ("port 69 inside", bind_port_69),
    ]


def unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def enter_network_namespace() -> None:
    unshare(CLONE_NEWNET)


def make_cable() -> None:
    from pyroute2 import IPRoute  # type: ignore[import-untyped]

    with IPRoute() as netlink:
        netlink.link("add", ifname="probe0", kind="veth", peer="probe1")
        for name in ("probe0", "probe1", "lo"):
            netlink.link("set", index=netlink.link_lookup(ifname=name)[0], state="up")


def open_packet_socket() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as raw:
        raw.bind(("probe0", ETH_P_ALL))
        raw.send(b"\xff" * 6 + b"\x02\x4c\x41\x42\x00\x01" + b"\x88\xb5" + bytes(46))


def ask_for_offload_state() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as raw:
        raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)


def bind_port_69() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 69))


def main(mode: str) -> None:
    results = []
    for name, attempt in steps(mode):
        try:
            attempt()
        except Exception as error:
            words = (
                error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
            )
            results.append((name, words))
            if name in GROUND:
                break
        else:
            results.append((name, ""))
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1])
