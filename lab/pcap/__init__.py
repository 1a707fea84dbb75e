"""Capture files to timestamped frames and back, as a stream. Knows no protocol.

with open_capture("exchange.pcapng") as capture:
    for record in capture:
        print(record.number, record.time_ns, record.data.hex())

save("copy.pcapng", records)
"""

from __future__ import annotations

from lab.pcap.capture import Capture, open_capture
from lab.pcap.record import CaptureError, Interface, Limits, Record, Section
from lab.pcap.save import new_capture, save
from lab.pcap.writer import Writer

__all__ = [
    "Capture",
    "CaptureError",
    "Interface",
    "Limits",
    "Record",
    "Section",
    "Writer",
    "new_capture",
    "open_capture",
    "save",
]
