"""The door of the command line, `lab` and `python -m lab`: Ctrl-C is answered from the first moment on."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""As in lab.cli.exits, which may not have been read yet."""


def main() -> None:
    """Runs `lab`. What it needs takes a tenth of a second to load, time enough for an impatient Ctrl-C."""
    try:
        from lab.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("lab: interrupted\n")
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
