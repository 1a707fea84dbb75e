"""The echo server on real sockets: the same bytes, from the port asked and from the address asked."""

from __future__ import annotations

import socket
import threading

import pytest

from lab.engine.echo import LAB_LIMITS, Refusal
from lab.peer.echo import EchoServer
from lab.peer.udp import Datagram, NotOneHost, PortBusy, Refused, UdpSocket

HOSTS = ["127.0.0.1", "::1"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("data", [b"Nice day!", b"", b"\0" * 9000], ids=["text", "empty", "fragmented"])
def test_what_was_sent_comes_back_from_the_port_asked(host: str, data: bytes) -> None:
    with EchoServer(host, limits=LAB_LIMITS) as server, UdpSocket(host) as client:
        client.send(data, server.address)
        answer = client.receive(5)
    assert answer is not None
    assert (answer.data, answer.source) == (data, server.address)


def test_a_server_bound_to_every_address_answers_from_the_one_asked() -> None:
    with EchoServer("0.0.0.0") as server, UdpSocket("127.0.0.1") as client:
        asked = ("127.9.9.9", server.address[1])
        client.send(b"x", asked)
        answer = client.receive(5)
    assert answer is not None
    assert answer.source == asked


def test_one_server_serves_both_families() -> None:
    with EchoServer(["127.0.0.1", "::1"]) as server:
        for address, host in zip(server.addresses, HOSTS, strict=True):
            with UdpSocket(host) as client:
                client.send(b"x", address)
                answer = client.receive(5)
            assert answer is not None
            assert answer.source == address


def test_an_echo_server_that_talks_to_another_gets_silence() -> None:
    with EchoServer() as server, UdpSocket("127.8.8.8", server.address[1]) as other, UdpSocket() as asker:
        other.send(b"loop", server.address)
        asker.send(b"x", server.address)
        assert asker.receive(5) is not None, "the server has read both datagrams by now"
        assert other.receive(0) is None
        assert server.refused == {Refusal.OWN_PORT: 1}
        assert server.echoed == 1


def test_an_asker_that_has_gone_does_not_stop_the_server() -> None:
    with EchoServer() as server:
        with UdpSocket() as gone:
            gone.send(b"x", server.address)
        with UdpSocket() as client:
            client.send(b"y", server.address)
            answer = client.receive(5)
    assert answer is not None
    assert answer.data == b"y"


def test_a_busy_port_is_named_and_nothing_stays_open() -> None:
    with UdpSocket("127.0.0.1") as holder:
        server = EchoServer(["127.0.0.2", "127.0.0.1"], holder.address[1])
        with pytest.raises(PortBusy, match=f"UDP port {holder.address[1]} on 127.0.0.1"):
            server.start()
        UdpSocket("127.0.0.2", holder.address[1]).close()


def test_a_stopped_server_gives_its_port_back_and_can_start_again() -> None:
    server = EchoServer()
    address = server.start()
    server.stop()
    server.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(address)
    server.start()
    server.stop()


def test_a_datagram_sent_to_everybody_is_not_echoed() -> None:
    with EchoServer("0.0.0.0") as server, UdpSocket("127.0.0.1", interface="lo") as asker:
        asker.send(b"to all", ("127.255.255.255", server.address[1]))
        asker.send(b"to one", ("127.0.0.1", server.address[1]))
        answer = asker.receive(5)
        assert answer is not None
        assert answer.data == b"to one"
        assert server.refused == {Refusal.NOT_FOR_ONE: 1}


@pytest.mark.parametrize("error", [NotOneHost("forged"), OSError(92, "protocol"), Refused(111, ("127.0.0.1", 9))])
def test_no_word_of_the_network_ends_the_server(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    receive, errors = UdpSocket.receive, [error]

    def once(sock: UdpSocket, timeout_s: float | None = 0.0) -> Datagram | None:
        if threading.current_thread().name == "echo" and errors:
            raise errors.pop()
        return receive(sock, timeout_s)

    monkeypatch.setattr(UdpSocket, "receive", once)
    with EchoServer() as echo, UdpSocket() as client:
        client.send(b"still there?", echo.address)
        answer = client.receive(5)
    assert answer is not None
    assert errors == []
