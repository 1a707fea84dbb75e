"""Looks at one frame for wrong lengths, checksums, endings and byte orders. Rule: it judges what the reference read.

What a wrong number would be with its bytes the other way round is said wherever that number would be right.
"""

from __future__ import annotations

from lab.crosscheck.finding import Finding, Severity, swapped
from lab.wire import feiq, tftp
from lab.wire.error import WireError
from lab.wire.ethernet import LONGEST_LENGTH
from lab.wire.field import Field
from lab.wire.frame import Dissection, Note
from lab.wire.udp import Datagram

_TFTP_PORT, _FEIQ_PORT = 69, 2425
_ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x8100: "802.1Q", 0x88A8: "802.1ad"}
_KNOWN_NUMBERS = {
    "ethernet.type": _ETHERTYPES,
    "vlan.type": _ETHERTYPES,
    "arp.hardware_type": {1: "Ethernet"},
    "arp.protocol_type": {0x0800: "IPv4"},
    "arp.operation": {1: "request", 2: "reply"},
    "tftp.error_code": {int(code): code.name for code in tftp.ErrorCode},
}
"""Numbers with names. One that has none, and gets one when its bytes are swapped, was sent the other way round."""
_PORT_IN_A_LIST = 4
"""A host list entry is user, host, status, address, port, nickname, group; two numbers stand before the first."""


def check_frame(number: int, dissection: Dissection, original_length: int) -> list[Finding]:
    """Everything noticed in one frame; `original_length` is how many bytes it had on the wire."""
    look = _Look(number, dissection)
    if original_length > len(dissection.data):
        # Nothing that counts bytes can be right in a frame that is not all here.
        missing = original_length - len(dissection.data)
        look.note("remark", "frame", 0, 0, f"the capture holds only {len(dissection.data)} bytes of it, {missing} lack")
        return look.found
    if dissection.error is not None:
        look.error(dissection.error)
    for note in dissection.notes:
        look.wire_note(note)
    look.known_numbers()
    look.ports()
    look.feiq()
    return look.found


class _Look:
    """Collects the findings of one frame."""

    def __init__(self, number: int, dissection: Dissection) -> None:
        self.number = number
        self.dissection = dissection
        self.found: list[Finding] = []

    def note(self, severity: Severity, field: str, offset: int, width: int, sentence: str) -> None:
        raw = self.dissection.data[offset : offset + width]
        self.found.append(Finding(self.number, severity, field, offset, raw, sentence))

    def error(self, error: WireError) -> None:
        at = next((f for f in self.dissection.fields if f.offset == error.offset), None)
        hint = ""
        if error.field == "tftp.opcode" and at is not None and isinstance(at.value, int):
            name = {int(code): code.name for code in tftp.Opcode}.get(swapped(at.value))
            hint = f"; with its bytes swapped it is {name}: sent little-endian" if name else ""
        sentence = f"wanted {error.wanted}, found {error.found}{hint}"
        self.note("wrong", error.field, error.offset, min(at.width, 16) if at else 0, sentence)

    def wire_note(self, note: Note) -> None:
        hint = ""
        if note.kind != "padding" and swapped(note.found) == note.wanted != note.found:
            hint = "; with its bytes swapped it would be right: sent little-endian"
        severity: Severity = "remark" if note.kind == "partial" else "wrong"
        width = note.found if note.kind == "padding" else 2
        self.note(severity, note.field, note.offset, width, note.sentence + hint)

    def known_numbers(self) -> None:
        for field in self.dissection.fields:
            names = _KNOWN_NUMBERS.get(field.name)
            if names is None or not isinstance(field.value, int) or field.value in names:
                continue
            name = names.get(swapped(field.value))
            if name and not self._is_a_length(field):
                sentence = f"{field.value:#06x} is {name} with its bytes swapped: sent little-endian"
                self.note("wrong", field.name, field.offset, 2, sentence)

    def _is_a_length(self, field: Field) -> bool:
        """Whether a type small enough to be IEEE 802.3's length is one: what it leaves over is padding, all zeros."""
        if not field.name.endswith(".type") or not isinstance(field.value, int) or field.value > LONGEST_LENGTH:
            return False
        end = field.end + field.value
        return end <= len(self.dissection.data) and not any(self.dissection.data[end:])

    def ports(self) -> None:
        """A port that nobody uses, but that is a well-known one from the other end, before a payload that fits it."""
        layer = self.dissection.layer("udp")
        if layer is None or not isinstance(layer.packet, Datagram):
            return
        datagram = layer.packet
        places = (("source_port", datagram.source_port, 0), ("destination_port", datagram.destination_port, 2))
        for name, port, at in places:
            if _fits(swapped(port), datagram.payload):
                sentence = f"{port} is {swapped(port)} with its bytes swapped, and the payload fits: sent little-endian"
                self.note("wrong", f"udp.{name}", layer.offset + at, 2, sentence)

    def feiq(self) -> None:
        layer = self.dissection.layer("feiq")
        if layer is None or not isinstance(layer.packet, feiq.Packet):
            return
        packet = layer.packet
        if not packet.body.endswith(b"\0"):
            last = layer.fields[-1]
            self.note("remark", last.name, last.offset, min(last.width, 16), "no NUL at the end of the packet")
        if packet.mode == feiq.Mode.ANSLIST:
            self._host_list(layer.end - len(packet.body), packet.text)

    def _host_list(self, start: int, text: bytes) -> None:
        """IP Messenger writes a host's port as a number in network order taken for one of its own."""
        parts = text.split(b"\x07")
        offset = start
        for at, part in enumerate(parts):
            if at >= 2 and (at - 2) % 7 == _PORT_IN_A_LIST and part == b"%d" % swapped(_FEIQ_PORT):
                sentence = f"host list: port {part.decode()} is {_FEIQ_PORT} with its bytes swapped, as clients send it"
                self.note("remark", "feiq.text", offset, len(part), sentence)
            offset += len(part) + 1


def _fits(port: int, payload: bytes) -> bool:
    try:
        match port:
            case 69:
                return isinstance(tftp.parse(payload), tftp.ReadRequest | tftp.WriteRequest)
            case 2425:
                return bool(feiq.parse(payload))
    except WireError:
        pass
    return False
