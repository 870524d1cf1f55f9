"""Makes a work folder readable, or writable, for the uid that a program gets."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def readable_by(uid: int | None, work: Path, *, writable: bool) -> None:
    """Give what is below `work` to `uid` where it could not use it else; None: it is ours already.

    A hostile program may have been there before: links are never followed, and a file with a second
    name may lie elsewhere too, so it is left as it is.
    """
    if uid is None:
        return
    _give(work, uid, writable=writable)
    for folder, folders, files in os.walk(work):
        for name in (*folders, *files):
            _give(Path(folder, name), uid, writable=writable)


def _give(path: Path, uid: int, *, writable: bool) -> None:
    found = path.lstat()
    needed = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    if found.st_uid == uid or (not writable and found.st_mode & needed == needed):
        return
    if stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
        os.chown(path, uid, uid, follow_symlinks=False)
