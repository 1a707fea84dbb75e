"""Client and server engine on one virtual clock, with a network between them that loses, copies and delays."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from lab.engine.datagram import Address, Send
from lab.engine.tftp_actions import Action, Failed, Finished, OpenFile, Publish, SendRun, Store
from lab.engine.tftp_client import TftpClient
from lab.engine.tftp_reading import read_request
from lab.engine.tftp_session import TftpSession
from lab.engine.tftp_terms import Wishes
from tests.engine.tftp_stage import CLIENT, SERVER, SERVER_TID


@dataclass(frozen=True)
class Weather:
    """Shares of packets lost, sent twice, and delayed by up to 30 ms more than the usual one."""

    loss: float = 0
    copies: float = 0
    late: float = 0


@dataclass
class Side:
    engine: TftpClient | TftpSession
    address: Address
    source: bytes | None
    read: int = 0
    file: bytearray = field(default_factory=bytearray)
    outcome: Action | None = None


class Network:
    """One transfer. `sent` counts packets by the side that sent them, before the network had its way."""

    def __init__(
        self, seed: int, content: bytes, wishes: Wishes, *, write: bool, mode: bytes, weather: Weather
    ) -> None:
        self.now_ns = 0
        self.sent = {CLIENT: 0, SERVER_TID: 0}
        self.data_sent = 0
        self._random = random.Random(seed)
        self._weather = weather
        self._content = content
        self._write = write
        self._flying: list[tuple[int, int, bytes, Address, Address]] = []
        self._count = 0
        client = TftpClient(0, SERVER, b"f", write=write, mode=mode, wishes=wishes)
        self.client = Side(client, CLIENT, content if write else None)
        self.server: Side | None = None
        self._do(self.client, client.start(0))

    def run(self) -> Network:
        """Until both are done."""
        for _ in range(2_000_000):
            sides = [side for side in (self.client, self.server) if side is not None and not side.engine.done]
            deadlines = [side.engine.deadline_ns for side in sides if side.engine.deadline_ns is not None]
            if self._flying and (not deadlines or self._flying[0][0] <= min(deadlines)):
                self.now_ns, _, data, source, to = heapq.heappop(self._flying)
                self._arrive(data, source, to)
            elif deadlines:
                self.now_ns = min(deadlines)
                for side in sides:
                    self._do(side, side.engine.timeout(self.now_ns))
            else:
                return self
        raise AssertionError("the two never come to an end")

    @property
    def received(self) -> bytes:
        receiver = self.server if self._write else self.client
        return bytes(receiver.file) if receiver is not None else b""

    def _arrive(self, data: bytes, source: Address, to: Address) -> None:
        if to == CLIENT:
            self._do(self.client, self.client.engine.receive(self.now_ns, data, source))
        elif to == SERVER_TID and self.server is not None:
            self._do(self.server, self.server.engine.receive(self.now_ns, data, source))
        elif to == SERVER and self.server is None:
            request = read_request(data)
            assert request is not None
            session = TftpSession(self.now_ns, source, request)
            self.server = Side(session, SERVER_TID, None if self._write else self._content)
            self._do(self.server, session.start(self.now_ns))
        elif to == SERVER and self.server is not None:
            assert isinstance(self.server.engine, TftpSession)
            self._do(self.server, self.server.engine.asked_again())

    def _do(self, side: Side, actions: list[Action]) -> None:
        queue = deque(actions)
        while True:
            while queue:
                self._one(side, queue.popleft(), queue)
            if side.source is None or not (wants := side.engine.wants):
                return
            # Portions that have nothing to do with blocks: the engine must not mind.
            wants = self._random.randint(1, wants)
            octets = side.source[side.read : side.read + wants]
            side.read += len(octets)
            queue.extend(side.engine.feed(self.now_ns, octets))

    def _one(self, side: Side, action: Action, queue: deque[Action]) -> None:
        match action:
            case Send(data, to):
                self._send(data, side.address, to)
            case SendRun():
                for data in action.datagrams():
                    self.data_sent += 1
                    self._send(data, side.address, action.to)
            case Store(octets):
                side.file += octets
            case Publish():
                queue.extend(side.engine.published(self.now_ns))
            case OpenFile() if isinstance(side.engine, TftpSession):
                queue.extend(side.engine.opened(self.now_ns, len(self._content)))
            case Finished() | Failed():
                side.outcome = side.outcome or action

    def _send(self, data: bytes, source: Address, to: Address) -> None:
        self.sent[source] += 1
        if self._random.random() < self._weather.loss:
            return
        for _ in range(2 if self._random.random() < self._weather.copies else 1):
            late_ns = int(self._random.random() * 30e6) if self._random.random() < self._weather.late else 0
            self._count += 1
            heapq.heappush(self._flying, (self.now_ns + 1_000_000 + late_ns, self._count, data, source, to))
