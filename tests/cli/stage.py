"""Types `lab` commands: in this process where a test wants to change what they see, as a process where they go on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab import cli


def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Runs `lab` with these words in this process: exit code, stdout and stderr."""
    monkeypatch.setattr("sys.argv", ["lab", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, out, err


@contextmanager
def running(command: list[str], *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command that goes on until the block ends, and the port that its first line on stderr names."""
    process = subprocess.Popen(
        [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        yield process, int(process.stderr.readline().rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()
