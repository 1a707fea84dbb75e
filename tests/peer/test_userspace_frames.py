"""The user-space host as frame diagrams: each frame in, and what comes back, as literal bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.peer.userspace_frames import Arrival, Frames
from lab.wire.frame import dissect

STATION_MAC = "024c41420002"
HOST_MAC = "024c41420001"


def h(digits: str) -> bytes:
    return bytes.fromhex(digits)


# RFC 768 datagram "hi" from 10.77.0.2:40000 to 10.77.0.1:7; 28 + 2 bytes, identification 1, TTL 64.
UDP4 = h(f"{HOST_MAC} {STATION_MAC} 0800 4500001e 00010000 40116632 0a4d0002 0a4d0001 9c400007 000ae68c 6869")
# The same between fd77::2 and fd77::1.
UDP6 = h(
    f"{HOST_MAC} {STATION_MAC} 86dd 60000000 000a1140 fd770000000000000000000000000002"
    " fd770000000000000000000000000001 9c400007 000a0037 6869"
)


def host() -> Frames:
    return Frames("02:4c:41:42:00:01", "10.77.0.1", "fd77::1")


def clean(frame: bytes) -> None:
    """A frame of ours has every length and checksum right."""
    found = dissect(frame)
    assert found.error is None
    assert found.notes == ()


def test_the_literals_of_this_test_are_right() -> None:
    for frame in (UDP4, UDP6):
        clean(frame)


def test_an_arp_request_for_the_host_is_answered() -> None:
    asked = h(f"ffffffffffff {STATION_MAC} 0806 0001 0800 06 04 0001 {STATION_MAC} 0a4d0002 000000000000 0a4d0001")
    assert host().take(asked) == (
        [h(f"{STATION_MAC} {HOST_MAC} 0806 0001 0800 06 04 0002 {HOST_MAC} 0a4d0001 {STATION_MAC} 0a4d0002")],
        None,
    )


def test_an_arp_request_for_somebody_else_is_not() -> None:
    asked = h(f"ffffffffffff {STATION_MAC} 0806 0001 0800 06 04 0001 {STATION_MAC} 0a4d0002 000000000000 0a4d0003")
    assert host().take(asked) == ([], None)


SOLICITED = h(
    f"3333ff000001 {STATION_MAC} 86dd 60000000 00203aff fd770000000000000000000000000002"
    f" ff0200000000000000000001ff000001 8700 3b1b 00000000 fd770000000000000000000000000001 0101 {STATION_MAC}"
)


def test_a_neighbour_solicitation_is_answered_solicited_and_override() -> None:
    clean(SOLICITED)
    [answer], arrival = host().take(SOLICITED)
    assert arrival is None
    assert answer == h(
        f"{STATION_MAC} {HOST_MAC} 86dd 60000000 00203aff fd770000000000000000000000000001"
        f" fd770000000000000000000000000002 8800 d9a8 60000000 fd770000000000000000000000000001 0201 {HOST_MAC}"
    )
    clean(answer)


def test_a_solicitation_that_a_router_could_have_forwarded_is_not_answered() -> None:
    routed = bytearray(SOLICITED)
    routed[21] = 254
    assert host().take(bytes(routed)) == ([], None)


def test_a_udp_datagram_is_handed_up_from_either_ip_version() -> None:
    assert host().take(UDP4) == ([], Arrival(("10.77.0.2", 40000), ("10.77.0.1", 7), b"hi", UDP4[14:], to_many=False))
    assert host().take(UDP6) == ([], Arrival(("fd77::2", 40000), ("fd77::1", 7), b"hi", UDP6[14:], to_many=False))


def test_padding_after_the_packet_is_not_data() -> None:
    _, arrival = host().take(UDP4 + b"\xa5" * 16)
    assert arrival is not None
    assert arrival.payload == b"hi"


def test_a_wrong_checksum_anywhere_drops_the_datagram() -> None:
    for frame, place in ((UDP4, 24), (UDP4, 40), (UDP4, 42), (UDP6, 60), (UDP6, 62)):
        broken = bytearray(frame)
        broken[place] ^= 0x40
        assert host().take(bytes(broken)) == ([], None), f"byte {place}"


def test_no_checksum_is_allowed_over_ipv4_and_not_over_ipv6() -> None:
    assert host().take(UDP4[:40] + b"\0\0" + UDP4[42:])[1] is not None
    assert host().take(UDP6[:60] + b"\0\0" + UDP6[62:])[1] is None


def test_a_frame_for_another_mac_address_is_not_ours() -> None:
    assert host().take(h("024c41420009") + UDP4[6:]) == ([], None)


def test_our_datagram_goes_to_the_mac_address_that_the_station_used() -> None:
    mine = host()
    mine.take(UDP4)
    mine.take(UDP6)
    assert mine.datagram(7, ("10.77.0.2", 40000), b"hi") == [
        h(f"{STATION_MAC} {HOST_MAC} 0800 4500001e 00010000 40116632 0a4d0001 0a4d0002 00079c40 000ae68c 6869")
    ]
    assert mine.datagram(7, ("fd77::2", 40000), b"hi") == [
        h(
            f"{STATION_MAC} {HOST_MAC} 86dd 60000000 000a1140 fd770000000000000000000000000001"
            " fd770000000000000000000000000002 00079c40 000a0037 6869"
        )
    ]


def test_a_host_never_heard_of_cannot_be_reached() -> None:
    assert host().datagram(7, ("10.77.0.2", 40000), b"hi") == []


def test_nobody_listening_is_told_by_icmp_with_the_packet_quoted() -> None:
    mine = host()
    for frame, place, head in ((UDP4, 34, "0303"), (UDP6, 54, "0104")):
        _, arrival = mine.take(frame)
        assert arrival is not None
        [error] = mine.unreachable(arrival)
        clean(error)
        assert error[place : place + 2] == h(head)
        assert error[place + 8 :] == frame[14:]


def test_a_long_datagram_is_cut_into_fragments_that_the_other_side_puts_together() -> None:
    payload = bytes(range(256)) * 12
    for address, frame in ((("10.77.0.2", 40000), UDP4), (("fd77::2", 40000), UDP6)):
        mine = host()
        mine.take(frame)
        frames = mine.datagram(7, address, payload)
        assert [len(piece) <= 1514 for piece in frames] == [True, True, True]
        other = Frames("02:4c:41:42:00:02", "10.77.0.2", "fd77::2")
        arrivals = [other.take(piece)[1] for piece in frames[::-1]]
        assert arrivals[:2] == [None, None]
        assert arrivals[2] is not None
        assert (arrivals[2].payload, arrivals[2].destination) == (payload, address)


def test_fragments_whose_rest_never_comes_do_not_pile_up() -> None:
    mine = host()
    mine.take(UDP4)
    first = mine.datagram(7, ("10.77.0.2", 40000), bytes(3000))[0]
    other = Frames("02:4c:41:42:00:02", "10.77.0.2", "fd77::2")
    for number in range(1000):
        piece = mine.datagram(7, ("10.77.0.2", 40000), bytes(3000 + number % 8))[0]
        assert other.take(piece)[1] is None
    assert len(other._pieces) <= 64
    assert other.take(first)[1] is None


@given(head=st.sampled_from([UDP4, UDP6, SOLICITED]), place=st.integers(0, 90), noise=st.binary(max_size=40))
def test_whatever_frame_comes_the_host_does_not_break(head: bytes, place: int, noise: bytes) -> None:
    mine = host()
    answers, arrival = mine.take(head[:place] + noise + head[place + len(noise) :])
    for answer in answers + ([] if arrival is None else mine.unreachable(arrival)):
        clean(answer)
