"""RFC 3617's URLs, and the names that they put on the wire."""

from __future__ import annotations

import pytest

from lab.peer.tftp_url import BadUrl, TftpUrl


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("tftp://h/dir/f", TftpUrl("h", 69, b"dir/f")),
        ("tftp://h//f", TftpUrl("h", 69, b"/f")),
        ("TFTP://127.0.0.1:6969/f", TftpUrl("127.0.0.1", 6969, b"f")),
        ("tftp://[::1]/f", TftpUrl("::1", 69, b"f")),
        ("tftp://[fe80::1%eth0]:70/f", TftpUrl("fe80::1%eth0", 70, b"f")),
        ("tftp://[fe80::1%25eth0]/f", TftpUrl("fe80::1%eth0", 69, b"f")),
        ("tftp://[fe80::1%25]/f", TftpUrl("fe80::1%25", 69, b"f")),
        ("tftp://h/f;mode=netascii", TftpUrl("h", 69, b"f", "netascii")),
        ("tftp://h/f;MODE=Octet", TftpUrl("h", 69, b"f", "octet")),
        ("tftp://h/f%3Bmode=netascii", TftpUrl("h", 69, b"f;mode=netascii")),
        ("tftp://h/a%20b%ff%25", TftpUrl("h", 69, b"a b\xff%")),
        ("tftp://h/文件", TftpUrl("h", 69, "文件".encode())),
        ("tftp://h/a?b#c", TftpUrl("h", 69, b"a?b#c")),
        ("tftp://h/bytes-\udcff", TftpUrl("h", 69, b"bytes-\xff")),
        ("tftp://h", TftpUrl("h", 69, b"")),
        ("tftp://h/", TftpUrl("h", 69, b"")),
    ],
)
def test_a_url_names_host_port_name_and_mode(text: str, url: TftpUrl) -> None:
    assert TftpUrl.parse(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f",
        "http://h/f",
        "tftp:/h/f",
        "tftp:///f",
        "tftp://h:/f",
        "tftp://h:0/f",
        "tftp://h:65536/f",
        "tftp://h:x/f",
        "tftp://::1/f",
        "tftp://[::1/f",
        "tftp://h/f;mode=mail",
        "tftp://h/f;mode=",
        "tftp://h/%",
        "tftp://h/%4",
        "tftp://h/%zz",
        "tftp://h/a%00b",
    ],
)
def test_what_is_no_tftp_url_is_refused(text: str) -> None:
    with pytest.raises(BadUrl):
        TftpUrl.parse(text)
