"""The calling thread's namespaces, as the kernel offers them; nothing here knows what the lab wants them for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000

THIS_THREAD = "/proc/thread-self/ns/net"
"""The calling thread's network: /proc/self would be the main thread's, which may be in another one."""

if sys.version_info >= (3, 12):

    def unshare(flags: int) -> None:
        """Gives the calling thread namespaces of its own; see unshare(2). Raises OSError."""
        os.unshare(flags)

    def setns(descriptor: int, kind: int) -> None:
        """Moves the calling thread into the namespace that `descriptor` holds open; see setns(2). Raises OSError."""
        os.setns(descriptor, kind)

else:

    def _system_call(name: str, *arguments: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if getattr(libc, name)(*arguments) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"{name}: {os.strerror(error)}")

    def unshare(flags: int) -> None:
        """Gives the calling thread namespaces of its own; see unshare(2). Raises OSError."""
        _system_call("unshare", flags)

    def setns(descriptor: int, kind: int) -> None:
        """Moves the calling thread into the namespace that `descriptor` holds open; see setns(2). Raises OSError."""
        _system_call("setns", descriptor, kind)


def current_network() -> int:
    """A descriptor that keeps the calling thread's network alive; the caller closes it."""
    return os.open(THIS_THREAD, os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def inside(descriptor: int) -> Iterator[None]:
    """The calling thread is in that network for the length of a `with`; sockets and children made there stay there."""
    before = current_network()
    try:
        setns(descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(before, CLONE_NEWNET)
    finally:
        os.close(before)


def may_come_back() -> bool:
    """May the calling thread, once it has left its network, enter it again? Tried by entering it now."""
    here = current_network()
    try:
        setns(here, CLONE_NEWNET)
    except OSError:
        return False
    finally:
        os.close(here)
    return True


def threads_running() -> int:
    """How many threads this process has, those of libraries included (threading.active_count sees only Python's)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Threads:"):
            return int(line.split()[1])
    return 1


def become_root_of_a_user_namespace() -> None:
    """Unshares user and network; the caller is root inside, so that children keep their rights. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | CLONE_NEWNET)
    # An unprivileged process may map its group only after it has given up setgroups(2): user_namespaces(7).
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
