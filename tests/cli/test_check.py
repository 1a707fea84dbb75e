"""`lab check` in a whole: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from lab.crosscheck import tshark
from lab.pcap import Record, save
from tests.cli.stage import typed
from tests.conftest import Need
from tests.crosscheck.frames import DATA_1, FEIQ_SEED, TRANSFER, changed
from tests.crosscheck.stage import records

SWAPPED = changed(DATA_1, 44, b"\1\0")


@pytest.fixture(autouse=True)
def no_tshark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of these tests need no third reading; without it they run anywhere."""
    monkeypatch.setattr(tshark, "find", lambda: tshark.MISSING)


@pytest.fixture
def clean(tmp_path: Path) -> str:
    save(tmp_path / "clean.pcapng", records(*TRANSFER))
    return str(tmp_path / "clean.pcapng")


@pytest.fixture
def broken(tmp_path: Path) -> str:
    save(tmp_path / "broken.pcap", records(*TRANSFER[:3], SWAPPED, TRANSFER[4]))
    return str(tmp_path / "broken.pcap")


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    return typed(capsys, monkeypatch, "check", *words)


def test_a_clean_capture_ends_with_0_and_says_who_compared_what(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: str
) -> None:
    code, out, _ = run(capsys, monkeypatch, clean)
    assert code == 0
    assert out.splitlines()[0] == clean
    assert "5 frames rebuilt byte for byte" in out
    assert "in order: 5 frames" in out.splitlines()[-1]
    assert "\x1b" not in out


def test_a_missing_tshark_is_said_on_both_channels(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: str
) -> None:
    _, out, err = run(capsys, monkeypatch, clean)
    assert "tshark reading: not available: apt-get install tshark" in out
    assert err == "lab: tshark reading: not available: apt-get install tshark\n"
    assert "1 reader missing" in out.splitlines()[-1]


def test_a_swapped_block_number_ends_with_1_and_names_frame_field_and_bytes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    code, out, _ = run(capsys, monkeypatch, broken)
    assert code == 1
    assert "frame 4: tftp.block at byte 44 [01 00]: 256 after 0: it does not follow, 1 does" in out
    assert out.splitlines()[-1].strip().startswith("FAILED: 5 frames")
    assert out.splitlines()[-1].endswith("in frame 4")


def test_all_three_readings_compare_a_capture_on_this_machine(
    need: Need, lab_command: list[str], clean: str, broken: str
) -> None:
    need.tool("tshark")
    right = subprocess.run([*lab_command, "check", clean], capture_output=True, text=True, check=False)
    assert (right.returncode, right.stderr) == (0, "")
    assert "compared by 3 readers" in right.stdout
    wrong = subprocess.run([*lab_command, "check", clean, broken], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (1, "")
    assert "frame 4: tftp.block" in wrong.stdout


def test_a_truncated_capture_ends_with_6_after_everything_before_the_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: str
) -> None:
    whole = Path(clean).read_bytes()
    Path(clean).write_bytes(whole[:-7])
    code, out, err = run(capsys, monkeypatch, clean)
    assert code == 6
    assert "DAMAGED: 4 frames" in out
    assert f"lab: {clean}: damaged: offset" in err


def test_what_is_no_capture_ends_with_6(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("no capture at all")
    code, out, err = run(capsys, monkeypatch, str(tmp_path / "notes"))
    assert (code, out) == (6, "")
    assert "not a capture" in err
    assert err.count("\n") == 1


def test_a_missing_file_ends_with_8_but_the_others_are_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean: str
) -> None:
    code, out, err = run(capsys, monkeypatch, str(tmp_path / "nothing"), clean)
    assert code == 8
    assert "in order: 5 frames" in out
    assert "No such file or directory" in err


def test_a_folder_is_not_a_capture(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, _, err = run(capsys, monkeypatch, str(tmp_path))
    assert code == 8
    assert "Traceback" not in err


def test_frames_that_nobody_can_read_give_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save(tmp_path / "x.pcap", [Record(1, 0, bytes(40), 40, link_type=147)])
    save(tmp_path / "x.pcapng", [Record(1, 0, bytes(40), 40, link_type=147)])
    code, out, _ = run(capsys, monkeypatch, str(tmp_path / "x.pcapng"))
    assert code == 9
    assert "1 frames of a link type that is not read here" in out


def test_json_on_stdout_is_all_there_is_on_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: str, broken: str
) -> None:
    code, out, _ = run(capsys, monkeypatch, clean, broken, "--json", "-")
    documents = json.loads(out)["captures"]
    assert code == 1
    assert [(d["file"], d["exit_code"], d["bad_frames"]) for d in documents] == [(clean, 0, []), (broken, 1, [4])]


def test_a_gzipped_capture_is_read_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, clean: str
) -> None:
    packed = Path(clean + ".gz")
    packed.write_bytes(gzip.compress(Path(clean).read_bytes()))
    assert run(capsys, monkeypatch, str(packed))[0] == 0


def test_a_capture_may_come_through_a_pipe(lab_command: list[str], clean: str) -> None:
    with open(clean, "rb") as capture:
        done = subprocess.run([*lab_command, "check", "-"], stdin=capture, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"5 frames" in done.stdout


def test_hostile_text_reaches_the_terminal_only_as_escapes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The command is ESC [ 3 instead of a number: the frame fails, and its bytes are part of the report.
    save(tmp_path / "x.pcap", records(changed(FEIQ_SEED, 72, b"\x1b[")))
    code, out, err = run(capsys, monkeypatch, str(tmp_path / "x.pcap"))
    assert code == 1
    assert "\x1b" not in out + err
    assert "frame 1: feiq.command at byte 72" in out


def test_a_file_name_is_printed_safely(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, out, err = run(capsys, monkeypatch, str(tmp_path / "\x1b[31mred"))
    assert "\x1b" not in out + err


def test_no_capture_named_is_a_usage_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(capsys, monkeypatch, "--tftp-port", "70000", "x")[0] == 2
