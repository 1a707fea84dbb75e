"""How forgiving the engines are: the strict reading first, then the few deviations that real firmware is known for.

Everything else is None, and None is met with silence.
"""

from __future__ import annotations

from lab.wire import tftp
from lab.wire.error import WireError

REQUEST_OCTETS = 1024
"""The longest request looked at. RFC 2347 allows 512; HP's PA-RISC firmware pads to 516."""


def read_request(data: bytes) -> tftp.ReadRequest | tftp.WriteRequest | None:
    """An RRQ or WRQ. A tail of NULs after the last string, as some firmware sends it, is padding and is cut off."""
    if len(data) > REQUEST_OCTETS:
        return None
    packet = _strictly(data)
    padded = data.endswith(b"\0\0")  # A string that lacks its NUL is no padding: such a request is not served.
    if padded and (not isinstance(packet, tftp.ReadRequest | tftp.WriteRequest) or (b"", b"") in packet.options):
        packet = _strictly(data.rstrip(b"\0") + b"\0")
    return packet if isinstance(packet, tftp.ReadRequest | tftp.WriteRequest) else None


def read_answer(data: bytes) -> tftp.Packet | None:
    """A packet within a transfer. Octets after an ACK's four (msftwindow) and an ERROR's missing NUL are forgiven."""
    packet = _strictly(data)
    if packet is not None:
        return packet
    match data[:2]:
        case b"\0\4":
            return _strictly(data[:4])
        case b"\0\5" if len(data) >= 4:
            return _strictly(data[:4] + data[4:].partition(b"\0")[0] + b"\0")
    return None


def read_run(data: bytes, size: int) -> list[tftp.Data] | None:
    """The DATA packets of a row of datagrams, each `size` octets, the last perhaps shorter; None if one is another."""
    blocks = []
    for start in range(0, len(data), size):
        packet = _strictly(data[start : start + size])
        if not isinstance(packet, tftp.Data):
            return None
        blocks.append(packet)
    return blocks


def _strictly(data: bytes) -> tftp.Packet | None:
    try:
        return tftp.parse(data)
    except WireError:
        return None
