"""Our Wireshark dissector for FeiQ: its filters find what they should, and its Info column is safe to print."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lab.crosscheck.unprivileged import start_as_nobody
from lab.pcap import save
from tests.conftest import Need
from tests.crosscheck.stage import records

HEAD = bytes.fromhex("024c41420001024c414200020800")

Ask = Callable[..., list[str]]


def frame(payload: bytes, port: int = 2425) -> bytes:
    """A datagram without checksums; tshark does not mind."""
    ports = port.to_bytes(2, "big") * 2
    udp = ports + (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload
    ip = b"\x45\0" + (20 + len(udp)).to_bytes(2, "big") + bytes.fromhex("0001000040110000 0a4d0002 0a4d0001")
    return HEAD + ip + udp


@pytest.fixture
def ask(need: Need, tmp_path: Path) -> Ask:
    """Runs tshark with the dissector over packets; gives what each one says to some fields, or its Info column."""
    program = need.tool("tshark")

    def run(*payloads: bytes, where: str = "", fields: tuple[str, ...] = (), port: int = 2425) -> list[str]:
        save(tmp_path / "feiq.pcap", records(*(frame(payload, port) for payload in payloads)))
        capture = tmp_path / "feiq.pcap"
        with as_file(files("lab.crosscheck") / "feiq.lua") as script, TemporaryDirectory() as folder:
            start, script = start_as_nobody(program, script, capture, Path(folder))
            words = [start, "-n", "-X", f"lua_script:{script}", "-r", str(capture), "-T", "fields"]
            for field in fields or ("_ws.col.Info",):
                words += ["-e", field]
            words += ["-Y", where] if where else []
            own = os.environ | {"WIRESHARK_CONFIG_DIR": folder}  # Not the settings of whoever runs the tests.
            said = subprocess.run(words, capture_output=True, check=True, env=own)
        assert b"Lua Error" not in said.stdout + said.stderr
        # -T fields doubles backslashes in newer versions.
        return said.stdout.decode().replace("\\\\", "\\").splitlines()

    return run


SEED = b"1:1238605487:klaus:whoever_pc:32:Nice day!"
GBK = b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9:7:u:h:6291713:\xc4\xe3\xba\xc3\0\xd7\xe9\0"
UTF8 = b"1:8:u:h:8388896:" + "你好".encode() + b"\0"
FILES = b"1:9:u:h:2097440:hi\0000:a::b.txt:4:5f000000:1:14=5f:\x0711:dir:0:5f000000:2:\x07\0"
HOSTS = b"1:9:u:h:19:    0\x07    1\x07u\x07h\x070\x0710.0.0.1\x0730985\x07n\x07g\x07\0"


def test_the_seed_message_has_all_its_header_fields(ask: Ask) -> None:
    fields = ("version", "packet_no", "user", "host", "command_number", "command", "text")
    assert ask(SEED, fields=tuple(f"feiq.{field}" for field in fields)) == [
        "1\t1238605487\tklaus\twhoever_pc\t32\t32\tNice day!"
    ]


def test_a_message_is_found_by_its_mode_whatever_its_flags(ask: Ask) -> None:
    assert ask(SEED, GBK, UTF8, FILES, where="feiq.command == 32", fields=("frame.number",)) == ["1", "3", "4"]


def test_the_same_bit_has_another_name_in_another_mode(ask: Ask) -> None:
    assert ask(GBK, UTF8, where="feiq.flags.absence == 1", fields=("frame.number",)) == ["1"]
    assert ask(GBK, UTF8, where="feiq.flags.sendcheck == 1", fields=("frame.number",)) == ["2"]


def test_a_command_of_32_bits_is_not_negative(ask: Ask) -> None:
    assert ask(b"1:2:u:h:2149580832:x\0", fields=("feiq.command_number", "feiq.flags", "feiq.flags.unknown")) == [
        "2149580832\t0x80200000\t0x80000000"
    ]


def test_chinese_is_read_in_gb18030_and_in_utf_8(ask: Ask) -> None:
    assert ask(GBK, UTF8, where='feiq.nickname == "你好" || feiq.text == "你好"', fields=("feiq.encoding",)) == [
        "GB18030,GB18030",
        "UTF-8",
    ]
    assert ask(GBK, fields=("feiq.nickname", "feiq.group")) == ["你好\t组"]


def test_long_chinese_text_is_not_cut_by_wireshark(ask: Ask) -> None:
    text = "飞秋" * 40
    assert ask(b"1:2:u:h:32:" + text.encode("gb18030") + b"\0", fields=("feiq.text",)) == [text]


def test_feiqs_version_field_is_taken_apart(ask: Ask) -> None:
    parts = ("protocol", "family", "avatar", "level", "mac", "group_length", "build", "draft")
    assert ask(GBK, fields=tuple(f"feiq.version.{part}" for part in parts)) == [
        "1\tlbt6\t0\t128\tAABBCCDDEEFF\t0\t4001\t9"
    ]


def test_attachments_have_their_fields_and_doubled_colons_undone(ask: Ask) -> None:
    fields = ("feiq.attachment.id", "feiq.attachment.name", "feiq.attachment.size", "feiq.attachment.type")
    assert ask(FILES, fields=fields) == ["0,11\ta:b.txt,dir\t4,0\t1,2"]


def test_the_swapped_port_of_a_host_list_is_marked(ask: Ask) -> None:
    assert ask(HOSTS, where="feiq.swapped_port", fields=("feiq.host_entry.port",)) == ["30985"]


@pytest.mark.parametrize(
    "payload",
    [
        b"\0", b"1:2:u", b"1:2:u:h:abc:x", b"1:2:u:h:4294967296:x", b"1:x:u:h:32:y\0", b":::::", b"1:2:u:h::x",
        b"1:2:u:h:2097184:t\0001:a\x07\0", b"1:9:u:h:19:\x07\x07\x07\0", b"\xff" * 70, b"1:1:u:h:192:a\0",
        b"1:1:u:h:35:x",
    ],
)  # fmt: skip
def test_no_packet_makes_the_dissector_fail(ask: Ask, payload: bytes) -> None:
    assert len(ask(payload)) == 1


@pytest.mark.parametrize("payload", [b"\0", b"1:2:u", b"1:2:u:h:abc:x", b"1:x:u:h:32:y\0", b"1:2:u:h:4294967296:x"])
def test_a_malformed_packet_is_marked(ask: Ask, payload: bytes) -> None:
    assert ask(SEED, payload, where="feiq.malformed", fields=("frame.number",)) == ["2"]


def test_bytes_of_no_encoding_are_shown_as_escapes(ask: Ask) -> None:
    assert ask(b"1:2:u:h:32:\xff\xfe\x80\0", where="feiq.undecodable", fields=("feiq.text",)) == [r"\xff\xfe\x80"]


def test_the_info_column_lets_no_control_character_through(ask: Ask) -> None:
    hostile = "1:2:u\x1b]0;x\x07:h\r\n:32:a\x1b[2Jb\x85c\u202ed\u200be\ufefff\x7f\0".encode()
    (info,) = ask(hostile)
    assert info.isprintable()
    assert info == (
        r"SENDMSG from u\x1b]0;x\x07@h\x0d\x0a: a\x1b[2Jb\xc2\x85c\xe2\x80\xaed\xe2\x80\x8be\xef\xbb\xbff\x7f"
    )


def test_the_info_column_cuts_long_text_at_a_character(ask: Ask) -> None:
    (info,) = ask(b"1:2:u:h:32:" + ("飞" * 200).encode() + b"\0")
    assert info == "SENDMSG from u@h: " + "飞" * 80 + "…"


def test_the_zeros_of_a_late_retry_are_padding(ask: Ask) -> None:
    assert ask(b"1:2:u:h:288:y\0" + bytes(64), fields=("feiq.text", "feiq.padding")) == ["y\t" + "00" * 64]


def test_a_group_message_is_cut_by_the_length_in_its_version(ask: Ask) -> None:
    payload = b"1_lbt6_0#128#AABBCCDDEEFF#0#0#8#4001#9:7:u:h:4194339:a\0b:c\0de"
    assert ask(payload, fields=("feiq.ciphertext", "feiq.section")) == ["6100623a63006465\t"]


def test_other_ports_are_looked_at_only_where_five_fields_are_well_formed(ask: Ask) -> None:
    assert ask(SEED, b"1:x:u:h:32:", b"hello", port=9000, where="feiq", fields=("frame.number",)) == ["1"]
