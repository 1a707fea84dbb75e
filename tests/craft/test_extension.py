"""Scapy's own loader finds the lab by its distribution name, in a process that imported nothing of it before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOADED = """
from scapy.config import conf
conf.exts.load("packet-lab")
from scapy.main import load_layer
names = {}
load_layer("packet_lab", globals_dict=names)
from lab.craft.tftp_layer import LabTFTP
assert names["LabTFTP"] is LabTFTP, "the layer exists twice"
import scapy.layers.tftp
assert scapy.layers.tftp.__file__.endswith("scapy/layers/tftp.py"), "Scapy's own layer was replaced"
print([ext.name for ext in conf.exts.exts], names["LabTFTP"](b"\\0\\4\\0\\1").summary(), names["LabFeiQ"]().summary())
"""


def run(code: str, folder: Path) -> str:
    script = folder / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return done.stdout


def test_scapy_loads_the_extension_and_its_layers(tmp_path: Path) -> None:
    assert run(LOADED, tmp_path) == "['packet-lab'] TFTP ACK 1 FeiQ SENDMSG b'lab'@b'packet-lab' no b'1' b''\n"


def test_the_command_line_imports_no_scapy_before_it_is_needed(tmp_path: Path) -> None:
    code = "import sys, lab, lab.cli, lab.cli.craft\nprint([m for m in sys.modules if m.split('.')[0] == 'scapy'])"
    assert run(code, tmp_path) == "[]\n"


def test_the_layers_do_not_import_all_of_scapy(tmp_path: Path) -> None:
    code = (
        "import sys, lab.craft.tftp_client, lab.craft.reading, lab.craft.malformed, lab.craft.settings\n"
        "print([m for m in ('scapy.all', 'scapy.layers.all', 'scapy.layers.tftp') if m in sys.modules])"
    )
    assert run(code, tmp_path) == "[]\n"


def test_the_uts_campaign_passes(tmp_path: Path) -> None:
    campaign = Path(__file__).with_name("lab_layers.uts")
    words = [sys.executable, "-m", "scapy.tools.UTscapy", "-t", str(campaign), "-f", "text"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    assert "PASSED=10 FAILED=0" in done.stdout + done.stderr
