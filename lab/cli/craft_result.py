"""What becomes of a crafted frame: shown explained, printed as hex, written to a capture, sent on the lab's own wire.

A frame is sent inside the lab's private network (or virtual wire) and nowhere else; no option changes that.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lab.cli.craft_frame import Crafted
from lab.cli.exits import Exit
from lab.cli.failure import Failure

if TYPE_CHECKING:
    from lab.craft.station import Station
    from lab.pcap import Record
    from lab.wire.flows import Flows
    from lab.wire.frame import Dissection

HELLO = b"Hello from packet-lab.\n"
BLOCKS = bytes(range(256)) * 6
"""What the TFTP peer has to offer: hello.txt, and blocks.bin of exactly three blocks."""


def deliver(
    crafted: Crafted, *, only_hex: bool, path: str | None, json_path: str | None, send: bool, wait: float
) -> int:
    """Does what the result options say. Raises Failure."""
    if path == "-" and json_path == "-":
        raise Failure("capture and JSON cannot both go to standard output; give one of them a file", Exit.USAGE)
    records = _send(crafted, wait) if send else [_record(1, 0, crafted.frame, crafted.title)]
    if path is not None:
        _write(path, records)
    if json_path is not None:
        _write_json(json_path, crafted, records)
    if "-" not in (path, json_path):
        _show(crafted, records if send else [], only_hex)
    return int(Exit.OK)


def _flows(crafted: Crafted) -> Flows:
    """Knows the payload by the ports that were asked for, also where they are not the protocol's own."""
    from lab.wire.flows import Flows

    return Flows(
        tftp_ports={69} | (crafted.ports if crafted.protocol == "tftp" else set()),
        feiq_ports={2425} | (crafted.ports if crafted.protocol == "feiq" else set()),
        echo_ports={7} | (crafted.ports if crafted.protocol == "echo" else set()),
    )


def _dissect(crafted: Crafted, frame: bytes) -> Dissection:
    from lab.wire.frame import dissect

    return dissect(frame, flows=_flows(crafted))


def _record(number: int, time_ns: int, frame: bytes, comment: str = "") -> Record:
    from lab.pcap import Record

    return Record(number, time_ns, frame, len(frame), comments=(comment.encode(),) if comment else ())


def _show(crafted: Crafted, exchange: Sequence[Record], only_hex: bool) -> None:
    from lab.cli.output import console_err, console_out

    console = console_out()
    if only_hex:
        click.echo(crafted.frame.hex())
        console = console_err()  # Hex is for a program, which would stumble over a ladder.
    else:
        from lab.report.dump import dump
        from lab.report.labels import label, plural
        from lab.report.terminal import dump_lines

        seen = _dissect(crafted, crafted.frame)
        title = crafted.title or f"{label(seen)[0]}, {plural(len(crafted.frame), 'byte')}"
        for line in dump_lines(dump(seen, title), console.width):
            console.print(line, soft_wrap=True)
    if exchange:
        from lab.cli.demo import NAMES
        from lab.report.ladder import ladder
        from lab.report.terminal import ladder_lines

        console.print()
        for line in ladder_lines(ladder(exchange, names=NAMES, flows=_flows(crafted)), console.width):
            console.print(line, soft_wrap=True)
        if not _answers(crafted, exchange):
            console_err().print("nothing came back: silence may be the right answer", soft_wrap=True)


def _answers(crafted: Crafted, exchange: Sequence[Record]) -> list[Record]:
    """The frames that went the other way and are not about finding neighbours."""
    from lab.link.namespace import KERNEL

    from_peers = bytes.fromhex(KERNEL.mac.replace(":", ""))
    return [
        record
        for record in exchange
        if record.data[6:12] == from_peers
        and not {"arp", "ndp", "mld"} & {layer.name for layer in _dissect(crafted, record.data).layers}
    ]


def _write(path: str, records: Sequence[Record]) -> None:
    import sys

    from lab.cli.output import cannot_write
    from lab.pcap import save

    if path == "-" and sys.stdout.isatty():
        raise Failure("a capture is no text for a terminal; use -w FILE, or pipe it to a program", Exit.USAGE)
    try:
        save(path, records)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise cannot_write(path, error) from None
    if path != "-":
        click.echo(f"{len(records)} frame{'s' * (len(records) != 1)}: {path}", err=True)


def _write_json(path: str, crafted: Crafted, records: Sequence[Record]) -> None:
    from lab.cli.output import write_json
    from lab.report.document import dump_document
    from lab.report.dump import dump
    from lab.report.labels import label

    seen = _dissect(crafted, crafted.frame)
    document = {
        **dump_document(dump(seen, crafted.title or label(seen)[0])),
        "sent": len(records) > 1,
        "exchange": [
            {"time_ns": record.time_ns, "hex": record.data.hex(), "label": label(_dissect(crafted, record.data))[0]}
            for record in records[: 10_000 if len(records) > 1 else 0]
        ],
    }
    write_json(path, document)


def _send(crafted: Crafted, wait: float) -> list[Record]:
    """Everything the wire carried, from just before the frame to `wait` seconds after it."""
    from lab.demo.bench import open_bench

    with tempfile.TemporaryDirectory(prefix="packet-lab-") as folder:
        root = Path(folder)
        (root / "hello.txt").write_bytes(HELLO)
        (root / "blocks.bin").write_bytes(BLOCKS)
        try:
            with open_bench(root) as bench:
                if bench.refusal:
                    click.echo(f"lab: on the {bench.wire} ({bench.refusal})", err=True)
                bench.witness.send(crafted.frame)
                _listen(bench.station, wait)
                frames, _ = bench.stop_recording()
        except OSError as error:
            raise Failure(f"it could not be sent: {error.strerror or error}; type: lab doctor", Exit.MACHINE) from None
    return [
        _record(number, seen.time_ns, seen.frame, crafted.title if seen.frame == crafted.frame else "")
        for number, seen in enumerate(frames, 1)
    ]


def _listen(station: Station, seconds: float) -> None:
    """Lets the station answer who asks for its address, so that the peers can answer at all."""
    until_ns = time.monotonic_ns() + round(seconds * 1e9)
    while (left_ns := until_ns - time.monotonic_ns()) > 0:
        station.hub.wait(left_ns / 1e9)
