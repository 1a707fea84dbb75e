"""How tshark is started by root. Its one rule: what reads hostile bytes for root does it without root's rights.

Wireshark 4.4 insists on that: it runs no Lua script for root, so FeiQ would go unread. Two cases look alike to it:

* real root: tshark becomes nobody, who may not read root's files. It gets the capture open, and a copy of the script;
* root of a user namespace (an ordinary user outside, as in the lab's own network): tshark gets a namespace of its own,
  in which the same user goes by another number; what it may read stays the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from shlex import quote

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--")
IN_A_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")


def start_as_nobody(tshark: str, script: Path, capture: Path, folder: Path) -> tuple[str, Path]:
    """The program to start instead of `tshark`, and the Lua script to name to it; both are put into `folder`.

    Unchanged where this process is not root, or where the system does not let it give root up.
    """
    if os.geteuid() != 0:
        return tshark, script
    real = _has_number(NOBODY)
    words = AS_NOBODY if real else IN_A_NAMESPACE
    try:
        subprocess.run([*words, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return tshark, script
    line = f'{" ".join(words)} {quote(tshark)} "$@"'
    if real:
        folder.chmod(0o755)
        script = Path(shutil.copy(script, folder / "copy.lua"))
        script.chmod(0o644)
        line += f" -r - <{quote(str(capture))}"  # The last -r is the one that counts.
    # pyshark takes the folder of what it is told to start, and starts what is called tshark there.
    starter = folder / "tshark"
    starter.write_text(f"#!/bin/sh\nexec {line}\n")
    starter.chmod(0o755)
    return str(starter), script


def _has_number(user: int, uid_map: str = "/proc/self/uid_map") -> bool:
    """Whether this user namespace has a user of that number; the initial one has all."""
    try:
        lines = Path(uid_map).read_text().splitlines()
    except OSError:
        return True
    ranges = [tuple(int(word) for word in line.split()) for line in lines]
    return any(first <= user < first + length for first, _, length in ranges)
