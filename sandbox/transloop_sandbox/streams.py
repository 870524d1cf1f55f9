"""What goes into a program and comes out: stdin that cannot be written, output with limits."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STDERR_EDGE = 128 << 10
"""Kept of stderr at either end."""
STDERR_BYTES = 4 << 20
"""More than that is a flood."""
_CHUNK = 1 << 16


@contextmanager
def readable(content: bytes) -> Iterator[int]:
    """A descriptor with the content; nobody can write to it, also not through /proc."""
    if hasattr(os, "memfd_create"):
        place = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with os.fdopen(place, "wb", buffering=0) as file:
            _write(file.fileno(), content)
            seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
            reading = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as named:
            _write(named.fileno(), content)
            reading = os.open(named.name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield reading
    finally:
        os.close(reading)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _read(pipe: int) -> bytes | None:
    """What there is; None: nothing now."""
    try:
        return os.read(pipe, _CHUNK)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EINTR):
            return None
        raise


class Head:
    """Stdout: kept up to a limit, shown to the listener as it comes."""

    def __init__(self, limit: int, listener: Callable[[bytes], None]) -> None:
        self.pipe = -1
        self.full = False
        self._limit, self._listener = limit, listener
        self._kept = bytearray()

    def read(self) -> bytes | None:
        """Take what there is; empty at the end, None if nothing is there yet."""
        chunk = _read(self.pipe)
        if chunk:
            room = self._limit - len(self._kept)
            self.full = len(chunk) > room
            self._kept += chunk[:room]
            self._listener(chunk[:room])
        return chunk

    def text(self) -> bytes:
        return bytes(self._kept)


class Edges:
    """Stderr: its beginning and its end."""

    def __init__(self) -> None:
        self.pipe = -1
        self._head, self._tail, self._length = bytearray(), bytearray(), 0

    @property
    def full(self) -> bool:
        return self._length > STDERR_BYTES

    def read(self) -> bytes | None:
        """Take what there is; empty at the end, None if nothing is there yet."""
        chunk = _read(self.pipe)
        if chunk:
            self._length += len(chunk)
            room = STDERR_EDGE - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            del self._tail[:-STDERR_EDGE]
        return chunk

    def text(self) -> bytes:
        left_out = self._length - len(self._head) - len(self._tail)
        gap = f"\n[... {left_out} bytes ...]\n".encode() if left_out else b""
        return bytes(self._head) + gap + bytes(self._tail)
