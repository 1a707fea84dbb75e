"""JSON and text leave a command whole or not at all, and hold nothing that a terminal would obey."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.output import cannot_write, console_out, json_text, write_json, write_text


@pytest.mark.parametrize("word", ["\x1b[2J", "\x9b2J", "a\u202eb", "\u2028", "\ud800", "\U000e0041", "\x7f", "中文 é"])
def test_json_comes_back_as_it_was_and_shows_nothing_that_does_not_print(word: str) -> None:
    document = {word: [word, 1, None, True]}
    text = json_text(document)
    assert json.loads(text) == document
    # Not splitlines(), which takes U+2028 for a line's end and would hide it.
    assert all(line.isprintable() for line in text.split("\n"))


def test_letters_that_print_stay_letters() -> None:
    assert json_text({"text": "中文"}) == '{\n  "text": "中文"\n}\n'


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("before")
    write_json(target, [1])
    assert target.read_text() == "[\n  1\n]\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_keeps_pointing_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "real.json", tmp_path / "link.json"
    target.write_text("before")
    link.symlink_to(target)
    write_json(link, 2)
    assert (link.is_symlink(), target.read_text()) == (True, "2\n")


def test_a_device_is_written_to_and_stays_a_device() -> None:
    write_text("/dev/null", "gone")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("name", ["missing/out.json", "."])
def test_where_it_cannot_be_written_one_line_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failure) as caught:
        write_json(tmp_path / name, 1)
    assert caught.value.code is Exit.MACHINE
    assert "\n" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_what_to_do_depends_on_why_it_cannot_be_written() -> None:
    assert str(cannot_write("x", OSError(28, "No space left on device"))) == (
        "cannot write x: No space left on device; free space or write elsewhere"
    )
    assert str(cannot_write("x", OSError(13, "Permission denied"))) == (
        "cannot write x: Permission denied; write where you may"
    )


def test_markup_is_only_letters_to_a_console(capsys: pytest.CaptureFixture[str]) -> None:
    console_out().print("[link=http://x]:smile: [red]y")
    assert capsys.readouterr().out == "[link=http://x]:smile: [red]y\n"
