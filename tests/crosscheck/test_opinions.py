"""Each known difference of opinion is still needed: a frame for every line of the list, and no line without one."""

from __future__ import annotations

import pytest

from lab.crosscheck import tshark
from lab.crosscheck.check import cross_check
from lab.crosscheck.opinions import OPINIONS
from lab.pcap import Record
from tests.conftest import Need
from tests.crosscheck.frames import (
    DATA_1,
    FEIQ_GROUP,
    FEIQ_MALFORMED,
    FRAGMENT,
    OACK,
    READ_REQUEST,
    STRANGER,
    changed,
)
from tests.crosscheck.stage import records

NEEDED_BY: dict[str, list[Record]] = {
    "first-fragment": records(FRAGMENT),
    "after-an-error": records(FEIQ_MALFORMED),
    "cut-by-capture": [Record(1, 0, DATA_1[:40], len(DATA_1))],
    "stranger": records(READ_REQUEST, OACK, STRANGER),
    # An answer from port 69, and nobody asked.
    "unasked": records(changed(DATA_1, 34, b"\0\x45")),
    "ciphertext": records(FEIQ_GROUP),
}


@pytest.mark.parametrize("key", [opinion.key for opinion in OPINIONS])
def test_a_known_difference_is_still_needed(key: str, need: Need) -> None:
    need.tool("tshark")
    result = cross_check(NEEDED_BY[key])
    assert isinstance(tshark.find(), tshark.Tshark)
    assert result.known.keys() == {key}
    assert result.disagreements == []


def test_every_known_difference_has_a_reason_and_a_key_of_its_own() -> None:
    assert len({opinion.key for opinion in OPINIONS}) == len(OPINIONS)
    assert NEEDED_BY.keys() == {opinion.key for opinion in OPINIONS}
    for opinion in OPINIONS:
        assert opinion.reason.endswith(".")
        assert len(opinion.reason) > 60


def test_a_known_difference_does_not_excuse_a_malformed_frame() -> None:
    result = cross_check(records(FEIQ_MALFORMED), use=tshark.MISSING)
    assert result.bad_frames == [1]
