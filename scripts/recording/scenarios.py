"""Which exchanges are recorded, as a list: who serves, who asks for what, and what happens to the frames."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from lab.suites.peers import IPTUX, TFTP_CLIENTS, TFTP_SERVERS, Program, Request
from recording.faults import Fault, double_every_tftp_packet, lose_data, nothing, trunk

LAB = Program("lab", "packet-lab", version_of=sys.modules["lab"].__version__)


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers: its command line, given its host address and the folder it serves, and the port that it opens."""

    name: str
    program: Program
    words: Callable[[str, str], list[str]]
    port: int = 69
    environment: Callable[[str], dict[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a client does. `words` gives its command line for a host and a local file.

    `sends` and `gets` name the file that is moved; `arrives` says whether it must be equal at both ends afterwards.
    """

    client: str
    program: Program
    words: Callable[[str, str], list[str]]
    sends: str = ""
    gets: str = ""
    arrives: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    what: str
    server: Server
    acts: tuple[Act, ...]
    ipv6: bool = False
    fault: Callable[[], Fault] = nothing
    odd: str = "nothing"


def tftp_server(name: str) -> Server:
    peer = TFTP_SERVERS[name]
    return Server(name, peer.program, lambda host, root: peer.words(peer.program.path(), root, host, 69))


def lab_server(*words: str, port: int) -> Server:
    def command(host: str, root: str) -> list[str]:
        filled = [word.format(root=root) for word in words]
        return [LAB.path(), *filled, "--host", host, "--port", str(port)]

    return Server("lab", LAB, command, port)


def get(client: str, file: str, mode: str = "octet", *, arrives: bool | None = None, **options: int) -> Act:
    """The client reads `file`; in netascii what arrives is not compared, since clients differ in undoing it."""
    return _tftp(client, "get", file, file, mode, arrives, options)


def put(client: str, file: str, name: str, mode: str = "octet", *, arrives: bool | None = None, **options: int) -> Act:
    """The client writes `file` as `name`."""
    return _tftp(client, "put", file, name, mode, arrives, options)


def _tftp(
    client: str, direction: str, file: str, name: str, mode: str, arrives: bool | None, options: Mapping[str, int]
) -> Act:
    peer = TFTP_CLIENTS[client]
    command = peer.get if direction == "get" else peer.put

    def words(host: str, local: str) -> list[str]:
        return command(peer.program.path(), Request(host, 69, name, local, mode, options))

    compared = mode == "octet" if arrives is None else arrives
    moved = {"sends": file, "gets": name} if direction == "put" else {"gets": file}
    return Act(client, peer.program, words, **moved, arrives=compared)


def lab(*words: str) -> Act:
    return Act(
        "lab", LAB, lambda host, _local: [LAB.path(), *(word.format(host=host) for word in words)], arrives=False
    )


HPA, ATFTPD, DNSMASQ = map(tftp_server, ("tftpd-hpa", "atftpd", "dnsmasq"))
LAB_TFTP = lab_server("tftp", "serve", "{root}", "--write", port=69)
LAB_ECHO = lab_server("udp", "echo", port=7)
LAB_FEIQ = lab_server("feiq", "serve", "--user", "mei", "--host-name", "desk", port=2425)
IPTUX_PEER = Server("iptux", IPTUX.program, lambda _host, root: IPTUX.words(root), 2425, IPTUX.environment)
"""It answers to port 2425 only, so whoever asks has to ask from there."""

FROM_2425 = ("--bind", "2425", "--user", "lab", "--host-name", "bench")

SCENARIOS = (
    Scenario(
        "tftpd-hpa-plain",
        "tftp-hpa reads and writes files of five sizes: empty, one byte, a whole number of blocks, and others.",
        HPA,
        (
            *(get("tftp-hpa", file) for file in ("empty.bin", "one.bin", "exact.bin", "small.bin")),
            put("tftp-hpa", "small.bin", "written.bin"),
            put("tftp-hpa", "empty.bin", "written-empty.bin"),
        ),
    ),
    Scenario(
        "tftpd-hpa-curl-options",
        "curl negotiates blksize, tsize and timeout, and does without options.",
        HPA,
        (
            get("curl", "large.bin", blksize=1024),
            put("curl", "large.bin", "by-curl.bin", blksize=1024),
            get("curl", "small.bin"),
        ),
    ),
    Scenario(
        "tftpd-hpa-busybox",
        "BusyBox reads and writes, with blksize and without.",
        HPA,
        (
            get("busybox", "small.bin"),
            get("busybox", "large.bin", blksize=1400),
            put("busybox", "small.bin", "by-busybox.bin"),
        ),
    ),
    Scenario(
        "tftpd-hpa-netascii",
        "Text in netascii: line feeds become CR LF on the wire, bare returns CR NUL, also across a block's end.",
        HPA,
        (
            get("tftp-hpa", "text.txt", "netascii"),
            put("tftp-hpa", "text.txt", "written.txt", "netascii"),
            get("curl", "text.txt", "netascii"),
        ),
    ),
    Scenario(
        "tftpd-hpa-errors",
        "Requests that are refused: a file that is not there, and one that must not be written.",
        HPA,
        (
            get("curl", "no-such-file", arrives=False),
            get("atftp", "no-such-file", arrives=False, blksize=1024),
            put("tftp-hpa", "small.bin", "no-such-folder/x", arrives=False),
        ),
    ),
    Scenario(
        "tftpd-hpa-lost-block",
        "A block is lost on its way to the client; the server's timer sends it again.",
        HPA,
        (get("atftp", "small.bin"),),
        fault=partial(lose_data, 2),
        odd="one DATA 2 was lost by the relay and appears twice",
    ),
    Scenario(
        "tftpd-hpa-every-packet-twice",
        "The network doubles every packet. What follows is each peer's own answer to it.",
        HPA,
        (get("curl", "small.bin", arrives=False),),
        fault=double_every_tftp_packet,
        odd="every frame was handed on twice, so requests, blocks and acknowledgements repeat",
    ),
    Scenario(
        "tftpd-hpa-ipv6",
        "curl and tftp-hpa over IPv6, with neighbour discovery.",
        HPA,
        (
            get("curl", "small.bin", blksize=1024),
            put("tftp-hpa", "small.bin", "by-hpa.bin"),
            get("tftp-hpa", "small.bin"),
        ),
        ipv6=True,
    ),
    Scenario(
        "tftpd-hpa-fragments",
        "A blksize of 8192 makes every DATA six IPv4 fragments.",
        HPA,
        (get("curl", "large.bin", blksize=8192), put("curl", "large.bin", "by-curl.bin", blksize=8192)),
        odd="fragments: only the first of each datagram has a UDP header",
    ),
    Scenario(
        "tftpd-hpa-fragments-ipv6",
        "The same over IPv6, where a fragment header says so.",
        HPA,
        (get("curl", "large.bin", blksize=8192),),
        ipv6=True,
        odd="fragments: only the first of each datagram has a UDP header",
    ),
    Scenario(
        "tftpd-hpa-vlan",
        "The relay is a trunk: frames carry an 802.1Q tag, VLAN 77.",
        HPA,
        (get("curl", "small.bin"),),
        fault=partial(trunk, b"\x81\x00\x00\x4d"),
        odd="recorded inside the relay, which puts the tag on and takes it off; short frames there are not padded",
    ),
    Scenario(
        "tftpd-hpa-qinq",
        "The relay is a provider's trunk: an 802.1ad tag with priority 5, and inside it an 802.1Q tag.",
        HPA,
        (get("tftp-hpa", "small.bin"),),
        ipv6=True,
        fault=partial(trunk, b"\x88\xa8\xa0\x64", b"\x81\x00\x00\x4d"),
        odd="recorded inside the relay, which puts the tags on and takes them off",
    ),
    Scenario(
        "atftpd-options",
        "atftp negotiates every option it has; a window of four blocks to an acknowledgement.",
        ATFTPD,
        (
            get("atftp", "large.bin", blksize=1024, windowsize=4, tsize=0, timeout=3),
            put("atftp", "large.bin", "by-atftp.bin", blksize=1024),
            get("curl", "small.bin", blksize=1024),
            get("busybox", "small.bin"),
        ),
    ),
    Scenario(
        "atftpd-window-lost-block",
        "A block is lost in the middle of a window: the client acknowledges the one before it.",
        ATFTPD,
        (get("atftp", "large.bin", blksize=1024, windowsize=4),),
        fault=partial(lose_data, 6),
        odd="DATA 6 was lost by the relay on its first try",
    ),
    Scenario(
        "atftpd-errors",
        "A file that is not there, asked for with options and without.",
        ATFTPD,
        (get("tftp-hpa", "no-such-file", arrives=False), get("curl", "no-such-file", arrives=False, blksize=1024)),
    ),
    Scenario(
        "dnsmasq-read",
        "dnsmasq, which only reads, to all four clients.",
        DNSMASQ,
        (
            get("curl", "large.bin", blksize=1024),
            get("atftp", "small.bin", tsize=0),
            get("busybox", "small.bin"),
            get("tftp-hpa", "exact.bin"),
            get("tftp-hpa", "text.txt", "netascii"),
        ),
    ),
    Scenario(
        "dnsmasq-errors",
        "A file that is not there, and a write to a server that does not write.",
        DNSMASQ,
        (get("curl", "no-such-file", arrives=False), put("busybox", "one.bin", "written", arrives=False)),
    ),
    Scenario(
        "dnsmasq-ipv6",
        "dnsmasq over IPv6.",
        DNSMASQ,
        (get("curl", "small.bin"), get("tftp-hpa", "one.bin")),
        ipv6=True,
    ),
    Scenario(
        "lab-tftp",
        "The lab's own server to other people's clients.",
        LAB_TFTP,
        (
            get("curl", "large.bin", blksize=1024),
            get("atftp", "large.bin", blksize=1024, windowsize=8, tsize=0, timeout=2),
            put("tftp-hpa", "small.bin", "by-hpa.bin"),
            put("busybox", "small.bin", "by-busybox.bin"),
            get("tftp-hpa", "text.txt", "netascii"),
        ),
    ),
    Scenario(
        "echo",
        "Plain datagrams to the lab's echo server: text, GBK bytes, an empty one, and one to a port that nobody holds.",
        LAB_ECHO,
        (
            lab("udp", "send", "{host}", "7", "hello", "--wait", "2"),
            lab("udp", "send", "{host}", "7", "--hex", "c4 e3 ba c3", "--wait", "2"),
            lab("udp", "send", "{host}", "9", "nobody is here", "--wait", "1"),
        ),
        odd="the last datagram draws ICMP port unreachable, which quotes it",
    ),
    Scenario(
        "echo-ipv6",
        "The same over IPv6.",
        LAB_ECHO,
        (
            lab("udp", "send", "{host}", "7", "hello", "--wait", "2"),
            lab("udp", "send", "{host}", "9", "nobody is here", "--wait", "1"),
        ),
        ipv6=True,
        odd="the last datagram draws ICMPv6 port unreachable, which quotes it",
    ),
    Scenario(
        "iptux",
        "Debian's iptux, headless: presence, a plain message, checked ones in ASCII, UTF-8 and GB18030, receipts.",
        IPTUX_PEER,
        (
            lab("feiq", "online", "{host}", *FROM_2425),
            lab("feiq", "send", "{host}", "Nice day!", "--no-check", *FROM_2425),
            lab("feiq", "send", "{host}", "checked", "--check", *FROM_2425),
            lab("feiq", "send", "{host}", "你好，世界", "--check", "--encoding", "utf-8", *FROM_2425),
            lab("feiq", "send", "{host}", "你好，世界", "--check", "--encoding", "gb18030", *FROM_2425),
        ),
        odd="iptux answers to port 2425 whatever port it was asked from",
    ),
    Scenario(
        "feiq-ipv6",
        "The lab's own FeiQ peer over IPv6, which iptux does not speak.",
        LAB_FEIQ,
        (
            lab("feiq", "online", "{host}", *FROM_2425),
            lab("feiq", "send", "{host}", "你好", "--check", *FROM_2425),
        ),
        ipv6=True,
    ),
)
