"""`lab doctor` in a whole: the table, the fixes, the JSON, and exit code 1 when the demo would not run in full."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lab.host import doctor
from lab.host.check import Check, missing, ok, warn
from tests.cli.stage import typed

SOUND = [ok("Python", "3.11.7"), warn("low ports", "from 1024 on", "sudo sysctl -w x=69")]
SICK = [*SOUND, missing("tshark", "not installed", "sudo apt-get install tshark")]


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, checks: list[Check], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(doctor, "examine", lambda: checks)
    return typed(capsys, monkeypatch, "doctor", *words)


def test_warnings_leave_the_machine_fit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run(capsys, monkeypatch, SOUND)
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["ok", "Python", "3.11.7"],
        ["warn", "low", "ports", "from", "1024", "on"],
        ["fix", "sudo", "sysctl", "-w", "x=69"],
    ]
    assert err == "`lab demo` can run in full here. (1 ok, 1 warn, 0 missing)\n"


def test_something_missing_is_exit_code_1_and_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, SICK)
    assert code == 1
    assert "sudo apt-get install tshark" in out
    assert err == "`lab demo` cannot run in full here, it needs: tshark. (1 ok, 1 warn, 1 missing)\n"


def test_json_says_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, out, _ = run(capsys, monkeypatch, SICK, "--json", "-")
    assert (code, json.loads(out)["fit"]) == (1, False)
    assert json.loads(out)["checks"][2] == {
        "name": "tshark",
        "state": "missing",
        "found": "not installed",
        "fix": "sudo apt-get install tshark",
    }
    code, out, _ = run(capsys, monkeypatch, SOUND, "--json", str(tmp_path / "a.json"))
    assert (code, json.loads((tmp_path / "a.json").read_text())["fit"]) == (0, True)
    assert out


def test_a_file_that_cannot_be_written_is_exit_code_8(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, _, err = run(capsys, monkeypatch, SOUND, "--json", str(tmp_path / "no" / "a.json"))
    assert code == 8
    assert err.startswith("lab: cannot write ")


def test_this_machine_is_examined_for_real(lab_command: list[str]) -> None:
    done = subprocess.run([*lab_command, "doctor", "--json", "-"], capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert len(document["checks"]) >= 12
    assert done.returncode == (0 if document["fit"] else 1)
