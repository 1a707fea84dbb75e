"""Registers the lab with Scapy's extension loader, by a name that shadows nothing of Scapy's own.

>>> from scapy.config import conf
>>> conf.exts.load("packet-lab")
>>> from scapy.main import load_layer
>>> load_layer("packet_lab")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LAYER = "packet_lab"
"""Never `tftp`: registering that would replace Scapy's module of the same name."""


def register(ext: Any) -> None:
    """Called by Scapy with its ScapyExt; nothing of Scapy is imported until the layer is asked for."""
    from lab import __version__

    ext.config("packet-lab", __version__)
    ext.register(LAYER, ext.MODE.LAYERS, Path(__file__).with_name("scapy_door.py"), default=False)
