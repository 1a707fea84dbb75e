"""Who stands in which lane of a ladder. Rule: a lane is a host, however many addresses it has; a stranger has his own.

Two addresses are one host where one MAC speaks for both and for no third of their family (a router speaks for many).
Where both ends are one host (loopback), the one who asked and the one who was asked get a lane each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from lab.report.model import Participant
from lab.report.sight import EVERYBODY, Sight
from lab.wire import tftp

MOST_LANES = 6
"""More do not fit a page; the rest share the last lane."""

Speaker = tuple[str, str]
"""A host (its first address) and its role where the host plays several."""

_Endpoint = tuple[str, int | None]

_NO_MAC = ("", "00:00:00:00:00:00")
_CLIENT, _SERVER, _STRANGER = "client", "server", "stranger"


@dataclass(slots=True)
class Lanes:
    """`ends[i]` are the lanes that sight i goes from and to (None: to everybody); `strangers` are sights by index."""

    participants: tuple[Participant, ...] = ()
    ends: list[tuple[int, int | None]] = field(default_factory=list)
    strangers: set[int] = field(default_factory=set)


def assign(sights: Sequence[Sight], names: Mapping[str, str]) -> Lanes:
    """Lanes for all of `sights`, the asking side first, strangers last. `names` gives addresses a name."""
    hosts = _hosts(sights)
    strangers = _strangers(sights)
    roles: dict[Speaker, str] = {}
    pairs = [_speakers(sight, hosts, roles, index in strangers) for index, sight in enumerate(sights)]
    order = _order(sights, pairs)
    lane = {speaker: min(place, MOST_LANES - 1) for place, speaker in enumerate(order)}
    titles = _role_names(sights, pairs)
    members: list[list[Speaker]] = [[] for _ in range(min(len(order), MOST_LANES))]
    for speaker in order:
        members[lane[speaker]].append(speaker)
    addresses = _addresses_by_host(sights, hosts)
    return Lanes(
        tuple(_participant(speakers, addresses, names, titles) for speakers in members),
        [(lane[source], None if target is None else lane[target]) for source, target in pairs],
        strangers,
    )


def _hosts(sights: Sequence[Sight]) -> dict[str, str]:
    """Address to the host's first address. What no MAC gathers stays a host of its own."""
    by_mac: dict[str, list[str]] = {}
    for sight in sights:
        for mac, address in ((sight.source_mac, sight.source), (sight.destination_mac, sight.destination)):
            if mac not in _NO_MAC and address not in (EVERYBODY, "?"):
                known = by_mac.setdefault(mac, [])
                if address not in known:
                    known.append(address)
    hosts: dict[str, str] = {}
    for mac, addresses in by_mac.items():
        real = [a for a in addresses if _is_own(a)]
        families = [":" in a for a in real]
        if real and families.count(True) <= 1 and families.count(False) <= 1:
            hosts |= dict.fromkeys([*addresses, mac], real[0])
    return hosts


def _is_own(address: str) -> bool:
    """An address that names one host anywhere: not a MAC, not link-local, not the unspecified one."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return not (known.is_link_local or known.is_unspecified)


def _strangers(sights: Sequence[Sight]) -> set[int]:
    """TFTP packets to or from a third party: each end of a transfer hears one TID, the server's is the first to answer.

    A port that requests are sent to serves many and has no partner of its own.
    """
    partner: dict[_Endpoint, _Endpoint | None] = {}
    asked: set[_Endpoint] = set()
    found = set()
    for index, sight in enumerate(sights):
        if sight.packet is None:
            continue
        source, destination = (sight.source, sight.source_port), (sight.destination, sight.destination_port)
        if isinstance(sight.packet, tftp.ReadRequest | tftp.WriteRequest):
            asked.add(destination)
            if source not in partner or not _asks_again(sights, index):
                partner[source] = None
        elif destination in partner and partner[destination] is None:
            partner[destination] = source
            if source not in asked:
                partner[source] = destination
        elif partner.get(destination, source) != source or partner.get(source, destination) != destination:
            found.add(index)
    return found


def _asks_again(sights: Sequence[Sight], index: int) -> bool:
    """Whether the same request was seen from there before: a repeat, not a port used anew."""
    this = sights[index]
    return any(
        s.payload == this.payload and (s.source, s.source_port) == (this.source, this.source_port)
        for s in sights[max(0, index - 50) : index]
    )


def _speakers(
    sight: Sight, hosts: Mapping[str, str], roles: dict[Speaker, str], strange: bool
) -> tuple[Speaker, Speaker | None]:
    source, destination = hosts.get(sight.source, sight.source), hosts.get(sight.destination, sight.destination)
    if sight.destination == EVERYBODY:
        return (source, ""), None
    if source != destination or sight.source_port is None:
        return (source, ""), (destination, "")
    ends = ((source, f"{sight.source_port}"), (destination, f"{sight.destination_port}"))
    if ends[0] not in roles and ends[1] not in roles:
        roles[ends[0]], roles[ends[1]] = _CLIENT, _SERVER
    for end, other in (ends, ends[::-1]):
        if end not in roles:
            roles[end] = _STRANGER if strange else _SERVER if roles[other] == _CLIENT else _CLIENT
    return (source, roles[ends[0]]), (destination, roles[ends[1]])


def _order(sights: Sequence[Sight], pairs: Sequence[tuple[Speaker, Speaker | None]]) -> list[Speaker]:
    """Whoever speaks UDP to somebody first, then the others as they come; strangers last."""
    spoken = [p for s, p in zip(sights, pairs, strict=True) if s.source_port is not None and p[1] is not None]
    order: list[Speaker] = []
    for pair in [*spoken, *pairs]:
        order += [speaker for speaker in pair if speaker is not None and speaker not in order]
    return sorted(order, key=lambda speaker: speaker[1] == _STRANGER)


def _role_names(sights: Sequence[Sight], pairs: Sequence[tuple[Speaker, Speaker | None]]) -> dict[Speaker, str]:
    """Client and server where the requests leave no doubt."""
    titles: dict[Speaker, str] = {}
    for sight, (source, target) in zip(sights, pairs, strict=True):
        if isinstance(sight.packet, tftp.ReadRequest | tftp.WriteRequest) and target is not None:
            for speaker, title in ((source, _CLIENT), (target, _SERVER)):
                titles[speaker] = title if titles.get(speaker, title) == title else ""
    return titles


def _addresses_by_host(sights: Sequence[Sight], hosts: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sight in sights:
        for address in (sight.source, sight.destination):
            known = found.setdefault(hosts.get(address, address), [])
            if address not in known and (_is_own(address) or address not in hosts):
                known.append(address)
    return found


def _participant(
    speakers: Sequence[Speaker],
    addresses: Mapping[str, list[str]],
    names: Mapping[str, str],
    titles: Mapping[Speaker, str],
) -> Participant:
    if len(speakers) > 1:
        return Participant("others", (f"{len(speakers)} hosts",))
    host, role = speakers[0]
    shown = addresses.get(host, [host])
    named = next((names[address] for address in shown if address in names), "")
    name = " ".join(word for word in (named, role) if word) or titles.get(speakers[0], "")
    return Participant(name, tuple(shown))
