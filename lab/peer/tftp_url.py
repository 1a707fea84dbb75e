"""TFTP names as URLs (RFC 3617): `tftp://HOST[:PORT]/NAME[;mode=netascii|octet]`. Names are bytes on the wire.

The slash after the host separates and is not part of the name: `tftp://h/dir/f` asks for `dir/f`, `tftp://h//f`
for `/f`. Percent-escapes are bytes; other characters are sent as UTF-8. A link-local address names its interface
after `%25` (RFC 6874) or, as people type it, after a bare `%`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

PORT = 69
MODES = ("octet", "netascii")

_SHAPE = re.compile(
    r"tftp://(?:\[(?P<ipv6>[^\]/]+)\]|(?P<host>[^\[\]/:;]+))(?::(?P<port>[0-9]{1,5}))?(?P<path>/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_MODE = re.compile(r";mode=(?P<mode>[^;/]*)$", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadUrl(ValueError):
    """Not a TFTP URL; the text says which part."""


@dataclass(frozen=True, slots=True)
class TftpUrl:
    host: str
    port: int
    name: bytes
    mode: str = "octet"

    @classmethod
    def parse(cls, text: str) -> TftpUrl:
        """Raises BadUrl."""
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise BadUrl("a TFTP URL looks like tftp://HOST[:PORT]/NAME, an IPv6 address like tftp://[::1]/NAME")
        port = int(found["port"] or PORT)
        if not 1 <= port <= 65535:
            raise BadUrl(f"there is no port {port}")
        path = (found["path"] or "/")[1:]
        mode = "octet"
        if suffix := _MODE.search(path):
            path, mode = path[: suffix.start()], suffix["mode"].lower()
        if mode not in MODES:
            raise BadUrl("the mode of a TFTP URL is octet or netascii")
        if _BAD_ESCAPE.search(path):
            raise BadUrl("a % in a URL starts an escape of two hex digits; a % itself is %25")
        try:
            # A name that came as bytes on the command line and is not UTF-8 keeps them (PEP 383).
            name = unquote_to_bytes(path.encode("utf-8", "surrogateescape"))
        except UnicodeEncodeError:
            raise BadUrl("the name cannot be written as bytes") from None
        if b"\0" in name:
            raise BadUrl("a TFTP name ends at its first NUL and can hold none")
        return cls(_zoned(found["ipv6"]) or found["host"], port, name, mode)


def _zoned(ipv6: str | None) -> str:
    """`fe80::1%25eth0` as the system wants it: `fe80::1%eth0`."""
    address, percent, zone = (ipv6 or "").partition("%")
    return address + percent + (zone[2:] if zone.startswith("25") and len(zone) > 2 else zone)
