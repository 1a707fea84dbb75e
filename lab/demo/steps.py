"""The steps of the demo: plain exchanges between a crafted station and the peer. One that does not hold raises.

Both ends are asked: what the station saw come back, and what the peer on its sockets understood.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.craft import echo_client, tftp_client
from lab.craft.feiq_client import FeiQClient
from lab.craft.feiq_numbers import RECVMSG
from lab.craft.tftp_exchange import Faults
from lab.demo.bench import Bench
from lab.demo.outcome import Detail
from lab.engine.feiq_event import MessageCame, PeerCame, PeerLeft

OPTIONS = {"blksize": 1428, "tsize": 0, "timeout": 2, "windowsize": 4}
"""What is negotiated. 1428 bytes fit an Ethernet frame over IPv6 too; on a quiet wire the 2 s never pass."""

LARGE, SMALL = 40_000, 5_000
CHINESE = "你好，世界"

Told = tuple[str, Mapping[str, Detail]]


class DidNotHold(Exception):
    """A step's exchange took place, but something in it was not as it had to be."""


@dataclass(frozen=True, slots=True)
class Step:
    """`run` gets the bench, 4 or 6, and the seeded source of contents; it returns one sentence and its figures."""

    title: str
    run: Callable[[Bench, int, random.Random], Told]


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DidNotHold(otherwise)


def echo(bench: Bench, family: int, chance: random.Random) -> Told:
    payloads = [b"hello, echo", CHINESE.encode(), chance.randbytes(1000), b""]
    endpoint = bench.station.udp()
    for payload in payloads:
        echo_client.exchange(endpoint, bench.host(family), payload)
    endpoint.close()
    return f"{len(payloads)} datagrams came back as they were sent, from port 7", {"datagrams": len(payloads)}


def feiq(bench: Bench, family: int, _chance: random.Random) -> Told:
    endpoint = bench.station.udp(2425)
    before = len(bench.peers.feiq.events)
    user = f"mei{family}"
    client = FeiQClient(endpoint, bench.host(family), user=user, host="desk", nick="阿梅", group="lab")
    client.enter()
    client.say_the_seed()
    client.say("Nice to meet you", check=True)
    client.say(CHINESE, check=True, utf8=True)
    client.say(CHINESE, check=True)
    client.leave()
    endpoint.close()
    # The peer's receipt overtakes its own news of the message; once it knows that we left, it has told all before.
    left = bench.peers.feiq.wait_for(lambda event: isinstance(event, PeerLeft) and event.peer.user == user, 5.0)
    _demand(left is not None, "the peer never noticed that mei left")
    events = bench.peers.feiq.events[before:]
    understood = [event.text for event in events if isinstance(event, MessageCame)]
    wanted = ["Nice day!", "Nice to meet you", CHINESE, CHINESE]
    _demand(understood == wanted, f"the peer understood {understood!r} instead of {wanted!r}")
    nicks = [event.peer.nick for event in events if isinstance(event, PeerCame)]
    _demand("阿梅" in nicks, f"the peer knows {nicks!r}, not 阿梅")
    receipts = sum(heard.packet.mode == RECVMSG for heard in client.seen)
    told = f"presence answered, {len(understood)} messages understood, {receipts} receipts; Chinese in UTF-8 and in GBK"
    return told, {"messages": len(understood), "receipts": receipts}


def tftp_read(bench: Bench, family: int, chance: random.Random) -> Told:
    content = chance.randbytes(LARGE)
    (bench.root / "boot.img").write_bytes(content)
    endpoint = bench.station.udp()
    transfer = tftp_client.read(endpoint, bench.host(family), "boot.img", options=OPTIONS)
    endpoint.close()
    _demand(transfer.granted == OPTIONS | {"tsize": LARGE}, f"asked for {OPTIONS}, granted {transfer.granted}")
    digest = hashlib.sha256(content).hexdigest()
    _demand(transfer.sha256 == digest, f"the file has sha256 {digest}, what came has {transfer.sha256}")
    return (
        f"{LARGE} bytes in {transfer.blocks} blocks, all four options granted, sha256 equal at both ends",
        {"bytes": LARGE, "blocks": transfer.blocks, "sha256": digest, **transfer.granted},
    )


def tftp_write(bench: Bench, family: int, chance: random.Random) -> Told:
    content = chance.randbytes(LARGE)
    name = f"upload-ipv{family}.img"
    asked = OPTIONS | {"tsize": len(content)}
    endpoint = bench.station.udp()
    transfer = tftp_client.write(endpoint, bench.host(family), name, content, options=asked)
    endpoint.close()
    _demand(transfer.granted == asked, f"asked for {asked}, granted {transfer.granted}")
    digest = hashlib.sha256((bench.root / name).read_bytes()).hexdigest()
    _demand(transfer.sha256 == digest, f"sent a file with sha256 {transfer.sha256}, stored one with {digest}")
    return (
        f"{LARGE} bytes in {transfer.blocks} blocks, all four options granted, sha256 equal at both ends",
        {"bytes": LARGE, "blocks": transfer.blocks, "sha256": digest, **transfer.granted},
    )


def tftp_faults(bench: Bench, family: int, chance: random.Random) -> Told:
    content = chance.randbytes(SMALL)
    (bench.root / "small.bin").write_bytes(content)
    stranger = bench.stranger.udp()
    endpoint = bench.station.udp()
    faults = Faults(lose=frozenset({3}), duplicate=frozenset({5}), stranger_at=7, stranger=stranger)
    transfer = tftp_client.read(endpoint, bench.host(family), "small.bin", faults=faults, timeout_s=0.3)
    endpoint.close()
    stranger.close()
    digest = hashlib.sha256(content).hexdigest()
    _demand(transfer.sha256 == digest, f"the file has sha256 {digest}, what came has {transfer.sha256}")
    _demand(transfer.lost == 1, f"{transfer.lost} blocks were lost, not one")
    _demand(transfer.stranger_told == 5, f"the stranger was told {transfer.stranger_told}, not error 5")
    return (
        f"{SMALL} bytes, sha256 equal all the same; the stranger was told ERROR 5",
        {"bytes": SMALL, "blocks": transfer.blocks, "sha256": digest, "sent_again": transfer.sent_again},
    )


STEPS = (
    Step("UDP echo", echo),
    Step("FeiQ: presence, messages, receipts", feiq),
    Step("TFTP: a file read", tftp_read),
    Step("TFTP: a file written", tftp_write),
    Step("TFTP: a block lost, a block twice, a stranger", tftp_faults),
)
