"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from transloop_settings.errors import RegistryUnwritable

LOCK_SECONDS = 30.0
NEW = ".new-"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Alone among all processes.

    Raises:
        RegistryUnwritable: the disk is full or read-only, or another process does not end.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=LOCK_SECONDS):
            yield
    except Timeout:
        raise RegistryUnwritable(
            f"Another process has been writing to {folder} for {LOCK_SECONDS:.0f} s.",
            "Wait for it, or end it.",
        ) from None
    except OSError as error:
        raise RegistryUnwritable(
            f"Nothing could be written to {folder}: {error.strerror or error}.",
            "What was there before is still in use. Make room and try again.",
        ) from error


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which is called `path` once all of it is on the disk; hold the lock."""
    for left in path.parent.glob(f"{NEW}*"):  # of a process that was killed
        shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(prefix=NEW, dir=path.parent))
    try:
        yield made
        for each in made.iterdir():
            with each.open("rb+") as file:
                os.fsync(file.fileno())
        _sync_folder(made)
        made.rename(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def replace(path: Path, content: bytes) -> None:
    """Give `path` another content, by rename."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_folder(path.parent)
    finally:
        new.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
