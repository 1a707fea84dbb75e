"""Takes a whole frame apart, layer by layer. Rule: any bytes at all are answered; each byte ends up in one field.

A layer that cannot be read ends the walk: what was read of it stays, the error is kept, the rest is `unparsed`.
What is readable but not right (a length, a checksum, a padding) becomes a Note. Packets quoted by ICMP errors are
walked too, as layers named `quoted_...`; they are cut short by design, so nothing about them is an error or a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lab.wire import ethernet, icmp, icmpv6, ipv4, ipv6, udp, vlan
from lab.wire import ipv6_extensions as extensions
from lab.wire.error import WireError
from lab.wire.field import Field, Reader
from lab.wire.flows import Flows
from lab.wire.frame_layers import STARTS, Enclosing, LayerPacket, inside, is_fragment, read_layer
from lab.wire.frame_notes import Note, Place, checksum_note, length_note, padding_note

__all__ = ["STARTS", "Dissection", "Layer", "Note", "dissect", "rebuild"]

MOST_LAYERS = 32
"""Deeper nesting exists only to hurt: a frame of nothing but VLAN tags could hold thousands."""

_LINK = ("ethernet", "vlan")
_QUOTED = "quoted_"


@dataclass(frozen=True, slots=True)
class Layer:
    """`offset` and `end` enclose header and payload. `packet` is None where the layer could not be read to its end."""

    name: str
    offset: int
    end: int
    fields: tuple[Field, ...]
    packet: LayerPacket | None


@dataclass(frozen=True, slots=True)
class Dissection:
    """What the bytes mean: `fields` cover `data` exactly and in order; `error` says where the reading stopped."""

    data: bytes
    layers: tuple[Layer, ...]
    fields: tuple[Field, ...]
    error: WireError | None
    notes: tuple[Note, ...]

    def layer(self, name: str) -> Layer | None:
        """The outermost layer of that name."""
        return next((layer for layer in self.layers if layer.name == name), None)

    def field(self, name: str) -> Field | None:
        """The first field of that name."""
        return next((found for found in self.fields if found.name == name), None)


def dissect(data: bytes, start: str = "ethernet", flows: Flows | None = None) -> Dissection:
    """Reads `data` as what `start` names (one of STARTS). `flows` carries over what earlier frames told.

    ValueError for another `start`; never for what the bytes are.
    """
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, not {start!r}")
    walk = _Walk(bytes(data), Flows() if flows is None else flows)
    walk.run(start)
    return walk.result()


def rebuild(dissection: Dissection) -> bytes:
    """The bytes again, out of the packets' values alone: each inner packet is built into the payload around it.

    WireError where a layer could not be read.
    """
    if dissection.error is not None:
        raise dissection.error
    built = b""
    for layer in reversed(dissection.layers):
        if layer.name.startswith(_QUOTED) or layer.packet is None:
            continue  # A quoted packet is the payload of its ICMP error, and may be cut short anywhere.
        packet = layer.packet
        if built and isinstance(packet, Enclosing):
            # Bytes after the inner packet (padding) belong to the outer one's payload alone.
            packet = replace(packet, payload=built + packet.payload[len(built) :])
        built = packet.build()
    return built + dissection.data[dissection.layers[0].end :]  # Bytes after the outermost packet are nobody's.


@dataclass(slots=True)
class _Open:
    """A layer while the walk may still add to it."""

    name: str
    offset: int
    end: int
    fields: list[Field]
    packet: LayerPacket | None = None


@dataclass(slots=True)
class _Walk:
    data: bytes
    flows: Flows
    layers: list[_Open] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    error: WireError | None = None
    prefix: str = ""
    whole: bool = True  # nothing is cut short or a fragment, so checksums can be computed
    source: bytes = b""
    destination: bytes = b""

    def run(self, start: str) -> None:
        name, offset, end = start, 0, len(self.data)
        while name:
            if len(self.layers) == MOST_LAYERS:
                self._stop(WireError(name, offset, f"at most {MOST_LAYERS} layers", "more"), offset, end)
                return
            name, offset, end = self._step(name, offset, end)

    def result(self) -> Dissection:
        layers = tuple(Layer(o.name, o.offset, o.end, tuple(o.fields), o.packet) for o in self.layers)
        fields = sorted((found for layer in layers for found in layer.fields), key=lambda found: found.offset)
        return Dissection(self.data, layers, tuple(fields), self.error, tuple(self.notes))

    def _step(self, name: str, offset: int, end: int) -> tuple[str, int, int]:
        """Reads one layer; returns the next one's name ("" to stop) and place."""
        reader = Reader(self.data, self.prefix + name, offset, end)
        layer = _Open(reader.layer, offset, end, reader.fields)
        self.layers.append(layer)
        try:
            packet = read_layer(name, reader)
            if reader.payload_offset is None and name in ("tftp", "feiq"):
                reader.finish()
        except WireError as error:
            self._stop(error, reader.offset, end)
            return "", end, end
        layer.packet, layer.end = packet, reader.offset
        self._check(packet, name, layer, end)
        self._leftover(name, layer, reader.offset, end)
        if reader.payload_offset is None or reader.payload_offset == reader.offset:
            return "", end, end
        return self._payload(packet, layer, reader.payload_offset, reader.offset)

    def _payload(self, packet: LayerPacket, layer: _Open, offset: int, end: int) -> tuple[str, int, int]:
        if isinstance(packet, icmp.Error | icmpv6.Error):
            if self.prefix:  # An error about an error does not exist; whoever forges one is not walked any deeper.
                self._keep(layer, "payload", offset, end)
                return "", end, end
            quoted = offset + packet.quoted_length
            self._keep(layer, "extensions", quoted, end)
            self.prefix = _QUOTED
            end = quoted
        elif isinstance(packet, udp.Datagram) and not self.prefix:
            name: str = self.flows.application(
                (self.source, packet.source_port), (self.destination, packet.destination_port), packet.payload
            )
            if name:
                return name, offset, end
        name = inside(packet, over_ipv4=len(self.source) == 4)
        if isinstance(packet, ethernet.Frame | vlan.Tag) and packet.type <= ethernet.LONGEST_LENGTH:
            stated = min(offset + packet.type, end)
            self._after_packet(stated, end)
            end = stated
        if not name:
            self._keep(layer, "fragment_data" if is_fragment(packet) else "payload", offset, end)
        return name, offset, end

    def _check(self, packet: LayerPacket, name: str, layer: _Open, end: int) -> None:
        """Notes about the packet itself; learns from it who talks to whom and whether there is more to check."""
        match packet:
            case ipv4.Packet() | ipv6.Packet():
                self.source, self.destination = packet.source, packet.destination
            case extensions.Routing():
                self.destination = packet.final_destination or self.destination
        if self.prefix:
            return
        place = Place(name, layer.offset, end - layer.offset, self.source, self.destination)
        note = length_note(packet, place, padded=self._on_link()) if self.whole else None
        if note:
            self.notes.append(note)
            self.whole = self.whole and note.found < note.wanted
        if self.whole or isinstance(packet, ipv4.Packet):
            note = checksum_note(packet, place)
            if note:
                self.notes.append(note)
        if is_fragment(packet):
            self.whole = False

    def _on_link(self) -> bool:
        """The layer read last lies directly in an Ethernet frame."""
        return len(self.layers) > 1 and self.layers[-2].name in _LINK

    def _leftover(self, name: str, layer: _Open, offset: int, end: int) -> None:
        """Bytes inside the enclosing packet that this one does not count as its own."""
        if offset == end:
            return
        if self._on_link() and not self.prefix:
            self._after_packet(offset, end)
        else:
            self._keep(layer, "surplus" if name == "udp" else "trailing", offset, end)

    def _after_packet(self, offset: int, end: int) -> None:
        """What an Ethernet frame holds after the packet inside it: padding in short frames, a trailer in others."""
        if offset == end:
            return
        tags = sum(1 for other in self.layers if other.name == "vlan")
        if len(self.data) > ethernet.SHORTEST_FRAME + 4 * tags:
            self._keep(self.layers[0], "trailer", offset, end)
            return
        self._keep(self.layers[0], "padding", offset, end)
        note = padding_note(self.data[offset:end], offset)
        if note:
            self.notes.append(note)

    def _keep(self, layer: _Open, name: str, offset: int, end: int) -> None:
        if offset < end:
            raw = self.data[offset:end]
            layer.fields.append(Field(f"{layer.name}.{name}", offset, raw, "", raw))

    def _stop(self, error: WireError, offset: int, end: int) -> None:
        layer = self.layers[-1]
        if self.prefix:
            self._keep(layer, "rest", offset, end)
            return
        self.error = error
        if offset < end:
            raw = self.data[offset:end]
            layer.fields.append(Field("unparsed", offset, raw, "", raw))
