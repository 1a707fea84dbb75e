"""Packets that are wrong on purpose: each says what is wrong, in which field, and what a reader should make of it.

The bytes are literals, so that no bug in a builder can mend them. Payloads (TFTP, FeiQ) get a frame with `frame_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from lab.craft import frames, malformed_frames, malformed_payloads
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError
from lab.craft.feiq_layer import LabFeiQ
from lab.craft.tftp_layer import LabTFTP


class Judgement(StrEnum):
    """What a reader that deserves trust makes of the packet."""

    UNREADABLE = "unreadable"
    """A strict reader stops at the field."""
    WRONG = "wrong"
    """It can be read, but the field is not what the other bytes say it must be."""
    REFUSED = "refused"
    """Well formed, and still nothing a peer may accept or act on."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """`data` starts at the layer `start` (ethernet, tftp or feiq); `field` names the field in the RFC's words."""

    name: str
    start: str
    data: bytes
    field: str
    judgement: Judgement
    wrong: str
    clause: str


def every() -> Iterator[Malformed]:
    """The whole set, in the order of the layers."""
    for start, rows in (
        ("ethernet", malformed_frames.ETHERNET),
        ("tftp", malformed_payloads.TFTP),
        ("feiq", malformed_payloads.FEIQ),
    ):
        for name, data, field, judgement, wrong, clause in rows:
            raw = bytes.fromhex(data) if isinstance(data, str) else data
            yield Malformed(name, start, raw, field, Judgement(judgement), wrong, clause)


def named(name: str) -> Malformed:
    """The case of that name. Raises BuildError, which lists the names that come near."""
    cases = {case.name: case for case in every()}
    if name not in cases:
        near = [known for known in cases if name.split("-")[0] in known] or list(cases)
        raise BuildError("malformed", f"one of {', '.join(near)}", name)
    return cases[name]


def frame_of(case: Malformed, envelope: Envelope) -> bytes:
    """The case as a whole frame: payloads travel in `envelope`, frames are what they are."""
    if case.start == "ethernet":
        return case.data
    layer = LabTFTP(case.data) if case.start == "tftp" and case.data else LabFeiQ(case.data) if case.data else b""
    return bytes(frames.udp(envelope, layer))
