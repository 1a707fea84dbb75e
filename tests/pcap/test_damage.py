"""Damaged captures: every whole record first, then one error that names the place. Never anything else."""

from __future__ import annotations

import gzip
import io
import itertools
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.pcap import CaptureError, Limits, Record, open_capture

PCAP = bytes.fromhex(
    "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000"
    "00000000 01000000 03000000 03000000 aabbcc"
    "00000000 02000000 00000000 00000000"
    "00000000 03000000 05000000 05000000 0102030405"
)
PCAP_ENDS = [24, 24 + 19, 24 + 19 + 16, 24 + 19 + 16 + 21]

PCAPNG = bytes.fromhex(
    "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
    "01000000 14000000 0100 0000 00000400 14000000"
    "06000000 24000000 00000000 00000000 01000000 03000000 03000000 aabbcc00 24000000"
    "03000000 10000000 00000000 10000000"
    "06000000 34000000 00000000 00000000 03000000 05000000 05000000 0102030405000000"
    "0100 0200 68690000 0000 0000 34000000"
)
PCAPNG_ENDS = [28, 48, 48 + 36, 48 + 36 + 16, 48 + 36 + 16 + 52]

EVERY_CUT = [("pcap", cut) for cut in range(len(PCAP))] + [("pcapng", cut) for cut in range(len(PCAPNG))]


def read_until_damaged(data: bytes, limits: Limits | None = None) -> tuple[list[Record], CaptureError | None]:
    """What comes out before the end, and the error if that is how it ends."""
    records: list[Record] = []
    try:
        for record in open_capture(io.BytesIO(data), limits=limits):
            records.append(record)
    except CaptureError as error:
        return records, error
    return records, None


@pytest.mark.parametrize(("kind", "cut"), EVERY_CUT)
def test_a_file_cut_anywhere_gives_its_whole_records_and_then_says_where(kind: str, cut: int) -> None:
    whole, ends = (PCAP, PCAP_ENDS) if kind == "pcap" else (PCAPNG, PCAPNG_ENDS)
    first_record = 1 if kind == "pcap" else 2
    records, error = read_until_damaged(whole[:cut])
    assert len(records) == max(0, sum(end <= cut for end in ends) - first_record)
    assert [record.data for record in records] == [b"\xaa\xbb\xcc", b"", b"\x01\x02\x03\x04\x05"][: len(records)]
    if cut in ends:
        assert error is None
    else:
        assert error is not None
        assert error.offset == max([0, *(end for end in ends if end < cut)])


