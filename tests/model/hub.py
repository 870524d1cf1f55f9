"""A model hub of our own, on the loopback interface: one file, as the real one answers for it."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "/us/tiny/resolve/main/tiny.gguf"
BYTES = b"GGUF" + random.Random(1).randbytes(300_000)
"""What the hub says that it has; a hub may be made to deliver something else."""


class Hub(ThreadingHTTPServer):
    """Answers for one file as the hub does: metadata on HEAD, ranges on GET."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.content = content
        self.stall_after: int | None = None
        self.gets: list[str | None] = []
        self.go_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._head(0)

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        if self.path == MODEL:  # the hub client asks for other things too
            self.server.gets.append(wanted)
        first = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        if self._head(first):
            self._body(self.server.content[first:])

    def _head(self, first: int) -> bool:
        size = len(self.server.content)
        known = self.path == MODEL
        self.send_response((206 if first else 200) if known else 404)
        self.send_header("ETag", '"' + hashlib.sha256(BYTES).hexdigest() + '"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(size - first if known else 0))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.end_headers()
        return known

    def _body(self, content: bytes) -> None:
        if self.server.stall_after is not None:
            self.wfile.write(content[: self.server.stall_after])
            self.server.go_on.wait(30)
            content = content[self.server.stall_after :]
        with contextlib.suppress(ConnectionError):  # a pull that was ended
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
