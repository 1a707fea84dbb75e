"""What a test may need from this machine; a missing thing skips with its reason, and fails where CI=true."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import settings

from lab.suites.peers import PeerMissing, Program

# The same examples on every run, and no deadline: a busy machine is no reason to fail. A failure prints its own replay.
settings.register_profile("lab", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("lab")


class Need:
    """Asks for tools and rights. In CI a skip would hide a missing install step, so there it is a failure."""

    def tool(self, name: str) -> str:
        """The path of a program."""
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        return found or self._missing(f"{name} is not installed (scripts/test as root installs it)")

    def peer(self, program: Program) -> str:
        """The path of a peer's program."""
        try:
            return program.path()
        except PeerMissing as missing:
            return self._missing(str(missing))

    def root(self) -> None:
        if os.geteuid() != 0:
            self._missing("needs root")

    def namespaces(self) -> None:
        """User and network namespaces, tried in a process of their own."""
        tried = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            self._missing(f"network namespaces are refused here: {tried.stderr.strip()}")

    def _missing(self, reason: str) -> str:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have it: {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def need() -> Need:
    return Need()


@pytest.fixture
def lab_command() -> list[str]:
    """The words that start `lab` in this interpreter."""
    return [sys.executable, "-m", "lab"]