@pytest.mark.parametrize(("kind", "cut"), EVERY_CUT[:: len(EVERY_CUT) // 24])
def test_a_cut_within_gzip_is_the_same_cut(kind: str, cut: int) -> None:
    whole = PCAP if kind == "pcap" else PCAPNG
    plain, plain_error = read_until_damaged(whole[:cut])
    packed, packed_error = read_until_damaged(gzip.compress(whole[:cut], mtime=0))
    assert packed == plain
    assert str(packed_error) == str(plain_error)


def test_a_gzip_stream_cut_anywhere_gives_whole_records_and_then_an_error() -> None:
    packed = gzip.compress(PCAPNG, mtime=0)
    counts = []
    for cut in range(2, len(packed)):
        records, error = read_until_damaged(packed[:cut])
        assert error is not None, f"cut at {cut}"
        assert "the gzip stream is cut short" in error.what
        counts.append(len(records))
    assert counts == sorted(counts)
    assert counts[-1] == 3, "only the trailer was missing"


def test_a_wrong_gzip_checksum_is_told_after_every_record() -> None:
    packed = bytearray(gzip.compress(PCAPNG, mtime=0))
    packed[-6] ^= 0xFF
    records, error = read_until_damaged(bytes(packed))
    assert len(records) == 3
    assert error is not None
    assert error.offset == len(PCAPNG)
    assert "the gzip stream is damaged" in error.what


def test_gzip_members_may_follow_each_other_and_be_padded_with_zeros() -> None:
    packed = gzip.compress(PCAP[:30], mtime=0) + gzip.compress(PCAP[30:], mtime=0) + bytes(500)
    records, error = read_until_damaged(packed)
    assert (len(records), error) == (3, None)


def test_bytes_after_gzip_that_are_no_gzip_are_damage() -> None:
    records, error = read_until_damaged(gzip.compress(PCAP, mtime=0) + b"rest")
    assert len(records) == 3
    assert error is not None
    assert error.what == "the gzip stream is followed by bytes that are no gzip"


def test_gzip_within_gzip_is_refused() -> None:
    _, error = read_until_damaged(gzip.compress(gzip.compress(PCAP)))
    assert error is not None
    assert error.what == "gzip within gzip; unpack it once with gzip -d"


def test_a_gzip_bomb_stops_early_with_the_records_before_it() -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1024 * 1024)
    bomb = packer.compress(PCAP) + b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()
    records, error = read_until_damaged(bomb)
    # Zeros are records of no bytes at the epoch, so there are many; the bomb has room for four million.
    assert 3 < len(records) < 100_000
    assert error is not None
    assert error.what.startswith("the gzip stream unpacks to more than 100 times its size")


@pytest.mark.parametrize(
    ("length", "fine"), [(262_144, True), (262_145, False), (0x7FFFFFFF, False), (0xFFFFFFFF, False)]
)
def test_a_record_holds_256_kib_and_no_more(length: int, fine: bool) -> None:
    data = bytes(min(length, 300_000))
    record = bytes(8) + length.to_bytes(4, "little") + length.to_bytes(4, "little") + data
    records, error = read_until_damaged(PCAP + record)
    if fine:
        assert (len(records), error) == (4, None)
    else:
        assert len(records) == 3
        assert error is not None
        assert (error.offset, error.what) == (len(PCAP), f"a record of {length} bytes; the limit is 262144")


def test_a_block_holds_16_mib_and_no_more() -> None:
    def custom(total: int) -> bytes:
        length = total.to_bytes(4, "little")
        return b"\xad\x0b\0\0" + length + bytes(total - 12) + length

    assert read_until_damaged(PCAPNG + custom(16 * 1024 * 1024))[1] is None
    _, error = read_until_damaged(PCAPNG + custom(16 * 1024 * 1024 + 4))
    assert error is not None
    assert error.what == "a block of 16777220 bytes; the limit is 16777216"


def test_limits_can_be_set() -> None:
    records, error = read_until_damaged(PCAP, Limits(record_bytes=4))
    assert len(records) == 2
    assert error is not None
    assert error.what == "a record of 5 bytes; the limit is 4"


def test_every_single_damaged_byte_gives_records_or_a_capture_error() -> None:
    for whole, (position, value) in itertools.chain(
        ((PCAP, change) for change in itertools.product(range(len(PCAP)), (0, 1, 0x7F, 0x80, 0xFF))),
        ((PCAPNG, change) for change in itertools.product(range(len(PCAPNG)), (0, 1, 0x7F, 0x80, 0xFF))),
    ):
        damaged = bytearray(whole)
        damaged[position] = value
        records, _ = read_until_damaged(bytes(damaged))
        assert len(records) <= 3


@given(
    start=st.sampled_from([b"", PCAP[:24], PCAPNG[:48], PCAPNG[:28], b"\x1f\x8b", gzip.compress(PCAP)[:12]]),
    rest=st.binary(max_size=400),
)
@example(start=PCAPNG[:28], rest=bytes.fromhex("0a0d0d0a 0c000000 4d3c2b1a"))
def test_arbitrary_bytes_give_records_or_a_capture_error_and_nothing_else(start: bytes, rest: bytes) -> None:
    records, error = read_until_damaged(start + rest)
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    if error is not None:
        assert 0 <= error.offset <= max(1 << 20, len(start + rest))


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6, 10, 0xBAD]), st.binary(max_size=80)), max_size=6))
def test_arbitrary_blocks_with_honest_lengths_give_records_or_a_capture_error(blocks: list[tuple[int, bytes]]) -> None:
    data = PCAPNG
    for kind, body in blocks:
        padded = body + bytes(-len(body) % 4)
        length = (len(padded) + 12).to_bytes(4, "little")
        data += kind.to_bytes(4, "little") + length + padded + length
    records, _ = read_until_damaged(data)
    assert len(records) >= 3
