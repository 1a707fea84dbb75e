"""What every `lab craft` command has in common: the options of the headers, and the frame they ask for.

Options that a command does not give keep the lab network's values, so the same words make the same bytes anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.seconds import Seconds

if TYPE_CHECKING:
    from lab.craft.envelope import Envelope
    from lab.craft.frames import Frame
    from lab.craft.malformed import Malformed

Command = TypeVar("Command", bound=Callable[..., Any])
NEUTRAL_PORT = 49152
"""The first dynamic port (RFC 6335): where a client of nobody in particular sends from."""

_HEADERS: tuple[Callable[[Any], Any], ...] = (
    click.option("-6", "--ipv6", is_flag=True, help="IPv6 addresses of the lab network instead of IPv4."),
    click.option("--source", metavar="ADDRESS", help="Source address.  [default: the lab's station]"),
    click.option("--destination", metavar="ADDRESS", help="Destination address.  [default: the lab's peers]"),
    click.option("--source-mac", metavar="MAC", help="Source MAC.  [default: the lab's station]"),
    click.option("--destination-mac", metavar="MAC", help="Destination MAC.  [default: the address's group, or peers]"),
    click.option("--source-port", type=click.IntRange(0, 65535), metavar="PORT", help="UDP source port."),
    click.option("--destination-port", type=click.IntRange(0, 65535), metavar="PORT", help="UDP destination port."),
    click.option("--ttl", type=click.IntRange(0, 255), default=64, show_default=True, help="TTL, or hop limit."),
    click.option("--tos", type=click.IntRange(0, 255), default=0, show_default=True, help="TOS, or traffic class."),
    click.option(
        "--id", "identification", type=click.IntRange(0, 65535), default=1, show_default=True, help="IPv4 id."
    ),
    click.option("--vlan", type=click.IntRange(0, 4095), metavar="ID", help="Adds an 802.1Q tag."),
    click.option("--priority", type=click.IntRange(0, 7), default=0, show_default=True, help="The tag's priority."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="LAYER.FIELD=VALUE",
        help="Any field by Scapy's name, as in udp.len=7; layers: ethernet vlan ip ipv6 udp tftp feiq payload. Again.",
    ),
    click.option("--malformed", metavar="NAME", help="A frame or payload that is wrong on purpose; see `malformed`."),
)

_RESULTS: tuple[Callable[[Any], Any], ...] = (
    click.option("--hex", "only_hex", is_flag=True, help="Print hex digits instead of the explanation."),
    click.option("-w", "--write", "path", metavar="FILE", help="Write a capture: .pcapng or .pcap; - is stdout."),
    click.option("--json", "json_path", metavar="FILE", help="Write the reading as JSON; - is stdout, and only that."),
    click.option("--send", is_flag=True, help="Send it to the lab's reference peers and show what comes back."),
    click.option("--wait", type=Seconds(0, 60), default=1.0, show_default=True, metavar="S", help="With --send."),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the common options said."""

    ipv6: bool
    source: str | None
    destination: str | None
    source_mac: str | None
    destination_mac: str | None
    source_port: int | None
    destination_port: int | None
    ttl: int
    tos: int
    identification: int
    vlan: int | None
    priority: int
    settings: tuple[str, ...]
    malformed: str | None


@dataclass(frozen=True, slots=True)
class Crafted:
    """A frame, and the ports by which its payload is known."""

    frame: bytes
    title: str
    protocol: str
    ports: frozenset[int]


def header_options(command: Command) -> Command:
    """Adds the options of the headers."""
    for option in reversed(_HEADERS):
        command = option(command)
    return command


def result_options(command: Command) -> Command:
    """Adds the options that say what becomes of the frame."""
    for option in reversed(_RESULTS):
        command = option(command)
    return command


def craft(wanted: Wanted, protocol: str, ports: tuple[int, int], build: Callable[[Envelope], Frame]) -> Crafted:
    """The frame that `wanted` asks for; `ports` are the protocol's source and destination. Raises Failure (USAGE)."""
    from lab.craft import malformed, settings
    from lab.craft.error import BuildError

    try:
        envelope = _envelope(wanted, ports)
        known = frozenset((envelope.source_port, envelope.destination_port)) if protocol else frozenset[int]()
        if wanted.malformed is not None:
            return _malformed(malformed.named(wanted.malformed), wanted, envelope, protocol)
        frame = build(envelope)
        for setting in wanted.settings:
            settings.set_field(frame, setting)
        return Crafted(settings.build(frame), "", protocol, known - {NEUTRAL_PORT})
    except BuildError as wrong:
        raise Failure(f"{wrong}; see lab craft {protocol or 'udp'} --help", Exit.USAGE) from None


def _malformed(case: Malformed, wanted: Wanted, envelope: Envelope, protocol: str) -> Crafted:
    from lab.craft.malformed import frame_of

    if wanted.settings:
        raise Failure("--set changes fields, and a malformed packet is bytes; leave one of the two away", Exit.USAGE)
    if case.start not in ("ethernet", protocol):
        raise Failure(f"{case.name} is a {case.start} payload; type: lab craft {case.start} --malformed", Exit.USAGE)
    title = f"{case.name}: {case.wrong} ({case.field}, {case.judgement}; {case.clause})"
    return Crafted(frame_of(case, envelope), title, protocol, frozenset({envelope.destination_port}))


def _envelope(wanted: Wanted, ports: tuple[int, int]) -> Envelope:
    from lab.craft.envelope import Envelope
    from lab.link.namespace import KERNEL, STATION

    ipv6 = wanted.ipv6 or ":" in (wanted.destination or wanted.source or "")
    destination = wanted.destination or (KERNEL.ipv6 if ipv6 else KERNEL.ipv4)
    return Envelope(
        source_mac=wanted.source_mac or STATION.mac,
        destination_mac=wanted.destination_mac or _mac_for(destination) or KERNEL.mac,
        source=wanted.source or (STATION.ipv6 if ipv6 else STATION.ipv4),
        destination=destination,
        source_port=ports[0] if wanted.source_port is None else wanted.source_port,
        destination_port=ports[1] if wanted.destination_port is None else wanted.destination_port,
        ttl=wanted.ttl,
        tos=wanted.tos,
        identification=wanted.identification,
        vlan=wanted.vlan,
        vlan_priority=wanted.priority,
    )


def _mac_for(destination: str) -> str:
    """The MAC that a broadcast or a group has by rule; empty for everybody else."""
    import ipaddress

    from lab.craft.neighbours import BROADCAST, group_mac

    try:
        address = ipaddress.ip_address(destination)
    except ValueError:
        return ""  # The envelope says what is wrong with it.
    if destination == "255.255.255.255":
        return BROADCAST
    return group_mac(destination) if address.is_multicast else ""
