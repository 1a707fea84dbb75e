"""Lesson 11, byte order: the network sends the high byte first, most processors keep the low one first.

Run it: .venv/bin/python scripts/lessons/11_byte_order.py
"""

import struct
import sys

print(f"this processor keeps numbers in {sys.byteorder}-endian order")

block = 1
print(f"TFTP DATA, block {block}: in network order {struct.pack('!HH', 3, block).hex(' ')}")
print(f"the same, little-endian:  {struct.pack('<HH', 3, block).hex(' ')}   <- a peer reads opcode 768, block 256")

# The one place in FeiQ's text protocol where it shows: a host list prints a port that was never turned round.
port = 2425
turned = int.from_bytes(port.to_bytes(2, "big"), "little")
print(f"port {port} is {port:#06x}; read in the wrong order it is {turned} ({turned:#06x})")

for text in ("!H", "<H", "!I", "<I"):
    print(f"struct format {text}: 2425 becomes {struct.pack(text, port).hex(' ')}")
