"""Marks that a request is being served, so that whatever else computes on this machine makes way.

Every process that serves holds a shared lock on one file; the kernel lets it go when the process
ends, however that happens. On Windows there is no such lock: nothing is marked.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from transloop_settings import directories

if sys.platform != "win32":
    import fcntl

_TRIES = 50
"""A look at the lock holds it for some microseconds; a millisecond later it is free again."""


@contextmanager
def mark() -> Iterator[None]:
    """While a request is served. It never fails: unmarked, it is only slower."""
    descriptor = _held()
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                os.utime(_file())
            os.close(descriptor)


def busy() -> bool:
    """Whether any process of this person serves a request now."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(_file(), os.O_RDWR)
    except OSError:  # nothing was ever served
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def seconds_since() -> float | None:
    """Since a request was last begun or served; None: nobody knows of one.

    Where the clock was moved, that is long ago.
    """
    try:
        since = time.time() - _file().stat().st_mtime
    except OSError:
        return None
    return 0.0 if busy() else since if since >= 0 else None


def _held() -> int | None:
    """The descriptor that holds the lock; None: it cannot be had."""
    if sys.platform == "win32":
        return None
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(_file(), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a read-only home
        return None
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001)
        except OSError:  # a file system without locks
            break
        else:
            return descriptor
    os.close(descriptor)
    return None


def _file() -> Path:
    return directories.state() / "serving.lock"
