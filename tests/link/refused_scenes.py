"""Scenes in which the private network is refused; scenes.py plays them. Each tells whether the process is as it was."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from pathlib import Path

from lab.link import netns
from lab.link.namespace import NamespacesRefused, PrivateNetwork


def _refused() -> object:
    before = os.stat(netns.THIS_THREAD).st_ino, os.geteuid(), len(os.listdir("/proc/self/fd"))
    try:
        PrivateNetwork.enter()
    except NamespacesRefused as refusal:
        after = os.stat(netns.THIS_THREAD).st_ino, os.geteuid(), len(os.listdir("/proc/self/fd"))
        return {"reason": refusal.reason, "fix": refusal.fix, "unchanged": before == after}
    return None


def refused_for_threads() -> object:
    hold = threading.Event()
    thread = threading.Thread(target=hold.wait)
    thread.start()
    try:
        return _refused()
    finally:
        hold.set()
        thread.join()


def _limited(kind: str, limit: int = 0, inside: int = 1000, more: int = 0) -> object:
    """In a user namespace of our own, where we are user `inside`, so many namespaces are permitted."""
    user, group = os.geteuid(), os.getegid()
    netns.unshare(netns.CLONE_NEWUSER | more)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")
    Path(f"/proc/sys/user/max_{kind}_namespaces").write_text(str(limit))
    return _refused()


def refused_by_user_limit() -> object:
    return _limited("user")


def refused_by_net_limit() -> object:
    return _limited("net")


def refused_halfway() -> object:
    """The first network is permitted, the second is not."""
    return _limited("net", 1)


def refused_halfway_as_root_of_a_container() -> object:
    """As under `unshare -Ur`: root, but not of the network that it is in, so that it could not come back."""
    return _limited("net", 1, inside=0)


def refused_halfway_as_root() -> object:
    """Root of its own network, which is one of the two permitted."""
    return _limited("net", 2, inside=0, more=netns.CLONE_NEWNET)


def refused_by_seccomp() -> object:
    """As in a container: unshare(2) answers EPERM."""
    load, equal, allow, deny = 0x20, 0x15, 0x7FFF0000, 0x00050001  # BPF_LD|W|ABS, BPF_JMP|JEQ, ALLOW, ERRNO|EPERM
    unshare_number = {"x86_64": 272, "aarch64": 97}[os.uname().machine]
    lines = [(load, 0, 0, 0), (equal, 0, 1, unshare_number), (6, 0, 0, deny), (6, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
    return _refused()
