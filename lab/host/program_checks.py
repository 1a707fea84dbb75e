"""Are the programs and packages there that the lab stands on? The rule: nothing heavy is imported to find out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from lab.host.check import Check, missing, ok, warn

LEAST_PYTHON = (3, 11)
LEAST_SCAPY = (2, 6, 1)
LEAST_TSHARK = (3, 6)

_EMPTY_CAPTURE = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
_LUA_SAYS = "packet-lab heard from Lua"


def program_checks() -> list[Check]:
    """Python, the packages, tshark and its Lua."""
    tshark = find_tshark()
    version = tshark_version(tshark) if tshark else ""
    return [
        python(sys.version_info[:3]),
        package("Scapy", "scapy", LEAST_SCAPY),
        package("pyshark", "pyshark", (0, 6)),
        other_packages(),
        tshark_check(tshark, version),
        tshark_lua(tshark),
    ]


def python(version: tuple[int, ...]) -> Check:
    words = f"{'.'.join(map(str, version))} at {sys.executable}"
    if version[:2] >= LEAST_PYTHON:
        return ok("Python", words)
    return missing("Python", words, "sudo apt-get install python3.11")


def package(name: str, distribution: str, least: tuple[int, ...]) -> Check:
    """A Python package and its version, from its metadata."""
    wanted = ".".join(map(str, least))
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return missing(name, "not installed", f"pip install '{distribution}>={wanted}'")
    if numbers(version) < least:
        return missing(name, f"{version}, older than {wanted}", f"pip install --upgrade '{distribution}>={wanted}'")
    return ok(name, version)


def other_packages() -> Check:
    wanted = ("click", "cryptography", "jinja2", "numpy", "psutil", "pyroute2", "rich")
    absent = [name for name in wanted if not _installed(name)]
    if absent:
        return missing("other packages", f"not installed: {', '.join(absent)}", f"pip install {' '.join(absent)}")
    return ok("other packages", ", ".join(wanted))


def find_tshark() -> str | None:
    """The path of tshark, also where an ordinary user's PATH leaves out /usr/sbin."""
    return shutil.which("tshark", path=os.environ.get("PATH", os.defpath) + ":/usr/bin:/usr/local/bin:/usr/sbin")


def tshark_version(path: str) -> str:
    """What `tshark --version` calls itself, "" when it does not answer."""
    answer = _ask(path, "--version")
    found = re.match(r"TShark \(Wireshark\) ([0-9][^ \n]*)", answer)
    return found[1].rstrip(".") if found else ""


def tshark_check(path: str | None, version: str) -> Check:
    name = "tshark"
    install = "sudo apt-get install tshark"
    if path is None:
        return missing(name, "not installed: the third reading will be missing", install)
    if not version:
        return missing(name, f"{path} does not answer", f"{install} --reinstall")
    if numbers(version) < LEAST_TSHARK:
        return missing(name, f"{version} at {path}, older than 3.6", install)
    return ok(name, f"{version} at {path}")


def tshark_lua(path: str | None) -> Check:
    """Has it run one line of Lua: builds without Lua exist, and settings that forbid scripts to root."""
    name = "tshark's Lua"
    if path is None:
        return missing(name, "no tshark", "sudo apt-get install tshark")
    with tempfile.TemporaryDirectory(prefix="lab-doctor-") as folder:
        script, capture = Path(folder, "say.lua"), Path(folder, "empty.pcap")
        script.write_text(f'print("{_LUA_SAYS} " .. _VERSION)\n')
        capture.write_bytes(_EMPTY_CAPTURE)
        words = (path, "-X", f"lua_script:{script}", "-r", str(capture))
        answer = _ask(*words)
        if _LUA_SAYS not in answer and os.geteuid() == 0:
            # tshark 4.4 runs no script for root, so the cross-check starts it as nobody.
            for place in (Path(folder), script, capture):
                place.chmod(0o755)
            answer = _ask(*words, user=65534)
    if said := re.search(f"^{_LUA_SAYS} (.+)$", answer, re.MULTILINE):
        return ok(name, f"{said[1]} runs our FeiQ dissector")
    found = "it runs no Lua script: no tshark reading of FeiQ"
    return missing(name, found, "sudo apt-get install --reinstall tshark wireshark-common  # Debian builds it with Lua")


def lab_on_path() -> Check:
    """A command that only works with its whole path is a command that people do not find."""
    name = "lab on PATH"
    if found := shutil.which("lab"):
        return ok(name, found)
    beside = Path(sys.executable).parent
    fix = f"export PATH={beside}:$PATH" if (beside / "lab").exists() else "pip install .   # in the lab's folder"
    return warn(name, "`lab` is not found by name", fix)


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, to compare: `2.6.1rc2` is (2, 6, 1)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _ask(*command: str, user: int | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
            errors="replace",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
