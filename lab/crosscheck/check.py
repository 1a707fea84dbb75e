"""Frames in, verdict out: three readings compared, framing judged, every frame rebuilt. Rule: it reads nothing itself.

with open_capture(path) as capture:
    result = cross_check(capture)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.craft import reading as scapy
from lab.craft.session import TFTPSession
from lab.crosscheck import reference_reading, scapy_reading, tshark, tshark_reading
from lab.crosscheck.blocks import Transfers
from lab.crosscheck.compare import compare
from lab.crosscheck.finding import Finding
from lab.crosscheck.framing import check_frame
from lab.crosscheck.opinions import Trait
from lab.crosscheck.result import CrossCheck, Reader
from lab.pcap import CaptureError, Record, Writer, open_capture
from lab.wire import feiq, frame
from lab.wire.flows import Flows

STARTS = {1: "ethernet", 228: "ipv4", 229: "ipv6"}
"""Link types (tcpdump.org/linktypes) to the layer that a frame starts with."""
_RAW_IP = 101
"""The link type that leaves it to the first four bits, 4 or 6."""

Page = list[tshark.TsharkField]

Progress = Callable[[int, int], None]
"""Called with the frames checked so far and their whole number."""


def unseen(_done: int, _frames: int) -> None:
    """Nobody is watching."""


def cross_check(
    records: Iterable[Record],
    *,
    tftp_ports: Collection[int] = (),
    feiq_ports: Collection[int] = (),
    use: tshark.Tshark | str | None = None,
    progress: Progress = unseen,
) -> CrossCheck:
    """Checks every record. `tftp_ports` and `feiq_ports` are served ports other than 69 and 2425.

    `use` is what `tshark.find()` gave; by default it is asked here. `progress` is called after every frame. Damage
    in the records' file ends the check after the last whole record and is told in `damage`.
    """
    found = tshark.find() if use is None else use
    check = _Check(frozenset(tftp_ports), frozenset(feiq_ports))
    with TemporaryDirectory(prefix="lab-crosscheck-") as folder:
        # Records may come from a pipe, and tshark wants a file: so all are written down once and read again.
        spool = Path(folder) / "frames.pcapng"
        frames, check.result.damage = _write_down(records, spool)
        check.run(spool, found, lambda done: progress(done, frames))
    return check.result


def _write_down(records: Iterable[Record], spool: Path) -> tuple[int, str]:
    """How many frames there are, and where the file is damaged after them."""
    damage = ""
    with spool.open("wb") as file:
        writer = Writer(file)
        try:
            for record in records:
                writer.write(record)
        except CaptureError as error:
            damage = str(error)
    return writer.count, damage


class _Check:
    """One check, and what it carries from frame to frame."""

    def __init__(self, tftp_ports: frozenset[int], feiq_ports: frozenset[int]) -> None:
        self.result = CrossCheck()
        self.more_tftp_ports, self.more_feiq_ports = tftp_ports, feiq_ports
        self.tftp_ports, self.feiq_ports = tftp_ports | {69}, feiq_ports | {2425}
        self.flows = Flows(tftp_ports=self.tftp_ports, feiq_ports=self.feiq_ports)
        self.session = TFTPSession(tftp_ports=self.tftp_ports)
        self.transfers = Transfers()

    def run(self, spool: Path, found: tshark.Tshark | str, progress: Callable[[int], None]) -> None:
        readers = self.result.readers
        readers["reference"] = Reader("reference")
        readers["scapy"] = Reader("scapy", version=version("scapy"))
        pages: Iterator[Page] | None = None
        if isinstance(found, str):
            readers["tshark"] = Reader("tshark", found)
        else:
            readers["tshark"] = Reader("tshark", version=found.version)
            pages = tshark.dissect(found, spool, tftp_ports=self.more_tftp_ports, feiq_ports=self.more_feiq_ports)
        with open_capture(spool) as capture:
            for record in capture:
                page = self._page(pages)
                if page is None:
                    pages = None
                self._frame(record, page)
                progress(self.result.frames)
        if pages is not None:
            # Asking once more lets the generator put pyshark and its event loop away.
            next(pages, None)

    def _page(self, pages: Iterator[Page] | None) -> Page | None:
        """tshark's fields of the next frame; None when there are none, and then the reader is marked as failed."""
        if pages is None:
            return None
        version_found = self.result.readers["tshark"].version
        why = f"it ended before frame {self.result.frames + 1}"
        try:
            page = next(pages, None)
        except tshark.TsharkFailed as error:
            why, page = str(error), None
        if page is None:
            self.result.readers["tshark"] = Reader("tshark", f"failed: {why}", version_found)
        return page

    def _frame(self, record: Record, page: Page | None) -> None:
        self.result.frames += 1
        start = _start(record)
        if not start:
            self.result.unread_frames += 1
            return
        data = record.data
        dissection = frame.dissect(data, start, self.flows)
        block_findings = self.transfers.look(record.number, dissection)
        packet = scapy.dissect(
            data, start, tftp_ports=self.tftp_ports, feiq_ports=self.feiq_ports, session=self.session
        )
        readings = {
            "reference": reference_reading.readings(dissection),
            "scapy": scapy_reading.readings(data, scapy.fields_of(packet)),
        }
        if page is not None:
            readings["tshark"] = tshark_reading.readings(data, page)
        traits = self._traits(record, dissection)
        for found in compare(record.number, data, readings, self.result.tally, traits):
            self.result.add_disagreement(found)
        findings = [*check_frame(record.number, dissection, record.original_length), *block_findings]
        if not record.cut and dissection.error is None:
            # A malformed frame has no values to build from.
            self._rebuilt(record, dissection, "reference", frame.rebuild(dissection))
            self._rebuilt(record, dissection, "scapy", scapy.build_again(packet))
            if not dissection.notes:
                # Where the reference finds every length and checksum right, Scapy has to compute the same ones.
                self._rebuilt(record, dissection, "scapy's own sums", scapy.build_again(packet, recompute=True))
        for finding in findings:
            self.result.add_finding(finding)

    def _traits(self, record: Record, dissection: frame.Dissection) -> set[Trait]:
        traits: set[Trait] = set()
        if any(found.name.endswith(".fragment_data") for found in dissection.fields):
            traits.add("fragment")
        if record.cut:
            traits.add("cut short")
        if dissection.error is not None:
            traits.add("malformed")
        if self.transfers.stranger:
            traits.add("stranger")
        if self.transfers.unasked:
            traits.add("unasked")
        layer = dissection.layer("feiq")
        if layer and isinstance(layer.packet, feiq.Packet) and layer.packet.mode == feiq.Mode.FEIQ_GROUP_MESSAGE:
            traits.add("group message")
        return traits

    def _rebuilt(self, record: Record, dissection: frame.Dissection, by: str, built: bytes) -> None:
        """A frame built from field values alone has to be the frame."""
        if built == record.data:
            self.result.rebuilt[by] += 1
            return
        pairs = enumerate(zip(record.data, built, strict=False))
        shorter = min(len(record.data), len(built))
        at = next((at for at, (was, is_now) in pairs if was != is_now), shorter)
        field = next((f.name for f in dissection.fields if f.offset <= at < f.end), "frame")
        sentence = f"rebuilt by {by} the frame has {built[at : at + 8].hex(' ') or 'nothing'} here"
        self.result.add_finding(Finding(record.number, "wrong", field, at, record.data[at : at + 8], sentence))


def _start(record: Record) -> str:
    """The layer that a frame starts with; "" for link types that no reader here knows, and for no bytes at all."""
    if not record.data:
        return ""
    if record.link_type == _RAW_IP:
        return {4: "ipv4", 6: "ipv6"}.get(record.data[0] >> 4, "")
    return STARTS.get(record.link_type, "")
