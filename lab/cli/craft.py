"""`lab craft`: one frame with every field settable, shown explained, written, or sent on the lab's own wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lab.cli.craft_frame import NEUTRAL_PORT, Wanted, craft, header_options, result_options
from lab.cli.craft_result import deliver
from lab.cli.exits import Exit
from lab.cli.failure import Failure

if TYPE_CHECKING:
    from lab.craft.envelope import Envelope
    from lab.craft.frames import Frame

TFTP_KINDS = ("rrq", "wrq", "data", "ack", "error", "oack")
ECHO_PORT, DISCARD_PORT, TFTP_PORT, FEIQ_PORT = 7, 9, 69, 2425


@click.group("craft", no_args_is_help=True)
def command() -> None:
    """Build one frame with Scapy, every field settable; show it explained, write it, or send it in the lab network.

    \b
      lab craft tftp rrq boot.img --option blksize=1428 --send
      lab craft feiq --text 你好 --encoding gbk --command "SENDMSG|SENDCHECKOPT" --send
      lab craft tftp data --block 1 --data abc --set udp.chksum=0x1234 -w wrong.pcapng
      lab craft malformed

    The frame goes from the lab's station (10.77.0.2, fd77::2) to its reference peers (10.77.0.1, fd77::1) unless
    options say otherwise. --send puts it on the lab's own wire, which no other machine is on.
    """


@command.command("tftp")
@click.argument("kind", type=click.Choice(TFTP_KINDS), default="rrq")
@click.argument("filename", default="hello.txt")
@click.option("--mode", default="octet", show_default=True, help="Of a request; any text.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Of a request or an OACK. Again.")
@click.option("--block", type=click.IntRange(0, 65535), default=1, show_default=True, help="Of DATA and ACK.")
@click.option("--data", metavar="TEXT", default="", help="Of DATA, as UTF-8.")
@click.option("--data-hex", metavar="HEX", help="Of DATA, as hex digits.")
@click.option("--code", type=click.IntRange(0, 65535), default=0, show_default=True, help="Of an ERROR.")
@click.option("--message", default="", help="Of an ERROR.")
@header_options
@result_options
def tftp(
    kind: str,
    filename: str,
    mode: str,
    options: tuple[str, ...],
    block: int,
    data: str,
    data_hex: str | None,
    code: int,
    message: str,
    **common: Any,
) -> int:
    """A TFTP packet (RFC 1350, RFC 2347): rrq, wrq, data, ack, error or oack."""
    pairs = [_pair(option) for option in options]
    content = _octets(data, data_hex)

    def build(envelope: Envelope) -> Frame:
        from lab.craft import frames

        match kind:
            case "rrq":
                return frames.tftp_read_request(envelope, filename, mode, pairs)
            case "wrq":
                return frames.tftp_write_request(envelope, filename, mode, pairs)
            case "data":
                return frames.tftp_data(envelope, block, content)
            case "ack":
                return frames.tftp_ack(envelope, block)
            case "error":
                return frames.tftp_error(envelope, code, message)
        return frames.tftp_oack(envelope, pairs)

    return _finish("tftp", (NEUTRAL_PORT, TFTP_PORT), build, common)


@command.command("feiq")
@click.option(
    "--command", "code", default="SENDMSG", show_default=True, help="A number or words: SENDMSG|SENDCHECKOPT."
)
@click.option("--text", default="Nice day!", show_default=True, help="The first section.")
@click.option("--section", "sections", multiple=True, metavar="TEXT", help="A further section, after a NUL. Again.")
@click.option("--end/--no-end", default=True, show_default=True, help="Whether a NUL ends the packet.")
@click.option(
    "--encoding", default="gbk", show_default=True, help="Of user, host and sections; with UTF8OPT say utf-8."
)
@click.option(
    "--number", type=click.IntRange(0, 2**32 - 1), default=1238605487, show_default=True, help="Packet number."
)
@click.option("--user", default="klaus", show_default=True)
@click.option("--host", default="whoever_pc", show_default=True)
@click.option("--version", "version", default="1", show_default=True, help="The version field, FeiQ's long form too.")
@header_options
@result_options
def feiq(
    code: str,
    text: str,
    sections: tuple[str, ...],
    end: bool,
    encoding: str,
    number: int,
    user: str,
    host: str,
    version: str,
    **common: Any,
) -> int:
    """A FeiQ or IP Messenger packet: the seed's message unless options say otherwise."""
    body = [_encoded(part, encoding) for part in (text, *sections)] + [b""] * end
    names = {"user": _encoded(user, encoding), "host": _encoded(host, encoding), "version": _encoded(version, encoding)}

    def build(envelope: Envelope) -> Frame:
        from lab.craft import frames

        return frames.feiq(envelope, number=number, command=code, sections=body, **names)

    return _finish("feiq", (FEIQ_PORT, FEIQ_PORT), build, common)


