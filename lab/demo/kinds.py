"""One packet of each kind out of a recording: the first of each, since that is where an exchange shows it."""

from __future__ import annotations

from collections.abc import Iterable

from lab.pcap import Record
from lab.wire import feiq, tftp
from lab.wire.flows import Flows
from lab.wire.frame import Dissection, Layer, dissect

Kind = tuple[str, int | str]


def one_of_each(records: Iterable[Record]) -> list[tuple[Record, Dissection]]:
    """The first frame of each kind, in the order of their first appearance, each with its reading."""
    flows = Flows()
    first: dict[Kind, tuple[Record, Dissection]] = {}
    for record in records:
        seen = dissect(record.data, flows=flows)
        first.setdefault(_kind(seen), (record, seen))
    return list(first.values())


def _kind(seen: Dissection) -> Kind:
    """What makes two packets alike: the same innermost protocol, and the same operation in it."""
    if not seen.layers:
        return "unreadable", 0
    innermost: Layer = seen.layers[-1]
    match innermost.packet:
        case feiq.Packet() as packet:
            return innermost.name, packet.code
        case tftp.ReadRequest() | tftp.WriteRequest() | tftp.Data() | tftp.Ack() | tftp.Error() | tftp.Oack() as packet:
            return innermost.name, type(packet).__name__
    operation = next((field.value for field in innermost.fields if field.name.endswith((".operation", ".type"))), 0)
    return innermost.name, operation if isinstance(operation, int) else innermost.name
