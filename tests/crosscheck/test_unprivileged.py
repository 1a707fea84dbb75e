"""tshark that root starts has no rights of root's, reads what root may read, and runs our script."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.crosscheck import unprivileged
from lab.crosscheck.unprivileged import start_as_nobody
from tests.conftest import Need

WHO = """#!/bin/sh
id -u; id -g; grep CapEff /proc/self/status; for last; do :; done; test "$last" = - && cat || cat "$last"; cat "$1"
"""


@pytest.fixture
def tshark(tmp_path: Path) -> str:
    """Stands in for tshark where nobody can start it: says who it is, and what the capture and the script hold."""
    tmp_path.chmod(0o755)
    for above in list(tmp_path.parents)[:2]:
        above.chmod(0o755)
    program = tmp_path / "its own"
    program.mkdir()
    (program / "tshark").write_text(WHO)
    (program / "tshark").chmod(0o755)
    return str(program / "tshark")


@pytest.fixture
def secrets(tmp_path: Path) -> tuple[Path, Path]:
    """A script and a capture in a folder that only its owner enters; their names would not please a shell."""
    hidden = tmp_path / "$(hidden) 'folder'"
    hidden.mkdir(mode=0o700)
    script, capture = hidden / "feiq.lua", hidden / "a capture; true"
    script.write_text("script\n")
    capture.write_text("capture\n")
    capture.chmod(0o600)
    return script, capture


def started(tshark: str, secrets: tuple[Path, Path], folder: Path) -> list[str]:
    folder.mkdir(mode=0o700)
    program, script = start_as_nobody(tshark, *secrets, folder)
    done = subprocess.run([program, script, "-r", secrets[1]], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_roots_tshark_is_nobody_and_reads_what_root_may_read(
    tshark: str, secrets: tuple[Path, Path], tmp_path: Path, need: Need
) -> None:
    need.root()
    user, group, rights, *contents = started(tshark, secrets, tmp_path / "profile")
    assert (user, group, rights.split()[1]) == ("65534", "65534", "0" * 16)
    assert contents == ["capture", "script"]


def test_in_the_labs_own_network_tshark_is_nobody_too(
    tshark: str, secrets: tuple[Path, Path], tmp_path: Path, need: Need
) -> None:
    need.namespaces()
    (tmp_path / "profile").mkdir(mode=0o700)
    code = (
        "import subprocess, sys; from pathlib import Path; from lab.crosscheck.unprivileged import start_as_nobody;"
        "tshark, script, capture, folder = sys.argv[1:];"
        "program, script = start_as_nobody(tshark, Path(script), Path(capture), Path(folder));"
        "sys.exit(subprocess.run([program, script, '-r', capture]).returncode)"
    )
    words = ["unshare", "-Urn", sys.executable, "-c", code, tshark, *secrets, tmp_path / "profile"]
    checkout = Path(__file__).resolve().parents[2]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=checkout)
    assert done.returncode == 0, done.stderr
    user, group, rights, *contents = done.stdout.splitlines()
    assert (user, group, rights.split()[1]) == ("65534", "65534", "0" * 16)
    assert contents == ["capture", "script"]


def test_an_ordinary_users_tshark_is_started_as_it_is(
    tshark: str, secrets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert start_as_nobody(tshark, *secrets, tmp_path) == (tshark, secrets[0])


def test_without_a_program_that_gives_root_up_tshark_is_started_as_it_is(
    tshark: str, secrets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start_as_nobody(tshark, *secrets, tmp_path) == (tshark, secrets[0])


@pytest.mark.parametrize(
    ("uid_map", "has"),
    [
        ("         0          0 4294967295\n", True),
        ("         0       1000          1\n", False),
        ("         0       1000          1\n         1     100000      65536\n", True),
        ("         0     100000      65534\n", False),
    ],
)
def test_a_user_namespace_has_the_numbers_that_its_map_covers(tmp_path: Path, uid_map: str, has: bool) -> None:
    (tmp_path / "uid_map").write_text(uid_map)
    assert unprivileged._has_number(65534, str(tmp_path / "uid_map")) is has
