"""The malformed set says what is wrong; the reference reading, which never saw the set, must agree."""

from __future__ import annotations

import pytest

from lab.craft import malformed
from lab.craft.envelope import Envelope
from lab.craft.error import BuildError, MalformedError
from lab.craft.feiq_layer import read_strictly as read_feiq
from lab.craft.malformed import Judgement, Malformed
from lab.craft.reading import read_frame, rebuild
from lab.craft.tftp_layer import read_strictly as read_tftp
from lab.wire.frame import dissect

CASES = list(malformed.every())
ENVELOPE = Envelope("02:4c:41:42:00:02", "02:4c:41:42:00:01", "10.77.0.2", "10.77.0.1", 49152, 69)


def test_the_set_is_large_and_its_names_are_unique() -> None:
    assert len(CASES) >= 30
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_reading_judges_each_case_as_the_set_does(case: Malformed) -> None:
    found = dissect(case.data, case.start)
    notes = [note.field for note in found.notes]
    match case.judgement:
        case Judgement.UNREADABLE:
            assert found.error is not None, "the strict reading took it"
            assert found.error.field == case.field
        case Judgement.WRONG:
            assert (found.error, case.field in notes) == (None, True), notes
        case Judgement.REFUSED:
            assert (found.error, notes) == (None, [])


@pytest.mark.parametrize("case", [case for case in CASES if case.start != "ethernet"], ids=lambda case: case.name)
def test_scapys_strict_reading_judges_each_payload_too(case: Malformed) -> None:
    read = {"tftp": read_tftp, "feiq": read_feiq}[case.start]
    if case.judgement is Judgement.UNREADABLE:
        with pytest.raises(MalformedError):
            read(case.data)
    else:
        assert bytes(read(case.data)) == case.data


@pytest.mark.parametrize("case", [case for case in CASES if case.data], ids=lambda case: case.name)
def test_scapy_rebuilds_each_case_from_its_fields_and_not_from_its_cache(case: Malformed) -> None:
    assert rebuild(case.data, case.start) == case.data
    assert sum(field.width_bits for field in read_frame(case.data, case.start)) == 8 * len(case.data)


def test_a_payload_gets_a_frame_and_a_frame_stays_what_it_is() -> None:
    cut = malformed.frame_of(malformed.named("tftp-ack-cut"), ENVELOPE)
    assert cut[-3:] == b"\0\4\0"
    assert cut[38:40] == b"\0\x0b"  # The UDP length is right: 8 + 3.
    assert malformed.frame_of(malformed.named("udp-length-zero"), ENVELOPE)[38:40] == b"\0\0"
    assert len(malformed.frame_of(malformed.named("tftp-empty"), ENVELOPE)) == 42


def test_an_unknown_name_is_answered_with_those_that_come_near() -> None:
    with pytest.raises(BuildError, match="udp-length-zero"):
        malformed.named("udp-nonsense")
