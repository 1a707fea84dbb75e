"""Every recorded exchange is replayed: read, rebuilt from its fields, its lengths, checksums and byte order proved.

Nothing here trusts the code under test for what is right: block numbers are read off the bytes, checksums are summed
anew, and a rebuilt frame is compared with the recorded one.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import defaultdict
from pathlib import Path

import pytest

from lab.craft.reading import rebuild as rebuild_by_scapy
from lab.craft.session import TFTPSession
from lab.crosscheck.check import cross_check
from lab.crosscheck.lines import verdict_lines
from lab.pcap import Record, open_capture
from lab.wire.flows import Flows
from lab.wire.frame import dissect, rebuild
from tests.conftest import Need

CAPTURES = Path(__file__).parents[2] / "captures"
FILES = sorted(CAPTURES.glob("*.pcapng"))
README = (CAPTURES / "README.md").read_text(encoding="utf-8")


def frames(path: Path) -> list[Record]:
    with open_capture(path) as capture:
        return list(capture)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_capture_is_listed_with_peer_version_command_and_checksum(path: Path) -> None:
    _, _, entry = README.partition(f"### {path.name}\n")
    entry = entry.partition("\n### ")[0]
    assert f"sha256 `{hashlib.sha256(path.read_bytes()).hexdigest()}`" in entry
    assert re.search(r"^\* peers: \S+ \S*\d", entry, re.MULTILINE)
    assert re.search(r"^\* server on \S+: `", entry, re.MULTILINE)
    assert re.search(r"^\* client on \S+: `", entry, re.MULTILINE)
    assert "* odd: " in entry


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_frame_is_read_whole_and_nothing_is_wrong_with_it(path: Path) -> None:
    flows = Flows()
    for record in frames(path):
        seen = dissect(record.data, flows=flows)
        assert seen.error is None, f"frame {record.number}: {seen.error}"
        assert not seen.notes, f"frame {record.number}: {seen.notes}"
        covered = b"".join(field.raw for field in seen.fields)
        assert covered == record.data, f"frame {record.number}: the fields do not cover the frame"
        unread = [field.name for field in seen.fields if field.name.endswith("unparsed")]
        assert not unread or b"\x00\x2c" in record.data[12:16] or _is_fragment(record.data), (record.number, unread)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_frame_is_rebuilt_from_its_fields_to_the_identical_bytes(path: Path) -> None:
    flows, session = Flows(), TFTPSession()
    for record in frames(path):
        assert rebuild(dissect(record.data, flows=flows)) == record.data, f"reference, frame {record.number}"
        assert rebuild_by_scapy(record.data, session=session) == record.data, f"Scapy, frame {record.number}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_length_and_checksum_is_what_the_bytes_sum_up_to(path: Path) -> None:
    for record in frames(path):
        version, packet = _network_packet(record.data)
        if version == 4:
            header = packet[: (packet[0] & 15) * 4]
            assert _sum(header) == 0xFFFF, f"frame {record.number}: IPv4 header checksum"
            assert struct.unpack_from("!H", packet, 2)[0] == len(packet), f"frame {record.number}: total length"
            pseudo, upper, protocol = packet[12:20], packet[len(header) :], packet[9]
        elif version == 6:
            assert struct.unpack_from("!H", packet, 4)[0] == len(packet) - 40, f"frame {record.number}: payload length"
            pseudo, upper, protocol = packet[8:40], packet[40:], packet[6]
        else:
            continue
        if protocol != 17 or _is_fragment(record.data):
            continue
        assert struct.unpack_from("!H", upper, 4)[0] == len(upper), f"frame {record.number}: UDP length"
        assert _sum(pseudo + struct.pack("!II", len(upper), 17) + upper) == 0xFFFF, f"frame {record.number}: checksum"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_block_number_is_in_network_order(path: Path) -> None:
    """Blocks count 1, 2, 3 … in the order in which they first appear; read little-endian they would jump by 256."""
    blocks: dict[bytes, list[bytes]] = defaultdict(list)
    for record in frames(path):
        version, packet = _network_packet(record.data)
        start = (packet[0] & 15) * 4 if version == 4 else 40
        if version not in (4, 6) or packet[9 if version == 4 else 6] != 17 or _is_fragment(record.data):
            continue
        ports, payload = packet[start : start + 4], packet[start + 8 :]
        if payload[:2] == b"\x00\x03" and 69 not in struct.unpack("!HH", ports) and payload[2:4] not in blocks[ports]:
            blocks[ports].append(payload[2:4])
    for ports, seen in blocks.items():
        numbers = [int.from_bytes(block, "big") for block in seen]
        assert numbers == list(range(1, len(numbers) + 1)), f"ports {ports.hex()}"
    if path.stem not in WITHOUT_BLOCKS:
        assert blocks, "no DATA was found to look at"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_three_readings_of_every_frame_agree(path: Path, need: Need) -> None:
    need.tool("tshark")
    with open_capture(path) as capture:
        verdict = cross_check(capture)
    assert not verdict.missing_readers
    assert verdict.agreed, [line.text for line in verdict_lines(verdict)]
    assert verdict.rebuilt["reference"] == verdict.rebuilt["scapy"] == verdict.frames


WITHOUT_BLOCKS = {
    "atftpd-errors", "dnsmasq-errors", "echo", "echo-ipv6", "feiq-ipv6", "iptux", "tftpd-hpa-errors",
    "tftpd-hpa-fragments", "tftpd-hpa-fragments-ipv6",
}  # fmt: skip
"""Captures with no transfer, or with DATA in fragments only, where the block number is in the first of several."""


def _network_packet(frame: bytes) -> tuple[int, bytes]:
    """IP version and packet, behind whatever tags there are; 0 for other protocols."""
    at = 12
    while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    return {b"\x08\x00": 4, b"\x86\xdd": 6}.get(frame[at : at + 2], 0), frame[at + 2 :]


def _is_fragment(frame: bytes) -> bool:
    version, packet = _network_packet(frame)
    return (version == 4 and bool(struct.unpack_from("!H", packet, 6)[0] & 0x3FFF)) or (
        version == 6 and packet[6] == 44
    )


def _sum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
