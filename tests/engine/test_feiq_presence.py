"""Presence as packet diagrams: who enters, who is answered and when, who is in the list."""

from __future__ import annotations

import pytest

from lab.engine.datagram import Send
from lab.engine.feiq_event import Announce, Peer, PeerCame, PeerChanged, PeerLeft
from lab.engine.feiq_peer import FeiqEngine
from lab.engine.feiq_profile import FEIQ, Habits, Identity
from lab.engine.rate import Rate
from tests.engine.feiq_stage import KLAUS, STRANGER, Stage

ENTRY = b"1:7:klaus:whoever_pc:1:Klaus\0Pilots\0"


def test_entering_sends_nooperation_and_then_the_entry_with_the_names_again_in_utf_8() -> None:
    assert Stage().engine.enter() == [
        Announce(b"1:100:lab:labhost:0:\0"),
        Announce(b"1:101:lab:labhost:16777217:Lab\0Engineers\0\nUN:lab\nHN:labhost\nNN:Lab\nGN:Engineers\0"),
    ]


def test_feiq_enters_with_its_own_version_and_without_the_utf_8_block() -> None:
    assert Stage(dialect=FEIQ).engine.enter() == [
        Announce(b"1_lbt6_0#128#024C41420001#0#0#0#4001#9:100:lab:labhost:0:\0"),
        Announce(b"1_lbt6_0#128#024C41420001#0#0#0#4001#9:101:lab:labhost:1:Lab\0Engineers\0"),
    ]


def test_an_entry_stays_in_the_local_charset_so_that_old_clients_can_read_it() -> None:
    stage = Stage(me=Identity("lab", "pc", "你好"))
    assert stage.engine.enter()[1] == Announce(
        b"1:101:lab:pc:16777217:\xc4\xe3\xba\xc3\0\0\nUN:lab\nHN:pc\nNN:\xe4\xbd\xa0\xe5\xa5\xbd\nGN:\0"
    )


def test_leaving_and_changing_are_told_to_everybody() -> None:
    engine = Stage(dialect=FEIQ).engine
    version = b"1_lbt6_0#128#024C41420001#0#0#0#4001#9"
    assert engine.change(nick="Away", absent=True) == [Announce(version + b":100:lab:labhost:260:Away\0Engineers\0")]
    assert engine.leave() == [Announce(version + b":101:lab:labhost:258:Away\0Engineers\0")]


def test_an_entry_is_answered_once_to_the_port_that_it_came_from() -> None:
    stage = Stage()
    assert stage.hear(ENTRY, STRANGER) == [Send(b"1:100:lab:labhost:16777219:Lab\0Engineers\0", STRANGER)]
    assert stage.wait(10) == []
    assert stage.seen(PeerCame) == [PeerCame(Peer(STRANGER, "klaus", "whoever_pc", "Klaus", "Pilots"))]


def test_the_answer_to_somebody_who_reads_utf_8_is_in_utf_8() -> None:
    stage = Stage(me=Identity("lab", "pc", "你好"))
    assert stage.hear(b"1:7:klaus:whoever_pc:16777217:Klaus\0\0") == [
        Send(b"1:100:lab:pc:25165827:\xe4\xbd\xa0\xe5\xa5\xbd\0\0", KLAUS)
    ]


def test_the_answer_to_somebody_who_does_not_is_in_gb18030() -> None:
    stage = Stage(me=Identity("lab", "pc", "你好"))
    assert stage.hear(ENTRY) == [Send(b"1:100:lab:pc:16777219:\xc4\xe3\xba\xc3\0\0", KLAUS)]


def test_an_absent_entrant_is_answered_with_presence_and_never_with_a_receipt() -> None:
    # 257 is BR_ENTRY|ABSENCEOPT. In a message the same bit, 0x100, would ask for a receipt.
    stage = Stage()
    assert stage.hear(b"1:7:klaus:whoever_pc:257:Klaus\0\0") == [
        Send(b"1:100:lab:labhost:16777219:Lab\0Engineers\0", KLAUS)
    ]
    assert stage.seen(PeerCame)[0].peer.absent


@pytest.mark.parametrize(
    ("mode", "what"), [(0, "NOOPERATION"), (2, "BR_EXIT"), (3, "ANSENTRY"), (4, "BR_ABSENCE"), (259, "absent ANSENTRY")]
)
def test_only_an_entry_is_answered(mode: int, what: str) -> None:
    stage = Stage()
    assert stage.hear(b"1:7:klaus:whoever_pc:%d:Klaus\0\0" % mode) == []
    assert stage.wait(10) == []


