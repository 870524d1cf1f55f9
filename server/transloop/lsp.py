"""`transloop lsp`: start the language server."""

from __future__ import annotations

import logging
import sys

from transloop import __version__
from transloop_settings.errors import UsageError


def run(tcp: str | None) -> None:
    """Serve one editor on stdio, or on `HOST:PORT`. The log goes to stderr."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from transloop_server.server import serve

    serve(__version__, _address(tcp) if tcp else None)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise UsageError(f"--tcp wants HOST:PORT, not “{text}”.", "For example 127.0.0.1:2087.")
    return host or "127.0.0.1", int(port)
