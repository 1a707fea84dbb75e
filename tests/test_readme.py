"""README.md and its Chinese twin say the same, and nothing that the code does not keep."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from lab import cli
from lab.cli.exits import Exit

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

both = pytest.mark.parametrize("readme", [ENGLISH, CHINESE], ids=lambda path: path.name)


def blocks(readme: Path) -> list[tuple[str, str]]:
    """The language and the content of every code block."""
    return BLOCK.findall(readme.read_text(encoding="utf-8"))


def prose(readme: Path) -> str:
    """All but the code blocks."""
    return BLOCK.sub("", readme.read_text(encoding="utf-8"))


def heading_levels(readme: Path) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(readme), re.MULTILINE)]


def targets(readme: Path) -> list[str]:
    """Where the links and the pictures point to."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(readme))


def inline_code(readme: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(readme))


def first_column(readme: Path) -> list[str]:
    """The first cell of every table row, heads and rules included."""
    return re.findall(r"^\| *([^|]*?) *\|", prose(readme), re.MULTILINE)


def command_lines(readme: Path) -> list[list[str]]:
    """The words after `lab` of every command in a code block, without comments, prompts and what is for the shell."""
    lines = [line.removeprefix("$ ") for _, text in blocks(readme) for line in text.splitlines()]
    spoken = [shlex.split(line, comments=True) for line in lines if line.startswith("lab ")]
    return [[word for word in words[1:] if word != "&"] for words in spoken]


def accept(words: list[str]) -> None:
    """Lets click read a command line, values and all, as if to run it; UsageError where `lab` would complain."""
    command: click.Command | None = cli.lab
    context = click.Context(cli.lab, info_name="lab")
    name: str | None = None
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        if isinstance(command, click.Group):
            context = click.Context(command, parent=context, info_name=name)
    assert command is not None
    command.make_context(name, list(words), parent=context)


def test_the_twins_have_the_same_headings_level_by_level() -> None:
    assert heading_levels(ENGLISH) == heading_levels(CHINESE)


def test_the_twins_have_the_same_code_blocks_byte_for_byte() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)
    assert blocks(ENGLISH)


def test_the_twins_name_the_same_files_and_commands_in_their_prose() -> None:
    assert sorted(inline_code(ENGLISH)) == sorted(inline_code(CHINESE))


def test_the_twins_link_to_each_other_and_else_to_the_same() -> None:
    assert targets(ENGLISH)[0] == CHINESE.name
    assert targets(CHINESE)[0] == ENGLISH.name
    assert targets(ENGLISH)[1:] == targets(CHINESE)[1:]


@both
def test_every_relative_link_leads_somewhere(readme: Path) -> None:
    relative = [target.partition("#")[0] for target in targets(readme) if "://" not in target]
    assert [target for target in relative if not (ROOT / target).exists()] == []


@both
def test_every_script_and_capture_that_is_named_is_there(readme: Path) -> None:
    named = re.findall(r"(?<![\w/.])(?:scripts|captures)/[\w./-]*", readme.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert named


@pytest.mark.parametrize("words", command_lines(ENGLISH), ids=shlex.join)
def test_every_command_in_a_code_block_is_one_that_lab_accepts(words: list[str]) -> None:
    accept(words)


@pytest.mark.parametrize(
    "words",
    ["chekc x.pcapng", "tftp fetch tftp://h/f", "check x.pcapng --port-of-tftp 1", "craft tftp fin", "feiq send host"],
)
def test_a_command_that_lab_would_refuse_does_not_pass_for_one(words: str) -> None:
    with pytest.raises(click.UsageError):
        accept(words.split())


@both
def test_the_table_of_commands_is_the_list_that_lab_shows(readme: Path) -> None:
    cells = [cell for cell in first_column(readme) if cell.startswith("`lab ")]
    assert re.findall(r"`lab (\w+)`", " ".join(cells)) == list(cli.COMMANDS)


@both
def test_the_table_of_exit_codes_is_the_list_that_every_command_keeps_to(readme: Path) -> None:
    assert [int(cell) for cell in first_column(readme) if cell.isdigit()] == [int(code) for code in Exit]


def test_the_rooms_are_drawn_in_the_order_that_import_linter_holds_them_to() -> None:
    drawn = [re.findall(r"^[├└]── (\w+)/", text, re.MULTILINE) for _, text in blocks(ENGLISH) if "├── " in text]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert drawn == [[layer.removeprefix("lab.") for layer in reversed(layers)]]
