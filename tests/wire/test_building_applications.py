"""TFTP and FeiQ packets written down by hand give the bytes of their vector, and its bytes give these packets."""

from __future__ import annotations

import pytest

from lab.wire import feiq, tftp

TFTP = {
    "tftp-read-request": tftp.ReadRequest(b"hello.txt", b"octet"),
    "tftp-read-request-with-options": tftp.ReadRequest(
        b"boot.img",
        b"OCTET",
        ((b"blksize", b"1428"), (b"tsize", b"0"), (b"timeout", b"3"), (b"WindowSize", b"16")),
    ),
    "tftp-write-request": tftp.WriteRequest(b"notes", b"netascii"),
    "tftp-data": tftp.Data(258, b"hello"),
    "tftp-data-empty": tftp.Data(2, b""),
    "tftp-ack": tftp.Ack(258),
    "tftp-error": tftp.Error(1, b"File not found"),
    "tftp-error-unknown-code": tftp.Error(65535, b""),
    "tftp-option-acknowledgment": tftp.Oack(((b"blksize", b"1428"), (b"tsize", b"300000"))),
}

FEIQ_2013 = b"1_lbt6_0#128#AABBCCDDEEFF#0#0#0#4001#9"
LILEI = "李雷".encode("gbk")
FEIQ = {
    "feiq-seed-message": feiq.Packet(b"1", b"1238605487", b"klaus", b"whoever_pc", b"32", b"Nice day!"),
    "feiq-official-message": feiq.compose(number=100, user=b"shirouzu", host=b"jupiter", code=32, sections=[b"Hello"]),
    "feiq-entry": feiq.compose(
        version=b"1_lbt6_27#128#AABBCCDDEEFF#0#0#0#4001#9", number=1500000001, user=LILEI, host=b"HAN-PC",
        code=0x600001, sections=[LILEI, "研发".encode("gbk")],
    ),
    "feiq-entry-answer": feiq.compose(
        version=FEIQ_2013, number=1500000002, user=b"klaus", host=b"whoever_pc", code=0x600003,
        sections=[b"klaus", b""],
    ),
    "feiq-absence": feiq.compose(
        version=b"1_lbt4_1#163#001122334455#0#0#0", number=7, user=b"ann", host=b"PC7", code=0x600104,
        sections=["ann[暂离]".encode("gbk"), b""],
    ),
    "feiq-exit": feiq.compose(
        version=b"1_lbt4_1#163#001122334455#3394#0#0", number=8, user=b"ann", host=b"PC7", code=0x2600002,
        sections=[b"ann", b"Work"],
    ),
    "feiq-entry-with-utf8-names": feiq.compose(
        number=1700000000, user=b"li", host=b"pc1", code=0x01600001,
        sections=[b"li", b"", "\nUN:li\nHN:pc1\nNN:李雷\nVS:00010002:5:6:0".encode()],
    ),
    "feiq-checked-message": feiq.compose(
        number=1700000001, user=b"li", host=b"pc1", code=0x00800120, sections=["你好".encode()]
    ),
    "feiq-receipt": feiq.compose(
        number=1700000002, user=b"klaus", host=b"whoever_pc", code=0x21, sections=[b"1700000001"]
    ),
    "feiq-gbk-message": feiq.compose(
        version=b"1_lbt6_27#128#AABBCCDDEEFF#0#0#0#4001#9", number=1500000003, user=LILEI, host=b"HAN-PC", code=0x120,
        sections=["你好 {/font;-16 0 0 0 400 0 0 0 134 0 0 2 32 宋体 0;}".encode("gbk")],
    ),
    "feiq-attachment-offer": feiq.compose(
        number=1700000003, user=b"li", host=b"pc1", code=0x00200120,
        sections=[
            b"see",
            feiq.Attachment(0, b"a:b.txt", 10, 0x596E0A52).build()
            + feiq.Attachment(1, b"photos", 0, 0x596E0A52, 2, ((0x10, (b"1ed",)),)).build(),
        ],
    ),
    "feiq-message-with-later-colons": feiq.Packet(b"1", b"9", b"li", b"pc1", b"032", b"12:30, room 5\0"),
    "feiq-repeated-message": feiq.compose(
        number=100, user=b"shirouzu", host=b"jupiter", code=0x120, sections=[b"Hello"], end=bytes(65)
    ),
    "feiq-shake": feiq.compose(version=FEIQ_2013, number=1500000004, user=b"klaus", host=b"whoever_pc", code=0xD1),
    "feiq-group-message": feiq.Packet(
        b"1_lbt6_0#128#AABBCCDDEEFF#0#0#32#4001#9", b"1500000005", b"klaus", b"whoever_pc", b"4194339",
        bytes.fromhex("ae58e77afe9ef55436e174f253dfe2043af9eecce770e8f0da81d4f7e3a04271"),
    ),
    "feiq-image-chunk": feiq.compose(
        version=FEIQ_2013, number=1500000006, user=b"klaus", host=b"whoever_pc", code=0x2000C0,
        sections=[b"64ea4edd|10|0|1|1|10|0|2|0|00000000#"],
        end=b"\0\xff\xd8\xff\xe0\0\x10JFIF",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TFTP)
def test_a_tftp_packet_is_written_and_read_exactly(vectors, name):
    assert TFTP[name].build() == vectors[name].data
    assert tftp.parse(vectors[name].data) == TFTP[name]


@pytest.mark.parametrize("name", FEIQ)
def test_a_feiq_packet_is_written_and_read_exactly(vectors, name):
    assert FEIQ[name].build() == vectors[name].data
    assert feiq.parse(vectors[name].data) == FEIQ[name]


def test_no_vector_of_an_application_is_left_out(vectors):
    sound = {name for name, vector in vectors.items() if vector.start in ("tftp", "feiq") and vector.error is None}
    assert sound == TFTP.keys() | FEIQ.keys()
