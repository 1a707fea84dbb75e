"""Why this machine refuses a private network, and what would mend it: a reason and a fix, never a bare errno."""

from __future__ import annotations

import errno
from pathlib import Path


class NamespacesRefused(Exception):
    """This machine refuses the lab a network of its own. `reason` says why, `fix` what to type."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason}; {fix}")
        self.reason = reason
        self.fix = fix


def too_many_threads(count: int) -> NamespacesRefused:
    return NamespacesRefused(
        f"this process already runs {count} threads, and the kernel gives a user namespace only to a process with one",
        "enter the private network first, before anything starts a thread, or use a new process",
    )


def explain(error: OSError) -> NamespacesRefused:
    """The refusal behind a failed unshare(2) or id map, by what the machine's own settings say."""
    match error.errno:
        case errno.ENOSPC | errno.EUSERS:
            return _no_more_namespaces()
        case errno.ENOSYS | errno.EINVAL:
            return NamespacesRefused(
                f"this kernel has no user or network namespaces ({error.strerror})",
                "use a kernel built with CONFIG_USER_NS and CONFIG_NET_NS",
            )
        case errno.EPERM | errno.EACCES:
            return _not_permitted(error)
        case _:
            return NamespacesRefused(f"the kernel refused a namespace: {error.strerror}", "run `lab doctor` for more")


def _no_more_namespaces() -> NamespacesRefused:
    for kind in ("user", "net"):
        if _setting(f"user/max_{kind}_namespaces") == "0":
            return NamespacesRefused(
                f"this machine permits no {kind} namespaces (user.max_{kind}_namespaces is 0)",
                f"as root: sysctl -w user.max_{kind}_namespaces=15000",
            )
    return NamespacesRefused(
        "this machine's limit of namespaces is reached (user.max_user_namespaces or user.max_net_namespaces)",
        "end what uses them (`lsns`), or as root raise the limit with sysctl -w",
    )


def _not_permitted(error: OSError) -> NamespacesRefused:
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return NamespacesRefused(
            "AppArmor keeps user namespaces from ordinary users here "
            "(kernel.apparmor_restrict_unprivileged_userns is 1, as in Ubuntu 24.04)",
            "run as root, or as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        )
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return NamespacesRefused(
            "this kernel keeps user namespaces from ordinary users (kernel.unprivileged_userns_clone is 0)",
            "run as root, or as root: sysctl -w kernel.unprivileged_userns_clone=1",
        )
    return NamespacesRefused(
        f"namespaces are not permitted here ({error.strerror}): a container's seccomp filter, a chroot or a security "
        "module forbids them",
        "run outside the container, or give the container CAP_SYS_ADMIN (docker run --privileged)",
    )


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""
