"""FeiQ events as a line for people and as a record for programs. Every word from the wire passes `safe`."""

from __future__ import annotations

from lab.cli.sockets import where
from lab.engine.feiq_event import Delivered, Event, MessageCame, Peer, PeerCame, PeerChanged, PeerLeft, Undelivered
from lab.wire.feiq import flag_names
from lab.wire.text import safe


def line_of(event: Event) -> str:
    """One line, whatever the text holds."""
    match event:
        case PeerCame(peer):
            return f"+ {person(peer)}"
        case PeerChanged(peer):
            return f"* {person(peer)}"
        case PeerLeft(peer):
            return f"- {person(peer)}"
        case MessageCame():
            return f"< {name(event.peer)} at {where(*event.peer.address)}: {_words(event)}"
        case Delivered(number, to):
            return f"> {where(*to)} has message {number}"
        case Undelivered(number, to, transmissions):
            return f"! {where(*to)} gave no receipt for message {number}, sent {transmissions} times"


def record_of(event: Event, time_ns: int) -> dict[str, object]:
    """`time_ns` counts from 1970. Texts are whole and not made safe: JSON escapes them; `hex` is what came."""
    kind = type(event).__name__
    match event:
        case PeerCame(peer) | PeerChanged(peer) | PeerLeft(peer):
            return {"event": kind, "time_ns": time_ns, "peer": peer_record(peer)}
        case MessageCame():
            return {
                "event": kind,
                "time_ns": time_ns,
                "peer": peer_record(event.peer),
                "number": event.number,
                "text": event.text,
                "hex": event.raw.hex(),
                "command": event.code,
                "options": list(flag_names(event.code)),
                "receipted": event.receipted,
            }
        case Delivered(number, to) | Undelivered(number, to):
            return {"event": kind, "time_ns": time_ns, "number": number, "to": {"host": to[0], "port": to[1]}}


def peer_record(peer: Peer) -> dict[str, object]:
    return {
        "host": peer.address[0],
        "port": peer.address[1],
        "nick": peer.nick,
        "group": peer.group,
        "user": peer.user,
        "host_name": peer.host,
        "absent": peer.absent,
        "utf8": peer.utf8,
        "version": safe(peer.version),
    }


def name(peer: Peer) -> str:
    return safe(peer.nick or peer.user, columns=64)


def person(peer: Peer) -> str:
    """Nickname, group, names and address of somebody."""
    group = f" [{safe(peer.group, columns=64)}]" if peer.group else ""
    names = f"{safe(peer.user, columns=64)}@{safe(peer.host, columns=64)}"
    return f"{name(peer)}{group} {names} at {where(*peer.address)}{', absent' if peer.absent else ''}"


def _words(message: MessageCame) -> str:
    lines = message.text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return (" / ".join(safe(line, columns=65_536) for line in lines)) + (" (sealed)" if message.sealed else "")
