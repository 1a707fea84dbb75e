"""A value and the bytes it was read from tell the byte order; no reader is asked for it."""

from __future__ import annotations

import pytest

from lab.crosscheck.reading import Order, Reading, order_of

FRAME = bytes.fromhex("a5 0102 0303 60a00000")


@pytest.mark.parametrize(
    ("offset", "width", "value", "order"),
    [
        (8, 16, 0x0102, "big"),
        (8, 16, 0x0201, "little"),
        (8, 16, 0x0103, "neither"),
        (24, 16, 0x0303, "either"),
        (0, 8, 0xA5, ""),
        (0, 8, 0xA6, "neither"),
        (40, 4, 6, ""),
        (44, 8, 0x0A, "big"),
        (40, 32, 0x60A00000, "big"),
        (40, 32, 0x0000A060, "little"),
    ],
)
def test_the_order_is_the_one_in_which_the_bytes_say_the_value(
    offset: int, width: int, value: int, order: Order
) -> None:
    assert order_of(FRAME, offset, width, value) == order


def test_a_reading_covers_every_byte_that_its_bits_touch() -> None:
    reading = Reading("ipv4.fragment_offset", 163, 13, "big", 0)
    assert (reading.offset, reading.end) == (20, 22)
