"""Link-local addresses mean something on one interface only: the TFTP peers keep it with the address."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import Need


def test_a_link_local_server_is_read_and_written(need: Need) -> None:
    need.namespaces()
    ip = need.tool("ip")
    furnish = f'{ip} link set lo up && {ip} address add fe80::1/64 dev lo nodad && exec "$@"'
    scene = str(Path(__file__).with_name("link_local_scene.py"))
    words = ["unshare", "-Urn", "sh", "-c", furnish, "sh", sys.executable, scene]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["fe80::1%1", "fe80::1%1", "fe80::1%1", True],
        ["::", "fe80::1%1", "fe80::1%1", True],
    ]
