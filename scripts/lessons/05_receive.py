"""Lesson 5, receiving: messages keep their edges, and what does not fit the buffer is lost.

Run it: .venv/bin/python scripts/lessons/05_receive.py
"""

import socket

with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
):
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(5)
    here = receiver.getsockname()

    # Two sends are two receives: UDP never glues messages together.
    sender.sendto(b"first", here)
    sender.sendto(b"second", here)
    print([receiver.recv(2048), receiver.recv(2048)])

    # A buffer that is too small cuts the datagram; the rest is gone, and only MSG_TRUNC tells.
    sender.sendto(b"0123456789", here)
    data, _, flags, _ = receiver.recvmsg(4)
    print(f"{data!r}, and the kernel says it cut it: {bool(flags & socket.MSG_TRUNC)}")

    # Nothing there is not an error of the network: it is a decision about how long to wait.
    receiver.settimeout(0.05)
    try:
        receiver.recv(2048)
    except TimeoutError:
        print("nobody sent anything within 0.05 s")
