"""Lesson 1, ports: a number of 16 bits that tells the programs of one machine apart.

Run it: .venv/bin/python scripts/lessons/01_port.py
"""

import socket

# A program that does not care which port it gets asks for port 0; the kernel picks one from its dynamic range.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first:
    first.bind(("127.77.0.1", 0))
    port = first.getsockname()[1]
    print(f"the kernel gave us UDP port {port}")

    # The same port of the same protocol cannot be had twice.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        try:
            second.bind(("127.77.0.1", port))
        except OSError as refusal:
            print(f"a second socket on UDP port {port} is refused: {refusal.strerror}")

    # TCP has port numbers of its own: the same number is still free there.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other_protocol:
        other_protocol.bind(("127.77.0.1", port))
        print(f"TCP port {port} is another port, and free")

# On the wire a port is two bytes, the high one first.
for name, number in (("echo", 7), ("TFTP", 69), ("FeiQ", 2425)):
    print(f"{name:5} port {number:5} is {number.to_bytes(2, 'big').hex(' ')} on the wire")
