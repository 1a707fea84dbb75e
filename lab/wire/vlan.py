"""The VLAN tag of IEEE 802.1Q, also stacked (802.1ad). Rule: a tag names the type of what follows, as Ethernet does.

 2 bytes                                2 bytes
+----------+----------+----------------+---------+~~~~~~~~~+
| priority | drop     | VLAN id        |  type   | payload |      after Ethernet type 0x8100, 0x88a8 or 0x9100
| 3 bits   | 1 bit    | 12 bits        |         |         |
+----------+----------+----------------+---------+~~~~~~~~~+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire.ethernet import read_type
from lab.wire.field import Reader, bit
from lab.wire.octets import packed, uint

_SOURCE = "IEEE 802.1Q clause 9.6"
_IDS = {0: "priority only, no VLAN", 0xFFF: "reserved"}


@dataclass(frozen=True, slots=True)
class Tag:
    priority: int
    drop_eligible: int
    id: int
    type: int
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        control = reader.uint("control", 2, source=_SOURCE)
        reader.explain(
            f"VLAN {control & 0xFFF}",
            bit("priority", 0xE000, control),
            bit("drop_eligible", 0x1000, control),
            bit("id", 0x0FFF, control, _IDS),
        )
        return cls(control >> 13, control >> 12 & 1, control & 0xFFF, read_type(reader), reader.payload())

    def build(self) -> bytes:
        control = packed("vlan.control", 2, (self.priority, 3), (self.drop_eligible, 1), (self.id, 12))
        return control + uint("vlan.type", self.type, 2) + self.payload


def parse(data: bytes) -> Tag:
    """The tag at the start of `data`, without the type that announced it."""
    return Tag.read(Reader(data, "vlan", record=False))
