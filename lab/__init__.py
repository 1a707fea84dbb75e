"""packet-lab: crafts, talks, watches, explains and judges the same UDP exchange, from frame to file."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def scapy_ext(ext: Any) -> None:
    """The door for `conf.exts.load("packet-lab")`: registers the lab's layers with Scapy's extension loader."""
    from lab.craft.extension import register

    register(ext)
