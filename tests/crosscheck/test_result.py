"""The verdict stays the verdict however much else there is to tell."""

from __future__ import annotations

from lab.crosscheck.finding import Finding
from lab.crosscheck.lines import verdict_line, verdict_lines
from lab.crosscheck.result import MOST_LISTED, CrossCheck


def test_something_wrong_is_not_lost_behind_a_thousand_remarks() -> None:
    result = CrossCheck(frames=MOST_LISTED + 2)
    for number in range(1, MOST_LISTED + 2):
        result.add_finding(Finding(number, "remark", "feiq.text", 42, b"!", "no NUL at the end of the packet"))
    result.add_finding(Finding(MOST_LISTED + 2, "wrong", "tftp.block", 44, b"\1\0", "sent little-endian"))
    assert result.bad_frames == [MOST_LISTED + 2]
    assert not result.agreed
    assert any(f"frame {MOST_LISTED + 2}: tftp.block" in line.text for line in verdict_lines(result))
    assert len(result.findings) == MOST_LISTED + 1


def test_every_wrong_frame_has_its_number_in_the_verdict_though_not_every_one_is_listed() -> None:
    result = CrossCheck()
    for number in range(1, 2 * MOST_LISTED):
        result.add_finding(Finding(number, "wrong", "udp.checksum", 40, b"\1\0", "wrong"))
    assert result.bad_frames == list(range(1, 2 * MOST_LISTED))
    assert len(result.findings) == MOST_LISTED


def test_frames_that_nobody_reads_get_no_verdict() -> None:
    assert verdict_line(CrossCheck(frames=7, unread_frames=7)).text.startswith("NO VERDICT: 7 frames")
    assert verdict_line(CrossCheck(frames=7, unread_frames=6)).text.startswith("in order")
