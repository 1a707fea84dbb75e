"""What Scapy's loader sees as `scapy.layers.packet_lab`: the lab's layers and sessions, and nothing of its own.

Scapy loads the file it is given as a module of that name; were a layer's own file given, its classes would exist twice
and a LabTFTP would not be a LabTFTP.
"""

from __future__ import annotations

from lab.craft.feiq_layer import LabFeiQ
from lab.craft.field import MISSING, Unterminated
from lab.craft.session import FeiQSession, TFTPSession
from lab.craft.tftp_layer import LabTFTP, LabTFTPOption

__all__ = [
    "MISSING",
    "FeiQSession",
    "LabFeiQ",
    "LabTFTP",
    "LabTFTPOption",
    "TFTPSession",
    "Unterminated",
]
