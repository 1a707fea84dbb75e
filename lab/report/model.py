"""What there is to show, before anybody decides how: the ladder of an exchange, and the bytes of one packet.

One rule: every string in a model prints as it is. Whoever makes a model passes the words of the wire through
`lab.wire.text.safe`, so that no face (terminal, text file, page) has to remember to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an event is, for a face that wants a colour for it."""

    REQUEST = "request"
    GRANT = "grant"
    DATA = "data"
    ACK = "ack"
    ERROR = "error"
    MESSAGE = "message"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Participant:
    """One lane. `name` may be empty; `addresses` are what the wire called it."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One frame. `source` and `target` count lanes; a target of None is everybody. `number` counts frames from 1."""

    number: int
    time_ns: int
    source: int
    target: int | None
    label: str
    kind: Kind
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """A regular stretch, told in one line. The events stay here for a face that can unfold."""

    text: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A heading inside a ladder: what the frames after it are for."""

    title: str


Row = Event | Fold | Step


@dataclass(frozen=True, slots=True)
class Ladder:
    """An exchange from the first frame to the last. Times are shown relative to `start_ns`."""

    title: str
    participants: tuple[Participant, ...]
    rows: tuple[Row, ...]
    start_ns: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some bits of a field. `pattern` draws them in their place: `.... 0101`."""

    name: str
    mask: int
    pattern: str
    value: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Span:
    """One field, or one run that nobody could read: the bytes `offset` to `offset + len(raw)`.

    `tag` is its short name under the bytes, unique in its dump, so that colour is never the only carrier. `group`
    counts the layers (-1: nobody's) and `shade` the fields of one: neighbours differ in one or the other.
    `layer` is a title for people, `name` the field's name without its layer.
    """

    tag: str
    group: int
    shade: int
    layer: str
    name: str
    offset: int
    raw: bytes
    order: str
    number: int | None
    value: str
    meaning: str
    other_order: int | None
    clause: str
    parts: tuple[Part, ...] = ()

    @property
    def end(self) -> int:
        return self.offset + len(self.raw)


class Grade(Enum):
    """How bad a fault is."""

    STOPPED = "stopped"
    """Nothing from there on could be read."""
    WRONG = "wrong"
    REMARK = "remark"
    """Not as it should be on the wire, but no fault of the sender: a checksum left to the network card."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where the bytes are not what they should be, and one sentence that says so in full."""

    offset: int
    field: str
    wanted: str
    found: str
    grade: Grade
    sentence: str


@dataclass(frozen=True, slots=True)
class Dump:
    """The bytes of one packet. The spans are in offset order and cover every byte exactly once."""

    title: str
    data: bytes
    spans: tuple[Span, ...]
    faults: tuple[Fault, ...]
