"""A server and a client on a link-local address, in a private network; prints what each saw of the other, as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from lab.peer.tftp_client import get, put
from lab.peer.tftp_server import TftpServer


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, copy = Path(folder, "f"), Path(folder, "copy")
        source.write_bytes(bytes(range(256)) * 20)
        seen = []
        for host in ("fe80::1%lo", "::"):
            with TftpServer(folder, host, 0, write=True) as server:
                read = get("fe80::1%lo", server.address[1], b"f", copy)
                written = put("fe80::1%1", server.address[1], f"from-{host}".encode(), copy)
                seen.append(
                    [server.address[0], read.peer[0], written.peer[0], copy.read_bytes() == source.read_bytes()]
                )
            copy.unlink()
    json.dump(seen, sys.stdout)


main()
