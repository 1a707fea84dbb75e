"""Crafted frames against the reference peers' ordinary sockets, on a real wire, over IPv4 and IPv6."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need

SCENE = Path(__file__).with_name("network_scene.py")


@pytest.fixture(scope="module")
def scenes(need: Need) -> list[dict[str, Any]]:
    """IPv4's and IPv6's; played once, as an ordinary user."""
    need.namespaces()
    words = [sys.executable, "-W", "error", str(SCENE), "ordinary"]
    root = str(SCENE.parents[2])
    played = subprocess.run(
        words, capture_output=True, text=True, check=False, timeout=60, cwd=root, env=os.environ | {"PYTHONPATH": root}
    )
    assert played.returncode == 0, played.stderr
    scenes: list[dict[str, Any]] = json.loads(played.stdout)
    return scenes


@pytest.fixture(params=["ipv4", "ipv6"])
def scene(request: pytest.FixtureRequest, scenes: list[dict[str, Any]]) -> dict[str, Any]:
    return scenes[request.param == "ipv6"]


def test_an_echo_comes_back(scene: dict[str, Any]) -> None:
    assert scene["echo"] == "hello"


def test_feiq_answers_presence_and_every_message_that_asks_for_a_receipt(scene: dict[str, Any]) -> None:
    assert (scene["entered"], scene["receipts"]) == (3, 3)


def test_a_file_is_read_and_written_with_all_four_options(scene: dict[str, Any]) -> None:
    granted = {"blksize": 1428, "tsize": 10240, "timeout": 1, "windowsize": 4}
    assert scene["read"]["granted"] == granted
    assert scene["written"]["granted"] == granted
    assert scene["read"]["blocks"] == 8
    assert scene["equal"] == [True, True, True]


def test_a_lost_block_a_double_and_a_stranger_are_survived(scene: dict[str, Any]) -> None:
    assert (scene["hurt"]["lost"], scene["hurt"]["stranger_told"], scene["hurt"]["blocks"]) == (1, 5, 21)


def test_the_kernel_never_spoke_for_the_stations(scene: dict[str, Any]) -> None:
    assert (scene["complaints"], scene["damaged"]) == ([], 0)
