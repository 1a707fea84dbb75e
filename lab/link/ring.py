"""A capturing socket that shares memory with the kernel: bursts wait there, however busy the reader is.

A receive buffer does not do: an ordinary user may not enlarge it, and 200 kB hold no more than a hundred frames.

    linux/if_packet.h, TPACKET_V3: a ring of blocks, handed to us when full or RETIRE_MS old, in the machine's order

    struct tpacket_block_desc                       struct tpacket3_hdr, the first at offset_to_first_pkt
     8  block_status       1: ours, 0: the kernel's   0  next_offset    20  status
    12  num_pkts                                      4  sec            24  mac (16 bits): where the frame starts
    16  offset_to_first_pkt                           8  nsec           32  vlan_tci
    20  blk_len                                      12  snaplen        36  vlan_tpid (16 bits)
    40  ts_last_pkt, seconds and nanoseconds         16  len            58  pkttype (8 bits, in the sockaddr_ll behind)
"""

from __future__ import annotations

import errno
import mmap
import socket
import struct
from collections.abc import Iterator

from lab.link import offload
from lab.link.tap import (
    PACKET_OUTGOING,
    SOL_PACKET,
    Recorded,
    bind_capture,
    capturing_socket,
    drops_since_last_asked,
    vlan_tag,
)

PACKET_RX_RING = 5
PACKET_VERSION = 10
TPACKET_V3 = 2

BLOCK_BYTES = 1 << 18
RING_BLOCKS = 128
"""32 MiB: a second of a busy veth. Where memory is short, half, a quarter and so on will do."""
FEWEST_BLOCKS = 8
FRAME_BYTES = 2048
"""The kernel wants a frame size even where frames have the size they have."""
RETIRE_MS = 4

_FRAME = struct.Struct("=IIIIIIHHIIH")
_NS = 1_000_000_000


class Ring:
    """Sees every frame of one interface from the moment it exists. Not for several threads at once."""

    def __init__(self, interface: str, *, outgoing: bool = True) -> None:
        """:param outgoing: also what this machine sends; on loopback that would show each frame twice.

        :raises OSError: no such interface (ENODEV), or no CAP_NET_RAW here (EPERM).
        :raises NotEthernet: the interface has frames of another kind.
        """
        self._socket = capturing_socket(outgoing)
        try:
            self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
            self._blocks = _allocate(self._socket)
            self._memory = mmap.mmap(self._socket.fileno(), BLOCK_BYTES * self._blocks)
            bind_capture(self._socket, interface)
        except BaseException:
            self._socket.close()
            raise
        self._at = 0
        self._dropped = 0

    def fileno(self) -> int:
        return self._socket.fileno()

    def take(self) -> bytes | None:
        """A copy of the next block, which goes back to the kernel; None if none is ready. Then see `pending`."""
        start = self._at * BLOCK_BYTES
        if not self._memory[start + 8] & 1:
            # Forgets that the interface went down (ENETDOWN), which would make every poll return at once: it may come
            # up again.
            self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return None
        (used,) = struct.unpack_from("=I", self._memory, start + 20)
        block = self._memory[start : start + used]
        # The count goes too: `pending` must not take it for frames of the block's next turn.
        self._memory[start + 8 : start + 16] = bytes(8)
        self._at = (self._at + 1) % self._blocks
        return block

    def pending(self) -> bool:
        """Are there frames that the kernel has not handed over yet, because their block is neither full nor old?"""
        start = self._at * BLOCK_BYTES
        return self._memory[start + 8 : start + 16] != bytes(8)

    def dropped(self) -> int:
        """Frames lost so far because nobody took the blocks in time, or that this kernel could not hand over."""
        self._dropped += drops_since_last_asked(self._socket)
        return self._dropped

    def close(self) -> None:
        self._memory.close()
        self._socket.close()


def frames_in(block: bytes, *, outgoing: bool = True) -> Iterator[Recorded]:
    """The frames of a block as the wire carried them: several for a super-frame."""
    count, at = struct.unpack_from("=II", block, 12)
    for _ in range(count):
        following, seconds, nanoseconds, length, _, status, mac, _, _, tci, tpid = _FRAME.unpack_from(block, at)
        # On kernels before 4.20 what this machine sends has to be left out here.
        if outgoing or block[at + 58] != PACKET_OUTGOING:
            start = at + mac
            header = offload.VirtioNetHeader.read(block[start - offload.VirtioNetHeader.SIZE : start])
            tag = vlan_tag(status, tci, tpid)
            time_ns = seconds * _NS + nanoseconds
            for frame in offload.as_on_the_wire(header, block[start : start + length]):
                yield Recorded(time_ns, frame[:12] + tag + frame[12:] if tag else frame)
        at += following


def last_time_ns(block: bytes) -> int:
    """When the last frame of the block was seen."""
    seconds, nanoseconds = struct.unpack_from("=II", block, 40)
    return int(seconds * _NS + nanoseconds)


def _allocate(capture: socket.socket) -> int:
    """Asks the kernel for the ring; the number of blocks that it gave. Raises OSError (ENOMEM) if not even few."""
    blocks = RING_BLOCKS
    while True:
        frames = BLOCK_BYTES // FRAME_BYTES * blocks
        # struct tpacket_req3: block_size, block_nr, frame_size, frame_nr, retire_blk_tov, sizeof_priv, features
        request = struct.pack("=7I", BLOCK_BYTES, blocks, FRAME_BYTES, frames, RETIRE_MS, 0, 0)
        try:
            capture.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        except OSError as error:
            if error.errno != errno.ENOMEM or blocks <= FEWEST_BLOCKS:
                raise
            blocks //= 2
        else:
            return blocks
