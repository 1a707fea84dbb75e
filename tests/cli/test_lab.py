"""The command itself: quick to help, honest about mistakes, complete on the tab key, silent in a closed pipe."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from lab.cli import COMMANDS


def run(command: list[str], *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, **environment}
    return subprocess.run([*command, *words], capture_output=True, text=True, env=surroundings, check=False)


def test_help_names_every_command_and_every_exit_code(lab_command: list[str]) -> None:
    done = run(lab_command, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert all(f"{code} " in done.stdout for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130))


def test_help_imports_nothing_that_takes_long() -> None:
    heavy = "scapy rich numpy pyshark jinja2 cryptography psutil pyroute2 asyncio lab.wire lab.pcap lab.link"
    program = (
        "import sys; sys.argv = ['lab', '--help']\n"
        "from lab.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print([m for m in {heavy!r}.split() if m in sys.modules], file=sys.stderr)\n"
    )
    done = run([sys.executable, "-c", program])
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_named_in_help_is_there_and_has_help(lab_command: list[str], name: str) -> None:
    if importlib.util.find_spec(f"lab.cli.{name}") is None:
        pytest.fail(f"lab.cli.{name} does not exist")
    assert isinstance(import_module(f"lab.cli.{name}").command, click.Command)
    done = run(lab_command, name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: lab {name} ")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["explian"], "lab: there is no command 'explian'; did you mean 'explain'? Type 'lab --help'.\n"),
        (["zzz"], "lab: there is no command 'zzz'. Type 'lab --help'.\n"),
        (["--nonsense"], "lab: No such option '--nonsense'. Type 'lab --help'.\n"),
        (["explain", "--nonsense"], "lab: No such option '--nonsense'. Type 'lab explain --help'.\n"),
    ],
)
def test_a_mistake_in_usage_is_one_line_and_exit_code_two(
    lab_command: list[str], words: list[str], complaint: str
) -> None:
    done = run(lab_command, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", complaint)


def test_no_command_at_all_shows_the_help_and_is_a_mistake_in_usage(lab_command: list[str]) -> None:
    done = run(lab_command)
    assert done.returncode == 2
    assert "Usage: lab" in done.stderr


def test_the_version_is_the_packages(lab_command: list[str]) -> None:
    from lab import __version__

    assert run(lab_command, "--version").stdout == f"lab, version {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_exist_for_the_shells(lab_command: list[str], shell: str) -> None:
    done = run(lab_command, _LAB_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_LAB_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("lab ex", "explain"),
        ("lab do", "doctor"),
        ("lab --v", "--version"),
        ("lab explain --js", "--json"),
        ("lab explain --as t", "tftp"),
    ],
)
def test_the_tab_key_offers_what_fits(lab_command: list[str], typed: str, offered: str) -> None:
    count = str(typed.count(" "))
    done = run(lab_command, _LAB_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=count)
    assert done.returncode == 0
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == [offered]


def test_completing_a_command_name_imports_no_command() -> None:
    program = (
        "import sys; sys.argv = ['lab']\n"
        "from lab.cli import main\n"
        "try: main()\n"
        "except SystemExit: print([m for m in sys.modules if m.startswith('lab.cli.')], file=sys.stderr)\n"
    )
    done = run([sys.executable, "-c", program], _LAB_COMPLETE="bash_complete", COMP_WORDS="lab ", COMP_CWORD="1")
    assert done.stderr == "['lab.cli.exits', 'lab.cli.failure']\n"
    assert len(done.stdout.splitlines()) == len(COMMANDS)


def test_a_reader_that_closes_the_pipe_is_no_failure(lab_command: list[str]) -> None:
    frame = "00030001" + "78" * 60_000
    words = [*lab_command, "explain", "--as", "tftp", "--full", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(frame.encode())
        process.stdin.close()
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


def test_help_into_a_closed_pipe_is_no_failure(lab_command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*lab_command, "--help"], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "words",
    [
        ("craft", "tftp", "rrq", "--option", "\x1b]0;x\x07\u202e"),
        ("explain", "00", "--json", "/nonexistent/\x1b]0;x\x07\u202e"),
        ("explain", "00", "\x1b]0;x\x07\u202e"),
        ("\x1b]0;x\x07\u202e",),
    ],
)
def test_a_complaint_quotes_hostile_words_as_escapes(lab_command: list[str], words: tuple[str, ...]) -> None:
    done = run(lab_command, *words)
    assert done.returncode in (2, 8)
    assert done.stderr.count("\n") == 1
    assert r"\x1b]0;x\x07\u202e" in done.stderr
    assert done.stderr.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    ("shell_words", "code", "told"),
    [
        ("explain 00 --as tftp >&-", 6, ""),
        ("--version >&-", 0, ""),
        ("explain - <&-", 6, "lab: standard input is neither a capture nor hex digits; try: lab explain FILE\n"),
        ("check - <&-", 6, "lab: -: not a capture: the file is empty\n"),
        ("nonsense 2>&-", 2, ""),
        ("explain 00 --as tftp <&- >&- 2>&-", 6, ""),
    ],
)
def test_a_closed_standard_stream_is_as_good_as_dev_null(
    lab_command: list[str], shell_words: str, code: int, told: str
) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {shell_words}', "sh", *lab_command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", told)


def test_an_interrupt_ends_in_130(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['lab', 'explain', '00']\n"
        "import lab.cli.explain as explain\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "explain._read = stop\n"
        "from lab.cli import main\n"
        "main()\n"
    )
    done = run([sys.executable, "-c", program])
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "lab: interrupted"


def test_what_the_system_refuses_is_one_line_and_exit_code_eight() -> None:
    program = (
        "import sys; sys.argv = ['lab', 'explain', '00']\n"
        "import lab.cli.explain as explain\n"
        "def refuse(*_): open('/no/such/folder/x')\n"
        "explain._read = refuse\n"
        "from lab.cli import main\n"
        "main()\n"
    )
    done = run([sys.executable, "-c", program])
    assert done.returncode == 8
    assert done.stderr.startswith("lab: this machine refused: /no/such/folder/x: No such file or directory; ")
    assert done.stderr.count("\n") == 1


CTRL_C_WHILE_CLICK_LOADS = """
import sys
class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Impatient())
import runpy
runpy.run_module("lab", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_while_the_command_line_loads_is_one_line_and_exit_130() -> None:
    done = subprocess.run([sys.executable, "-c", CTRL_C_WHILE_CLICK_LOADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "lab: interrupted\n")
