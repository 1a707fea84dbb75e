"""`lab explain` as a person types it: hex, captures, pipes, and everything that can be wrong with them."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RRQ = b"\0\1boot.img\0octet\0"
Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def explain(lab_command: list[str], tmp_path: Path) -> Run:
    def run(*words: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        surroundings = {**os.environ, "COLUMNS": "120", **environment}
        return subprocess.run(
            [*lab_command, "explain", *words],
            input=stdin,
            capture_output=True,
            env=surroundings,
            cwd=tmp_path,
            check=False,
        )

    return run


def udp_over_ipv4(source: int, destination: int, payload: bytes, *, back: bool = False) -> bytes:
    """A raw IPv4 packet without a right header checksum, which is a note and no error."""
    ends = (0x0A4D0001, 0x0A4D0002) if back else (0x0A4D0002, 0x0A4D0001)
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, *ends)
    return ip + struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A pcap of three raw IP packets, written here by hand: a request, its DATA, and one cut by the snap length."""
    packets = [udp_over_ipv4(5000, 69, RRQ), udp_over_ipv4(6000, 5000, b"\0\3\0\1abc", back=True)]
    path = tmp_path / "read.pcap"
    blocks = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)]
    for packet in packets:
        blocks += [struct.pack("<IIII", 1, 2, len(packet), len(packet)), packet]
    blocks += [struct.pack("<IIII", 1, 3, 24, len(packets[0])), packets[0][:24]]
    path.write_bytes(b"".join(blocks))
    return path


@pytest.mark.parametrize("digits", ["0004000a", "00 04 00 0a", "00:04:00:0A", "0x0004000a", "0x00 0x04 0x00 0x0a"])
def test_hex_digits_may_be_written_as_people_write_them(explain: Run, digits: str) -> None:
    done = explain(*digits.split(" "), "--as", "tftp")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("ACK 10, 4 bytes\n\n0000  00 04 00 0a")
    assert done.stderr == b""


def test_a_frame_of_a_capture_is_read_with_the_frames_before_it(explain: Run, capture: Path) -> None:
    done = explain("read.pcap:2")
    assert done.returncode == 0
    assert done.stdout.decode().startswith("read.pcap, frame 2: DATA 1 (3 bytes), 35 bytes\n")


def test_the_first_frame_is_the_default_and_a_file_named_like_a_frame_comes_first(
    explain: Run, capture: Path, tmp_path: Path
) -> None:
    assert explain("read.pcap").stdout.startswith(b"read.pcap, frame 1: RRQ")
    (tmp_path / "x:2").write_bytes(capture.read_bytes())
    assert explain("x:2").stdout.startswith(b"x:2, frame 1: RRQ")


def test_standard_input_may_be_a_capture_or_hex_digits(explain: Run, capture: Path) -> None:
    assert explain("-", stdin=capture.read_bytes()).stdout.startswith(b"standard input, frame 1: RRQ")
    assert explain("-:2", stdin=capture.read_bytes()).stdout.startswith(b"standard input, frame 2: DATA 1")
    assert explain("-", "--as", "tftp", stdin=b"0004\n000a\n").stdout.startswith(b"ACK 10")
    done = explain("-", stdin=b"good morning")
    assert (done.returncode, done.stdout) == (6, b"")
    assert done.stderr == b"lab: standard input is neither a capture nor hex digits; try: lab explain FILE\n"


def test_malformed_bytes_are_shown_whole_and_end_in_six(explain: Run) -> None:
    done = explain((b"\0\1boot.img\0octet").hex(), "--as", "tftp")
    assert done.returncode == 6
    text = done.stdout.decode()
    assert "0000  00 01 62 6f 6f 74 2e 69  6d 67 00 6f 63 74 65 74" in text
    assert "▲▲ tftp.mode: wanted a terminating" in text
    assert '"octet"' in text
    assert done.stderr == b""


def test_a_frame_cut_by_the_snap_length_says_so(explain: Run, capture: Path) -> None:
    done = explain("read.pcap:3")
    assert done.returncode == 6
    assert done.stderr == b"lab: the capture holds 24 of this frame's 45 bytes\n"


def test_no_bytes_at_all_are_undecodable_and_still_answered(explain: Run) -> None:
    assert explain("00", "--as", "feiq").returncode == 6


