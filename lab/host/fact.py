"""What is known of an address, as a list of facts that a person and a program read alike.

The rule: a fact has a name for programs, a value, words for people and, where a standard says so, its source.
"""

from __future__ import annotations

from dataclasses import dataclass


class AddressError(ValueError):
    """What was typed is no address. The message says what is wrong with it and what to type instead."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`group` is the heading it stands under; `name` is lower_snake_case, unique within its description."""

    group: str
    name: str
    value: str | int
    meaning: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that an address is, such as "private" or "loopback"."""

    name: str
    meaning: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class BitRun:
    """Bits of the address that have one meaning together, from the most significant on; runs cover all of them."""

    name: str
    width: int
    value: int

    @property
    def bits(self) -> str:
        return f"{self.value:0{self.width}b}"


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that `lab addr` tells. `address` is the canonical spelling; `runs` is its anatomy, bit by bit."""

    address: str
    version: int
    headline: str
    runs: tuple[BitRun, ...]
    facts: tuple[Fact, ...]
    kinds: tuple[Kind, ...]

    def fact(self, name: str) -> str | int | None:
        """The value of a fact, None where it does not apply to this address."""
        return next((fact.value for fact in self.facts if fact.name == name), None)

    def is_a(self, kind: str) -> bool:
        """True if the address is of this kind: `description.is_a("private")`."""
        return any(known.name == kind for known in self.kinds)


def byte_facts(packed: bytes, bits_word: str) -> list[Fact]:
    """The address as the bytes that travel, and as the numbers that the two kinds of machine see in them."""
    group = "Bytes"
    numbers = [int.from_bytes(packed, "big"), int.from_bytes(packed, "little")]
    # Many readers of JSON keep 53 bits of a number: longer ones travel as text.
    values: list[str | int] = [number if len(packed) == 4 else str(number) for number in numbers]
    return [
        Fact(group, "bytes", packed.hex(" "), "in the order they travel: network order, most significant first"),
        Fact(group, "number", values[0], f"those {bits_word} as one number"),
        Fact(
            group,
            "number_read_little_endian",
            values[1],
            "what a little-endian machine sees if it forgets ntohl(): the wrong number"
            if len(packed) == 4
            else "the same bytes taken least significant first: the wrong number",
        ),
    ]


def cut(value: int, total: int, *parts: tuple[str, int]) -> tuple[BitRun, ...]:
    """Cuts a number of `total` bits into named runs; parts of no width are left out."""
    runs = []
    left = total
    for name, width in parts:
        left -= width
        if width:
            runs.append(BitRun(name, width, value >> left & (1 << width) - 1))
    return tuple(runs)
