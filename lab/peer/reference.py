"""The lab's reference peers together: echo, FeiQ and TFTP on the addresses and ports of one host.

Rates and delays that protect others are lifted, so this is for the lab's own network and loopback alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lab.engine.datagram import Address
from lab.engine.echo import LAB_LIMITS
from lab.engine.feiq_profile import LAB_HABITS
from lab.engine.tftp_admission import Limits
from lab.peer.echo import EchoServer
from lab.peer.feiq import FeiqPeer
from lab.peer.tftp_server import TftpServer

ECHO, TFTP, FEIQ = 7, 69, 2425


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the peers listen; 0 lets the kernel choose."""

    echo: int = ECHO
    tftp: int = TFTP
    feiq: int = FEIQ


ANY_PORTS = Ports(0, 0, 0)


class ReferencePeers:
    """Starts them all on entering a `with`, stops them on leaving. TFTP serves `root`, for reading and writing.

    Raises PortBusy, PermissionError or OSError, with none of them left running.
    """

    def __init__(self, root: str | os.PathLike[str], hosts: Sequence[str], ports: Ports | None = None) -> None:
        self._root, self._hosts = root, hosts
        self._ports = ports or Ports()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.echo = starting.enter_context(EchoServer(self._hosts, self._ports.echo, LAB_LIMITS))
            names = ("lab", "bench", "packet-lab", "reference")
            peer = FeiqPeer(*names, self._hosts, self._ports.feiq, habits=LAB_HABITS, seed=0)
            self.feiq = starting.enter_context(peer)
            self.tftp = [starting.enter_context(self._tftp(host)) for host in self._hosts]
            self._running = starting.pop_all()
        return self

    def _tftp(self, host: str) -> TftpServer:
        return TftpServer(self._root, host, self._ports.tftp, write=True, limits=Limits(rate_per_s=0))

    def services(self) -> Mapping[int, list[Address]]:
        """The lab network's ports, and where the peers that belong there really listen."""
        return {
            ECHO: self.echo.addresses,
            FEIQ: self.feiq.addresses,
            TFTP: [server.address for server in self.tftp],
        }

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()
