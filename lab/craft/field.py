"""Scapy fields that lose nothing: a missing terminator or number stays visible, and is built back as missing.

Scapy's own StrNullField and ShortField either hide the difference or raise struct.error. Here the value MISSING means
"these bytes are not there", and an `Unterminated` value means "there, but its terminator is not". None will not do for
the first: Scapy leaves a conditional field that reads None out of the packet and then shows its default.
"""

from __future__ import annotations

from typing import Any, final

from scapy.fields import Field, ShortEnumField, ShortField


class Unterminated(bytes):
    """A text that runs to the end of the packet because the byte that should end it is missing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Unterminated({bytes(self)!r})"


@final
class Missing:
    """The value of a field whose bytes are not there. There is one of it: MISSING."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __bytes__(self) -> bytes:
        return b""

    def __repr__(self) -> str:
        return "MISSING"

    def __copy__(self) -> Missing:
        return self

    def __deepcopy__(self, memo: Any) -> Missing:
        return self

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


class SeparatedField(Field[Any, bytes]):
    """Text up to one separator byte, which belongs to the field and not to its value.

    Takes bytes, str (sent as UTF-8) or int (sent as decimal digits). Built from MISSING it is absent altogether.
    """

    __slots__ = ("separator",)

    def __init__(self, name: str, default: bytes | None, separator: bytes = b"\0") -> None:
        super().__init__(name, default, "s")
        self.separator = separator

    def any2i(self, pkt: Any, x: Any) -> Any:
        match x:
            case str():
                return x.encode()
            case int():
                return str(x).encode()
            case None:
                return MISSING
        return x

    def i2m(self, pkt: Any, x: Any) -> bytes:
        return bytes(x)

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        if val is MISSING:
            return s
        if isinstance(val, Unterminated):
            return s + bytes(val)
        return s + self.i2m(pkt, val) + self.separator

    def getfield(self, pkt: Any, s: bytes) -> tuple[bytes, Any]:
        if not s:
            return s, MISSING
        end = s.find(self.separator)
        if end < 0:
            return b"", Unterminated(s)
        return s[end + 1 :], s[:end]

    def i2repr(self, pkt: Any, x: Any) -> str:
        return repr(x)


class Missable:
    """A number that may be cut off: fewer bytes than it needs are left to the payload, and its value is MISSING."""

    __slots__ = ()

    def any2i(self, pkt: Any, x: Any) -> Any:
        return x if x is MISSING else super().any2i(pkt, x)  # type: ignore[misc]

    def getfield(self, pkt: Any, s: bytes) -> tuple[bytes, Any]:
        if len(s) < 2:
            return s, MISSING
        taken: tuple[bytes, Any] = super().getfield(pkt, s)  # type: ignore[misc]
        return taken

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        if val is MISSING:
            return s
        built: bytes = super().addfield(pkt, s, val)  # type: ignore[misc]
        return built

    def i2repr(self, pkt: Any, x: Any) -> str:
        return "MISSING" if x is MISSING else str(super().i2repr(pkt, x))  # type: ignore[misc]


class MissableShortField(Missable, ShortField):
    """Two bytes in network order, or MISSING where the packet ends before them."""

    __slots__ = ()


class MissableShortEnumField(Missable, ShortEnumField):
    """Two bytes in network order with names for the known values, or MISSING where the packet ends before them."""

    __slots__ = ()
