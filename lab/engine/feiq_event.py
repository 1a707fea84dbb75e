"""What a FeiQ engine hands back besides datagrams. Text in events comes from the wire: show it through `safe` alone."""

from __future__ import annotations

from dataclasses import dataclass

from lab.engine.datagram import Address, Send
from lab.wire.feiq import MessageFlag


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody on the network, found by the address that their packets come from."""

    address: Address
    user: str
    host: str
    nick: str = ""
    group: str = ""
    absent: bool = False
    utf8: bool = False
    version: bytes = b"1"


@dataclass(frozen=True, slots=True)
class Announce:
    """A datagram for everybody; the shell knows who that may be."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PeerCame:
    """A peer that was not in the list: it entered, answered our entry, or wrote to us."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class PeerChanged:
    """Another nickname, group, absence or charset than before."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """It said so, or the list was full and this peer had been silent longest."""

    peer: Peer


@dataclass(frozen=True, slots=True)
class MessageCame:
    """A message, once, however often it was repeated. `raw` is the text as it stood on the wire."""

    peer: Peer
    number: int
    text: str
    raw: bytes
    code: int
    receipted: bool

    @property
    def sealed(self) -> bool:
        return bool(self.code & MessageFlag.SECRETOPT)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receipt for our message `number` came."""

    number: int
    to: Address


@dataclass(frozen=True, slots=True)
class Undelivered:
    """No receipt came for our message `number`, however often it was sent."""

    number: int
    to: Address
    transmissions: int


Event = PeerCame | PeerChanged | PeerLeft | MessageCame | Delivered | Undelivered
Action = Send | Announce | Event
