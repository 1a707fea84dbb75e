"""What can go wrong in this room: a value no frame can carry, bytes that are malformed, an exchange that went astray.

The reference reading has errors of its own with the same meaning; the two readings share no code on purpose.
"""

from __future__ import annotations


class BuildError(ValueError):
    """You broke it: a value that the frame has no way to carry. Says which field, what fits and what was given."""

    def __init__(self, field: str, wanted: str, found: object) -> None:
        super().__init__(f"{field}: wanted {wanted}, found {found!r}")
        self.field = field
        self.wanted = wanted
        self.found = found


class MalformedError(ValueError):
    """They broke it: bytes that Scapy takes apart without complaint and that are still not well formed."""

    def __init__(self, protocol: str, problems: list[str]) -> None:
        super().__init__(f"{protocol}: " + "; ".join(problems))
        self.problems = tuple(problems)


class ExchangeError(Exception):
    """The exchange went astray. `frame` is the frame that decided it; empty when it was silence that did."""

    def __init__(self, message: str, frame: bytes = b"") -> None:
        super().__init__(message)
        self.frame = frame


class NoAnswer(ExchangeError):
    """Nothing that counts came back before the time was up."""


class Unexpected(ExchangeError):
    """Something came back that this step has no place for."""


class PeerError(ExchangeError):
    """The peer ended the exchange with an error packet of its protocol. `code` and `text` are as received."""

    def __init__(self, message: str, code: int, text: bytes, frame: bytes = b"") -> None:
        super().__init__(message, frame)
        self.code = code
        self.text = text
