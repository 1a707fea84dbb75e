"""Attachment lists: all the ends met in the field, doubled colons, and numbers that are none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.wire import feiq, feiq_attachments
from lab.wire.error import BuildError, WireError
from lab.wire.feiq_attachments import Attachment
from lab.wire.frame import dissect


@pytest.mark.parametrize("end", [b"\x07", b":\x07", b"\x07:", b":\x07:"])
def test_all_four_ends_of_an_entry_are_known(end):
    section = b"0:a.txt:a:5:1" + end + b"11:b:ffff:6:2" + end
    one, two = feiq_attachments.parse(section)
    assert (one.file_id, one.name, one.size, one.mtime, one.attribute) == (0, b"a.txt", 10, 5, 1)
    assert (two.file_id, two.name, two.size, two.mtime, two.type) == (11, b"b", 65535, 6, 2)
    assert one.raw + two.raw == section


def test_the_last_end_may_be_missing_and_two_in_a_row_are_no_entry():
    assert [found.name for found in feiq_attachments.parse(b"0:a:1:1:1:\x07\x071:b:1:1:1")] == [b"a", b"b"]


def test_a_colon_in_a_name_is_doubled():
    (found,) = feiq_attachments.parse(b"0:::a::b::::c:1:2:1:\x07")
    assert found.name == b":a:b::c"
    assert found.build() == b"0:::a::b::::c:1:2:1:\x07"


def test_feiqs_leading_zeros_and_missing_attributes_are_read():
    real = b"0:app.apk:08ae6ff:597ff2a2:1:\x07"
    (found,) = feiq_attachments.parse(real)
    assert (found.size, found.mtime, found.raw) == (0x8AE6FF, 0x597FF2A2, real)
    assert feiq_attachments.parse(b"0:a:1:2\x07")[0].attribute == feiq_attachments.REGULAR
    assert feiq_attachments.parse(b"0:a:1:2::\x07")[0].attribute == feiq_attachments.REGULAR


def test_extensions_are_lists_by_number():
    (found,) = feiq_attachments.parse(b"5:pic:9:2:20:8=1f:10=1,2,3:\x07")
    assert found.extensions == ((8, (b"1f",)), (0x10, (b"1", b"2", b"3")))
    assert found.type == feiq_attachments.CLIPBOARD


@pytest.mark.parametrize(
    ("section", "field", "offset"),
    [
        (b"0:a:1\x07", "feiq.attachment", 0),
        (b"0:a:1:2:1\x07x:a:1:2:1\x07", "feiq.attachment_file_id", 10),
        (b"a:a:1:2:1\x07", "feiq.attachment_file_id", 0),
        (b"0:a:-1:2:1\x07", "feiq.attachment_size", 4),
        (b"0:a::b:xyz:2:1\x07", "feiq.attachment_size", 7),
        (b"0:a:11111111111111111:2:1\x07", "feiq.attachment_size", 4),
        (b"0:a:1:zz:1\x07", "feiq.attachment_mtime", 6),
        (b"0:a:1:2:q\x07", "feiq.attachment_attribute", 8),
        (b"0:a:1:2:1:novalue\x07", "feiq.attachment_extension", 10),
        (b"0:a:1:2:1:g=1\x07", "feiq.attachment_extension", 10),
    ],
)
def test_an_error_names_the_part_and_where_it_stands(section, field, offset):
    with pytest.raises(WireError) as caught:
        feiq_attachments.parse(section)
    assert (caught.value.field, caught.value.offset) == (field, offset)


def test_a_packets_attachments_are_read_at_their_place_in_the_packet():
    with pytest.raises(WireError) as caught:
        feiq.parse(b"1:1:u:h:2097184:hi\0q:a:1:2:1:\x07\0").attachments()
    assert caught.value.offset == 19


def test_a_list_is_one_only_where_the_option_says_so():
    assert feiq.parse(b"1:1:u:h:32:hi\x000:a:1:2:1:\x07\0").attachments() == ()
    assert feiq.parse(b"1:1:u:h:2097153:nick\x000:a:1:2:1:\x07\0").attachments() == ()
    assert feiq.parse(b"1:1:u:h:2097184:hi\0").attachments() == ()
    assert len(feiq.parse(b"1:1:u:h:2097184:hi\0" + b"0:a:1:2:1:\x07" * 1000).attachments()) == 1000


@pytest.mark.parametrize("name", [b"", b"a\0b", b"a\x07b"])
def test_a_name_that_would_break_the_list_is_refused(name):
    with pytest.raises(BuildError):
        Attachment(0, name, 0, 0).build()


@given(
    st.integers(0, 10**9), st.binary(min_size=1, max_size=20).map(lambda raw: raw.translate(None, b"\0\x07:") or b"n"),
    st.integers(0, 2**64 - 1), st.integers(0, 2**32), st.integers(0, 0xFFFF),
)  # fmt: skip
def test_an_entry_is_read_as_it_was_written(file_id, name, size, mtime, attribute):
    written = Attachment(file_id, name, size, mtime, attribute).build()
    (found,) = feiq_attachments.parse(written)
    assert (found.file_id, found.name, found.size, found.mtime, found.attribute) == (
        file_id, name, size, mtime, attribute,
    )  # fmt: skip


@given(st.binary(max_size=80))
def test_the_entries_of_any_section_join_to_the_section(section):
    assert b"".join(section[start:end] for start, end in feiq_attachments.spans(section)) == section
    with suppress(WireError):
        feiq_attachments.parse(section)


def test_a_broken_entry_is_explained_and_spoils_nothing_else():
    fields = dissect(b"1:1:u:h:2097184:hi\x000:a:x:2:1:\x071:b:1:2:2:\x07\0", "feiq").fields
    assert [field.meaning for field in fields if field.name == "feiq.attachment"] == [
        "not an entry: feiq.attachment_size must be 1 to 16 hex digits",
        "file id 1, 1 bytes, directory",
    ]
