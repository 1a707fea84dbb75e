"""The FeiQ peer on real sockets: two peers, and one peer against bare datagrams."""

from __future__ import annotations

import threading

import pytest

from lab.engine.datagram import Address
from lab.engine.feiq_event import Delivered, Event, MessageCame, PeerCame, PeerChanged, PeerLeft, Undelivered
from lab.engine.feiq_profile import FEIQ, LAB_HABITS, Habits
from lab.peer.feiq import FeiqPeer
from lab.peer.udp import PortBusy, UdpSocket
from lab.wire.error import BuildError

HOSTS = ["127.0.0.1", "::1"]


def peer(host: str = "127.0.0.1", name: str = "lab", **more: object) -> FeiqPeer:
    return FeiqPeer(name, "labhost", name.title(), bind=host, port=0, habits=LAB_HABITS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", HOSTS)
def test_two_peers_meet_talk_and_part(host: str) -> None:
    with peer(host) as lab, peer(host, "klaus") as klaus:
        klaus.ask(*lab.address)
        assert klaus.wait_for(lambda event: isinstance(event, PeerCame), 5)
        assert [(known.user, known.nick, known.address) for known in klaus.peers] == [("lab", "Lab", lab.address)]
        assert [known.user for known in lab.peers] == ["klaus"]
        number = klaus.send(lab.address[0], "你好，世界", lab.address[1])
        assert klaus.delivered(number, 5)
        assert [event.text for event in lab.events if isinstance(event, MessageCame)] == ["你好，世界"]
        klaus.tell_leaving(lab.address)
        assert lab.wait_for(lambda event: isinstance(event, PeerLeft), 5)
        assert lab.peers == []


@pytest.mark.parametrize("host", HOSTS)
def test_the_answer_goes_to_the_port_that_asked(host: str) -> None:
    with peer(host, dialect=FEIQ) as lab, UdpSocket(host) as asker:
        asker.send(b"1:1238605487:klaus:whoever_pc:1:Klaus\0\0", lab.address)
        answer = asker.receive(5)
        assert answer is not None
        assert answer.source == lab.address
        assert answer.data.startswith(b"1_lbt6_0#128#024C41420001#0#0#0#4001#9:")
        assert answer.data.endswith(b":lab:labhost:3:Lab\0\0")


def test_a_peer_told_whom_to_tell_announces_itself_there_and_takes_its_leave() -> None:
    with UdpSocket() as other:
        with peer(announce_to=[other.address]) as lab:
            said = [other.receive(5), other.receive(5)]
            lab.change(nick="Away", absent=True)
            said.append(other.receive(5))
        said.append(other.receive(5))
    codes = [None if datagram is None else datagram.data.split(b":")[4] for datagram in said]
    assert codes == [b"0", b"16777217", b"16777476", b"16777474"]


def test_a_peer_with_no_interface_named_broadcasts_to_nobody() -> None:
    with UdpSocket("0.0.0.0") as everybody, UdpSocket() as asker:
        with FeiqPeer("lab", "labhost", bind="127.0.0.1", port=0) as lab:
            assert lab._everybody() == []
        asker.send(b"x", ("127.0.0.1", everybody.address[1]))
        heard = everybody.receive(5)
        assert heard is not None
        assert heard.data == b"x"


def test_on_a_named_interface_presence_reaches_others_by_broadcast_and_multicast_and_not_oneself() -> None:
    with UdpSocket("0.0.0.0", interface="lo") as free:
        port = free.address[1]
        free.join("226.81.9.8", "lo")
        lab = FeiqPeer("lab", "labhost", bind="127.0.0.1", port=0, interface="lo", dialect=FEIQ, habits=LAB_HABITS)
        lab._everybody = lambda: [("127.255.255.255", port), ("226.81.9.8", port)]  # type: ignore[method-assign]
        with lab:
            heard = [free.receive(5) for _ in range(4)]
            assert lab.events == []
    assert [datagram and (datagram.data.split(b":")[4], datagram.asked) for datagram in heard] == [
        (b"0", None), (b"0", None), (b"1", None), (b"1", None),
    ]  # fmt: skip


def test_the_targets_of_presence_are_broadcast_and_the_dialects_own_groups() -> None:
    def targets(**more: object) -> list[Address]:
        lab = FeiqPeer("lab", "labhost", interface="lo", **more)  # type: ignore[arg-type]
        lab.addresses = [("0.0.0.0", 2425), ("::", 2425)]
        return lab._everybody()

    assert targets() == [("255.255.255.255", 2425), ("ff15::979", 2425)]
    assert targets(dialect=FEIQ) == [("255.255.255.255", 2425), ("226.81.9.8", 2425), ("ff15::979", 2425)]


def test_a_message_nobody_receipts_is_repeated_and_then_given_up() -> None:
    habits = Habits(resends=2, resend_interval_s=0.02)
    with FeiqPeer("lab", "labhost", port=0, habits=habits) as lab, UdpSocket() as deaf:
        number = lab.send(deaf.address[0], "Hello", deaf.address[1])
        assert not lab.delivered(number, 5)
        heard = [deaf.receive(1) for _ in range(3)]
        assert {datagram.data for datagram in heard if datagram} == {b"1:%d:lab:labhost:288:Hello\0" % number}
        assert deaf.receive(0.1) is None
        assert lab.events == [Undelivered(number, deaf.address, transmissions=3)]


def test_a_message_to_a_closed_port_is_repeated_like_any_other() -> None:
    # The ICMP error for the first try must not eat the second.
    habits = Habits(resends=3, resend_interval_s=0.05)
    with UdpSocket() as reserved:
        address = reserved.address
    with FeiqPeer("lab", "labhost", port=0, habits=habits) as lab:
        number = lab.send(address[0], "Hello", address[1])
        late = peer()
        late._server._binds = [address]
        with late:
            assert lab.delivered(number, 5)
        assert isinstance(lab.events[-1], Delivered)


def test_events_are_told_as_they_happen() -> None:
    told: list[Event] = []
    came = threading.Event()

    def tell(event: Event) -> None:
        told.append(event)
        came.set()

    with peer(on_event=tell) as lab, UdpSocket() as klaus:
        klaus.send(b"1:1:klaus:whoever_pc:3:Klaus\0\0", lab.address)
        assert came.wait(5)
        came.clear()
        klaus.send(b"1:2:klaus:whoever_pc:260:Gone\0\0", lab.address)
        assert came.wait(5)
        assert [type(event) for event in told] == [PeerCame, PeerChanged]


def test_a_callback_may_answer_a_message() -> None:
    with UdpSocket() as klaus:

        def answer(event: Event) -> None:
            if isinstance(event, MessageCame):
                lab.send(event.peer.address[0], "echo " + event.text, event.peer.address[1], check=False)

        with peer(on_event=answer) as lab:
            klaus.send(b"1:1:klaus:whoever_pc:32:Nice day!", lab.address)
            heard = klaus.receive(5)
    assert heard is not None
    assert heard.data.endswith(b":lab:labhost:32:echo Nice day!\0")


def test_text_that_cannot_be_written_is_refused_before_anything_is_sent() -> None:
    with peer() as lab, UdpSocket() as klaus:
        with pytest.raises(BuildError, match="gbk"):
            lab.send(klaus.address[0], "🙂", klaus.address[1], charset="gbk")
        assert klaus.receive(0.05) is None


def test_a_busy_port_is_named() -> None:
    with UdpSocket() as holder, pytest.raises(PortBusy):
        FeiqPeer("lab", "labhost", port=holder.address[1]).start()


def test_hostile_datagrams_leave_the_peer_answering() -> None:
    with peer() as lab, UdpSocket() as klaus:
        for data in (b"", b"\xff" * 65_507, b":" * 1000, b"1:1:a:b:%d:" % 0xFFFFFFFF, b"1:1:a:b:32:" + b"\0" * 60_000):
            klaus.send(data, lab.address)
        klaus.send(b"1:9:klaus:whoever_pc:288:still there?\0", lab.address)
        answer = klaus.receive(5)
        assert answer is not None
        assert answer.data.endswith(b":33:9\0")