@command.command("udp")
@click.option("--text", default="", help="The payload, as UTF-8 unless --encoding says otherwise.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of --text.")
@click.option("--data-hex", metavar="HEX", help="The payload as hex digits.")
@header_options
@result_options
def udp(text: str, encoding: str, data_hex: str | None, **common: Any) -> int:
    """A plain UDP datagram (RFC 768); to the discard port unless --destination-port says otherwise."""
    payload = _octets(text, data_hex, encoding)
    return _finish("", (NEUTRAL_PORT, DISCARD_PORT), lambda envelope: _datagram(envelope, payload), common)


@command.command("echo")
@click.option("--text", default="hello, echo", show_default=True, help="The payload, as UTF-8.")
@click.option("--data-hex", metavar="HEX", help="The payload as hex digits.")
@header_options
@result_options
def echo(text: str, data_hex: str | None, **common: Any) -> int:
    """A UDP echo request (RFC 862): whatever it carries comes back."""
    payload = _octets(text, data_hex)
    return _finish("echo", (NEUTRAL_PORT, ECHO_PORT), lambda envelope: _datagram(envelope, payload), common)


@command.command("malformed")
@click.argument("protocol", type=click.Choice(["ethernet", "tftp", "feiq"]), required=False)
def malformed(protocol: str | None) -> int:
    """List the packets that are wrong on purpose, for --malformed NAME; those of one layer, or all."""
    from rich.table import Table

    from lab.cli.output import console_out
    from lab.craft.malformed import every

    table = Table("name", "field", "judgement", "what is wrong", box=None, pad_edge=False)
    for case in every():
        if protocol in (None, case.start):
            table.add_row(case.name, case.field, case.judgement, f"{case.wrong} ({case.clause})")
    console_out().print(table)
    return int(Exit.OK)


def _datagram(envelope: Envelope, payload: bytes) -> Frame:
    from lab.craft import frames

    return frames.udp(envelope, payload)


def _finish(protocol: str, ports: tuple[int, int], build: Any, common: dict[str, Any]) -> int:
    results = {name: common.pop(name) for name in ("only_hex", "path", "json_path", "send", "wait")}
    return deliver(craft(Wanted(**common), protocol, ports, build), **results)


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise Failure(f"--option {option}: an option is NAME=VALUE, as in blksize=1428", Exit.USAGE)
    return name, value


def _octets(text: str, digits: str | None, encoding: str = "utf-8") -> bytes:
    if digits is None:
        return _encoded(text, encoding)
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise Failure("--data-hex: these are no whole bytes in hex digits; try 00ff", Exit.USAGE) from None


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except LookupError:
        raise Failure(f"there is no encoding {encoding!r}; try utf-8, gbk or gb18030", Exit.USAGE) from None
    except UnicodeEncodeError as wrong:
        odd = wrong.object[wrong.start : wrong.end]
        raise Failure(f"{encoding} has no {odd!r}; try --encoding utf-8", Exit.USAGE) from None
