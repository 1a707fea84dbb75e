"""Where the readers are known to differ, and why that is no error. Rule: a line here is reviewed, and still needed.

A difference that stands here is counted and reported under its reason, never dropped. A test shows for every line a
frame that needs it; a line that nothing needs any more is taken out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Trait = Literal["fragment", "malformed", "group message", "cut short", "stranger", "unasked"]
"""What is known of a whole frame: part of a datagram, not well formed, a FeiQ ciphertext, not all captured, sent to
a TFTP transfer (or answered from one) by somebody who has no part in it, TFTP without a request before it."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """In frames with this trait, these readers alone give (or alone lack) the fields that match a pattern."""

    key: str
    trait: Trait
    fields: tuple[str, ...]
    silent: tuple[str, ...]
    reason: str

    def covers(self, traits: Collection[str], field: str, silent: Collection[str]) -> bool:
        """`silent` are the readers that do not give the field although they have a name for it."""
        return (
            self.trait in traits
            and set(silent) <= set(self.silent)
            and any(fnmatchcase(field, pattern) for pattern in self.fields)
        )


OPINIONS = (
    Opinion(
        "first-fragment",
        "fragment",
        ("udp.*", "tcp.*", "icmp.*", "icmpv6.*", "feiq.*", "tftp.*"),
        ("reference", "scapy"),
        "Scapy and tshark read the transport header in a datagram's first fragment; the reference reads a datagram "
        "when it is whole, for nothing in a fragment can be checked. tshark goes on into FeiQ and TFTP as well.",
    ),
    Opinion(
        "cut-by-capture",
        "cut short",
        ("*",),
        ("reference", "scapy", "tshark"),
        "The capture holds only the beginning of the packet, and each reader stops where it misses bytes. The framing "
        "check says that the frame is cut.",
    ),
    Opinion(
        "after-an-error",
        "malformed",
        ("*",),
        ("reference", "scapy", "tshark"),
        "After the first malformed field each reader gives up at a place of its own: the reference at once, tshark "
        "with the packet, Scapy never. The error itself is reported by the framing check, so the frame still fails.",
    ),
    Opinion(
        "stranger",
        "stranger",
        ("tftp.*",),
        ("scapy", "tshark"),
        "A datagram between one side of a TFTP transfer and somebody who has no part in it. The reference reads it as "
        "TFTP, for whoever gets it has to (RFC 1350 section 4: a wrong source port is answered by an error); "
        "Scapy's session and tshark's conversation leave it alone.",
    ),
    Opinion(
        "unasked",
        "unasked",
        ("tftp.*",),
        ("scapy", "tshark"),
        "An answer from a TFTP server's own port although the capture holds no request for it. The reference takes the "
        "port's word; Scapy's session wants to have seen who asked.",
    ),
    Opinion(
        "ciphertext",
        "group message",
        ("feiq.text",),
        ("reference", "tshark"),
        "A FeiQ group message is ciphertext whose length stands in the version field; Scapy's layer splits every body "
        "at its NULs, ciphertext too. The body as a whole is compared.",
    ),
)
