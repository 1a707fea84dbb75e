"""FeiQ's version field, `1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9`. Rule: split at `#`, never at `:`; parts stay bytes.

  1_lbt6_0  # 128  # AABBCCDDEEFF # 0        # 0       # 0          # 4001  # 9
  family,     rank   MAC address    size of    size of   bytes of     build   unknown
  generation,        (peer id and   own avatar own       encrypted
  avatar             group key)     picture    picture   group text
Known from captures and from other people's clients only: FeiQ is closed source. Old FeiQ stops after the sixth part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARTS = (6, 7, 8)
_FAMILY = re.compile(rb"1_lbt(\d{1,9})(?:_(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class FeiqVersion:
    """The parts as they stood; the properties are what is known of them, None where a part is no number."""

    parts: tuple[bytes, ...]

    @property
    def family(self) -> bytes:
        return self.parts[0]

    @property
    def generation(self) -> int | None:
        """6 in `1_lbt6_0` (FeiQ 2013), 4 in older ones."""
        found = _FAMILY.fullmatch(self.family)
        return int(found[1]) if found else None

    @property
    def avatar(self) -> int | None:
        """The number of a built-in avatar: 0 in `1_lbt6_0`."""
        found = _FAMILY.fullmatch(self.family)
        return int(found[2]) if found and found[2] else None

    @property
    def rank(self) -> int | None:
        return self._number(1)

    @property
    def mac(self) -> bytes:
        """Twelve hex digits as a rule (a newer FeiQ was seen with sixteen); b"" where there is no such part."""
        return self.parts[2] if len(self.parts) > 2 else b""

    @property
    def avatar_size(self) -> int | None:
        return self._number(3)

    @property
    def picture_size(self) -> int | None:
        return self._number(4)

    @property
    def ciphertext_length(self) -> int | None:
        """Bytes of the encrypted group message in the body; 0 in every other packet."""
        return self._number(5)

    @property
    def build_mark(self) -> bytes:
        """`4001`, `4000`, `2.5a`; b"" from a FeiQ that is too old to say."""
        return self.parts[6] if len(self.parts) > 6 else b""

    def build(self) -> bytes:
        return b"#".join(self.parts)

    def _number(self, index: int) -> int | None:
        part = self.parts[index] if len(self.parts) > index else b""
        return int(part) if part.isdigit() and len(part) <= 10 else None


def parse(version: bytes) -> FeiqVersion | None:
    """FeiQ's own version field, or None where it is another client's (`1`, `1_iptux 0.8.3`, `1@shiyeline`)."""
    parts = tuple(version.split(b"#"))
    if len(parts) in _PARTS or (len(parts) == 1 and _FAMILY.fullmatch(version)):
        return FeiqVersion(parts)
    return None


def protocol_version(version: bytes) -> int:
    """The number the field begins with, as C's atoi reads it: 1 is IP Messenger; 0 where there is no number."""
    digits = re.match(rb"[ \t]*\+?(\d{1,9})", version)
    return int(digits[1]) if digits else 0
