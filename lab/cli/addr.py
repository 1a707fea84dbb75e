"""`lab addr`: what an address is. Shows what `lab.host.addresses` knows; looks nothing up and sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lab.cli.exits import Exit
from lab.cli.failure import Failure
from lab.cli.output import console_out, write_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from lab.host.fact import BitRun, Description

_STYLES = ("bold yellow", "bold cyan", "bold magenta", "bold green", "bold blue", "bold red")
_MARKS = "abcdef"


@click.command("addr")
@click.argument("address", required=False)
@click.argument("netmask", required=False)
@click.option("--json", "json_path", metavar="FILE", help="Write it as JSON too; - is stdout, and only that.")
def command(address: str | None, netmask: str | None, json_path: str | None) -> int:
    """What an address is: class, network and host part, kind, subnet, multicast MAC, what is hidden in it.

    ADDRESS is IPv4 or IPv6, with a /prefix or a netmask if it has one; without ADDRESS, the classes and the special
    blocks of IPv4 are listed. No name is looked up.

    \b
      lab addr 192.168.1.10/26
      lab addr 172.16.5.1 255.255.240.0
      lab addr fe80::4c:41ff:fe42:1%lab0
    """
    from lab.host.addresses import AddressError, describe

    if address is None:
        if json_path:
            write_json(json_path, _chapter_document())
        if json_path != "-":
            _show_chapter(console_out())
        return Exit.OK
    try:
        description = describe(address, netmask)
    except AddressError as error:
        raise Failure(str(error), Exit.USAGE) from None
    if json_path:
        write_json(json_path, _document(description))
    if json_path != "-":
        _show(console_out(), description)
    return Exit.OK


def _document(description: Description) -> dict[str, object]:
    return {
        "address": description.address,
        "version": description.version,
        "kinds": [{"name": kind.name, "meaning": kind.meaning, "source": kind.source} for kind in description.kinds],
        "bits": [{"name": run.name, "width": run.width, "value": f"{run.value:#x}"} for run in description.runs],
        "facts": {fact.name: fact.value for fact in description.facts},
    }


def _show(console: Console, description: Description) -> None:
    from rich.table import Table
    from rich.text import Text

    console.print(Text(description.headline, "bold"))
    console.print()
    for line in _anatomy(description):
        console.print(line, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for kind in description.kinds:
        table.add_row(Text("is", "dim"), Text(kind.name.replace("_", " "), "bold"), _why(kind.meaning, kind.source))
    group = ""
    for fact in description.facts:
        if fact.group != group:
            table.add_row()
            group = fact.group
            table.add_row(Text(group, "bold underline"))
        name = (
            fact.name.replace("_", " ").replace("ipv4", "IPv4").replace("eui64 mac", "EUI-64 MAC").replace("mac", "MAC")
        )
        table.add_row(f"  {name}", Text(str(fact.value), "bold"), _why(fact.meaning, fact.source))
    console.print()
    console.print(table)


def _why(meaning: str, source: str) -> str:
    return f"{meaning} [{source}]" if meaning and source else meaning or (f"[{source}]" if source else "")


def _anatomy(description: Description) -> list[Text]:
    """The bits (IPv4) or hex digits (IPv6) of the address, below each the letter of the part it belongs to."""
    from rich.text import Text

    digits, marks = Text("  "), Text("  ")
    per_digit = 1 if description.version == 4 else 4
    for position, (digit, part) in enumerate(_digits(description.runs, per_digit)):
        if position and position % (8 if per_digit == 1 else 4) == 0:
            digits.append("." if per_digit == 1 else ":", "dim")
            marks.append(" ")
        digits.append(digit, _STYLES[part % len(_STYLES)])
        marks.append(_MARKS[part % len(_MARKS)], "dim")
    legend = []
    first = 0
    for part, run in enumerate(description.runs):
        bits = f"bit {first}" if run.width == 1 else f"bits {first}-{first + run.width - 1}"
        legend.append(
            Text.assemble(
                "  ", (_MARKS[part % len(_MARKS)], _STYLES[part % len(_STYLES)]), " ",
                (run.name.replace("_", " ").replace("ipv4", "IPv4"), _STYLES[part % len(_STYLES)]), f"  {bits}",
            )
        )  # fmt: skip
        first += run.width
    return [digits, marks, *legend]


def _digits(runs: tuple[BitRun, ...], per_digit: int) -> list[tuple[str, int]]:
    """Each digit with the part that its first bit belongs to."""
    bits = [(bit, part) for part, run in enumerate(runs) for bit in run.bits]
    return [
        (f"{int(''.join(bit for bit, _ in bits[at : at + per_digit]), 2):x}", bits[at][1])
        for at in range(0, len(bits), per_digit)
    ]


def _show_chapter(console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from lab.host.ipv4 import CLASSES
    from lab.host.known import IPV4_KINDS

    classes = Table(title="The classes of RFC 791, which CIDR replaced in 1993", title_justify="left", box=None)
    for heading in ("class", "begins with", "from", "to", "network part", "host part", "for"):
        classes.add_column(heading)
    for known in CLASSES:
        parts = [_bytes(known.prefix // 8), _bytes(4 - known.prefix // 8)] if known.prefix else ["", ""]
        classes.add_row(Text(known.letter, "bold yellow"), known.leading, *known.range.split(" to "), *parts, known.use)
    console.print(classes)
    console.print()
    blocks = Table(title="Blocks with a meaning of their own", title_justify="left", box=None)
    for heading in ("block", "kind", "meaning", "source"):
        blocks.add_column(heading)
    for block, name, meaning, source in sorted(IPV4_KINDS, key=lambda line: line[0]):
        blocks.add_row(Text(str(block), "bold cyan"), name.replace("_", " "), meaning, Text(source, "dim"))
    console.print(blocks)


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _chapter_document() -> dict[str, object]:
    from lab.host.ipv4 import CLASSES
    from lab.host.known import IPV4_KINDS

    return {
        "classes": [
            {"class": one.letter, "leading_bits": one.leading, "prefix": one.prefix or None, "range": one.range}
            for one in CLASSES
        ],
        "blocks": [
            {"block": str(block), "kind": name, "meaning": meaning, "source": source}
            for block, name, meaning, source in IPV4_KINDS
        ],
    }
