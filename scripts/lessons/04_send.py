"""Lesson 4, sending: one `sendto` is one datagram, whole or not at all.

Run it: .venv/bin/python scripts/lessons/04_send.py
"""

import socket

with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
):
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(5)

    for message in (b"hello", b"", b"two\x00bytes"):
        sent = sender.sendto(message, receiver.getsockname())
        data, source = receiver.recvfrom(2048)
        # The first send gave the sender a port of the kernel's choice; it keeps it.
        print(f"sent {sent} bytes from port {sender.getsockname()[1]}, received {data!r} from port {source[1]}")

    # 65,535 bytes of IPv4, less 20 of its header and 8 of UDP's, is the most that one datagram can carry.
    sender.sendto(bytes(65507), receiver.getsockname())
    print(f"the largest datagram: {len(receiver.recv(65535))} bytes")
    try:
        sender.sendto(bytes(65508), receiver.getsockname())
    except OSError as refusal:
        print(f"one byte more is refused: {refusal.strerror}")
