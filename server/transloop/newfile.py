"""Writing a file that does not exist yet: as a whole or not at all, and over nothing."""

from __future__ import annotations

import os
from pathlib import Path

from transloop_settings.errors import UsageError


def require_new(path: Path) -> None:
    """UsageError if `path` exists, or if there is no folder to put it in."""
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists already, and is not overwritten.", "Give a new name.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first.")


def write_new(path: Path, data: bytes) -> None:
    """Write `data` to a new file. UsageError as `require_new`, or if it cannot be written."""
    require_new(path)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        try:
            with fresh.open("xb") as file:
                file.write(data)
            _give_name(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}.") from error


def _give_name(fresh: Path, path: Path) -> None:
    try:
        os.link(fresh, path)  # fails if somebody else made the file meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        fresh.rename(path)
