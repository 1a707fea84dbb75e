"""Any bytes at all go through the check: it may find them wrong, it may not break on them."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab.crosscheck.lines import verdict_lines
from tests.crosscheck.frames import ARP, FEIQ_FILES, OPTIONS, SOLICITATION, UNREACHABLE, WELL_FORMED, changed
from tests.crosscheck.stage import checked

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.binary(max_size=120))
@SLOW
def test_arbitrary_bytes_are_checked(data: bytes) -> None:
    result = checked(data)
    assert result.frames == 1
    assert all(line.text.isprintable() for line in verdict_lines(result))


@given(st.sampled_from(WELL_FORMED), st.data())
@SLOW
# An ARP packet whose hardware addresses are said to be four bytes long.
@example(changed(ARP, 18, b"\4\6"), None)
@example(OPTIONS[:37], None)
@example(SOLICITATION[:60], None)
@example(UNREACHABLE[:65], None)
@example(FEIQ_FILES[:80], None)
def test_right_frames_with_a_few_bytes_changed_or_cut_off_are_checked(frame: bytes, data: st.DataObject | None) -> None:
    if data is not None:
        at = data.draw(st.integers(0, len(frame) - 1))
        frame = changed(frame, at, data.draw(st.binary(min_size=1, max_size=4)))[: len(frame)]
        frame = frame[: data.draw(st.integers(1, len(frame)))]
    result = checked(frame)
    assert result.frames == 1
    assert all(line.text.isprintable() for line in verdict_lines(result))
