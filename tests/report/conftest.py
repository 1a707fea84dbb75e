"""Frames and records for the report's tests, built here byte by byte so that no code under test makes its own input."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from lab.pcap import Record

MACS = {"10.77.0.1": "024c41420001", "10.77.0.2": "024c41420002", "10.77.0.3": "024c41420003"}


def udp_frame(source: str, source_port: int, destination: str, destination_port: int, payload: bytes) -> bytes:
    """Ethernet, IPv4 and UDP without a UDP checksum; the IP header's is right."""
    ethernet = bytes.fromhex(MACS.get(destination, "000000000000") + MACS.get(source, "000000000000") + "0800")
    addresses = ip_address(source).packed + ip_address(destination).packed
    header = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0) + addresses
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = 0xFFFF - ((total & 0xFFFF) + (total >> 16))
    header = header[:10] + struct.pack(">H", checksum) + header[12:]
    return ethernet + header + struct.pack(">HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


@pytest.fixture
def frame() -> Callable[[str, int, str, int, bytes], bytes]:
    return udp_frame


class Tape:
    """Collects records, one a millisecond."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.step = b""

    def add(self, source: str, source_port: int, destination: str, destination_port: int, payload: bytes) -> None:
        self.raw(udp_frame(source, source_port, destination, destination_port, payload))

    def raw(self, data: bytes, link_type: int = 1) -> None:
        number = len(self.records) + 1
        comments = (self.step,) if self.step else ()
        self.records.append(Record(number, number * 1_000_000, data, len(data), link_type, 0, comments))

    def copy(self) -> None:
        """The last frame once more, as a wire that doubles it would deliver it."""
        self.raw(self.records[-1].data)


@pytest.fixture
def tape() -> Tape:
    return Tape()
