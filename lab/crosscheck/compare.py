"""Compares the readings of one frame, field by field. Rule: silence of a reader that knows the field is a difference.

A field that a reader has no name for is "not read" by it, and counted; nothing is equal because nobody looked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lab.crosscheck.names import is_named_by
from lab.crosscheck.opinions import OPINIONS, Opinion
from lab.crosscheck.reading import READERS, Reading


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One field of one frame that the readers do not read alike.

    `says` has an entry for each reader that has a name for the field: its reading, or None where it gives none.
    `differs` tells in what: "presence", "offset", "width", "order", "value".
    """

    frame: int
    field: str
    says: Mapping[str, Reading | None]
    differs: tuple[str, ...]
    raw: bytes
    opinion: Opinion | None = None

    @property
    def offset(self) -> int:
        """The first byte that any of the readings touches."""
        return min(reading.offset for reading in self.says.values() if reading)


@dataclass(slots=True)
class Tally:
    """Counts over all frames, for each reader by itself and for the fields that were held against each other."""

    given: dict[str, int] = field(default_factory=dict)
    """Fields that the reader gave and another reader too."""
    unread: dict[str, int] = field(default_factory=dict)
    """Fields that others gave and the reader has no name for."""
    compared: int = 0
    """Fields read by two or more."""
    alone: int = 0
    """Fields read by one reader only."""


def compare(
    number: int,
    frame: bytes,
    readings: Mapping[str, Sequence[Reading]],
    tally: Tally,
    traits: Collection[str] = (),
) -> list[Disagreement]:
    """The disagreements in one frame, known ones with their opinion. `readings` has an entry for each reader asked."""
    fields: dict[str, dict[str, list[Reading]]] = {}
    for reader, given in readings.items():
        for reading in given:
            fields.setdefault(reading.field, {}).setdefault(reader, []).append(reading)
    found: list[Disagreement] = []
    everybody = len(readings)
    for name, given_by in fields.items():
        if len(given_by) == everybody and _all_alike(given_by):
            tally.compared += len(next(iter(given_by.values())))
            for reader, given in given_by.items():
                tally.given[reader] = tally.given.get(reader, 0) + len(given)
            continue
        knowing = [reader for reader in readings if is_named_by(reader, name)]
        for says in _aligned({reader: given_by.get(reader, []) for reader in knowing}):
            _count(tally, readings, says)
            differs = _differences(says)
            if differs:
                found.append(_disagreement(number, frame, name, says, differs, traits))
    return sorted(found, key=lambda disagreement: (disagreement.offset, disagreement.field))


def _all_alike(given_by: Mapping[str, list[Reading]]) -> bool:
    """The usual case, found fast: every reader gives the same. (One reader alone agrees with nobody.)"""
    lists = list(given_by.values())
    return (
        len(lists) > 1
        and all(given == lists[0] for given in lists)
        and all(reading.order != "neither" for reading in lists[0])
    )


def _aligned(given: Mapping[str, list[Reading]]) -> list[dict[str, Reading | None]]:
    """One entry for each occurrence of the field: in order where all see as many, else by place."""
    lists = {reader: sorted(readings, key=lambda r: r.offset_bits) for reader, readings in given.items()}
    lengths = {len(readings) for readings in lists.values()}
    if len(lengths) == 1:
        return [{reader: readings[at] for reader, readings in lists.items()} for at in range(max(lengths))]
    places = sorted({reading.offset_bits for readings in lists.values() for reading in readings})
    by_place = {reader: {r.offset_bits: r for r in readings} for reader, readings in lists.items()}
    if max(lengths) == 1:
        # Only one occurrence: then a reading elsewhere is the same field at another offset.
        return [{reader: (readings[0] if readings else None) for reader, readings in lists.items()}]
    return [{reader: by_place[reader].get(place) for reader in lists} for place in places]


def _differences(says: Mapping[str, Reading | None]) -> tuple[str, ...]:
    claims = [reading for reading in says.values() if reading is not None]
    found = []
    if len(claims) < len(says):
        found.append("presence")
    if len({claim.offset_bits for claim in claims}) > 1:
        found.append("offset")
    if len({claim.width_bits for claim in claims}) > 1:
        found.append("width")
    orders = {claim.order for claim in claims}
    if "neither" in orders or {"big", "little"} <= orders:
        found.append("order")
    if len({claim.value for claim in claims}) > 1:
        found.append("value")
    return tuple(found)


def _count(tally: Tally, readings: Mapping[str, Sequence[Reading]], says: Mapping[str, Reading | None]) -> None:
    claiming = [reader for reader, reading in says.items() if reading is not None]
    if len(claiming) > 1:
        tally.compared += 1
        for reader in claiming:
            tally.given[reader] = tally.given.get(reader, 0) + 1
    else:
        tally.alone += 1
    for reader in readings:
        if reader not in says:
            tally.unread[reader] = tally.unread.get(reader, 0) + 1


def _disagreement(
    number: int,
    frame: bytes,
    name: str,
    says: dict[str, Reading | None],
    differs: tuple[str, ...],
    traits: Collection[str],
) -> Disagreement:
    claims = [reading for reading in says.values() if reading is not None]
    raw = frame[min(claim.offset for claim in claims) : max(claim.end for claim in claims)]
    opinion = None
    if differs == ("presence",):
        silent = [reader for reader, reading in says.items() if reading is None]
        opinion = next((known for known in OPINIONS if known.covers(traits, name, silent)), None)
    in_order = {reader: says[reader] for reader in READERS if reader in says}
    return Disagreement(number, name, in_order, differs, raw, opinion)
