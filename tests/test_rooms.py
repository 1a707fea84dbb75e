"""What import-linter cannot hold the rooms to: which of the standard library is theirs, and what only one file does."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).parents[1] / "lab"
WORLD = {
    "asyncio", "builtins", "concurrent", "datetime", "fcntl", "io", "logging", "mmap", "multiprocessing", "os",
    "pathlib", "select", "selectors", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time",
}  # fmt: skip
"""Where a program meets sockets, clocks, threads, files and terminals."""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.ImportFrom():
                pytest.fail(f"{path}: a relative import hides its room")


def files(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((LAB / room).rglob("*.py"))]
    assert len(found) > len(rooms)
    return found


@pytest.mark.parametrize("room", ["wire", "pcap", "engine"])
def test_the_wire_the_captures_and_the_engine_need_the_standard_library_alone(room: str) -> None:
    roots = {name.partition(".")[0] for path in files(room) for name in imports(path)}
    assert roots - sys.stdlib_module_names == {"lab"}


@pytest.mark.parametrize("room", ["wire", "engine"])
def test_the_wire_and_the_engine_touch_no_socket_clock_thread_file_or_terminal(room: str) -> None:
    for path in files(room):
        assert not {name.partition(".")[0] for name in imports(path)} & WORLD, path
        names = {node.id for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name)}
        assert not names & {"open", "print", "input"}, path


def test_one_file_alone_knows_pyshark() -> None:
    knowing = {path for path in LAB.rglob("*.py") if any(name.startswith("pyshark") for name in imports(path))}
    assert knowing == {LAB / "crosscheck" / "tshark.py"}
