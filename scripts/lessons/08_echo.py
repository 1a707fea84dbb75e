"""Lesson 8, echo: what was sent comes back, from the address and port that were asked.

Run it: .venv/bin/python scripts/lessons/08_echo.py
"""

import socket

from lab.peer.echo import EchoServer

with EchoServer("127.0.0.1") as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(5)
    for message in (b"hello", "你好".encode(), bytes(1000)):
        client.sendto(message, server.address)
        answer, source = client.recvfrom(2048)
        same, asked = answer == message, source == server.address
        print(f"{len(message):4} bytes came back equal: {same}; from the port that was asked: {asked}")
