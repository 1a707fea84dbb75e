"""Lesson 10, TFTP: a file in numbered blocks, each acknowledged before the next; the short block is the last.

Run it: .venv/bin/python scripts/lessons/10_tftp.py
"""

import io
import socket
import tempfile
from pathlib import Path

from lab.peer.tftp_client import get
from lab.peer.tftp_server import TftpServer
from lab.wire import tftp

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "hello.txt").write_bytes(b"Hello! " * 100)
    with TftpServer(folder, port=0) as server:
        # By hand first: a read request, then for every DATA the ACK with its number.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(tftp.ReadRequest(b"hello.txt", b"octet").build(), server.address)
            size = 512
            while size == 512:
                raw, source = client.recvfrom(2048)
                data = tftp.parse(raw)
                assert isinstance(data, tftp.Data)
                size = len(data.data)
                new_port = source[1] != server.address[1]
                print(f"DATA {data.block}, {size:3} bytes, starts {raw[:4].hex(' ')}; from a new port: {new_port}")
                client.sendto(tftp.Ack(data.block).build(), source)

        # And with everything that later RFCs added: larger blocks, a window of them to one acknowledgement.
        whole = io.BytesIO()
        host, port = server.address
        done = get(host, port, b"hello.txt", whole)
        size, window = done.terms.blksize, done.terms.windowsize
        print(
            f"the client read {len(whole.getvalue())} bytes: blocks of {size}, {window} of them to an acknowledgement"
        )
