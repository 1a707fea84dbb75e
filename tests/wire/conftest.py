"""Reads captures/vectors: every test that asks for a `vector` runs once for each file."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

VECTORS = Path(__file__).parents[2] / "captures" / "vectors"
_LINE = re.compile(r"([0-9a-f]{4})  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2,}(.+))?")
_BITS = re.compile(r" +\.(\S+) = (\d+)(?: \((.*)\))?")
_FIELD = re.compile(r'(\S+)(?: = (0x[0-9a-f]+|\d+(?![\d.:])|"(?:[^"\\]|\\.)*"|\S+))?(?: \((.*)\))?')
_NOTE = re.compile(r"(\w+) (\S+) at (\d+), found (0x[0-9a-f]+), wanted (0x[0-9a-f]+)")


@dataclass
class Line:
    """One field as its file tells it. An address is the `meaning` of its bytes."""

    offset: int
    raw: bytes
    name: str
    value: int | bytes | None
    meaning: str
    bits: list[tuple[str, int, str]] = field(default_factory=list)


@dataclass
class Vector:
    name: str
    start: str = ""
    error: tuple[str, int] | None = None
    notes: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        return b"".join(line.raw for line in self.lines)


def read_vector(path: Path) -> Vector:
    vector = Vector(path.stem)
    for number, text in enumerate(path.read_text("ascii").splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        head, _, tail = text.partition(": ")
        if head == "start":
            vector.start = tail
        elif head == "error":
            name, _, offset = tail.partition(" at ")
            vector.error = (name, int(offset))
        elif head == "note":
            found = _NOTE.fullmatch(tail)
            assert found, f"{path.name}:{number}: no note: {text!r}"
            vector.notes.append((found[1], found[2], int(found[3]), int(found[4], 16), int(found[5], 16)))
        elif bits := _BITS.fullmatch(text):
            vector.lines[-1].bits.append((bits[1], int(bits[2]), bits[3] or ""))
        else:
            _read_line(vector, text, f"{path.name}:{number}")
    return vector


def _read_line(vector: Vector, text: str, where: str) -> None:
    line = _LINE.fullmatch(text)
    assert line, f"{where}: no field: {text!r}"
    offset, raw = int(line[1], 16), bytes.fromhex(line[2])
    assert offset == len(vector.data), f"{where}: offset {offset:04x} after {len(vector.data)} bytes"
    if line[3] is None:
        vector.lines[-1].raw += raw
        return
    found = _FIELD.fullmatch(line[3])
    assert found, f"{where}: no field: {line[3]!r}"
    name, value, meaning = found[1], found[2], found[3] or ""
    if value is None:
        vector.lines.append(Line(offset, raw, name, None, meaning))
    elif value.startswith('"'):
        vector.lines.append(Line(offset, raw, name, ast.literal_eval("b" + value), meaning))
    elif re.fullmatch(r"0x[0-9a-f]+|\d+", value):
        vector.lines.append(Line(offset, raw, name, int(value, 0), meaning))
    else:
        vector.lines.append(Line(offset, raw, name, None, value))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        paths = sorted(VECTORS.glob("*.txt"))
        assert len(paths) > 60, f"the vectors are missing from {VECTORS}"
        metafunc.parametrize("vector", [read_vector(path) for path in paths], ids=[path.stem for path in paths])


@pytest.fixture(scope="session")
def vectors() -> dict[str, Vector]:
    return {path.stem: read_vector(path) for path in VECTORS.glob("*.txt")}
