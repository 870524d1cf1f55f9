"""Copies of tools that lie where the sandbox's uid cannot come in, such as below root's home.

Made once for each version, by hard links where that is possible, so that most cost no space.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from filelock import FileLock

from transloop_sandbox.cache import key_of
from transloop_settings import directories


def opened_copy(root: Path, stamp: str, leave_out: Sequence[str]) -> Path:
    """The copy of a tool's folder, made now if it is not there."""
    from transloop_sandbox.warm import require_open

    copies = directories.toolchains().resolve() / "copies"
    copies.mkdir(parents=True, exist_ok=True)
    require_open(copies)
    name = f"{stamp.partition(' ')[0]}-{key_of(str(root), stamp, list(leave_out))[:16]}"
    target = copies / name
    with FileLock(copies / f".{name}.lock"):
        if not target.exists():
            fresh = copies / f".{name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            _copy(root, fresh, leave_out)
            fresh.rename(target)
    return target


def _copy(root: Path, target: Path, leave_out: Sequence[str]) -> None:
    """All of a tree but what is left out. A link stays a link if it leads to what is copied."""
    target.mkdir(mode=0o755)
    for source in _entries(root, leave_out):
        goal = target / source.relative_to(root)
        if source.is_symlink() and _inside(source, root):
            goal.symlink_to(source.readlink())
        elif source.is_dir():
            goal.mkdir(mode=0o755, exist_ok=True)
        elif source.is_file():
            _one(source.resolve(), goal)


def _entries(root: Path, leave_out: Sequence[str]) -> Iterator[Path]:
    pending = [root]
    while pending:
        for each in sorted(pending.pop().iterdir()):
            if any(fnmatch(str(each.relative_to(root)), pattern) for pattern in leave_out):
                continue
            yield each
            if each.is_dir() and not each.is_symlink():
                pending.append(each)


def _inside(link: Path, root: Path) -> bool:
    return not link.readlink().is_absolute() and link.resolve().is_relative_to(root)


def _one(source: Path, goal: Path) -> None:
    """A link where everybody may read the file already, else a copy that everybody may read."""
    readable = 0o555 if source.stat().st_mode & stat.S_IXUSR else 0o444
    if source.stat().st_mode & readable == readable:
        try:
            os.link(source, goal)
        except OSError:  # another disk, or a file system without links
            pass
        else:
            return
    shutil.copyfile(source, goal)
    goal.chmod(readable)
