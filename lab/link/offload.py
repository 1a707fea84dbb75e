"""Finishes what the kernel left to the network card, so that a recording shows what the wire would carry.

It trusts the offload state alone and shares no code with the lab's readers: a wrong frame must stay wrong.

    struct virtio_net_hdr (linux/virtio_net.h), in the machine's byte order
     0       1          2         4          6            8             10
    +-------+----------+---------+----------+------------+-------------+
    | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset |  then the frame
    +-------+----------+---------+----------+------------+-------------+
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

NEEDS_CSUM = 1
GSO_NONE, GSO_TCPV4, GSO_UDP, GSO_TCPV6, GSO_UDP_L4 = 0, 1, 3, 4, 5
GSO_ECN = 0x80

TCP, UDP = 6, 17
_TCP_CHECKSUM_AT, _UDP_CHECKSUM_AT, _SCTP_CHECKSUM_AT = 16, 6, 8
_FIN_PSH, _CWR = 0x09, 0x80


@dataclass(frozen=True, slots=True)
class VirtioNetHeader:
    """One frame's offload state: what the sender's kernel left undone."""

    SIZE: ClassVar[int] = 10

    flags: int
    gso_type: int
    hdr_len: int
    gso_size: int
    csum_start: int
    csum_offset: int

    @classmethod
    def read(cls, data: bytes) -> Self:
        return cls(*struct.unpack_from("=BBHHHH", data))


def as_on_the_wire(header: VirtioNetHeader, frame: bytes) -> list[bytes]:
    """The frames that a network card would have sent for this one; the frame itself if nothing was left to do."""
    kind = header.gso_type & ~GSO_ECN
    if kind in (GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4) and header.gso_size and header.flags & NEEDS_CSUM:
        return _split(frame, header.csum_start, header.gso_size, UDP if kind == GSO_UDP_L4 else TCP)
    if header.flags & NEEDS_CSUM:
        return [_complete(frame, header.csum_start, header.csum_offset)]
    return [frame]


def ones_complement_sum(data: bytes) -> int:
    """RFC 1071: the sum of 16-bit words with end-around carry."""
    if len(data) % 2:
        data += b"\0"
    # 2**16 is 1 modulo 65535, so the big number's remainder is the folded sum; nought only for all-zero data.
    total = int.from_bytes(data, "big")
    return total % 0xFFFF or (0xFFFF if total else 0)


def _complete(frame: bytes, start: int, offset: int) -> bytes:
    """The checksum field holds the pseudo header's sum; the rest is summed from `start` to the end and inverted."""
    # SCTP's is a CRC, and a field beyond the frame's end is no field: both stay as they are.
    if offset == _SCTP_CHECKSUM_AT or start + offset + 2 > len(frame):
        return frame
    checksum = 0xFFFF - ones_complement_sum(frame[start:]) or 0xFFFF
    return _put(frame, start + offset, checksum)


@dataclass(frozen=True, slots=True)
class _Headers:
    """Where the headers of a super-frame stand; all of them lie within the frame."""

    network: int
    transport: int
    end: int
    protocol: int

    @classmethod
    def find(cls, frame: bytes, transport: int, protocol: int) -> Self | None:
        """None for anything that no kernel segments: better left whole than torn."""
        network = 14
        while frame[network - 2 : network] in (b"\x81\x00", b"\x88\xa8"):
            network += 4
        least = {4: 20, 6: 40}.get(frame[network] >> 4 if network < len(frame) else 0)
        if least is None or transport < network + least or transport + (8 if protocol == UDP else 20) > len(frame):
            return None
        length = 8 if protocol == UDP else (frame[transport + 12] >> 4) * 4
        if (protocol == TCP and length < 20) or transport + length > len(frame):
            return None
        return cls(network, transport, transport + length, protocol)


def _split(frame: bytes, transport: int, size: int, protocol: int) -> list[bytes]:
    """One frame for every `size` bytes of payload, each with headers of its own."""
    where = _Headers.find(frame, transport, protocol)
    if where is None:
        return [frame]
    payload = frame[where.end :]
    offsets = range(0, len(payload) or 1, size)
    return [
        _piece(where, frame[: where.end] + payload[at : at + size], number, at, last=number == len(offsets) - 1)
        for number, at in enumerate(offsets)
    ]


def _piece(where: _Headers, frame: bytes, number: int, offset: int, *, last: bool) -> bytes:
    """The super-frame's headers before one piece of its payload, made right for that piece."""
    network, transport = where.network, where.transport
    segment = len(frame) - transport
    if frame[network] >> 4 == 4:
        identification = int.from_bytes(frame[network + 4 : network + 6], "big") + number
        frame = _put(frame, network + 2, len(frame) - network)
        frame = _put(frame, network + 4, identification)
        frame = _put(frame, network + 10, 0)
        frame = _put(frame, network + 10, 0xFFFF - ones_complement_sum(frame[network:transport]))
        addresses = frame[network + 12 : network + 20]
    else:
        frame = _put(frame, network + 4, len(frame) - network - 40)
        addresses = frame[network + 8 : network + 40]
    if where.protocol == UDP:
        checksum_at = transport + _UDP_CHECKSUM_AT
        frame = _put(frame, transport + 4, segment)
    else:
        checksum_at = transport + _TCP_CHECKSUM_AT
        frame = _tcp_header(frame, transport, number, offset, last=last)
    # The pseudo header of RFC 768 and RFC 8200 section 8.1; where the length stands does not change the sum.
    pseudo = addresses + struct.pack("!II", segment, where.protocol)
    frame = _put(frame, checksum_at, 0)
    return _put(frame, checksum_at, 0xFFFF - ones_complement_sum(pseudo + frame[transport:]) or 0xFFFF)


def _tcp_header(frame: bytes, start: int, number: int, offset: int, *, last: bool) -> bytes:
    """FIN and PSH belong to the last piece alone, CWR to the first (RFC 3168 section 6.1.2)."""
    sequence = int.from_bytes(frame[start + 4 : start + 8], "big") + offset
    flags = frame[start + 13]
    if not last:
        flags &= ~_FIN_PSH
    if number:
        flags &= ~_CWR
    return b"".join(
        (
            frame[: start + 4],
            (sequence & 0xFFFFFFFF).to_bytes(4, "big"),
            frame[start + 8 : start + 13],
            bytes([flags]),
            frame[start + 14 :],
        )
    )


def _put(frame: bytes, at: int, value: int) -> bytes:
    """A copy of the frame with the low 16 bits of a number in network order at `at`."""
    return frame[:at] + (value & 0xFFFF).to_bytes(2, "big") + frame[at + 2 :]
