"""Lesson 9, threads and processes: a receiver must wait without stopping everything else.

Run it: .venv/bin/python scripts/lessons/09_threads_and_processes.py
"""

import os
import socket
import threading


def receive_one(server: socket.socket, who: str) -> None:
    data, source = server.recvfrom(2048)
    server.sendto(f"{who} got {len(data)} bytes".encode(), source)


with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
):
    server.bind(("127.0.0.1", 0))
    client.settimeout(5)

    # A thread shares our memory and our sockets.
    thread = threading.Thread(target=receive_one, args=(server, "a thread"))
    thread.start()
    client.sendto(b"first", server.getsockname())
    print(client.recv(2048).decode())
    thread.join()

    # A process shares only what it inherits: the open socket, but no variable that changes later.
    child = os.fork()
    if child == 0:
        receive_one(server, "a process")
        os._exit(0)
    client.sendto(b"second!", server.getsockname())
    print(client.recv(2048).decode())
    _, status = os.waitpid(child, 0)
    print(f"the process ended with status {os.waitstatus_to_exitcode(status)}")
