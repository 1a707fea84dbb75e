"""Records real exchanges of real peers in the lab's own network, one file a scenario. Run by scripts/record-captures.

The rule: what is in a file is what crossed the relay between two kernel hosts, and the file itself says who spoke,
in which version, by which command, and what was done to the frames on the way.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recording.faults import Fault
from recording.scenarios import SCENARIOS, Act, Scenario

from lab.link.namespace import KERNEL, STATION, PrivateNetwork
from lab.link.relay import Relay
from lab.pcap import Record, Section, open_capture, save
from lab.suites.peers import running

CAPTURES = Path(__file__).resolve().parent.parent / "captures"
README = CAPTURES / "README.md"
TABLE_STARTS = "<!-- scripts/record-captures writes from here on -->\n"

FILES = {
    "empty.bin": b"",
    "one.bin": b"\xa5",
    "small.bin": bytes(range(256)) * 6,
    "exact.bin": bytes(range(256)) * 4,
    "large.bin": hashlib.shake_256(b"packet-lab").digest(20_000),
    "text.txt": b"first line\nsecond line\r\nbare return\rend\n" + b"x" * 469 + b"\n\r\nlast\n",
}
"""What the servers have to offer: sizes round the block, and text whose line ends fall on a block's edge."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One act as it went: when it began, and how its command line read."""

    began_ns: int
    command: str
    exit_status: int


@contextmanager
def served_folder() -> Iterator[Path]:
    """A folder that a server which has become nobody can read and write."""
    with tempfile.TemporaryDirectory(prefix="packet-lab-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = folder / "root"
        root.mkdir()
        root.chmod(0o777)
        for file, content in FILES.items():
            (root / file).write_bytes(content)
            (root / file).chmod(0o666)
        yield root


def perform(act: Act, scenario: Scenario, root: Path, relay: Relay) -> Spoken:
    """Lets a client act on the far host, and makes sure that it ended as the scenario says."""
    host = KERNEL.ipv6 if scenario.ipv6 else KERNEL.ipv4
    with tempfile.TemporaryDirectory() as own:
        local = Path(own) / "file"
        if act.sends:
            local.write_bytes(FILES[act.sends])
        words = act.words(host, str(local))
        before = len(relay.seen)
        with relay.far_namespace():
            done = subprocess.run(words, capture_output=True, timeout=60, check=False, cwd=own)
        if len(relay.seen) == before:
            raise SystemExit(f"{scenario.name}: {act.client} sent nothing: {done.stderr!r}")
        if act.arrives and not same_soon(local, root / act.gets):
            raise SystemExit(f"{scenario.name}: {words} did not move the file as it was: {done.stderr!r}")
        return Spoken(relay.seen[before].time_ns, shown(words, {str(local): "FILE"}), done.returncode)


def same_soon(one: Path, other: Path, patience_s: float = 5) -> bool:
    """Whether two files are equal, now or in a moment: atftpd acknowledges before its buffer is in the file."""
    deadline_s = time.monotonic() + patience_s
    while one.read_bytes() != other.read_bytes():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def record(scenario: Scenario) -> None:
    """Runs one scenario and writes its capture."""
    server, fault = scenario.server, scenario.fault()
    host, asker = (KERNEL.ipv6, STATION.ipv6) if scenario.ipv6 else (KERNEL.ipv4, STATION.ipv4)
    with served_folder() as root, PrivateNetwork.enter() as network, Relay(network, fault.passing) as relay:
        words = server.words(host, str(root))
        environment = server.environment(str(root)) if server.environment else None
        with running(words, port=server.port, env=environment):
            spoken = [perform(act, scenario, root, relay) for act in scenario.acts]
    programs = {server.name: server.program} | {act.client: act.program for act in scenario.acts}
    told = [
        scenario.what,
        "peers: " + ", ".join(f"{name} {program.version()}" for name, program in programs.items()),
        f"server on {host}: {shown(words, {str(root): 'ROOT'})}",
        *(f"client on {asker}: {one.command}" for one in spoken),
        f"odd: {scenario.odd}",
    ]
    section = Section(comments=tuple(line.encode() for line in told), application=b"packet-lab")
    save(CAPTURES / f"{scenario.name}.pcapng", commented(relay.seen, spoken, fault), section=section)


def shown(words: Sequence[str], places: Mapping[str, str]) -> str:
    """A command line as anybody would type it: programs by their names, our temporary folders by what they are for."""
    line = shlex.join([Path(words[0]).name, *words[1:]])
    for place, name in places.items():
        line = line.replace(place, name)
    return line


def commented(seen: Sequence[tuple[int, bytes]], spoken: Sequence[Spoken], fault: Fault) -> Iterator[Record]:
    """The frames in the order of their times, each act's first one with the command that caused it."""
    waiting = list(spoken)
    for number, (time_ns, frame) in enumerate(sorted(seen), 1):
        comments = []
        while waiting and time_ns >= waiting[0].began_ns:
            act = waiting.pop(0)
            comments.append(f"{act.command} (exit status {act.exit_status})")
        if frame in fault.touched:
            comments.append(fault.words)
        bytes_there = fault.as_recorded(frame)
        yield Record(number, time_ns, bytes_there, len(bytes_there), comments=tuple(line.encode() for line in comments))


def write_table() -> None:
    """Lists every capture, from what each file says of itself."""
    head, mark, _ = README.read_text(encoding="utf-8").partition(TABLE_STARTS)
    if not mark:
        raise SystemExit(f"{README.name} has lost the line {TABLE_STARTS.strip()!r}; put it back where the list begins")
    lines = [head, mark]
    for path in sorted(CAPTURES.glob("*.pcapng")):
        with open_capture(path) as capture:
            count = sum(1 for _ in capture)
            what, *rest = (comment.decode() for comment in capture.section.comments)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"\n### {path.name}\n\n{what}\n\n")
        for line in rest:
            role, _, words = line.partition(": ")
            lines.append(f"* {role}: `{words}`\n" if role.startswith(("server", "client")) else f"* {line}\n")
        lines.append(f"* {count} frames, sha256 `{digest}`\n")
    README.write_text("".join(lines), encoding="utf-8")


def main(names: Sequence[str]) -> None:
    known = {scenario.name: scenario for scenario in SCENARIOS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no scenario is called {unknown[0]}; there are: {', '.join(known)}")
    for name in names or known:
        print(name, flush=True)
        record(known[name])
    write_table()


if __name__ == "__main__":
    main(sys.argv[1:])
