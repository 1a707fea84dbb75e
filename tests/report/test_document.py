"""Models as JSON: what a program reads must say what a person sees."""

from __future__ import annotations

import json
from typing import Any

from lab.report.document import dump_document, ladder_document
from lab.report.dump import dump
from lab.report.ladder import ladder
from lab.wire.frame import dissect


def test_a_dump_as_json_has_every_byte_and_every_fault() -> None:
    document: Any = dump_document(dump(dissect(b"\0\1boot.img\0octet", "tftp"), "a read"))
    assert json.loads(json.dumps(document)) == document
    assert (document["schema"], document["length"], document["title"]) == ("packet-lab/dump/1", 16, "a read")
    assert "".join(field["raw"] for field in document["fields"]) == document["hex"]
    assert document["fields"][0] == {
        "layer": "TFTP",
        "name": "opcode",
        "offset": 0,
        "width": 2,
        "order": "big",
        "raw": "0001",
        "number": 1,
        "value": "1",
        "meaning": "RRQ",
        "clause": "RFC 1350 section 5",
        "other_order": 256,
        "read": True,
        "bits": [],
    }
    assert [field["read"] for field in document["fields"]] == [True, True, False]
    assert [(fault["field"], fault["offset"], fault["grade"]) for fault in document["faults"]] == [
        ("tftp.mode", 11, "stopped")
    ]


def test_a_ladder_as_json_keeps_the_folded_frames(tape: Any) -> None:
    tape.step = b"read"
    for block in range(1, 21):
        tape.add("10.77.0.1", 40312, "10.77.0.2", 69, b"\0\3\0" + bytes([block]) + b"x" * 512)
        tape.add("10.77.0.2", 69, "10.77.0.1", 40312, b"\0\4\0" + bytes([block]))
    document: Any = ladder_document(ladder(tape.records, title="lock step"))
    assert json.loads(json.dumps(document)) == document
    assert document["rows"][0] == {"step": "read"}
    frames = [row["frame"] for row in document["rows"] if "frame" in row]
    folded = [row["frame"] for fold in document["rows"] if "fold" in fold for row in fold["rows"]]
    assert sorted(frames + folded) == list(range(1, 41))
    assert folded
