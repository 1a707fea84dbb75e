"""UDP (RFC 768). Rule: its own length says where its data ends, whatever the IP packet around it holds.

   2 bytes       2 bytes            2 bytes   2 bytes
  +-------------+------------------+--------+----------+~~~~~~~~~+
  | source port | destination port | length | checksum | payload |
  +-------------+------------------+--------+----------+~~~~~~~~~+
`length` counts header and payload. A checksum of 0 means none; over IPv6 that is not allowed (RFC 8200 section 8.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import checksum
from lab.wire.field import Reader
from lab.wire.octets import uint

PROTOCOL = 17
HEADER_LENGTH = 8
_SOURCE = "RFC 768"
_PORTS = {7: "echo", 9: "discard", 53: "DNS", 67: "DHCP server", 68: "DHCP client", 69: "TFTP", 2425: "IP Messenger"}


@dataclass(frozen=True, slots=True)
class Datagram:
    source_port: int
    destination_port: int
    length: int
    checksum: int
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        source_port = reader.uint("source_port", 2, source=_SOURCE)
        reader.explain(_PORTS.get(source_port, ""))
        destination_port = reader.uint("destination_port", 2, source=_SOURCE)
        reader.explain(_PORTS.get(destination_port, ""))
        length = reader.uint("length", 2, source=_SOURCE)
        if length < HEADER_LENGTH:
            raise reader.fail("length", f"at least {HEADER_LENGTH}", str(length))
        found = reader.uint("checksum", 2, source=_SOURCE)
        reader.explain("" if found else "none")
        reader.limit(length - HEADER_LENGTH)
        return cls(source_port, destination_port, length, found, reader.payload())

    def build(self) -> bytes:
        return (
            uint("udp.source_port", self.source_port, 2)
            + uint("udp.destination_port", self.destination_port, 2)
            + uint("udp.length", self.length, 2)
            + uint("udp.checksum", self.checksum, 2)
            + self.payload
        )

    @property
    def expected_length(self) -> int:
        return HEADER_LENGTH + len(self.payload)

    def expected_checksum(self, source: bytes, destination: bytes) -> int:
        """For IP addresses of 4 or 16 bytes each; a computed 0 is sent as 0xFFFF."""
        zeroed = self.build()
        pseudo = checksum.pseudo_header(source, destination, PROTOCOL, self.length)
        return checksum.internet_checksum(pseudo, zeroed[:6], zeroed[8:]) or 0xFFFF


def parse(data: bytes) -> Datagram:
    """The datagram that `data` is, all of it: its length field must be right."""
    reader = Reader(data, "udp", record=False)
    datagram = Datagram.read(reader)
    if datagram.length != len(data):
        raise reader.fail("length", str(len(data)), str(datagram.length), 4)
    return datagram
