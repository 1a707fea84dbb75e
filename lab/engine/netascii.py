"""Netascii as a stream: local text to CR LF and CR NUL, and back; what is no line end passes unchanged.

The rule of RFC 764 (NVT) that RFC 1350 section 1 takes over: a line ends with CR LF, and a CR that ends no line is
followed by NUL. Octets from 0x80 up are left alone ("8 bit ascii", RFC 1350 section 1).
"""

from __future__ import annotations


def encode(octets: bytes) -> bytes:
    """Octets of a local file, in any portion, as netascii. Each octet is translated for itself, so no state is kept.

    A CR LF of the file becomes CR NUL CR LF: here LF alone ends a line, and that CR was a character like any other.
    """
    return octets.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


class Decoder:
    """Netascii, cut anywhere, back to octets of a local file."""

    def __init__(self) -> None:
        self._cr = b""

    def decode(self, octets: bytes) -> bytes:
        """The next portion. A CR at its end is kept until the octet after it says what it meant.

        A CR followed by anything but LF or NUL is illegal; both octets are kept as they are, nothing is lost.
        """
        octets = self._cr + octets
        self._cr = b"\r" if octets.endswith(b"\r") else b""
        whole = octets[: len(octets) - len(self._cr)]
        # LF first: taking CR away before LF can make no new CR NUL, so the order is safe.
        return whole.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r")

    def finish(self) -> bytes:
        """What is still kept when the text ends: a lone CR, or nothing."""
        kept, self._cr = self._cr, b""
        return kept
