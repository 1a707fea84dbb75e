"""Lesson 3, sockets: the handle on which a program sends and receives.

Run it: .venv/bin/python scripts/lessons/03_socket.py
"""

import socket

# Family says which addresses, type says which service: SOCK_DGRAM is UDP, whole messages, no connection.
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    print(f"family {udp.family.name}, type {udp.type.name}, descriptor {udp.fileno()}")

    # Before it is bound or has sent, a socket has no address of its own.
    print(f"before bind: {udp.getsockname()}")
    udp.bind(("127.0.0.1", 0))
    print(f"after bind:  {udp.getsockname()}")

    # `connect` on UDP sends nothing: it only remembers the other side, and lets the kernel drop everybody else's
    # datagrams and report ICMP errors back to us.
    udp.connect(("127.0.0.1", 9))
    print(f"connected to {udp.getpeername()}, without one packet sent")
    room = udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    print(f"the kernel keeps up to {room} bytes for us until we read them")
