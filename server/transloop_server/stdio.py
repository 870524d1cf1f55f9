"""Serving on stdin and stdout without a thread in between.

pygls reads stdin with a thread, three hand-overs a message; while llama.cpp computes on every core,
each hand-over can wait for the end of somebody's time slice. Where the platform lets the event loop
read a pipe, it does; elsewhere pygls' own way is used.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
import threading

from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer

log = logging.getLogger(__name__)


class PipeReader:
    """An asyncio stream in the form that pygls reads from: nothing more to read is `b""`."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream

    async def readline(self) -> bytes:
        """One line with its end."""
        return await self._stream.readline()

    async def readexactly(self, n: int) -> bytes:
        """`n` bytes, or nothing when the client is gone."""
        try:
            return await self._stream.readexactly(n)
        except asyncio.IncompleteReadError:
            return b""


def serve_stdio(server: LanguageServer) -> None:
    """Serve one client until it says `exit` or is gone."""
    if not _pipes():
        server.start_io()
        return
    try:
        asyncio.run(_serve(server))
    except BrokenPipeError:
        log.warning("the editor is gone")
    except (KeyboardInterrupt, SystemExit):
        pass  # pygls raises the latter when the client says `exit`
    finally:
        server.shutdown()  # type: ignore[no-untyped-call]


async def _serve(server: LanguageServer) -> None:
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), sys.stdin.buffer
    )
    server.protocol.set_writer(StdoutWriter(sys.stdout.buffer))
    try:
        await run_async(
            stop_event=threading.Event(),
            reader=PipeReader(stream),
            protocol=server.protocol,
            error_handler=server.report_server_error,
        )
    finally:
        transport.close()


def _pipes() -> bool:
    """Whether stdin can be read by the event loop without stdout becoming non-blocking too."""
    if sys.platform == "win32":
        return False
    own, other = os.fstat(0), os.fstat(1)
    waits = not (stat.S_ISREG(own.st_mode) or os.isatty(0))
    return waits and (own.st_dev, own.st_ino) != (other.st_dev, other.st_ino)
