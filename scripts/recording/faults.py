"""What the relay does to frames on their way. A fault names the frames it touched, so that the capture can say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.link.relay import Passing, hand_over

UDP_PAYLOAD = 14 + 20 + 8
"""Where TFTP begins in an untagged IPv4 frame without options, which is what these peers send."""


@dataclass(slots=True)
class Fault:
    """`passing` is handed to the relay; `as_recorded` is what the capture shows of a frame."""

    passing: Passing = hand_over
    words: str = ""
    touched: set[bytes] = field(default_factory=set)
    as_recorded: Callable[[bytes], bytes] = bytes


def nothing() -> Fault:
    return Fault()


def lose_data(block: int) -> Fault:
    """Loses the first DATA with that number; its retransmission passes."""
    fault = Fault(words=f"the relay lost this frame: DATA {block} on its first try")
    wanted = b"\x00\x03" + block.to_bytes(2, "big")

    def passing(frame: bytes) -> list[bytes]:
        if not fault.touched and frame[12:14] == b"\x08\x00" and frame[UDP_PAYLOAD : UDP_PAYLOAD + 4] == wanted:
            fault.touched.add(frame)
            return []
        return [frame]

    fault.passing = passing
    return fault


def double_every_tftp_packet() -> Fault:
    """Hands every TFTP packet on twice: what the Sorcerer's Apprentice needs to grow."""
    fault = Fault(words="the relay handed this frame on twice")

    def passing(frame: bytes) -> list[bytes]:
        if frame[12:14] == b"\x08\x00" and frame[23] == 17:
            fault.touched.add(frame)
            return [frame, frame]
        return [frame]

    fault.passing = passing
    return fault


def trunk(*tags: bytes) -> Fault:
    """The relay is a switch's trunk: inside it frames carry these VLAN tags, and there the capture is taken."""

    def as_recorded(frame: bytes) -> bytes:
        return frame[:12] + b"".join(tags) + frame[12:]

    return Fault(as_recorded=as_recorded)