def test_json_says_the_same_and_alone_on_standard_output(explain: Run, capture: Path, tmp_path: Path) -> None:
    done = explain("read.pcap:2", "--json", "-")
    document = json.loads(done.stdout)
    assert (document["source"], document["frame"], document["start"]) == ("read.pcap", 2, "ipv4")
    assert (document["time_ns"], document["schema"]) == (1_000_002_000, "packet-lab/dump/1")
    block = next(field for field in document["fields"] if field["name"] == "block")
    assert (block["offset"], block["raw"], block["number"], block["other_order"]) == (30, "0001", 1, 256)
    done = explain("read.pcap:2", "--json", "out.json")
    assert done.stdout.startswith(b"read.pcap, frame 2")
    assert json.loads((tmp_path / "out.json").read_text()) == document
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_json_of_malformed_bytes_leaves_the_reason_on_standard_error(explain: Run) -> None:
    done = explain("0001", "--as", "tftp", "--json", "-")
    assert done.returncode == 6
    assert json.loads(done.stdout)["faults"][0]["field"] == "tftp.filename"
    assert done.stderr.startswith(b"lab: tftp.filename at offset 2: wanted")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["abc"], 2, "3 hex digits make no whole bytes; for a file named abc type ./abc. Type 'lab explain --help'."),
        (["missing.pcap"], 8, "missing.pcap: no such file (and no hex digits); give hex digits or a capture"),
        (["read.pcap:4"], 2, "read.pcap has no frame 4, only 3 in all; the last is read.pcap:3"),
        (["read.pcap:0"], 2, "frames count from 1. Type 'lab explain --help'."),
        (["read.pcap:99999999999999999999999"], 2, "read.pcap has no frame 999999999999999999, only 3 in all"),
        (["."], 8, ".: Is a directory; give hex digits or a capture"),
        (["text.txt"], 6, "text.txt is not readable as a capture up to frame 1"),
        (
            ["a.pcap", "b.pcap"],
            2,
            "one packet at a time: 'a.pcap b.pcap' is neither hex digits nor the name of one file",
        ),
        (["0004000a", "--as", "ipx"], 2, "Invalid value for '--as'"),
        (["0004000a", "--as", "tftp", "--json", "/no/such/folder/x"], 8, "cannot write /no/such/folder/x"),
        (["other.pcap"], 6, "frame 1 of other.pcap has link type 147, not read here; say with --as where it begins"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_documented_exit_code(
    explain: Run, capture: Path, tmp_path: Path, words: list[str], code: int, complaint: str
) -> None:
    (tmp_path / "text.txt").write_text("good morning")
    (tmp_path / "other.pcap").write_bytes(
        capture.read_bytes().replace(struct.pack("<II", 262144, 101), struct.pack("<II", 262144, 147))
    )
    done = explain(*words)
    error = done.stderr.decode()
    assert done.returncode == code
    assert error.startswith(f"lab: {complaint}")
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_damaged_capture_gives_the_frames_before_the_damage(explain: Run, capture: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pcap").write_bytes(capture.read_bytes()[:-5])
    assert explain("cut.pcap:2").returncode == 0
    done = explain("cut.pcap:3")
    assert done.returncode == 6
    assert b"cut.pcap is not readable as a capture up to frame 3: offset" in done.stderr


def test_no_color_takes_the_colours_and_leaves_the_brackets(explain: Run) -> None:
    coloured = explain("0004000a", "--as", "tftp", FORCE_COLOR="1", TERM="xterm-256color")
    bare = explain("0004000a", "--as", "tftp", FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1")
    assert b"\x1b[38;5;" in coloured.stdout
    assert b"\x1b[38;5;" not in bare.stdout
    assert "a───┘ b───┘" in explain("0004000a", "--as", "tftp").stdout.decode()


@pytest.mark.parametrize(
    "name", [b"\x1b[31mred\x1b[0m", b"\x1b]8;;http://x\x07y", "a\u202eb".encode(), b"[link=http://x]y"]
)
def test_no_name_from_the_wire_reaches_the_terminal_as_it_was(explain: Run, name: bytes) -> None:
    done = explain((b"\0\1" + name + b"\0octet\0").hex(), "--as", "tftp")
    text = done.stdout.decode()
    assert all(line.isprintable() for line in text.splitlines())
    assert "\x1b]8" not in explain(name.hex(), "--as", "tftp", FORCE_COLOR="1", TERM="xterm-256color").stdout.decode()


def test_chinese_text_is_shown_where_the_locale_can_and_is_no_crash_where_it_cannot(explain: Run) -> None:
    packet = b"1:1:klaus:pc:32:" + "你好".encode("gb18030") + b"\0"
    assert "你好" in explain(packet.hex(), "--as", "feiq").stdout.decode()
    done = explain(packet.hex(), "--as", "feiq", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (0, b"")
