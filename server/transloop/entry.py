"""Where the `transloop` command begins."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; `transloop lsp` alone goes past it, because an editor waits."""
    if sys.argv[1:] == ["lsp"]:
        from transloop.lsp import run

        run(None)
    else:
        from transloop.cli import main as command_line

        command_line()
