"""Our client against our server over a bad network: the file is equal, or the test prints the seed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.tftp_actions import Finished
from lab.engine.tftp_terms import Wishes
from tests.engine.tftp_network import CLIENT, SERVER_TID, Network, Weather
from tests.engine.tftp_stage import CONTENT

LOCK_STEP = Wishes()
WINDOWS = Wishes(blksize=512, windowsize=8, tsize=0)
STORM = Weather(loss=0.1, copies=0.1, late=0.2)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("wishes", [LOCK_STEP, WINDOWS, Wishes(blksize=1000, windowsize=3, rollover=1)])
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 4096, 20_000])
@pytest.mark.parametrize("seed", range(6))
def test_a_file_crosses_a_bad_network_whole(write: bool, wishes: Wishes, size: int, seed: int) -> None:
    network = Network(seed, CONTENT[:size], wishes, write=write, mode=b"octet", weather=STORM).run()
    again = f"Network({seed}, CONTENT[:{size}], {wishes}, write={write}, mode=b'octet', weather={STORM})"
    assert network.received == CONTENT[:size], again
    receiver = network.server if write else network.client
    assert receiver is not None
    assert receiver.outcome == Finished(), again


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_a_text_crosses_a_bad_network_whole(write: bool, seed: int) -> None:
    text = b"one\ntwo\r\nthree\rfour\n\n\r" * 300
    network = Network(seed, text, Wishes(blksize=9, windowsize=5), write=write, mode=b"netascii", weather=STORM).run()
    assert network.received == text, f"seed {seed}"


@pytest.mark.parametrize("wishes", [LOCK_STEP, WINDOWS])
@pytest.mark.parametrize("write", [False, True])
def test_a_quiet_network_carries_each_packet_once(wishes: Wishes, write: bool) -> None:
    network = Network(0, CONTENT[:51_200], wishes, write=write, mode=b"octet", weather=Weather()).run()
    assert network.data_sent == 101
    # Besides one ACK for each window: a reader's request and, after an OACK, its ACK 0; a server's ACK 0 or OACK.
    acks = 101 if wishes is LOCK_STEP else 13
    others = 2 if wishes is WINDOWS and not write else 1
    assert network.sent[SERVER_TID if write else CLIENT] == acks + others


@pytest.mark.parametrize("wishes", [LOCK_STEP, WINDOWS])
@pytest.mark.parametrize("write", [False, True])
def test_a_network_that_copies_every_packet_does_not_make_us_copy_without_end(wishes: Wishes, write: bool) -> None:
    network = Network(0, CONTENT, wishes, write=write, mode=b"octet", weather=Weather(copies=1)).run()
    assert network.received == CONTENT
    nominal = len(CONTENT) // 512 + 1
    again = 1  # The copied request asks for block 1 a second time.
    assert network.data_sent <= again + (nominal if wishes is LOCK_STEP else 2 * nominal)


def test_block_numbers_wrap_within_windows_under_loss() -> None:
    content = bytes(range(256)) * 2050
    weather = Weather(loss=0.002, copies=0.002, late=0.002)
    network = Network(5, content, Wishes(blksize=8, windowsize=16), write=False, mode=b"octet", weather=weather).run()
    assert network.received == content


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    size=st.integers(0, 3000),
    blksize=st.integers(8, 600),
    windowsize=st.integers(1, 70),
    write=st.booleans(),
    text=st.booleans(),
)
def test_any_terms_any_size_any_seed(
    seed: int, size: int, blksize: int, windowsize: int, write: bool, text: bool
) -> None:
    content = bytes(b"\r\nab\0"[byte % 5] for byte in CONTENT[:size])
    mode = b"netascii" if text else b"octet"
    weather = Weather(loss=0.05, copies=0.1, late=0.2)
    wishes = Wishes(blksize=blksize, windowsize=windowsize)
    assert Network(seed, content, wishes, write=write, mode=mode, weather=weather).run().received == content
