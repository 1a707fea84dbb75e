"""FeiQ presence on a wire of its own: where it goes when an interface is named, and that its answers come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Need

SCENE = Path(__file__).with_name("presence_scene.py")


def test_presence_on_a_named_interface_goes_to_broadcast_and_multicast_with_right_macs_and_is_answered(
    need: Need,
) -> None:
    if os.geteuid() != 0:
        need.namespaces()
    done = subprocess.run([sys.executable, SCENE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    per_packet = [["ffffffffffff", "255.255.255.255"], ["01005e510908", "226.81.9.8"], ["333300000979", "ff15::979"]]
    per_packet = per_packet[: 3 if told["ipv6"] else 2]
    assert [frame[:2] for frame in told["seen"]] == per_packet * 2
    assert [frame[3] for frame in told["seen"]] == [0] * len(per_packet) + [1] * len(per_packet)
    assert {frame[2] for frame in told["seen"] if frame[1] != "255.255.255.255"} == {1}
    assert told["own_events"] == 0, "our own multicast, looped back by the kernel, is no peer"
    assert told["answers"] == ["10.77.0.1", "10.77.0.1", "fd77::1"][: len(per_packet)]
