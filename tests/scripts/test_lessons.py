"""Every lesson runs to its end, says something, and warns of nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).parents[2] / "scripts" / "lessons").glob("*.py"))


def test_there_is_a_lesson_for_every_chapter_of_the_course() -> None:
    assert [lesson.stem[3:] for lesson in LESSONS] == [
        "port",
        "address",
        "socket",
        "send",
        "receive",
        "encoding",
        "feiq",
        "echo",
        "threads_and_processes",
        "tftp",
        "byte_order",
        "raw_frames",
    ]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs(lesson: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(lesson)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") >= 3
    assert not done.stderr
