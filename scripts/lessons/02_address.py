"""Lesson 2, addresses: four bytes (IPv4) or sixteen (IPv6), and what their first bits say.

Run it: .venv/bin/python scripts/lessons/02_address.py
"""

import ipaddress
import socket

# The classes of RFC 791 are read off the first bits of the first byte.
CLASSES = (("A", 0b0, 1), ("B", 0b10, 2), ("C", 0b110, 3), ("D", 0b1110, 4), ("E", 0b1111, 4))


def class_of(first_byte: int) -> str:
    return next(name for name, bits, count in CLASSES if first_byte >> (8 - count) == bits)


for text in ("10.77.0.1", "172.16.5.4", "192.168.1.9", "226.81.9.8", "255.255.255.255"):
    raw = socket.inet_pton(socket.AF_INET, text)
    address = ipaddress.IPv4Address(text)
    kinds = [kind for kind in ("private", "multicast", "loopback") if getattr(address, f"is_{kind}")]
    if text == "255.255.255.255":
        kinds = ["broadcast to this network"]
    print(f"{text:16} {raw.hex(' ')}  first bits {raw[0]:08b}  class {class_of(raw[0])}  {' '.join(kinds)}")

# IPv6 has no classes; a prefix and a scope took their place.
for text in ("::1", "fe80::1", "fd77::1", "ff02::1"):
    raw = socket.inet_pton(socket.AF_INET6, text)
    print(f"{text:16} {raw.hex(':', 2)}")
