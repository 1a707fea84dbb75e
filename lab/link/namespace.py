"""The lab's private network: two hosts on one cable that no other machine can reach, gone when the process ends.

    kernel side                                  station side
    lab0  02:4c:41:42:00:01  ==== veth ====  lab1  02:4c:41:42:00:02
          10.77.0.1/24                             silent: a crafted station owns 10.77.0.2
          fd77::1/64                               (or, with station_kernel, a second kernel host does)

Its one rule: entering either succeeds whole or leaves the process as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lab.link import netns, veth
from lab.link.refusal import NamespacesRefused, explain, too_many_threads
from lab.link.veth import Host

if TYPE_CHECKING:
    from lab.link.raw import RawLink
    from lab.link.recorder import Recorder
    from lab.link.tap import Recorded

__all__ = ["KERNEL", "STATION", "STRANGER", "Host", "NamespacesRefused", "PrivateNetwork"]

KERNEL = Host("02:4c:41:42:00:01", "10.77.0.1", "fd77::1")
STATION = Host("02:4c:41:42:00:02", "10.77.0.2", "fd77::2")
STRANGER = Host("02:4c:41:42:00:03", "10.77.0.3", "fd77::3")
"""A third host for spoofed packets; it exists only in the frames a test crafts."""

KERNEL_INTERFACE = "lab0"
STATION_INTERFACE = "lab1"


def _furnish(station: int, station_kernel: bool, offloads: bool) -> bool:
    """Makes both ends of the cable what they are to be. True if the kernel's host has IPv6 too."""
    veth.lay_cable(KERNEL_INTERFACE, STATION_INTERFACE, station)
    veth.switch_on_loopback()
    with netns.inside(station):
        veth.switch_on_loopback()
        if station_kernel:
            veth.kernel_host(STATION_INTERFACE, STATION, offloads=offloads)
        else:
            veth.silent_side(STATION_INTERFACE, STATION, offloads=offloads)
    ipv6 = veth.kernel_host(KERNEL_INTERFACE, KERNEL, offloads=offloads)
    with netns.inside(station):
        veth.wait_until_up(STATION_INTERFACE)
        if station_kernel:
            veth.wait_until_quiet(STATION_INTERFACE)
    veth.wait_until_up(KERNEL_INTERFACE)
    veth.wait_until_quiet(KERNEL_INTERFACE)
    return ipv6


class PrivateNetwork:
    """A network of the lab's own, entered by this process. Use `with PrivateNetwork.enter() as network:`."""

    def __init__(self, outside: int, kernel: int, station: int, *, rootless: bool, ipv6: bool) -> None:
        self._outside, self._kernel, self._station = outside, kernel, station
        self.rootless = rootless
        """True in a user namespace: programs that change their user id (tftpd-hpa, atftpd) cannot run there."""
        self.ipv6 = ipv6
        """False on a kernel that has no IPv6."""

    @classmethod
    def enter(cls, *, station_kernel: bool = False, offloads: bool = False) -> Self:
        """Puts the calling thread on the kernel side; threads and children it starts afterwards are there too.

        As root a network namespace is enough, and leaving brings the thread back. An ordinary user needs a user
        namespace round it: the process must have one thread only, and cannot come back; it is root inside.

        :param station_kernel: the other side is a second kernel host, for real clients opposite real servers.
        :param offloads: leaves checksum and segmentation offload on, as on real hardware; for trying the recorder.
        :raises NamespacesRefused: this machine or this process may not; nothing has changed.
        """
        if not hasattr(os, "fork") or not os.path.exists(netns.THIS_THREAD):
            raise NamespacesRefused("only Linux has network namespaces", "use Linux, or the virtual wire")
        # Root of a container may lack CAP_SYS_ADMIN, or lack it where it is now; then it is an ordinary user here.
        if os.geteuid() == 0 and netns.may_come_back():
            return cls._as_root(station_kernel, offloads)
        if (threads := netns.threads_running()) > 1:
            raise too_many_threads(threads)
        veth.load_netlink()  # Once, before the rehearsal, or it would be loaded twice.
        cls._rehearse(lambda: cls._as_anyone(station_kernel, offloads))
        return cls._as_anyone(station_kernel, offloads)

    @classmethod
    def _as_root(cls, station_kernel: bool, offloads: bool) -> Self:
        outside = netns.current_network()
        try:
            netns.unshare(netns.CLONE_NEWNET)
            return cls._build(outside, station_kernel, offloads, rootless=False)
        except BaseException as error:
            with suppress(OSError):
                netns.setns(outside, netns.CLONE_NEWNET)
            os.close(outside)
            if isinstance(error, OSError):
                raise explain(error) from error
            raise

    @classmethod
    def _as_anyone(cls, station_kernel: bool, offloads: bool) -> Self:
        try:
            netns.become_root_of_a_user_namespace()
            return cls._build(-1, station_kernel, offloads, rootless=True)
        except OSError as error:
            raise explain(error) from error

    @staticmethod
    def _rehearse(attempt: Callable[[], object]) -> None:
        """Tries it in a child first: a user namespace entered halfway cannot be left. Raises NamespacesRefused."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            answer = "\n"
            try:
                attempt()
            except NamespacesRefused as refusal:
                answer = f"{refusal.reason}\n{refusal.fix}"
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}\nrun `lab doctor` for more"
            finally:
                os.write(writing, answer.encode())
                os._exit(0)
        os.close(writing)
        with open(reading, encoding="utf-8") as answers:
            reason, _, fix = answers.read().partition("\n")
        os.waitpid(child, 0)
        if reason:
            raise NamespacesRefused(reason, fix)

    @classmethod
    def _build(cls, outside: int, station_kernel: bool, offloads: bool, *, rootless: bool) -> Self:
        """Lays the cable between the network that the thread is in, which becomes the station's, and a new one."""
        station = netns.current_network()
        kernel = -1
        try:
            netns.unshare(netns.CLONE_NEWNET)
            kernel = netns.current_network()
            ipv6 = _furnish(station, station_kernel, offloads)
        except BaseException as error:
            for descriptor in (station, kernel):
                if descriptor >= 0:
                    os.close(descriptor)
            if type(error).__name__ == "NetlinkError":
                raise NamespacesRefused(f"the kernel lays no veth cable ({error})", "as root: modprobe veth") from error
            raise
        return cls(outside, kernel, station, rootless=rootless, ipv6=ipv6)

    def station_link(self) -> RawLink:
        """The station's end of the cable, for frames crafted by hand."""
        from lab.link.raw import RawLink

        with self.station_namespace():
            return RawLink(STATION_INTERFACE)

    def record(self, each: Callable[[Recorded], None] | None = None) -> Recorder:
        """A recorder on lab0, not yet started: it sees every frame on the cable once, in both directions."""
        from lab.link.recorder import Recorder

        return Recorder(KERNEL_INTERFACE, each, network=self._kernel)

    @contextmanager
    def station_namespace(self) -> Iterator[None]:
        """For the length of a `with` the calling thread, and what it starts or opens, is on the station side."""
        with netns.inside(self._station):
            yield

    def close(self) -> None:
        """Leaves the network. The kernel takes it down when nothing of it is open any more."""
        if self._outside >= 0:
            netns.setns(self._outside, netns.CLONE_NEWNET)
        for descriptor in (self._outside, self._kernel, self._station):
            if descriptor >= 0:
                os.close(descriptor)
        self._outside = self._kernel = self._station = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