def test_the_answer_is_delayed_by_up_to_a_second_in_a_small_network() -> None:
    delays = []
    for seed in range(50):
        stage = Stage(Habits(), seed=seed)
        assert stage.hear(ENTRY) == []
        [(at_s, answer)] = stage.wait(10)
        assert answer == Send(b"1:100:lab:labhost:16777219:Lab\0Engineers\0", KLAUS)
        delays.append(at_s)
    assert 0 <= min(delays) < 0.2
    assert 0.8 < max(delays) < 1


@pytest.mark.parametrize(("peers", "longest_s"), [(48, 1), (60, 2), (299, 4)])
def test_the_more_peers_the_longer_the_answers_are_spread(peers: int, longest_s: int) -> None:
    delays = []
    for seed in range(20):
        stage = Stage(Habits(), seed=seed)
        for number in range(peers):
            stage.hear(b"1:7:user%d:pc:3:\0" % number, (f"10.77.{number // 250}.{number % 250 + 1}", 2425))
        stage.hear(ENTRY, STRANGER)
        delays += [at_s for at_s, _ in stage.wait(10)]
    assert len(delays) == 20
    assert longest_s * 0.7 < max(delays) < longest_s


def test_the_same_seed_delays_alike() -> None:
    def delay(seed: int) -> float:
        stage = Stage(Habits(), seed=seed)
        stage.hear(ENTRY)
        return stage.wait(10)[0][0]

    assert delay(1) == delay(1) != delay(2)


def test_an_entry_heard_twice_before_the_answer_is_answered_once() -> None:
    # The same entry comes by broadcast and by multicast.
    stage = Stage(Habits())
    stage.hear(ENTRY)
    stage.hear(ENTRY)
    assert len(stage.wait(10)) == 1


def test_a_peer_that_left_before_the_answer_was_due_gets_none() -> None:
    stage = Stage(Habits())
    stage.hear(ENTRY)
    stage.hear(b"1:8:klaus:whoever_pc:2:Klaus\0\0")
    assert stage.wait(10) == []


def test_entries_from_one_host_are_answered_no_more_often_than_the_rate() -> None:
    stage = Stage(Habits(answer_at_once=True, answer_rate=Rate(per_s=1, burst=2)))
    answered = [len(stage.hear(ENTRY, ("10.77.0.2", 2425 + port))) for port in range(4)]
    assert answered == [1, 1, 0, 0]


def test_our_own_broadcast_that_comes_back_is_no_peer() -> None:
    stage = Stage()
    for announced in stage.engine.enter():
        assert isinstance(announced, Announce)
        assert stage.hear(announced.data, ("10.77.0.1", 2425), None) == []
    assert stage.events == []


def test_absence_and_a_new_nickname_change_the_list() -> None:
    stage = Stage()
    stage.hear(ENTRY)
    stage.hear(b"1:8:klaus:whoever_pc:260:Klaus [away]\0Pilots\0")
    assert stage.seen(PeerChanged) == [
        PeerChanged(Peer(KLAUS, "klaus", "whoever_pc", "Klaus [away]", "Pilots", absent=True))
    ]
    stage.hear(b"1:9:klaus:whoever_pc:260:Klaus [away]\0Pilots\0")
    assert len(stage.seen(PeerChanged)) == 1


