"""Two ways to be wrong: the bytes from the wire are (WireError), or the values we were asked to write (BuildError)."""

from __future__ import annotations


class WireError(ValueError):
    """They broke it: bytes that do not mean what their place demands.

    `offset` counts bytes from the start of the whole input that was being read.
    """

    def __init__(self, field: str, offset: int, wanted: str, found: str) -> None:
        super().__init__(f"{field} at offset {offset}: wanted {wanted}, found {found}")
        self.field = field
        self.offset = offset
        self.wanted = wanted
        self.found = found


class BuildError(ValueError):
    """You broke it: a value that the format has no way to carry."""

    def __init__(self, field: str, wanted: str, found: str) -> None:
        super().__init__(f"{field}: wanted {wanted}, found {found}")
        self.field = field
        self.wanted = wanted
        self.found = found
