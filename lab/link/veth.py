"""Builds the lab's one cable, a veth pair between two networks, and makes it true: what is sent is what is seen.

Only netlink and two ioctls are spoken here. A kernel host gets addresses; a crafted station's side is kept silent.
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.link.refusal import NamespacesRefused

ALIAS = "packet-lab"
"""Every interface of the lab bears this alias in the kernel, so that any process can tell it from a real one."""


_MLD_REPORTS = "Icmp6OutType143"
_QUIET_S = 0.03


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the lab network, whether a kernel owns its addresses or a crafted station does."""

    mac: str
    ipv4: str
    ipv6: str


IFA_F_NODAD = 0x02  # linux/if_addr.h
IN6_ADDR_GEN_MODE_NONE = 1  # linux/if_link.h
SIOCETHTOOL = 0x8946  # linux/sockios.h

# linux/ethtool.h: receive and transmit checksums, scatter-gather, TSO, GSO, GRO. Each is one of the "legacy" single
# switches, which every kernel knows; switching transmit checksums off takes UDP segmentation with it.
_OFFLOAD_SWITCHES = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)


def lay_cable(near: str, far: str, far_network: int) -> None:
    """A veth pair: `near` in the calling thread's network, `far` in the one that `far_network` holds open."""
    with _netlink() as netlink:
        netlink.link("add", ifname=near, kind="veth", peer={"ifname": far, "net_ns_fd": far_network})


def switch_on_loopback() -> None:
    with _netlink() as netlink:
        netlink.link("set", index=_index(netlink, "lo"), state="up")


def kernel_host(name: str, host: Host, *, offloads: bool) -> bool:
    """Makes `name` the interface of a host that this kernel plays. True if it has IPv6 too."""
    _mark(name, host.mac)
    # Duplicate address detection would hold every new address back for a second or two.
    _set_if_permitted(f"ipv6/conf/{name}/accept_dad", "0")
    _set_if_permitted(f"ipv6/conf/{name}/router_solicitations", "0")
    _set_if_permitted(f"ipv6/conf/{name}/disable_ipv6", "0")
    for version in ("mldv1", "mldv2"):
        _set_if_permitted(f"ipv6/conf/{name}/{version}_unsolicited_report_interval", "1")
    if not offloads:
        switch_off_offloads(name)
    with _netlink() as netlink:
        index = _index(netlink, name)
        _no_addresses_of_its_own(netlink, index)
        netlink.link("set", index=index, state="up")
        netlink.addr("add", index=index, address=host.ipv4, prefixlen=24)
        with suppress(Exception):  # A kernel without IPv6 refuses in several ways; the answer is the return value.
            netlink.addr("add", index=index, address=host.ipv6, prefixlen=64, flags=IFA_F_NODAD)
        return any(True for _ in netlink.get_addr(index=index, family=socket.AF_INET6))


def silent_side(name: str, host: Host, *, offloads: bool) -> None:
    """Makes `name` a mere plug: the kernel behind it has no address, answers no ARP and speaks no IPv6."""
    _mark(name, host.mac)
    _set_if_permitted(f"ipv6/conf/{name}/disable_ipv6", "1")
    if not offloads:
        switch_off_offloads(name)
    with _netlink() as netlink:
        index = _index(netlink, name)
        _no_addresses_of_its_own(netlink, index)
        netlink.link("set", index=index, arp=False, state="up")


def wait_until_up(name: str, timeout_s: float = 5.0) -> None:
    """Returns when frames pass: before it has noticed the carrier the kernel drops them. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    with _netlink() as netlink:
        index = _index(netlink, name)
        while netlink.get_links(index)[0].get_attr("IFLA_OPERSTATE") != "UP":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} did not come up in {timeout_s:g} s")
            time.sleep(0.001)


def wait_until_quiet(name: str, timeout_s: float = 0.5) -> None:
    """Returns when the kernel has announced its IPv6 multicast groups, so that nobody takes that for an event.

    It repeats itself (RFC 3810 section 9.1), once for the address and sometimes once more for the carrier;
    `kernel_host` lets it do so within milliseconds instead of seconds.
    """
    deadline = time.monotonic() + timeout_s
    announced, since = 0, time.monotonic()
    while time.monotonic() < deadline:
        now_announced = _announcements(name)
        if now_announced is None:
            return  # No IPv6, no announcements.
        if now_announced != announced:
            announced, since = now_announced, time.monotonic()
        if announced >= 2 and time.monotonic() - since > _QUIET_S:
            return
        time.sleep(0.002)


def _announcements(name: str) -> int | None:
    try:
        lines = Path("/proc/thread-self/net/dev_snmp6", name).read_text().splitlines()
    except OSError:
        return None
    return int(dict(line.split() for line in lines).get(_MLD_REPORTS, 0))


def made_by_the_lab(name: str) -> bool:
    """Is `name`, in the calling thread's network, an end of the lab's own cable?"""
    with _netlink() as netlink:
        for link in netlink.get_links():
            if link.get_attr("IFLA_IFNAME") == name:
                kind = (link.get_attr("IFLA_LINKINFO") or {"attrs": []})["attrs"]
                return link.get_attr("IFLA_IFALIAS") == ALIAS and ("IFLA_INFO_KIND", "veth") in map(tuple, kind)
    return False


def switch_off_offloads(name: str) -> None:
    """Lets the kernel finish every frame before it sends it, as hardware would: checksums filled in, nothing merged."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as carrier:
        for switch in _OFFLOAD_SWITCHES:
            value = ctypes.create_string_buffer(struct.pack("=II", switch, 0), 8)
            # struct ifreq: 16 bytes of name, then here a pointer to the ethtool value; 40 bytes in all.
            request = struct.pack("16sP16x", name.encode(), ctypes.addressof(value))
            with suppress(OSError):  # A switch that this driver lacks has nothing to switch off.
                fcntl.ioctl(carrier, SIOCETHTOOL, request)


def _mark(name: str, mac: str) -> None:
    with _netlink() as netlink:
        netlink.link("set", index=_index(netlink, name), address=mac, ifalias=ALIAS)


def _no_addresses_of_its_own(netlink: Any, index: int) -> None:
    """No link-local address: with it would come router solicitations and multicast reports nobody asked for."""
    mode = ["IFLA_INET6_ADDR_GEN_MODE", IN6_ADDR_GEN_MODE_NONE]
    with suppress(Exception):  # A kernel without IPv6 does not know the attribute, and needs none of it.
        netlink.link("set", index=index, IFLA_AF_SPEC={"attrs": [["AF_INET6", {"attrs": [mode]}]]})


def _set_if_permitted(name: str, value: str) -> None:
    # In some containers /proc/sys is read-only; the netlink settings above then carry the weight.
    with suppress(OSError):
        Path("/proc/sys/net", name).write_text(value)


def load_netlink() -> Any:
    """pyroute2's class for a netlink socket; loaded late, since that takes a quarter of a second."""
    try:
        from pyroute2 import IPRoute  # type: ignore[import-untyped]
    except ImportError as error:
        raise NamespacesRefused(f"pyroute2 is missing ({error})", "pip install pyroute2") from error
    return IPRoute


def _netlink() -> Any:
    return load_netlink()()


def _index(netlink: Any, name: str) -> int:
    return int(netlink.link_lookup(ifname=name)[0])