def test_a_peer_that_leaves_is_taken_off_the_list_once() -> None:
    stage = Stage()
    stage.hear(ENTRY)
    for _ in range(2):
        stage.hear(b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9:8:klaus:whoever_pc:39845890:Klaus\0\0")
    assert [event.peer.user for event in stage.seen(PeerLeft)] == ["klaus"]
    assert stage.engine.peers == []


@pytest.mark.parametrize(
    ("body", "nick", "group"),
    [
        (b"Klaus\0Pilots\0", "Klaus", "Pilots"),
        (b"Klaus\0Pilots", "Klaus", "Pilots"),
        (b"Klaus\0", "Klaus", ""),
        (b"Klaus", "Klaus", ""),
        (b"Klaus\0\0", "Klaus", ""),
        (b"\xc4\xe3\xba\xc3\0\xc7\xb1\xcb\xae\0", "你好", "潜水"),
        (b"", "", ""),
    ],
)
def test_nickname_and_group_are_split_before_they_are_decoded(body: bytes, nick: str, group: str) -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:3:" + body)
    [peer] = stage.engine.peers
    assert (peer.nick, peer.group) == (nick, group)


BLOCK = b"\xba\xc3\0G\0\nUN:klaus2\nHN:pc2\nNN:\xe4\xbd\xa0:x\nGN:\xe5\xa5\xbd\nVS:00010001:4:9:9\0"


def test_the_utf_8_block_wins_where_the_sender_says_it_reads_utf_8() -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:16777219:" + BLOCK)
    assert stage.engine.peers == [Peer(KLAUS, "klaus2", "pc2", "你:x", "好", utf8=True)]


def test_without_that_the_utf_8_block_is_not_read() -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:3:" + BLOCK)
    assert stage.engine.peers == [Peer(KLAUS, "klaus", "whoever_pc", "好", "G")]


def test_a_second_section_that_begins_with_lf_is_the_block_and_no_group() -> None:
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:16777219:Klaus\0\nNN:K2\0")
    assert stage.engine.peers == [Peer(KLAUS, "klaus", "whoever_pc", "K2", "", utf8=True)]


def test_when_the_list_is_full_the_longest_silent_peer_makes_room() -> None:
    stage = Stage(Habits(peers=2))
    for number in (1, 2, 1, 3):
        stage.hear(b"1:7:user%d:pc:3:\0" % number, (f"10.77.0.{number}", 2425))
    assert [peer.user for peer in stage.engine.peers] == ["user1", "user3"]
    assert [event.peer.user for event in stage.seen(PeerLeft)] == ["user2"]


def test_one_host_alone_can_be_asked_who_it_is() -> None:
    engine = Stage(dialect=FEIQ).engine
    version = b"1_lbt6_0#128#024C41420001#0#0#0#4001#9"
    assert engine.ask(KLAUS) == [Send(version + b":100:lab:labhost:1:Lab\0Engineers\0", KLAUS)]
    assert engine.tell_leaving(KLAUS) == [Send(version + b":101:lab:labhost:2:Lab\0Engineers\0", KLAUS)]


def test_what_would_end_a_field_is_replaced_in_our_names() -> None:
    stage = Stage(me=Identity("a:b", "c\nd", "\ne:\0f"), dialect=FEIQ)
    [announced] = stage.engine.leave()
    assert announced == Announce(b"1_lbt6_0#128#024C41420001#0#0#0#4001#9:100:a;b:c;d:2:;e;;f\0\0")


@pytest.mark.parametrize(("user", "host"), [("", "pc"), ("lab", "")])
def test_an_empty_name_is_refused_at_once(user: str, host: str) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        FeiqEngine(Identity(user, host))


def test_a_short_gbk_word_that_is_good_utf_8_too_is_read_by_the_charset_of_its_neighbours() -> None:
    # c7 b1 cb ae is 潜水 in GBK and two other letters in UTF-8; the nickname beside it is GBK only.
    stage = Stage()
    stage.hear(b"1:7:klaus:whoever_pc:3:\xc4\xe3\xba\xc3\0\xc7\xb1\xcb\xae\0")
    assert stage.engine.peers[0].group == "潜水"


def test_a_nul_inside_a_name_of_the_header_shifts_nothing() -> None:
    stage = Stage()
    stage.hear(b"1:7:k\0laus:p\0c:3:Kl:aus\0Pilots\0")
    assert stage.engine.peers == [Peer(KLAUS, "k\0laus", "p\0c", "Kl:aus", "Pilots")]


@pytest.mark.parametrize("mode", [3, 32])
def test_of_a_name_without_end_only_its_beginning_is_kept(mode: int) -> None:
    stage = Stage()
    long = b"n" * 12_000
    blocks = b"\0\nUN:" + long + b"\nHN:" + long + b"\nNN:" + long + b"\nGN:" + long
    stage.hear(b"1" + b"_" * 12_000 + b":7:" + long + b":" + long + b":%d:" % mode + long + b"\0" + long)
    stage.hear(b"1:8:klaus:whoever_pc:%d:Klaus\0" % (mode | 0x01000000) + blocks, STRANGER)
    for peer in stage.engine.peers:
        assert max(len(peer.user), len(peer.host), len(peer.nick), len(peer.group), len(peer.version)) <= 256
