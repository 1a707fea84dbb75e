"""Readers that lie are found out: one test for each way of being wrong."""

from __future__ import annotations

from collections.abc import Sequence

from lab.crosscheck.compare import Disagreement, Tally, compare
from lab.crosscheck.reading import Reading

FRAME = bytes.fromhex("0003 0001 6162 6300")
BLOCK = Reading("tftp.block", 16, 16, "big", 1)
MODE = Reading("tftp.mode", 32, 32, "", b"abc")
TRUTH = (BLOCK, MODE)


def compared(
    scapy: Sequence[Reading], tshark: Sequence[Reading] = TRUTH, traits: Sequence[str] = ()
) -> list[Disagreement]:
    return compare(7, FRAME, {"reference": TRUTH, "scapy": scapy, "tshark": tshark}, Tally(), traits)


def test_three_readers_that_say_the_same_have_nothing_to_report() -> None:
    assert compared(TRUTH) == []


def test_a_swapped_number_differs_in_order_and_value() -> None:
    found = compared((Reading("tftp.block", 16, 16, "little", 256), MODE))
    assert [(d.frame, d.field, d.differs, d.raw, d.offset) for d in found] == [
        (7, "tftp.block", ("order", "value"), b"\0\1", 2)
    ]
    assert found[0].says["scapy"] == Reading("tftp.block", 16, 16, "little", 256)
    assert found[0].says["tshark"] == BLOCK


def test_a_number_that_the_bytes_do_not_say_in_any_order_is_reported_even_if_all_give_it() -> None:
    lie = (Reading("tftp.block", 16, 16, "neither", 9), MODE)
    found = compare(1, FRAME, {"reference": lie, "scapy": lie, "tshark": lie}, Tally())
    assert [(d.field, d.differs) for d in found] == [("tftp.block", ("order",))]


def test_a_field_at_another_place_differs_in_offset() -> None:
    found = compared((Reading("tftp.block", 0, 16, "big", 1), MODE))
    assert [d.differs for d in found] == [("offset",)]
    assert found[0].raw == b"\0\3\0\1"


def test_a_field_that_leaves_its_terminator_out_differs_in_width() -> None:
    assert [d.differs for d in compared((BLOCK, Reading("tftp.mode", 32, 24, "", b"abc")))] == [("width",)]


def test_another_text_differs_in_value() -> None:
    assert [d.differs for d in compared((BLOCK, Reading("tftp.mode", 32, 32, "", b"abd")))] == [("value",)]


def test_silence_about_a_field_that_the_reader_knows_is_a_difference() -> None:
    found = compared((BLOCK,))
    assert [(d.field, d.differs, d.says["scapy"]) for d in found] == [("tftp.mode", ("presence",), None)]


def test_a_field_that_only_one_reader_makes_up_is_a_difference() -> None:
    found = compared((*TRUTH, Reading("tftp.data", 32, 32, "", b"abc\0")))
    assert [(d.field, d.differs) for d in found] == [("tftp.data", ("presence",))]


def test_the_second_of_three_options_is_missed_by_name_and_place() -> None:
    options = [Reading("tftp.option_name", place, 16, "", b"a") for place in (0, 16, 32)]
    tally = Tally()
    found = compare(1, FRAME, {"reference": options, "scapy": [options[0], options[2]]}, tally)
    assert [(d.differs, d.offset) for d in found] == [(("presence",), 2)]
    assert (tally.compared, tally.alone) == (2, 1)


def test_a_field_without_a_name_is_counted_as_not_read_and_never_as_equal() -> None:
    tally = Tally()
    igmp = (Reading("igmp.type", 0, 8, "", 0),)
    found = compare(1, FRAME, {"reference": igmp, "scapy": (), "tshark": igmp}, tally)
    assert found == []
    assert tally.unread == {"scapy": 1}
    assert (tally.compared, tally.given) == (1, {"reference": 1, "tshark": 1})


def test_one_reader_alone_compares_nothing() -> None:
    tally = Tally()
    assert compare(1, FRAME, {"reference": TRUTH}, tally) == []
    assert (tally.compared, tally.alone) == (0, 2)


def test_a_difference_in_value_is_never_a_known_one() -> None:
    found = compared((Reading("tftp.block", 16, 16, "little", 256), MODE), traits=("malformed", "fragment"))
    assert [d.opinion for d in found] == [None]


def test_silence_in_a_fragment_is_a_known_difference_with_its_reason() -> None:
    udp = (Reading("udp.length", 16, 16, "big", 1),)
    found = compare(1, FRAME, {"reference": (), "scapy": udp, "tshark": udp}, Tally(), ("fragment",))
    assert [d.opinion and d.opinion.key for d in found] == ["first-fragment"]
    assert [d.opinion for d in compare(1, FRAME, {"reference": (), "scapy": udp, "tshark": udp}, Tally())] == [None]


def test_the_known_silence_of_one_reader_excuses_no_difference_between_the_others() -> None:
    right, swapped = Reading("udp.length", 16, 16, "big", 1), Reading("udp.length", 16, 16, "little", 256)
    found = compare(1, FRAME, {"reference": (), "scapy": (right,), "tshark": (swapped,)}, Tally(), ("fragment",))
    assert [(d.differs, d.opinion) for d in found] == [(("presence", "order", "value"), None)]
