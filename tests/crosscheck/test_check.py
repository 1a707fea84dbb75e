"""Frames through the whole check: clean ones pass, and every way to break bytes or a reader is seen."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest
from scapy.layers.inet import UDP

from lab.craft.tftp_layer import LabTFTP
from lab.crosscheck import tshark
from lab.crosscheck.check import cross_check
from lab.pcap import Record, Writer, open_capture
from lab.wire import checksum
from lab.wire.field import Reader
from tests.conftest import Need
from tests.crosscheck.frames import (
    ACK_1,
    DATA_1,
    FEIQ_SEED,
    OPTIONS,
    TRANSFER,
    WELL_FORMED,
    changed,
)
from tests.crosscheck.stage import checked, records, says, troubles

BLOCK = 44
"""Where DATA's and ACK's block number stands in an IPv4 frame."""


@pytest.fixture
def found(need: Need) -> tshark.Tshark:
    need.tool("tshark")
    found = tshark.find()
    assert not isinstance(found, str)
    return found


def test_three_readers_agree_on_every_field_of_well_formed_frames(found: tshark.Tshark) -> None:
    result = checked(*WELL_FORMED, use=found)
    assert says(result) == []
    assert troubles(result) == []
    assert result.agreed
    assert result.known == {}
    assert set(result.rebuilt.values()) == {len(WELL_FORMED)}
    assert set(result.rebuilt) == {"reference", "scapy", "scapy's own sums"}
    for reader in ("reference", "scapy", "tshark"):
        assert result.tally.given[reader] > 20 * len(WELL_FORMED)


def test_what_scapy_has_no_names_for_is_counted_as_not_read() -> None:
    assert checked(OPTIONS).tally.unread["scapy"] >= 4


def test_a_data_block_with_swapped_bytes_fails_with_frame_and_field(found: tshark.Tshark) -> None:
    result = checked(*TRANSFER[:3], changed(DATA_1, BLOCK, b"\1\0"), ACK_1, use=found)
    assert (4, "tftp.block") in troubles(result)
    assert (4, "udp.checksum") in troubles(result)
    assert result.bad_frames == [4]
    assert not result.agreed
    (swapped,) = [finding for finding in result.findings if finding.field == "tftp.block"]
    assert swapped.raw == b"\1\0"
    assert "sent little-endian" in swapped.sentence


def test_a_reference_that_reads_the_block_little_endian_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    upright = Reader.uint

    def crooked(self: Reader, name: str, width: int, *, order: Any = "big", source: str = "") -> int:
        return upright(self, name, width, order="little" if name == "block" else order, source=source)

    monkeypatch.setattr(Reader, "uint", crooked)
    assert (4, "tftp.block", ("order", "value")) in says(checked(*TRANSFER))


def test_a_scapy_layer_that_reads_the_block_little_endian_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [field for field in LabTFTP.fields_desc if field.name == "block"]
    monkeypatch.setattr(block.fld, "struct", struct.Struct("<H"))
    assert (4, "tftp.block", ("order", "value")) in says(checked(*TRANSFER))


def test_a_reader_that_rebuilds_another_frame_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    upright = UDP.self_build

    def crooked(self: UDP) -> bytes:
        return changed(upright(self), 2, b"\0\7")

    monkeypatch.setattr(UDP, "self_build", crooked)
    result = checked(FEIQ_SEED)
    assert troubles(result) == [(1, "udp.destination_port"), (1, "udp.destination_port")]
    assert result.rebuilt == {"reference": 1}
    assert [f.sentence for f in result.findings if f.severity == "wrong"] == [
        "rebuilt by scapy the frame has 00 07 00 32 38 7a 31 3a here",
        # The sum is computed over the port as it is written, so it differs too.
        "rebuilt by scapy's own sums the frame has 00 07 00 32 41 ec 31 3a here",
    ]


def test_a_reference_with_another_idea_of_checksums_is_contradicted_by_scapys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksum, "judge", lambda *_: "right")
    result = checked(changed(FEIQ_SEED, 40, b"\x12\x34"))
    assert troubles(result) == [(1, "udp.checksum")]
    assert "scapy's own sums" in result.findings[0].sentence


def test_without_tshark_two_readers_are_compared_and_the_third_is_named_missing() -> None:
    result = checked(*TRANSFER)
    assert result.agreed
    assert [reader.available for reader in result.missing_readers] == ["not available: apt-get install tshark"]
    assert "tshark" not in result.tally.given
    assert result.tally.compared > 100


def test_a_tshark_that_stops_half_way_leaves_no_verdict(found: tshark.Tshark, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tshark.dissect

    def half(*words: Any, **options: Any) -> Any:
        pages = real(*words, **options)
        yield next(pages)
        pages.close()
        raise tshark.TsharkFailed("out of memory")

    monkeypatch.setattr(tshark, "dissect", half)
    result = checked(*TRANSFER, use=found)
    assert result.frames == 5
    assert result.readers["tshark"].available == "failed: out of memory"
    assert not result.agreed


def test_a_tshark_that_gives_fewer_frames_is_not_taken_for_agreement(
    found: tshark.Tshark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tshark, "dissect", lambda *_, **__: iter([[]]))
    result = checked(*TRANSFER, use=found)
    assert result.readers["tshark"].available == "failed: it ended before frame 2"
    assert (1, "udp.length", ("presence",)) in says(result)


def test_a_damaged_capture_is_checked_up_to_the_damage() -> None:
    whole = io.BytesIO()
    writer = Writer(whole)
    for record in records(*TRANSFER):
        writer.write(record)
    with open_capture(io.BytesIO(whole.getvalue()[:-7])) as capture:
        result = cross_check(capture, use=tshark.MISSING)
    assert result.frames == 4
    assert "offset" in result.damage


def test_frames_of_another_link_type_are_said_to_be_unread() -> None:
    result = cross_check([Record(1, 0, b"\0" * 20, 20, link_type=147)], use=tshark.MISSING)
    assert (result.frames, result.unread_frames, result.tally.compared) == (1, 1, 0)


def test_raw_ip_is_read_without_an_ethernet_header(found: tshark.Tshark) -> None:
    result = cross_check([Record(1, 0, FEIQ_SEED[14:], len(FEIQ_SEED) - 14, link_type=101)], use=found)
    assert (result.agreed, result.unread_frames) == (True, 0)
    assert result.tally.given["tshark"] > 20


def test_a_server_port_that_was_named_is_read_as_tftp_by_all_three(found: tshark.Tshark) -> None:
    # DATA 2 from port 6969 to a port that nobody asked from; the checksum is 0, "none computed".
    lone = bytes.fromhex(
        "024c41420002024c414200010800 4500002300040000401166 2a 0a4d00010a4d0002 1b399c41000f0000 00030002616263"
    )
    result = cross_check(records(lone), tftp_ports=(6969,), use=found)
    tftp = [d.field for d in result.disagreements if d.field.startswith("tftp.") and d.opinion is None]
    assert tftp == []
    assert result.known == {"unasked": 3}


def test_the_document_is_json_and_says_what_each_reader_said() -> None:
    result = checked(*TRANSFER[:3], changed(DATA_1, BLOCK, b"\1\0"))
    document = json.loads(json.dumps(result.document()))
    assert document["agreed"] is False
    assert document["bad_frames"] == [4]
    assert document["readers"]["tshark"] == {
        "available": False,
        "why_not": "not available: apt-get install tshark",
        "version": "",
        "fields_compared": 0,
        "fields_not_read": 0,
        "frames_rebuilt": 0,
    }
    assert {finding["field"] for finding in document["findings"]} == {"udp.checksum", "tftp.block"}
