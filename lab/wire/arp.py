"""The Address Resolution Protocol (RFC 826). Rule: address lengths are what the packet says, not what we expect.

 2 bytes    2 bytes    1 byte     1 byte     2 bytes
+----------+----------+----------+----------+-----------+
| hardware | protocol | hardware | protocol | operation |
|   type   |   type   |  length  |  length  |           |
+----------+----------+----------+----------+-----------+
| sender hardware, sender protocol, target hardware, target protocol address |   by these lengths
+----------------------------------------------------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import address
from lab.wire.error import BuildError
from lab.wire.ethernet import type_name
from lab.wire.field import Reader
from lab.wire.octets import uint

REQUEST, REPLY = 1, 2
_OPERATIONS = {
    1: "request", 2: "reply", 3: "reverse request", 4: "reverse reply", 8: "inverse request", 9: "inverse reply",
}  # fmt: skip
_SOURCE = "RFC 826"


@dataclass(frozen=True, slots=True)
class Packet:
    operation: int
    sender_hardware: bytes
    sender_protocol: bytes
    target_hardware: bytes
    target_protocol: bytes
    hardware_type: int = 1
    protocol_type: int = 0x0800

    @classmethod
    def read(cls, reader: Reader) -> Self:
        hardware_type = reader.uint("hardware_type", 2, source=_SOURCE)
        reader.explain("Ethernet" if hardware_type == 1 else "unknown")
        protocol_type = reader.uint("protocol_type", 2, source=_SOURCE)
        reader.explain(type_name(protocol_type))
        hardware = reader.uint("hardware_length", 1, source=_SOURCE)
        protocol = reader.uint("protocol_length", 1, source=_SOURCE)
        operation = reader.uint("operation", 2, source=_SOURCE)
        reader.explain(_OPERATIONS.get(operation, "unknown"))
        return cls(
            operation,
            _address(reader, "sender_hardware", hardware),
            _address(reader, "sender_protocol", protocol),
            _address(reader, "target_hardware", hardware),
            _address(reader, "target_protocol", protocol),
            hardware_type,
            protocol_type,
        )

    def build(self) -> bytes:
        for one, other in ((self.sender_hardware, self.target_hardware), (self.sender_protocol, self.target_protocol)):
            if len(one) != len(other):
                raise BuildError("arp.addresses", "the same length for sender and target", f"{len(one)}, {len(other)}")
        return (
            uint("arp.hardware_type", self.hardware_type, 2)
            + uint("arp.protocol_type", self.protocol_type, 2)
            + uint("arp.hardware_length", len(self.sender_hardware), 1)
            + uint("arp.protocol_length", len(self.sender_protocol), 1)
            + uint("arp.operation", self.operation, 2)
            + self.sender_hardware
            + self.sender_protocol
            + self.target_hardware
            + self.target_protocol
        )


def parse(data: bytes) -> Packet:
    """The packet that `data` is, all of it."""
    reader = Reader(data, "arp", record=False)
    packet = Packet.read(reader)
    reader.finish()
    return packet


def _address(reader: Reader, name: str, length: int) -> bytes:
    raw = reader.octets(name, length, source=_SOURCE)
    if length == 4:
        reader.explain(address.ipv4(raw))
    elif length == 6:
        reader.explain(address.mac(raw))
    return raw
