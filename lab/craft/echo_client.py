"""UDP echo (RFC 862) from a crafted station: the same bytes come back, from the address and port that were asked."""

from __future__ import annotations

from dataclasses import dataclass

from lab.craft.error import NoAnswer, Unexpected
from lab.craft.station import Datagram, Endpoint


@dataclass(frozen=True, slots=True)
class Echo:
    """One exchange that held. `round_trip_ns` is on the link's clock."""

    sent: bytes
    answer: Datagram
    round_trip_ns: int


def exchange(endpoint: Endpoint, server: str, payload: bytes, *, port: int = 7, timeout_s: float = 2.0) -> Echo:
    """Sends `payload` once and waits for it.

    Raises NoAnswer after `timeout_s`, Unexpected when other bytes come back or another port answers.
    """
    start_ns, complaints_before = endpoint.station.now_ns(), len(endpoint.station.icmp_errors)
    endpoint.send(server, port, payload)
    answer = endpoint.receive(timeout_s)
    if answer is None:
        complaints = endpoint.station.complaints(complaints_before)
        raise NoAnswer(f"no echo from {server} port {port} within {timeout_s:g} s{complaints}")
    if (answer.source, answer.source_port) != (server, port):
        raise Unexpected(
            f"asked {server} port {port}, but {answer.source} port {answer.source_port} answered", answer.frame
        )
    if answer.payload != payload:
        raise Unexpected(f"sent {payload[:32]!r}, but {answer.payload[:32]!r} came back", answer.frame)
    return Echo(payload, answer, endpoint.station.now_ns() - start_ns)
