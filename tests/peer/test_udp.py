"""UDP on real sockets: addresses, refusals, and the one rule about sending to many."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from lab.peer.udp import (
    NotOneHost,
    PortBusy,
    Refused,
    UdpSocket,
    address_of,
    exchange,
    listen,
    own_address_for,
    resolve,
    send,
)
from lab.peer.udp_server import UdpServer

HOSTS = ["127.0.0.1", "::1"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_datagram_arrives_with_its_source_and_the_address_it_was_sent_to(host: str) -> None:
    with UdpSocket(host) as receiver, UdpSocket(host) as sender:
        sender.send(b"Nice day!", receiver.address)
        datagram = receiver.receive(5)
    assert datagram is not None
    assert (datagram.data, datagram.source, datagram.asked) == (b"Nice day!", sender.address, host)


@pytest.mark.parametrize("host", HOSTS)
def test_a_bound_port_is_the_source_port(host: str) -> None:
    with UdpSocket(host) as free:
        port = free.address[1]
    with UdpSocket(host) as receiver:
        send(*receiver.address, b"x", bind_port=port)
        datagram = receiver.receive(5)
    assert datagram is not None
    assert datagram.source[1] == port


def test_a_socket_on_every_address_says_which_one_was_asked() -> None:
    with UdpSocket("0.0.0.0") as receiver, UdpSocket() as sender:
        sender.send(b"x", ("127.3.3.3", receiver.address[1]))
        datagram = receiver.receive(5)
    assert datagram is not None
    assert datagram.asked == "127.3.3.3"


def test_a_datagram_to_everybody_has_no_asked_address() -> None:
    with UdpSocket("0.0.0.0") as receiver, UdpSocket("127.0.0.1", interface="lo") as sender:
        sender.send(b"x", ("127.255.255.255", receiver.address[1]))
        datagram = receiver.receive(5)
    assert datagram is not None
    assert datagram.asked is None


@pytest.mark.parametrize("host", HOSTS)
def test_a_closed_port_is_a_refusal_that_names_the_address(host: str) -> None:
    with UdpSocket(host) as gone:
        address = gone.address
    with pytest.raises(Refused, match="nobody listens on that port") as caught:
        exchange(*address, b"x", wait_s=5)
    assert caught.value.to == address
    assert caught.value.errno == errno.ECONNREFUSED


def test_the_refusal_of_one_datagram_does_not_cost_a_server_the_next() -> None:
    """The kernel reports an ICMP error at the next call on the socket, whatever that call is about."""
    with UdpSocket() as gone:
        nobody = gone.address
    server = UdpServer(lambda _: pytest.fail("it does not serve"), [], name="test")
    with UdpSocket() as sock, UdpSocket() as peer:
        server.sockets.append(sock)
        server.send(b"1", nobody)
        server.send(b"2", peer.address)
        arrived = peer.receive(5)
    assert arrived is not None
    assert arrived.data == b"2"
    assert server.refused == {nobody}


@pytest.mark.parametrize("host", HOSTS)
def test_a_busy_port_is_told_apart_and_named(host: str) -> None:
    with UdpSocket(host) as holder, pytest.raises(PortBusy) as caught:
        UdpSocket(*holder.address)
    assert (caught.value.host, caught.value.port) == holder.address


def test_an_answer_from_another_port_of_the_host_asked_counts() -> None:
    # A TFTP server answers so.
    with UdpSocket() as asked, UdpSocket() as other, UdpSocket() as sender:
        sender.send(b"x", asked.address)
        request = asked.receive(5)
        assert request is not None
        other.send(b"answer", request.source)
        answer = sender.receive(5)
    assert answer is not None
    assert answer.source == other.address


def test_waiting_in_vain_ends_in_time_and_with_no_answer() -> None:
    with UdpSocket() as silent:
        result = exchange(*silent.address, b"x", wait_s=0.05)
    assert result.answer is None
    assert 0.05e9 <= result.elapsed_ns < 1e9


@pytest.mark.parametrize("host", ["255.255.255.255", "224.0.0.1", "ff02::1", "0.0.0.0", "::"])
def test_nothing_is_sent_to_many_without_an_interface(host: str) -> None:
    with pytest.raises(NotOneHost):
        send(host, 9, b"x")


def test_a_directed_broadcast_without_an_interface_is_refused_by_the_kernel() -> None:
    with pytest.raises(NotOneHost):
        send("127.255.255.255", 9, b"x")


def test_multicast_goes_out_of_the_named_interface_alone_with_a_ttl_of_one() -> None:
    with UdpSocket("0.0.0.0", interface="lo") as receiver:
        receiver.join("226.81.9.8", "lo")
        with socket.socket(fileno=socket.dup(receiver.fileno())) as raw:
            raw.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
            send("226.81.9.8", receiver.address[1], b"all", interface="lo")
            raw.settimeout(5)
            data, ancillary, _, _ = raw.recvmsg(100, 200)
    assert data == b"all"
    assert (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("@i", 1)) in ancillary


def test_an_interface_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(OSError, match="No such device"):
        UdpSocket("127.0.0.1", interface="nonesuch0")


def test_listening_ends_after_the_count() -> None:
    with UdpSocket() as receiver, UdpSocket() as sender:
        for word in (b"1", b"2", b"3"):
            sender.send(word, receiver.address)
        assert [datagram.data for datagram in listen(receiver, count=2)] == [b"1", b"2"]
        assert [datagram.data for datagram in listen(receiver, count=1, seconds=5)] == [b"3"]
        assert list(listen(receiver, seconds=0.05)) == []


def test_the_largest_datagram_arrives_whole() -> None:
    with UdpSocket() as receiver, UdpSocket() as sender:
        sender.send(b"\xa5" * 65_507, receiver.address)
        datagram = receiver.receive(5)
        assert datagram is not None
        assert datagram.data == b"\xa5" * 65_507
        with pytest.raises(Refused, match="too long"):
            sender.send(b"\xa5" * 65_508, receiver.address)


def test_names_become_the_addresses_that_packets_carry() -> None:
    assert address_of("127.1", 7) == ("127.0.0.1", 7)
    assert address_of("0:0::1", 7) == ("::1", 7)
    assert own_address_for("127.9.9.9", 7) == "127.0.0.1"
    assert own_address_for("::1", 7) == "::1"
    with pytest.raises(socket.gaierror):
        resolve("no.such.host.invalid", 7)


def test_a_link_local_address_keeps_its_scope() -> None:
    lo = socket.if_nametoindex("lo")
    assert address_of("fe80::1%lo", 7) == (f"fe80::1%{lo}", 7)
    assert resolve(f"fe80::1%{lo}", 7)[1] == ("fe80::1", 7, 0, lo)
