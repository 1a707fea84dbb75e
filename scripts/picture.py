"""Draws the picture in the README out of a real run of the demo: a ladder, one packet's bytes, the verdict.

Run it: .venv/bin/python scripts/picture.py
"""

import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from lab.cli.demo import NAMES
from lab.cli.output import print_lines
from lab.demo.run import run
from lab.demo.verdict import verdict_lines
from lab.report.dump import dump
from lab.report.labels import label
from lab.report.ladder import ladder
from lab.report.terminal import dump_lines, ladder_lines
from lab.wire.flows import Flows
from lab.wire.frame import dissect
from lab.wire.tftp import Oack

PICTURE = Path(__file__).resolve().parent.parent / ".github" / "demo.svg"
STEP = b"TFTP: a block lost, a block twice, a stranger, over IPv4"

done = run(1, print)
console = Console(
    record=True, width=112, file=io.StringIO(), force_terminal=True, markup=False, highlight=False, emoji=False
)
console.print("$ scripts/demo\n", style="bold")
faults = [record for record in done.records if STEP in record.comments]
for line in ladder_lines(ladder(faults, names=NAMES), 112):
    console.print(line, soft_wrap=True)

flows = Flows()
for record in done.records:
    seen = dissect(record.data, flows=flows)
    layer = seen.layer("tftp")
    if layer is not None and isinstance(layer.packet, Oack):
        console.print()
        for line in dump_lines(dump(seen, f"frame {record.number}: {label(seen)[0]}"), 112):
            console.print(line, soft_wrap=True)
        break
console.print()
print_lines(console, verdict_lines(done))

# The fonts that rich would fetch from elsewhere are left to the reader's own.
template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
PICTURE.write_text(console.export_svg(title="lab demo", code_format=template), encoding="utf-8")
