"""A compiler that stays in a sandbox of its own, spoken with over a pipe.

It only saves time. Whatever it does not answer well, late or at all is compiled again in the
ordinary way, by the ordinary limits, and the daemon is replaced.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from transloop_sandbox import folders
from transloop_sandbox.command import Command
from transloop_sandbox.job import File
from transloop_sandbox.workers import Worker

REQUESTS = "requests"
"""The name of the pipe in the daemon's work folder. Answers come on its stdout."""
SECONDS = 10.0
"""For one answer, its start included. Then it is compiled in the ordinary way."""
_PAUSE = 0.002


@dataclass(frozen=True)
class Answer:
    """What the compiler said, and the files that it made."""

    compiled: bool
    said: bytes
    files: dict[str, bytes]
    cpu_seconds: float


class Daemon:
    """One daemon, started with the first request; used by one thread at a time.

    Args:
        command: how it is started, but for its work folder, which is made for it.
        compiles: how many requests one process answers before another takes its place.
    """

    def __init__(self, worker: Worker, command: Command, compiles: int) -> None:
        self._worker = worker
        self._command = command
        self._compiles = compiles
        self._left = 0
        self._folder: Path | None = None
        self._pipe = -1

    def ask(self, files: Sequence[File], cancelled: Callable[[], bool]) -> Answer | None:
        """The answer; None: there is none, and it must be compiled in another way."""
        deadline = time.monotonic() + SECONDS
        try:
            if self._left == 0:
                self.close()
                self._start()
            self._left -= 1
            self._send(_request(files), deadline)
            answer = self._answer(deadline, cancelled)
        except (OSError, EOFError):
            answer = None
        if answer is None:
            self.close()
        return answer

    def close(self) -> None:
        """End it."""
        self._left = 0
        self._worker.close()
        if self._folder is not None:
            os.close(self._pipe)
            folders.remove(self._folder)
        self._folder, self._pipe = None, -1

    def _start(self) -> None:
        self._folder = folders.new_folder()
        work = self._folder / "work"
        work.mkdir(mode=0o755)
        os.mkfifo(work / REQUESTS, 0o644)
        self._pipe = os.open(work / REQUESTS, os.O_RDWR | os.O_NONBLOCK)
        self._worker.begin(replace(self._command, work=work), streams=True)
        self._left = self._compiles

    def _send(self, request: bytes, deadline: float) -> None:
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[os.write(self._pipe, rest) :]
            except BlockingIOError:  # it has not read yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)

    def _answer(self, deadline: float, cancelled: Callable[[], bool]) -> Answer | None:
        """All that it writes until an answer is whole; None at its end, or when time is up."""
        received = b""
        while time.monotonic() < deadline and not cancelled():
            message = self._worker.message()
            if message is None:
                continue
            if not isinstance(message, bytes):
                return None  # it ended
            received += message
            with suppress(_Incomplete):
                return _read(received)
        return None


class _Incomplete(ValueError):
    """There is more to come."""


def _request(files: Sequence[File]) -> bytes:
    parts = [struct.pack(">i", len(files))]
    for file in files:
        content = file.content
        parts += map(
            _framed,
            (
                file.path.encode(),
                content if isinstance(content, bytes) else content.encode("utf-8", "replace"),
            ),
        )
    return b"".join(parts)


def _framed(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _read(received: bytes) -> Answer:
    compiled, rest = received[:1] == b"\1", received[1:]
    if len(rest) < 8:
        raise _Incomplete
    cpu, rest = int(struct.unpack(">q", rest[:8])[0]), rest[8:]
    said, rest = _unframed(rest)
    count, rest = _number(rest)
    files: dict[str, bytes] = {}
    for _ in range(count):
        name, rest = _unframed(rest)
        content, rest = _unframed(rest)
        files[name.decode("utf-8", "replace")] = content
    return Answer(compiled, said, files, cpu / 1e9)


def _number(received: bytes) -> tuple[int, bytes]:
    if len(received) < 4:
        raise _Incomplete
    return int(struct.unpack(">i", received[:4])[0]), received[4:]


def _unframed(received: bytes) -> tuple[bytes, bytes]:
    size, rest = _number(received)
    if len(rest) < size:
        raise _Incomplete
    return rest[:size], rest[size:]
