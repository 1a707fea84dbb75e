"""The face for programs: models as plain dictionaries for JSON. Keys are only ever added; `schema` names the version.

A dump (`packet-lab/dump/1`):

  title, length                     the words for the packet; how many bytes it has
  hex                               all of it
  fields: [                         in offset order, every byte in exactly one of them
    layer, name                     "IPv4", "total length"
    offset, width                   bytes
    order                           "big", "little", or "" where order has no meaning
    raw                             hex
    number                          the value of a number, else null
    value, meaning, clause          words, safe to show
    other_order                     the number in the other byte order, else null
    read                            false for a run that nothing could read
    bits: [name, mask, value, meaning]
  ]
  faults: [field, offset, wanted, found, grade, sentence]
                                    grade: "stopped" (nothing after it was read), "wrong" or "remark"

A ladder (`packet-lab/ladder/1`):

  title, start_ns
  participants: [name, addresses]
  rows: [                           in order
    {step}                          a heading
    {frame, time_ns, source, target, label, kind, marks}     target null is everybody; lanes count from 0
    {fold, rows}                    the words for a stretch, and the rows in it
  ]
"""

from __future__ import annotations

from lab.report.model import Dump, Event, Fault, Fold, Ladder, Row, Span, Step

Document = dict[str, object]


def dump_document(dump: Dump) -> Document:
    """A dump as JSON has it."""
    return {
        "schema": "packet-lab/dump/1",
        "title": dump.title,
        "length": len(dump.data),
        "hex": dump.data.hex(),
        "fields": [_field(span) for span in dump.spans],
        "faults": [_fault(fault) for fault in dump.faults],
    }


def ladder_document(ladder: Ladder) -> Document:
    """A ladder as JSON has it."""
    return {
        "schema": "packet-lab/ladder/1",
        "title": ladder.title,
        "start_ns": ladder.start_ns,
        "participants": [{"name": p.name, "addresses": list(p.addresses)} for p in ladder.participants],
        "rows": [_row(row) for row in ladder.rows],
    }


def _field(span: Span) -> Document:
    return {
        "layer": span.layer,
        "name": span.name,
        "offset": span.offset,
        "width": len(span.raw),
        "order": span.order,
        "raw": span.raw.hex(),
        "number": span.number,
        "value": span.value,
        "meaning": span.meaning,
        "clause": span.clause,
        "other_order": span.other_order,
        "read": span.group >= 0,
        "bits": [{"name": p.name, "mask": p.mask, "value": p.value, "meaning": p.meaning} for p in span.parts],
    }


def _fault(fault: Fault) -> Document:
    return {
        "field": fault.field,
        "offset": fault.offset,
        "wanted": fault.wanted,
        "found": fault.found,
        "grade": fault.grade.value,
        "sentence": fault.sentence,
    }


def _row(row: Row) -> Document:
    match row:
        case Step(title):
            return {"step": title}
        case Fold(words, events):
            return {"fold": words, "rows": [_row(event) for event in events]}
        case Event():
            return {
                "frame": row.number,
                "time_ns": row.time_ns,
                "source": row.source,
                "target": row.target,
                "label": row.label,
                "kind": row.kind.value,
                "marks": list(row.marks),
            }
