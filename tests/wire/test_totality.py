"""Any bytes into any reader: a packet that builds to the same bytes, or a WireError. Into dissect: always an answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.wire import arp, ethernet, feiq, icmp, icmpv6, igmp, ipv4, ipv6, mld, tcp, tftp, udp, vlan
from lab.wire import ipv6_extensions as extensions
from lab.wire.error import WireError
from lab.wire.field import Reader
from lab.wire.flows import Flows
from lab.wire.frame import MOST_LAYERS, STARTS, dissect, rebuild

from .conftest import VECTORS, read_vector

VECTOR_BYTES = [read_vector(path).data for path in sorted(VECTORS.glob("*.txt"))]


def whole(read):
    """A strict parse for what only ever stands inside something else."""

    def parse(data):
        reader = Reader(data, "extension", record=False)
        packet = read(reader)
        reader.finish()
        return packet

    return parse


def attempt(parse, data):
    try:
        return parse(data), None
    except WireError as error:
        return None, error


PARSES = {
    "ethernet": ethernet.parse,
    "vlan": vlan.parse,
    "arp": arp.parse,
    "ipv4": ipv4.parse,
    "ipv6": ipv6.parse,
    "options": whole(extensions.Options.read),
    "routing": whole(extensions.Routing.read),
    "fragment": whole(extensions.Fragment.read),
    "authentication": whole(extensions.Authentication.read),
    "icmp": icmp.parse,
    "icmpv6": icmpv6.parse,
    "mld": mld.parse,
    "igmp": igmp.parse,
    "tcp": tcp.parse,
    "udp": udp.parse,
    "tftp": tftp.parse,
    "feiq": feiq.parse,
}
# First bytes that get a reader past its first question, so that the rest of it is tried as well.
OPENINGS = {
    "ipv4": [b"\x45", b"\x46", b"\x4f"],
    "ipv6": [b"\x60"],
    "icmp": [bytes((n,)) for n in (0, 3, 4, 5, 8, 11, 12, 13)],
    "icmpv6": [bytes((n,)) for n in (1, 2, 3, 4, 128, 129, *range(130, 138), 143)],
    "mld": [bytes((n,)) for n in (130, 131, 132, 143)],
    "igmp": [b"\x11", b"\x12", b"\x16", b"\x17", b"\x22"],
    "tftp": [b"\0" + bytes((n,)) for n in range(8)],
    "feiq": [b"1:2:u:h:32:", b"1:2:u:h:2097184:a\0", b"1:2::h:1:", b"1_lbt6_0#1#2#3#4#5#6:2:u:h:35:", b"1:2:u:h:192:"],
}


def some_bytes(name):
    opening = st.sampled_from([b"", *OPENINGS.get(name, [])])
    return st.tuples(opening, st.binary(max_size=120)).map(b"".join)


@st.composite
def damaged_vectors(draw):
    """A vector with a few bytes changed, cut off or added: nearly right is where readers go wrong."""
    data = bytearray(draw(st.sampled_from(VECTOR_BYTES)))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=8))


@pytest.mark.parametrize("name", PARSES)
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_reader_loses_nothing_or_says_what_is_wrong(name, source):
    data = source.draw(some_bytes(name) | damaged_vectors())
    packet, error = attempt(PARSES[name], data)
    if error is not None:
        assert 0 <= error.offset <= len(data)
        assert error.field
        return
    assert packet.build() == data
    assert PARSES[name](packet.build()) == packet


@given(st.binary(max_size=200) | damaged_vectors(), st.sampled_from(STARTS))
@settings(max_examples=1000, deadline=None)
def test_every_byte_is_in_exactly_one_field_whatever_the_bytes(data, start):
    dissection = dissect(data, start)
    place = 0
    for field in dissection.fields:
        assert field.offset == place
        assert field.raw == data[place : field.end]
        assert field.width > 0
        place = field.end
    assert place == len(data)
    for layer in dissection.layers:
        assert 0 <= layer.offset <= layer.end <= len(data)
    if dissection.error is None:
        assert rebuild(dissection) == data
    else:
        assert 0 <= dissection.error.offset <= len(data)


@given(st.lists(damaged_vectors(), max_size=20))
@settings(max_examples=50, deadline=None)
def test_what_earlier_frames_taught_breaks_no_later_one(frames):
    flows = Flows()
    for data in frames:
        assert b"".join(field.raw for field in dissect(data, flows=flows).fields) == data


def test_a_frame_of_nothing_but_vlan_tags_ends_the_walk_and_not_the_program():
    tag = b"\x81\x00\x00\x01"
    dissection = dissect(bytes(12) + tag * 5000)
    assert len(dissection.layers) == MOST_LAYERS
    assert dissection.error is not None
    assert dissection.error.wanted == f"at most {MOST_LAYERS} layers"


def test_an_unknown_start_is_our_own_mistake():
    with pytest.raises(ValueError, match="start must be one of ethernet, ipv4"):
        dissect(b"", "ftp")
