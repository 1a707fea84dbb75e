"""TCP's header (RFC 9293 section 3.1). Rule: header only; what the stream carries is for others to say.

 0             4        8                 16                       31
+---------------------------------------+---------------------------+
|              source port              |     destination port      |
+---------------------------------------+---------------------------+
|                         sequence number                           |
+-------------------------------------------------------------------+
|                      acknowledgment number                        |
+-------------+--------+----------------+---------------------------+
| data offset |reserved|     flags      |          window           |
+-------------+--------+----------------+---------------------------+
|               checksum                |      urgent pointer       |
+---------------------------------------+---------------------------+
|                 options, padded to whole words                    |
+-------------------------------------------------------------------+
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from lab.wire import checksum
from lab.wire.field import Reader, bit
from lab.wire.octets import packed, uint
from lab.wire.type_length import Option, build_options, read_options

PROTOCOL = 6
HEADER_LENGTH = 20
LONGEST_OPTIONS = 40
OPTION_NAMES = {
    0: "end of options", 1: "no operation", 2: "maximum segment size", 3: "window scale", 4: "SACK permitted",
    5: "SACK", 8: "timestamps", 28: "user timeout", 29: "authentication", 30: "multipath", 34: "fast open",
}  # fmt: skip
FLAG_NAMES = ("cwr", "ece", "urg", "ack", "psh", "rst", "syn", "fin")
"""From the highest bit of the flags byte to the lowest."""
_SOURCE = "RFC 9293 section 3.1"


@dataclass(frozen=True, slots=True)
class Segment:
    source_port: int
    destination_port: int
    sequence_number: int
    acknowledgment_number: int
    flags: int
    window: int
    checksum: int
    urgent_pointer: int = 0
    reserved: int = 0
    options: tuple[Option, ...] = ()
    option_padding: bytes = b""
    payload: bytes = b""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        start = reader.offset
        source_port = reader.uint("source_port", 2, source=_SOURCE)
        destination_port = reader.uint("destination_port", 2, source=_SOURCE)
        sequence_number = reader.uint("sequence_number", 4, source=_SOURCE)
        acknowledgment_number = reader.uint("acknowledgment_number", 4, source=_SOURCE)
        number = reader.uint("offset_and_flags", 2, source=_SOURCE)
        words = number >> 12
        set_flags = [name.upper() for place, name in enumerate(FLAG_NAMES) if number & 0x80 >> place]
        reader.explain(
            f"{words * 4} bytes of header" + ("".join(f", {name}" for name in set_flags)),
            bit("data_offset", 0xF000, number),
            bit("reserved", 0x0F00, number),
            *(bit(name, 0x80 >> place, number) for place, name in enumerate(FLAG_NAMES)),
        )
        if words * 4 < HEADER_LENGTH:
            raise reader.fail("data_offset", "at least 5", str(words))
        window = reader.uint("window", 2, source=_SOURCE)
        found = reader.uint("checksum", 2, source=_SOURCE)
        urgent_pointer = reader.uint("urgent_pointer", 2, source=_SOURCE)
        end = start + words * 4
        if end > reader.end:
            raise reader.fail("options", f"{end - reader.offset} bytes", f"{reader.left} bytes", reader.offset)
        options, padding = read_options(reader, end, OPTION_NAMES, _SOURCE)
        return cls(
            source_port, destination_port, sequence_number, acknowledgment_number, number & 0xFF, window, found,
            urgent_pointer, number >> 8 & 0xF, options, padding, reader.payload(),
        )  # fmt: skip

    def build(self) -> bytes:
        options = build_options(self.options, self.option_padding, "tcp", LONGEST_OPTIONS)
        words = (HEADER_LENGTH + len(options)) // 4
        return (
            uint("tcp.source_port", self.source_port, 2)
            + uint("tcp.destination_port", self.destination_port, 2)
            + uint("tcp.sequence_number", self.sequence_number, 4)
            + uint("tcp.acknowledgment_number", self.acknowledgment_number, 4)
            + packed("tcp.offset_and_flags", 2, (words, 4), (self.reserved, 4), (self.flags, 8))
            + uint("tcp.window", self.window, 2)
            + uint("tcp.checksum", self.checksum, 2)
            + uint("tcp.urgent_pointer", self.urgent_pointer, 2)
            + options
            + self.payload
        )

    def expected_checksum(self, source: bytes, destination: bytes) -> int:
        """For IP addresses of 4 or 16 bytes each."""
        built = self.build()
        pseudo = checksum.pseudo_header(source, destination, PROTOCOL, len(built))
        return checksum.internet_checksum(pseudo, built[:16], built[18:])


def parse(data: bytes) -> Segment:
    """The segment that `data` is."""
    return Segment.read(Reader(data, "tcp", record=False))
