"""The four bytes that every ICMPv6 message begins with (RFC 4443 section 2.1). Rule: type and code only get names here.

+------+------+----------+
| type | code | checksum |
+------+------+----------+
"""

from __future__ import annotations

from lab.wire.field import Reader
from lab.wire.octets import uint

TYPE_NAMES = {
    1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem",
    128: "echo request", 129: "echo reply", 130: "multicast listener query", 131: "multicast listener report",
    132: "multicast listener done", 133: "router solicitation", 134: "router advertisement",
    135: "neighbor solicitation", 136: "neighbor advertisement", 137: "redirect",
    143: "multicast listener report, version 2",
}  # fmt: skip
CODE_NAMES = {
    (1, 0): "no route", (1, 1): "prohibited", (1, 2): "beyond the source's scope", (1, 3): "address unreachable",
    (1, 4): "port unreachable", (1, 5): "source address failed policy", (1, 6): "route rejected",
    (3, 0): "in transit", (3, 1): "in reassembly", (4, 0): "erroneous field", (4, 1): "unknown next header",
    (4, 2): "unknown option",
}  # fmt: skip


def read_head(reader: Reader, source: str = "RFC 4443") -> tuple[int, int, int]:
    """Type, code and checksum, which every ICMPv6 message begins with."""
    kind = reader.uint("type", 1, source=source)
    reader.explain(TYPE_NAMES.get(kind, "unknown"))
    code = reader.uint("code", 1, source=source)
    reader.explain(CODE_NAMES.get((kind, code), ""))
    return kind, code, reader.uint("checksum", 2, source="RFC 4443 section 2.3")


def build_head(kind: int, code: int, found: int) -> bytes:
    return uint("icmpv6.type", kind, 1) + uint("icmpv6.code", code, 1) + uint("icmpv6.checksum", found, 2)
