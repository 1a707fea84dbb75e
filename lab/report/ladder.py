"""From recorded frames to the ladder of their exchange. What is drawn, and how, is for the faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lab.pcap import Record
from lab.report.fold import Beat, fold
from lab.report.lanes import Lanes, assign
from lab.report.model import Event, Kind, Ladder, Participant, Row, Step
from lab.report.sight import Sight, sights
from lab.wire import text, tftp
from lab.wire.flows import Flows

_REMEMBERED = 30_000
"""How many frames back a repeat is looked for. Block numbers come round after 65,536, and are no repeats then."""

_NO_NAMES: Mapping[str, str] = {}


def ladder(
    records: Iterable[Record],
    *,
    title: str = "",
    names: Mapping[str, str] = _NO_NAMES,
    flows: Flows | None = None,
    folded: bool = True,
) -> Ladder:
    """The ladder of `records`. A frame's first comment opens a step when it differs from the comment before.

    `names` maps addresses (`10.77.0.2`) to what the reader knows them as. `flows` carries over what earlier frames
    told about TFTP's ports. With `folded` regular stretches are one line each.
    """
    seen = list(sights(records, flows))
    lanes = assign(seen, {address: text.safe(name, 32) for address, name in names.items()})
    rows, beats = _rows(seen, lanes)
    participants = lanes.participants or (Participant("nobody"),)
    start_ns = seen[0].record.time_ns if seen else 0
    return Ladder(text.safe(title), participants, fold(rows, beats) if folded else tuple(rows), start_ns)


def _rows(seen: Sequence[Sight], lanes: Lanes) -> tuple[list[Row], list[Beat | None]]:
    rows: list[Row] = []
    beats: list[Beat | None] = []
    earlier = _Earlier()
    step = ""
    for index, sight in enumerate(seen):
        if sight.step and sight.step != step:
            step = sight.step
            rows.append(Step(step))
            beats.append(None)
        source, target = lanes.ends[index]
        marks = earlier.marks(index, sight)
        if index in lanes.strangers:
            marks.append("stranger")
        marks += [f"✗ {name}" for name in sight.faults]
        beats.append(None if marks else _beat(sight))
        marks[:0] = earlier.ports(sight)
        record = sight.record
        rows.append(Event(record.number, record.time_ns, source, target, sight.label, sight.kind, tuple(marks)))
    return rows, beats


class _Earlier:
    """What frames before this one make worth saying: a repeat, a copy, a port not seen before."""

    def __init__(self) -> None:
        self._payloads: dict[tuple[object, ...], tuple[int, Sight]] = {}
        self._pairs: dict[frozenset[str], frozenset[tuple[str, int]]] = {}

    def marks(self, index: int, sight: Sight) -> list[str]:
        if not sight.payload or sight.source_port is None or sight.kind is Kind.OTHER:
            return []
        key = (sight.source, sight.source_port, sight.destination, sight.destination_port, sight.payload)
        before = self._payloads.get(key)
        if before is None or index - before[0] > _REMEMBERED:
            self._payloads[key] = (index, sight)
            return []
        self._payloads[key] = (index, before[1])
        first = before[1].record
        return [f"copy of {first.number}" if first.data == sight.record.data else f"repeat of {first.number}"]

    def ports(self, sight: Sight) -> list[str]:
        """The ports, where they are not those that these two used last."""
        if sight.source_port is None or sight.destination_port is None:
            return []
        hosts = frozenset((sight.source, sight.destination))
        pair = frozenset(((sight.source, sight.source_port), (sight.destination, sight.destination_port)))
        if self._pairs.get(hosts) == pair:
            return []
        self._pairs[hosts] = pair
        return [f":{sight.source_port} → :{sight.destination_port}"]


def _beat(sight: Sight) -> Beat | None:
    if sight.source_port is None or sight.destination_port is None:
        return None
    flow = frozenset(((sight.source, sight.source_port), (sight.destination, sight.destination_port)))
    match sight.packet:
        case tftp.Data(block, data):
            return Beat(flow, True, block, len(data))
        case tftp.Ack(block):
            return Beat(flow, False, block, 0)
    return None
