"""Lesson 7, FeiQ: five colons, a number that holds a command and its flags, and text in the sender's charset.

Run it: .venv/bin/python scripts/lessons/07_feiq.py
"""

from lab.peer.feiq import FeiqPeer
from lab.wire import feiq
from lab.wire.feiq_numbers import flag_names
from lab.wire.text import safe

packet = feiq.parse(b"1:1238605487:klaus:whoever_pc:32:Nice day!")
print(f"version {safe(packet.version)}, packet number {packet.number}, {safe(packet.user)}@{safe(packet.host)}")
print(f"command {packet.code}: mode {packet.mode:#04x}, flags {packet.options:#x}, text {safe(packet.text)!r}")

# The low byte is the command; the bits above it are flags, and what a bit means depends on the command.
for code in (32, 0x120, 0x101, 6291457):
    print(f"{code:8} = mode {code & 0xFF:#04x} {' '.join(flag_names(code))}")

# Two peers on this machine: a message that asks for a receipt, and the receipt.
with (
    FeiqPeer("klaus", "whoever_pc", bind="127.0.0.1", port=0) as klaus,
    FeiqPeer("mei", "desk", bind="127.0.0.1", port=0) as mei,
):
    host, port = mei.address
    number = klaus.send(host, "你好，世界", port, check=True)
    print(f"message {number} has its receipt: {klaus.delivered(number, 5.0)}")
