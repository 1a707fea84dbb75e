"""One frame out of a capture, read with all that the frames before it told: TFTP leaves its port after the request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.pcap import Record
from lab.report.sight import start_of
from lab.wire.flows import Flows
from lab.wire.frame import Dissection, dissect


class NoSuchFrame(LookupError):
    """The capture ends before the frame that was asked for; `frames` is how many it has."""

    def __init__(self, number: int, frames: int) -> None:
        super().__init__(f"there is no frame {number}: the capture has {frames}")
        self.number = number
        self.frames = frames


class UnknownLink(ValueError):
    """The frame begins with a header that nothing here reads."""

    def __init__(self, link_type: int) -> None:
        super().__init__(f"link type {link_type} is not read here")
        self.link_type = link_type


@dataclass(frozen=True, slots=True)
class Picked:
    """A frame, where its reading began (a start of `dissect`), and the reading."""

    record: Record
    start: str
    dissection: Dissection


def pick(records: Iterable[Record], number: int, start: str | None = None) -> Picked:
    """Frame `number`, counted from 1. `start` overrules the link type.

    Raises NoSuchFrame, UnknownLink, and whatever reading the records raises before that frame.
    """
    flows = Flows()
    frames = 0
    for record in records:
        frames += 1
        begin = start or start_of(record.link_type, record.data)
        if frames < number:
            if begin is not None:
                dissect(record.data, begin, flows)
            continue
        if begin is None:
            raise UnknownLink(record.link_type)
        return Picked(record, begin, dissect(record.data, begin, flows))
    raise NoSuchFrame(number, frames)
