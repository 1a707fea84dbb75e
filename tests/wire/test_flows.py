"""Which application a datagram belongs to: ports are hints, well-formed requests are knowledge."""

from __future__ import annotations

from lab.wire import flows as flows_module
from lab.wire.flows import Flows

CLIENT, SERVER, STRANGER = bytes([10, 77, 0, 2]), bytes([10, 77, 0, 1]), bytes([10, 77, 0, 3])
CLIENT6, SERVER6 = bytes(15) + b"\2", bytes(15) + b"\1"
REQUEST = b"\0\1file\0octet\0"
DATA = b"\0\3\0\1x"


def test_well_known_ports_name_the_application_in_both_directions():
    for port, name in ((69, "tftp"), (2425, "feiq"), (7, "echo")):
        assert Flows().application((CLIENT, 40000), (SERVER, port), b"?") == name
        assert Flows().application((SERVER, port), (CLIENT, 40000), b"?") == name
    assert Flows().application((CLIENT, 40000), (SERVER, 40001), b"?") == ""


def test_a_transfer_is_followed_away_from_the_well_known_port():
    flows = Flows()
    assert flows.application((SERVER, 50001), (CLIENT, 50000), DATA) == ""
    assert flows.application((CLIENT, 50000), (SERVER, 69), REQUEST) == "tftp"
    assert flows.application((SERVER, 50001), (CLIENT, 50000), DATA) == "tftp"
    assert flows.application((CLIENT, 50000), (SERVER, 50001), b"\0\4\0\1") == "tftp"
    assert flows.application((SERVER, 50003), (CLIENT, 50002), DATA) == ""
    assert flows.application((SERVER, 50003), (SERVER, 50000), DATA) == ""


def test_a_stranger_who_finds_the_servers_port_speaks_tftp_too():
    flows = Flows()
    flows.application((CLIENT, 50000), (SERVER, 69), REQUEST)
    assert flows.application((STRANGER, 40000), (SERVER, 50001), b"\0\4\0\1") == ""
    flows.application((SERVER, 50001), (CLIENT, 50000), DATA)
    assert flows.application((STRANGER, 40000), (SERVER, 50001), b"\0\4\0\1") == "tftp"
    assert flows.application((SERVER, 50001), (STRANGER, 40000), b"\0\5\0\5\0") == "tftp"
    assert flows.application((STRANGER, 40000), (SERVER, 50002), b"\0\4\0\1") == ""


def test_a_stranger_who_speaks_to_a_client_does_not_become_a_server():
    flows = Flows()
    flows.application((CLIENT, 50000), (SERVER, 69), REQUEST)
    assert flows.application((STRANGER, 40000), (CLIENT, 50000), DATA) == "tftp"
    assert flows.application((SERVER, 1234), (STRANGER, 40000), DATA) == ""


def test_a_transfer_over_ipv6_is_followed_too():
    flows = Flows()
    flows.application((CLIENT6, 50000), (SERVER6, 69), REQUEST)
    assert flows.application((SERVER6, 50001), (CLIENT6, 50000), DATA) == "tftp"
    assert flows.application((SERVER, 50001), (CLIENT, 50000), DATA) == ""


def test_a_request_counts_on_any_port_when_it_is_well_formed():
    flows = Flows()
    assert flows.application((CLIENT, 50000), (SERVER, 6969), b"\0\2file\0NetASCII\0blksize\x001024\0") == "tftp"
    assert flows.application((SERVER, 6969), (CLIENT, 50000), DATA) == "tftp"


def test_what_only_looks_like_a_request_teaches_nothing():
    for payload in (b"\0\1file\0octet", b"\0\1file\0binary\0", b"\0\3file\0octet\0", b"\0\1file\0octet\0odd\0", b""):
        flows = Flows()
        assert flows.application((CLIENT, 50000), (SERVER, 6969), payload) == ""
        assert flows.application((SERVER, 6969), (CLIENT, 50000), DATA) == ""


def test_a_request_to_the_echo_port_is_only_an_echo():
    flows = Flows()
    assert flows.application((CLIENT, 50000), (SERVER, 7), REQUEST) == "echo"
    assert flows.application((SERVER, 7), (CLIENT, 50000), REQUEST) == "echo"
    assert flows.application((SERVER, 50001), (CLIENT, 50000), DATA) == ""


def test_ports_can_be_moved():
    flows = Flows(tftp_ports={6969}, feiq_ports=(), echo_ports=[7007])
    assert flows.application((CLIENT, 40000), (SERVER, 6969), b"?") == "tftp"
    assert flows.application((CLIENT, 40000), (SERVER, 69), b"?") == ""
    assert flows.application((CLIENT, 40000), (SERVER, 2425), b"?") == ""
    assert flows.application((CLIENT, 40000), (SERVER, 7007), b"?") == "echo"


def test_the_oldest_client_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(flows_module, "MOST_REMEMBERED", 2)
    flows = Flows()
    for port in (1001, 1002, 1001, 1003):
        flows.application((CLIENT, port), (SERVER, 69), REQUEST)
    known = [port for port in (1001, 1002, 1003) if flows.application((SERVER, port), (CLIENT, port), DATA)]
    assert known == [1001, 1003]
