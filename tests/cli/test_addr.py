"""`lab addr` in a whole: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.stage import typed


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    return typed(capsys, monkeypatch, "addr", *words)


def test_the_bits_are_shown_with_the_part_each_belongs_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, "192.168.1.10/28")
    assert (code, err) == (0, "")
    assert out.splitlines()[:7] == [
        "192.168.1.10 · IPv4 · class C · private",
        "",
        "  11000000.10101000.00000001.00001010",
        "  aaabbbbb bbbbbbbb bbbbbbbb ccccdddd",
        "  a class  bits 0-2",
        "  b network  bits 3-23",
        "  c subnet  bits 24-27",
    ]
    assert "\x1b" not in out


def test_ipv6_is_shown_by_its_hex_digits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(capsys, monkeypatch, "fe80::4c:41ff:fe42:1%lab0")
    assert code == 0
    assert "  fe80:0000:0000:0000:004c:41ff:fe42:0001\n  aaab bbbb bbbb bbbb cccc cccc cccc cccc\n" in out
    assert "02:4c:41:42:00:01" in out


def test_json_alone_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, monkeypatch, "10.77.0.2", "255.255.255.0", "--json", "-")
    document = json.loads(out)
    assert code == 0
    assert document["facts"]["network_number"] == "10.77.0.0"
    assert document["facts"]["number_read_little_endian"] == 33574154
    assert [kind["name"] for kind in document["kinds"]] == ["private"]
    assert document["bits"][0] == {"name": "class", "width": 1, "value": "0x0"}


def test_json_goes_to_a_file_beside_the_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, out, _ = run(capsys, monkeypatch, "::1", "--json", str(tmp_path / "a.json"))
    assert (code, json.loads((tmp_path / "a.json").read_text())["version"]) == (0, 6)
    assert out.startswith("::1 · IPv6 · loopback\n")


def test_without_an_address_the_chapter_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, monkeypatch)
    assert code == 0
    for words in ("The classes of RFC 791", "191.255.255.255", "172.16.0.0/12", "169.254.0.0/16"):
        assert words in out
    code, out, _ = run(capsys, monkeypatch, "--json", "-")
    assert [one["class"] for one in json.loads(out)["classes"]] == ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("word", ["300.1.1.1", "example.com", "\x1b[31mred", "1.2.3.4/40", "fe80::1%", ""])
def test_what_is_no_address_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    code, out, err = run(capsys, monkeypatch, word)
    assert (code, out) == (2, "")
    assert err.startswith("lab: ")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()


def test_nothing_is_printed_twice_and_colours_need_a_terminal(lab_command: list[str]) -> None:
    done = subprocess.run([*lab_command, "addr", "224.0.0.251"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("01:00:5e:00:00:fb") == 1
    assert "\x1b" not in done.stdout
