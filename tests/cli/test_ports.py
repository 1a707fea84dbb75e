"""`lab ports` in a whole: what it prints, and the exit code that says whether a port is free."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from lab.host import ports
from tests.cli.stage import typed


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    return typed(capsys, monkeypatch, "ports", *words)


@pytest.fixture
def held() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()[1]


def test_a_bound_port_is_listed_with_its_owner(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(ports, "kernel_range", lambda: (32768, 60999))
    code, out, _ = run(capsys, monkeypatch)
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.split()[:1] == [str(held)]]
    assert line.split()[1:3] == ["udp/IPv4", "127.0.0.1"]
    for words in ("0-1023", "1024-49151", "49152-65535", "1024-5000", "32768-60999", "ip_unprivileged_port_start"):
        assert words in out


def test_a_port_that_is_held_is_exit_code_1_and_its_holder_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    code, out, _ = run(capsys, monkeypatch, str(held))
    assert code == 1
    assert "udp/IPv4  busy  held by " in out
    assert "tcp/IPv4  free\n" in out


def test_a_port_that_nobody_holds_is_exit_code_0(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    code, out, _ = run(capsys, monkeypatch, str(port))
    assert code == 0
    assert "busy" not in out


def test_a_port_that_wants_more_rights_is_exit_code_4(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ports.Attempt("udp", "IPv4", ports.Binding.NOT_PERMITTED, "Permission denied")
    monkeypatch.setattr(ports, "try_to_bind", lambda port: (refused,))
    code, out, _ = run(capsys, monkeypatch, "tftp")
    assert code == 4
    assert "Port 69, usually tftp" in out
    assert "udp/IPv4  not permitted  Permission denied" in out


def test_json_says_what_is_bound_and_whether_the_port_is_free(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    code, out, _ = run(capsys, monkeypatch, str(held), "--json", "-")
    document = json.loads(out)
    assert (code, document["port"], document["free"]) == (1, held, False)
    assert {(a["protocol"], a["family"]): a["result"] for a in document["attempts"]}["udp", "IPv4"] == "busy"
    assert [one["port"] for one in document["bound"]] == [held]
    code, out, _ = run(capsys, monkeypatch, "--json", "-")
    document = json.loads(out)
    assert held in [one["port"] for one in document["bound"]]
    assert {"bound", "hidden_owners", "ranges", "first_unprivileged"} == set(document)


def test_hidden_owners_are_told_on_the_side(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = ports.Holder("udp", "IPv4", "0.0.0.0", 53, "", None, "", "")
    monkeypatch.setattr(ports, "holders", lambda **_: [hidden])
    code, out, err = run(capsys, monkeypatch)
    assert code == 0
    assert "hidden" in out
    assert err.startswith("The owner of 1 socket is hidden from this user; ")


def test_the_name_of_a_process_cannot_write_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = ports.Holder("udp", "IPv4", "0.0.0.0", 53, "", 7, "\x1b[2Jbad\n[link=x]", "mallory")
    monkeypatch.setattr(ports, "holders", lambda **_: [hostile])
    _, out, _ = run(capsys, monkeypatch)
    assert "\\x1b[2Jbad\\x0a[link=x]" in out or "\\x1b[2Jbad\\n[link=x]" in out
    assert "\x1b" not in out
    _, out, _ = run(capsys, monkeypatch, "--json", "-")
    assert "\x1b" not in out
    assert json.loads(out)["bound"][0]["process"] == "\x1b[2Jbad\n[link=x]"


@pytest.mark.parametrize("word", ["65536", "nonsense", "-5"])
def test_what_is_no_port_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    code, out, err = run(capsys, monkeypatch, word)
    assert (code, out) == (2, "")
    assert err.startswith("lab: ")
    assert err.count("\n") == 1


def test_a_machine_that_lists_no_sockets_is_exit_code_8(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**_: object) -> None:
        raise PermissionError("this system shows sockets to root only")

    monkeypatch.setattr(ports, "holders", refuses)
    code, _, err = run(capsys, monkeypatch)
    assert code == 8
    assert "run as root" in err
