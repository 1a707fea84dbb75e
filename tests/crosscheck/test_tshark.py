"""tshark through pyshark: the traps that were measured, each with the cure it got."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from lab.crosscheck import tshark
from lab.crosscheck.tshark import Tshark, TsharkFailed, TsharkField, dissect
from lab.pcap import save
from tests.conftest import Need
from tests.crosscheck.frames import DATA_1, READ_REQUEST, TRANSFER
from tests.crosscheck.stage import records


@pytest.fixture
def found(need: Need) -> Tshark:
    need.tool("tshark")
    found = tshark.find()
    assert isinstance(found, Tshark)
    return found


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    save(tmp_path / "transfer.pcapng", records(*TRANSFER))
    return tmp_path / "transfer.pcapng"


def named(page: list[TsharkField], name: str) -> list[tuple[int, int, str]]:
    return [(field.offset, field.width, field.shown) for field in page if field.name == name]


def test_every_frame_comes_with_its_fields_and_places(found: Tshark, capture: Path) -> None:
    pages = list(dissect(found, capture))
    assert len(pages) == 5
    assert named(pages[0], "tftp.option.name") == [(55, 8, "blksize")]
    assert named(pages[3], "tftp.block") == [(44, 2, "1")]
    assert named(pages[3], "ip.src") == [(26, 4, "10.77.0.1")]


def test_repeated_options_are_all_there(found: Tshark, tmp_path: Path) -> None:
    # 3 options: blksize, tsize, windowsize. The lengths and checksums of the frame are not looked at here.
    head = bytes.fromhex("024c41420001024c414200020800 4500004f0001000040110000 0a4d00020a4d0001 9c400045003b0000")
    save(tmp_path / "x.pcap", records(head + b"\0\1a\0octet\0blksize\x00512\0tsize\x000\0windowsize\x004\0pad\x001\0"))
    (page,) = dissect(found, tmp_path / "x.pcap")
    assert [shown for _, _, shown in named(page, "tftp.option.name")] == ["blksize", "tsize", "windowsize", "pad"]


def test_it_works_after_asyncio_run_and_leaves_no_loop_behind(found: Tshark, capture: Path) -> None:
    asyncio.run(asyncio.sleep(0))
    assert len(list(dissect(found, capture))) == 5
    assert len(list(dissect(found, capture))) == 5
    with pytest.raises(RuntimeError):
        asyncio.get_event_loop_policy().get_event_loop()


def test_reading_may_stop_half_way(found: Tshark, capture: Path) -> None:
    threads = threading.active_count()
    pages = dissect(found, capture)
    assert len(next(pages)) > 30
    pages.close()
    assert threading.active_count() <= threads + 1


def test_what_is_no_capture_is_refused_in_tsharks_own_words(found: Tshark, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no capture at all, and long enough to be looked at")
    with pytest.raises(TsharkFailed, match="isn't a capture file"):
        list(dissect(found, tmp_path / "x"))


def test_a_users_preferences_change_nothing(
    found: Tshark, capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "home" / ".config" / "wireshark"
    profile.mkdir(parents=True)
    (profile / "disabled_protos").write_text("tftp\n")
    (profile / "preferences").write_text("ip.check_checksum: FALSE\n")
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", str(profile))
    said = subprocess.run([found.path, "-r", capture, "-Y", "tftp"], capture_output=True, text=True, check=False)
    assert said.stdout == ""
    assert named(list(dissect(found, capture))[3], "tftp.block") == [(44, 2, "1")]
    assert os.environ["WIRESHARK_CONFIG_DIR"] == str(profile)


def test_the_environment_is_as_it_was(found: Tshark, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIRESHARK_CONFIG_DIR", raising=False)
    list(dissect(found, capture))
    assert "WIRESHARK_CONFIG_DIR" not in os.environ


def test_a_server_port_can_be_named(found: Tshark, tmp_path: Path) -> None:
    lone = DATA_1[:34] + b"\x1b\x39" + DATA_1[36:]
    save(tmp_path / "x.pcap", records(lone))
    (unnamed,) = dissect(found, tmp_path / "x.pcap")
    (known,) = dissect(found, tmp_path / "x.pcap", tftp_ports=(6969,))
    assert named(unnamed, "tftp.block") == []
    assert named(known, "tftp.block") == [(44, 2, "1")]


def test_hidden_fields_and_fields_without_bytes_are_left_out(found: Tshark, capture: Path) -> None:
    names = {field.name for field in next(iter(dissect(found, capture)))}
    assert not names & {"ip.addr", "udp.stream", "frame.number", "eth.dst.lg"}
    assert names >= {"eth.dst", "ip.ttl", "udp.payload", "tftp.source_file"}


def test_a_machine_without_tshark_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tshark.shutil, "which", lambda *_, **__: None)
    assert tshark.find() == "not available: apt-get install tshark"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("TShark (Wireshark) 3.6.2 (Git ...)\nCompiled with Lua 5.2", "4.0 or newer is needed"),
        ("TShark (Wireshark) 4.2.0\nCompiled without Lua", "without Lua"),
        ("hello", "does not say its version"),
    ],
)
def test_a_tshark_that_cannot_do_it_is_named_with_the_reason(said: str, why: str, tmp_path: Path) -> None:
    program = tmp_path / "tshark"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
    program.chmod(0o755)
    found = tshark.find(str(tmp_path))
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (b"\x7fELF but not really", "does not run (Exec format error)"),
        (b"#!/nonexistent/shell\n", "does not run (No such file or directory)"),
        (b"#!/bin/sh\nexec sleep 60\n", "does not run (no answer)"),
        (b"#!/bin/sh\nprintf '\\377\\376'\n", "does not say its version"),
    ],
)
def test_a_tshark_that_cannot_even_be_asked_is_named_too(
    program: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tshark, "PATIENCE_S", 1.0)
    (tmp_path / "tshark").write_bytes(program)
    (tmp_path / "tshark").chmod(0o755)
    assert tshark.find(str(tmp_path)) == f"not available: {tmp_path}/tshark {why}"


def test_an_interrupt_while_tshark_reads_leaves_no_traceback(
    found: Tshark, capture: Path, tmp_path: Path, lab_command: list[str]
) -> None:
    # A terminal's Ctrl-C goes to tshark as well; this one ends right after it has told us that it reads.
    program, reading = tmp_path / "tshark", tmp_path / "reading"
    os.mkfifo(reading)
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {found.path} --version\necho >{reading}\nexec sleep 60\n'
    )
    program.chmod(0o755)
    reading.chmod(0o666)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)  # Root's tshark is started as nobody.
    surroundings = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    child = subprocess.Popen(
        [*lab_command, "check", capture], env=surroundings, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with open(os.open(reading, os.O_RDONLY | os.O_NONBLOCK)) as told:
        assert select.select([told], [], [], 30)[0]
    os.killpg(child.pid, signal.SIGINT)
    assert child.communicate(timeout=30)[1].strip() == "lab: interrupted"
    assert child.returncode == 130


def test_a_request_alone_is_read_as_tftp(found: Tshark, tmp_path: Path) -> None:
    save(tmp_path / "x.pcap", records(READ_REQUEST))
    (page,) = dissect(found, tmp_path / "x.pcap")
    assert named(page, "tftp.source_file") == [(44, 5, "boot")]
