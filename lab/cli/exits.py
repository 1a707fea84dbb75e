"""The exit codes that every command keeps to."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    VERDICT_FAILED = 1
    USAGE = 2
    REFUSED = 3
    """Refused for safety: what was asked would leave the lab's own network, or overwrite something."""
    PRIVILEGE = 4
    TIMEOUT = 5
    UNDECODABLE = 6
    PEER_ERROR = 7
    MACHINE = 8
    """This machine: a file is missing, a port is busy, a disk is full."""
    NO_VERDICT = 9
    INTERRUPTED = 130
