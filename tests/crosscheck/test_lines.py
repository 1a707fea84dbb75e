"""The verdict in words: what differs, where, in which bytes, and what each reader says."""

from __future__ import annotations

from lab.crosscheck.compare import Disagreement
from lab.crosscheck.lines import ranges, verdict_line, verdict_lines
from lab.crosscheck.reading import Reading
from lab.crosscheck.result import CrossCheck, Reader


def test_frame_numbers_are_joined_to_ranges() -> None:
    assert ranges([7]) == "frame 7"
    assert ranges([9, 1, 2, 3, 3, 10]) == "frames 1-3, 9-10"


def test_a_disagreement_shows_bytes_place_and_every_readers_word() -> None:
    result = CrossCheck(frames=1)
    says = {
        "reference": Reading("tftp.block", 352, 16, "little", 256),
        "scapy": Reading("tftp.block", 352, 16, "big", 1),
        "tshark": None,
    }
    result.add_disagreement(Disagreement(3, "tftp.block", says, ("presence", "order", "value"), b"\0\1"))
    assert verdict_lines(result)[0].text == (
        "frame 3: tftp.block at byte 44 [00 01]: readers differ in presence, order, value: "
        "reference 256 (little) at 44+2; scapy 1 (big) at 44+2; tshark does not see it"
    )
    assert verdict_lines(result)[0].tone == "bad"


def test_text_from_the_wire_is_escaped_and_parts_of_bytes_are_counted_in_bits() -> None:
    result = CrossCheck(frames=1)
    says = {
        "reference": Reading("feiq.user", 163, 13, "", b"\x1b[31m"),
        "scapy": Reading("feiq.user", 160, 16, "", "\u202e".encode()),
    }
    result.add_disagreement(Disagreement(1, "feiq.user", says, ("offset",), b"\x1b["))
    assert verdict_lines(result)[0].text.endswith(r"reference '\x1b[31m' at 20.3+1.5; scapy '\u202e' at 20+2")


def test_a_missing_reader_is_part_of_the_verdict() -> None:
    result = CrossCheck(frames=2)
    result.readers["reference"] = Reader("reference")
    result.readers["tshark"] = Reader("tshark", "not available: apt-get install tshark")
    assert "1 reader missing" in verdict_line(result).text
    assert verdict_line(result).tone == "warning"


def test_a_reader_that_failed_leaves_no_verdict() -> None:
    result = CrossCheck(frames=2)
    result.readers["tshark"] = Reader("tshark", "failed: out of memory")
    assert verdict_line(result).text.startswith("NO VERDICT")
