"""Plays a scene of scenes.py in a process of its own, as the user who runs the tests or as an ordinary one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need

SCENES = Path(__file__).with_name("scenes.py")


@cache
def play(scene: str, user: str) -> Any:
    """The scene's result, played once however many tests look at it. Every warning in it is an error."""
    words = [sys.executable, "-W", "error", "-X", "dev", str(SCENES), scene, user]
    played = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=60, cwd=SCENES.parents[2],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SCENES.parents[2]), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert played.returncode == 0, played.stderr
    assert played.stderr == ""
    return json.loads(played.stdout)


@pytest.fixture(params=["as root", "ordinary"] if os.geteuid() == 0 else ["ordinary"])
def scene(request: pytest.FixtureRequest, need: Need) -> Callable[[str], Any]:
    need.namespaces()
    return lambda name: play(name, request.param)


@pytest.fixture
def ordinary_scene(need: Need) -> Callable[[str], Any]:
    need.namespaces()
    return lambda name: play(name, "ordinary")
