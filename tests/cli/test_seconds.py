"""Seconds that nobody can wait for are a mistake in usage, in one line, for every command that waits."""

from __future__ import annotations

import subprocess

import pytest


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300", "-1", "soon"])
@pytest.mark.parametrize(
    "command",
    [
        ["record", "lo", "-w", "never.pcapng", "--seconds"],
        ["craft", "udp", "--send", "--wait"],
        ["udp", "listen", "--seconds"],
        ["udp", "echo", "--port", "0", "--seconds"],
        ["udp", "send", "127.0.0.1", "9", "x", "--wait"],
        ["feiq", "serve", "--seconds"],
    ],
    ids=" ".join,
)
def test_seconds_that_are_none_are_one_line_and_exit_code_two(
    lab_command: list[str], command: list[str], seconds: str
) -> None:
    done = subprocess.run([*lab_command, *command, seconds], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("lab: Invalid value for ")
    assert done.stderr.count("\n") == 1
