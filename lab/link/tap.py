"""A capturing socket that hands out frames as the wire would carry them, each with the kernel's own timestamp.

Python 3.11's `socket` lacks most of these numbers; they are stated here once (linux/if_packet.h, asm-generic/socket.h).
"""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from lab.link import offload

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33

TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
ETH_P_8021Q = 0x8100

_AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_SPACE = socket.CMSG_SPACE(_AUXDATA.size) + socket.CMSG_SPACE(_TIMESPEC.size)
_LARGEST = 1 << 18
"""A super-frame is 64 KiB; with BIG TCP 256 KiB and more, which no loopback or veth sends unless told to."""

BUFFER_BYTES = 32 << 20


_ETHERNET_LIKE = (1, 772)  # ARPHRD_ETHER and ARPHRD_LOOPBACK, linux/if_arp.h


class NotEthernet(Exception):
    """The interface's frames have no Ethernet header (a tunnel, say), and the lab records no others."""


class Recorded(NamedTuple):
    """A frame and when the kernel saw it, in nanoseconds since 1970."""

    time_ns: int
    frame: bytes


def capturing_socket(outgoing: bool) -> socket.socket:
    """A socket that will hand over each frame with its offload state and time, and hears nothing before it is bound.

    :param outgoing: also what this machine sends; on loopback that would show each frame twice.
    """
    # Protocol 0 receives nothing until bind names the interface: no frame of another one can slip in between.
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        capture.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        capture.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if not outgoing:
            with suppress(OSError):  # Older than Linux 4.20: whoever reads leaves them out.
                capture.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    except BaseException:
        capture.close()
        raise
    return capture


def bind_capture(capture: socket.socket, interface: str) -> None:
    """Begins to hear the interface. Raises OSError or NotEthernet."""
    capture.bind((interface, ETH_P_ALL))
    if capture.getsockname()[3] not in _ETHERNET_LIKE:
        raise NotEthernet(f"{interface} does not carry Ethernet frames")


def drops_since_last_asked(capture: socket.socket) -> int:
    """Frames that the kernel had no room for; asking starts the count again from nought."""
    answer = capture.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    return int(struct.unpack("=II", answer)[1])


def vlan_tag(status: int, tci: int, tpid: int) -> bytes:
    """The tag that the kernel took out of the frame, or nothing."""
    if not status & TP_STATUS_VLAN_VALID:
        return b""
    return struct.pack("!HH", tpid if status & TP_STATUS_VLAN_TPID_VALID else ETH_P_8021Q, tci)


class Tap:
    """Hands out what arrives on one interface, frame by frame and at once. Not for several threads at once."""

    def __init__(self, interface: str) -> None:
        """:raises OSError: no such interface (ENODEV), or no CAP_NET_RAW here (EPERM).

        :raises NotEthernet: the interface has frames of another kind.
        """
        self._socket = capturing_socket(outgoing=False)
        try:
            self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
            except OSError:  # An ordinary user gets what the machine's limit (net.core.rmem_max) permits.
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.setblocking(False)
            bind_capture(self._socket, interface)
        except BaseException:
            self._socket.close()
            raise
        self._unreadable = 0
        self._dropped = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[Recorded]:
        """The frames that the next captured one stands for: several for a super-frame, none for a skipped one.

        :raises BlockingIOError: nothing has arrived.
        """
        try:
            data, ancillary, _, address = self._socket.recvmsg(_LARGEST, _ANCILLARY_SPACE)
        except BlockingIOError:
            raise
        except OSError as error:
            match error.errno:
                case errno.ENETDOWN:  # The interface went down; it may come up again.
                    return []
                case errno.EINVAL:  # The kernel cannot express the offload state: UDP super-frames before Linux 6.2.
                    self._unreadable += 1
                    return []
            raise
        if address[2] == PACKET_OUTGOING:
            return []
        time_ns, tag = _read_ancillary(ancillary)
        header = offload.VirtioNetHeader.read(data)
        frames = offload.as_on_the_wire(header, data[offload.VirtioNetHeader.SIZE :])
        return [Recorded(time_ns, frame[:12] + tag + frame[12:] if tag else frame) for frame in frames]

    def dropped(self) -> int:
        """Frames lost so far because they were not read in time, or could not be read at all."""
        self._dropped += drops_since_last_asked(self._socket)
        return self._dropped + self._unreadable

    def close(self) -> None:
        self._socket.close()


def _read_ancillary(ancillary: list[tuple[int, int, bytes]]) -> tuple[int, bytes]:
    """The timestamp in ns, and the VLAN tag that the kernel took out of the frame (empty if there was none)."""
    time_ns, tag = 0, b""
    for level, kind, data in ancillary:
        match level, kind:
            case socket.SOL_SOCKET, 35:  # SCM_TIMESTAMPNS has the option's number.
                seconds, nanoseconds = _TIMESPEC.unpack(data)
                time_ns = seconds * 1_000_000_000 + nanoseconds
            case 263, 8:  # SOL_PACKET, PACKET_AUXDATA
                status, _, _, _, _, tci, tpid = _AUXDATA.unpack(data)
                tag = vlan_tag(status, tci, tpid)
    return time_ns, tag
