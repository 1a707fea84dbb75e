"""Who a FeiQ or IP Messenger peer says it is, and how it behaves: values only, nothing here acts."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.engine.rate import Rate
from lab.wire.feiq import PresenceFlag


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the clients. `capabilities` are option bits of presence packets that we can keep.

    `utf8_block` says whether presence carries the UTF-8 names after `NUL NUL LF` (draft 14; FeiQ sends none).
    """

    name: str
    version: bytes
    capabilities: int
    utf8_block: bool


IPMSG = Dialect("ipmsg", b"1", int(PresenceFlag.CAPUTF8OPT), utf8_block=True)

FEIQ = Dialect("feiq", b"1_lbt6_0#128#024C41420001#0#0#0#4001#9", 0, utf8_block=False)
"""FeiQ 2013 as captured. It refuses a version that does not begin with `1`; part three is a MAC, here the lab's own."""


NAME_LETTERS = 256
"""No name is longer: ours must leave room in a packet, and others' are kept for as long as they are online."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Our names. `user` and `host` name us in every packet; `nick` and `group` are for people to read.

    Raises ValueError for names that no packet can carry.
    """

    user: str
    host: str
    nick: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        for name in ("user", "host"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty: the original client's reader would shift the fields")
        for name in ("user", "host", "nick", "group"):
            if len(getattr(self, name)) > NAME_LETTERS:
                raise ValueError(f"{name} has more than {NAME_LETTERS} characters")
            if any("\ud800" <= letter <= "\udfff" for letter in getattr(self, name)):
                raise ValueError(f"{name} is no text: some of its bytes belong to no character")


@dataclass(frozen=True, slots=True)
class Habits:
    """How often and how long. The defaults suit a real network; the lab's own network lifts what only slows it.

    `resends` counts the repetitions after the first transmission of a checked message, `resend_interval_s` apart.
    """

    resends: int = 4
    resend_interval_s: float = 1.0
    answer_at_once: bool = False
    answer_rate: Rate | None = field(default_factory=Rate)
    peers: int = 4_096
    remembered_numbers: int = 32


LAB_HABITS = Habits(answer_at_once=True, answer_rate=None)
