"""One trainer a machine: the second waits, and says for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from transloop_model import training
from transloop_settings import directories
from transloop_settings.errors import CheckpointUnwritable

LOOK_SECONDS = 0.5


@contextmanager
def alone(told: Callable[[str], None]) -> Iterator[None]:
    """Until no other trainer of this person runs; the kernel frees the lock of one that died.

    Raises:
        CheckpointUnwritable: the state folder takes no lock.
    """
    path = directories.state() / "training.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            told(f"Another trainer is at work{_who()}; this one waits for it.")
            lock.acquire(poll_interval=LOOK_SECONDS)
    except OSError as error:
        raise CheckpointUnwritable(
            f"{path} cannot be written: {error.strerror or error}.", "Make room, or set it right."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _who() -> str:
    found = training.read()
    return f" (process {found.pid}, {found})" if found is not None and found.alive else ""
