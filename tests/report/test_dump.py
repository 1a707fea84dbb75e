"""The bytes of a packet: each in one field, each coloured once, each wrong place marked. Pictures are literals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.report.dump import dump
from lab.report.hex_lines import hex_lines, style_of
from lab.report.model import Dump, Grade
from lab.report.terminal import dump_lines, plain
from lab.wire.frame import STARTS, dissect

DATA_FRAME = bytes.fromhex("0003 0100 616263".replace(" ", ""))

DATA_PICTURE = """\
DATA 256

0000  00 03 01 00 61 62 63                              ....abc
      a───┘ b───┘ c──────┘

   at    bytes  order   field   raw                  value  meaning; other order; source
── TFTP · bytes 0–6 ────────────────────────────────────────────────────────────────────────────────
a  0000  2      big     opcode  00 03                3      DATA; little: 768; RFC 1350 §5
b  0002  2      big     block   01 00                256    little: 1; RFC 1350 §5
c  0004  3      —       data    61 62 63             "abc"  RFC 1350 §5
"""

BROKEN_PICTURE = """\
0000  00 01 62 6f 6f 74 2e 69  6d 67 00 6f 63 74 65 74  ..boot.img.octet
      a───┘ b─────────────────────────┘ c────────────┘
"""


def test_a_packet_as_bytes_brackets_and_a_table() -> None:
    assert plain(dump_lines(dump(dissect(DATA_FRAME, "tftp"), "DATA 256"), 100)) == DATA_PICTURE


def test_malformed_bytes_are_shown_whole_with_a_mark_where_reading_stopped() -> None:
    seen = dump(dissect(b"\0\1boot.img\0octet", "tftp"))
    text = plain(hex_lines(seen, 120))
    assert text.startswith(BROKEN_PICTURE)
    assert text.splitlines()[2].startswith("                                        ▲▲ tftp.mode: wanted a terminating")
    assert [(span.name, span.raw, span.group) for span in seen.spans][-1] == ("unparsed", b"octet", -1)
    assert [(fault.grade, fault.offset) for fault in seen.faults] == [(Grade.STOPPED, 11)]


def test_bytes_that_end_too_soon_are_marked_where_the_next_should_be() -> None:
    lines = plain(hex_lines(dump(dissect(b"\0\4\0", "tftp")), 100)).splitlines()
    assert lines[0] == "0000  00 04 00                                          ..."
    lines = plain(hex_lines(dump(dissect(b"\0\4", "tftp")), 100)).splitlines()
    assert lines[0].startswith("0000  00 04 ··")
    assert lines[2].startswith("            ▲▲ tftp.block: wanted 2 bytes, found 0 bytes")
    lines = plain(hex_lines(dump(dissect(b"", "tftp")), 100)).splitlines()
    assert lines[0] == "0000  ··"


def test_a_mark_at_the_end_of_a_full_row_begins_the_next() -> None:
    lines = plain(hex_lines(dump(dissect(b"\0\6abcdefghijklm\0", "tftp")), 100)).splitlines()
    assert lines[2].startswith("0010  ··")
    assert "option_value" in lines[3]


def test_numbers_tell_what_they_would_be_in_the_other_byte_order_and_texts_do_not() -> None:
    spans = {span.name: span for span in dump(dissect(DATA_FRAME, "tftp")).spans}
    assert (spans["block"].number, spans["block"].order, spans["block"].other_order) == (256, "big", 1)
    assert (spans["data"].number, spans["data"].other_order) == (None, None)


def test_parts_of_a_number_are_drawn_in_their_place() -> None:
    header = bytes.fromhex("45b8001c000140004011000001020304 05060708".replace(" ", "") + "0000000000080000")
    parts = {part.name: part.pattern for span in dump(dissect(header, "ipv4")).spans for part in span.parts}
    assert (parts["version"], parts["ihl"], parts["do not fragment"]) == (
        "0100 ....",
        ".... 0101",
        ".1.. .... .... ....",
    )


def test_an_address_made_of_letters_is_still_an_address() -> None:
    frame = b"ABCDEFGHIJKL\x08\x00"
    assert [span.value for span in dump(dissect(frame)).spans][:2] == ["41:42:43:44:45:46", "47:48:49:4a:4b:4c"]


@pytest.mark.parametrize(
    ("text", "shown", "charset"),
    [
        ("你好".encode(), '"你好"', "UTF-8"),
        ("你好".encode("gb18030"), '"你好"', "GB18030"),
        (b"Nice day!", '"Nice day!"', ""),
    ],
)
def test_feiq_text_is_shown_as_text_in_whichever_charset_it_came(text: bytes, shown: str, charset: str) -> None:
    span = dump(dissect(b"1:1:a:b:32:" + text + b"\0", "feiq")).spans[-1]
    assert span.value == shown
    assert charset in span.meaning


def test_a_wrong_checksum_marks_its_field_and_a_partial_one_is_only_a_remark() -> None:
    whole = bytes.fromhex(
        "45000020000100004011260c0a4d00020a4d0001" + "1388138900 0c".replace(" ", "") + "0000" + "61626364"
    )
    wrong = whole[:10] + b"\xff\xff" + whole[12:]
    faults = [f for f in dump(dissect(wrong, "ipv4")).faults if f.field == "ipv4.header_checksum"]
    assert [(f.grade, f.offset, f.found) for f in faults] == [(Grade.WRONG, 10, "0xffff")]
    partial = whole[:26] + b"\x14\xba" + whole[28:]  # The pseudo-header's sum alone, as a kernel leaves it.
    faults = [f for f in dump(dissect(partial, "ipv4")).faults if f.field == "udp.checksum"]
    assert [f.grade for f in faults] == [Grade.REMARK]


def test_long_runs_inside_one_field_fold_and_the_whole_is_there_when_asked_for() -> None:
    seen = dump(dissect(b"\0\3\0\1" + b"x" * 1428, "tftp"))
    folded = plain(hex_lines(seen, 80))
    assert "… 85 more rows of c (data), 1360 bytes …" in folded
    whole = plain(hex_lines(seen, 80, full=True))
    assert whole.count(" 78") == 1428
    assert "more rows" not in whole


def test_tags_are_unique_however_many_fields_there_are() -> None:
    seen = dump(dissect(b"\0\1f\0octet\0" + b"a\0" * 4000, "tftp"))
    tags = [span.tag for span in seen.spans]
    assert len(set(tags)) == len(tags) > 4000
    assert [tags[place] for place in (0, 25, 26, 51, 52, 53, 103, 104)] == ["a", "z", "A", "Z", "aa", "ab", "aZ", "ba"]


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(STARTS))
def test_every_byte_is_in_exactly_one_span_and_is_coloured_once(data: bytes, start: str) -> None:
    seen = dump(dissect(data, start))
    assert b"".join(span.raw for span in seen.spans) == data
    assert [span.offset for span in seen.spans] == [
        sum(len(s.raw) for s in seen.spans[:i]) for i in range(len(seen.spans))
    ]
    _check_colours(seen)


def _check_colours(seen: Dump) -> None:
    """Reads the drawing back: each byte stands once, in the style of its span or of its fault."""
    drawn: dict[int, tuple[str, str]] = {}
    for line in hex_lines(seen, 120, full=True):
        words = line.plain
        if not words[:4].strip() or not all(c in "0123456789abcdef" for c in words[:4]):
            continue
        styles = [""] * len(words)
        for span in line.spans:
            styles[span.start : span.end] = [str(span.style)] * (span.end - span.start)
        for place in range(16):
            column = 6 + place * 3 + (place >= 8)
            if words[column : column + 2].strip(" ·"):
                offset = int(words[:4], 16) + place
                assert offset not in drawn
                drawn[offset] = (words[column : column + 2], styles[column])
    assert [drawn[offset][0] for offset in range(len(seen.data))] == [f"{byte:02x}" for byte in seen.data]
    for span in seen.spans:
        for offset in range(span.offset, span.end):
            assert drawn[offset][1] == style_of(span) or " on " in drawn[offset][1]


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(STARTS), st.integers(20, 200))
def test_no_line_is_wider_than_asked_and_none_moves_a_cursor(data: bytes, start: str, width: int) -> None:
    for line in dump_lines(dump(dissect(data, start)), width):
        assert line.cell_len <= max(width, 80)
        assert line.plain.isprintable()


@pytest.mark.parametrize("name", [b"\x1b[31mred", b"\x1b]8;;http://x\x07y", "a\u202eb\u2066".encode(), b"\x9b2J\xff"])
def test_hostile_text_is_shown_escaped(name: bytes) -> None:
    text = plain(dump_lines(dump(dissect(b"\0\1" + name + b"\0octet\0", "tftp")), 120))
    assert all(line.isprintable() for line in text.splitlines())


def test_markup_in_a_name_stays_letters() -> None:
    span = dump(dissect(b"\0\1[link=http://x]y[/link]\0octet\0", "tftp")).spans[1]
    assert span.value == '"[link=http://x]y[/link]"'
