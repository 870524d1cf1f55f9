"""How much a program has written where its size is not the kernel's to limit.

A tmpfs has a size, but no limit of files, and each takes memory of the kernel; a folder of the
machine, where Landlock cannot mount one, has neither.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from transloop_sandbox import tree
from transloop_sandbox.job import Limits
from transloop_sandbox.tree import Use

_INODE_MB = 1 / 1024
"""What an empty file takes in memory, its name included."""
_ENTRIES = 6_000
"""Nobody compiles to more files; counting them all would take too long."""
_CROWDED = 128 << 10
"""Bytes of a folder's own list of names. A program that fills one keeps readers of it waiting for
seconds, but not those who ask for this size."""


class _TooMany(Exception):
    """More files than are worth counting."""


def by_polling_a_tmpfs(pids: list[int], keeper: int, limits: Limits) -> Use:
    """What the processes use, and what their scratch folder holds, which is memory too."""
    use = tree.use(pids, keeper, limits.memory_mb)
    if not limits.scratch_mb:
        return use
    held = max((_tmpfs_mb(pid, limits.scratch_mb) for pid in pids[1:3]), default=0.0)
    return replace(use, memory_mb=use.memory_mb + held)


def _tmpfs_mb(pid: int, size_mb: int) -> float:
    """What `/tmp` holds as a process sees it; nothing until the sandbox has mounted it."""
    try:
        facts = os.statvfs(Path("/proc", str(pid), "root", "tmp"))  # by the root that it has
    except OSError:
        return 0.0
    if facts.f_blocks * facts.f_frsize != size_mb << 20:
        return 0.0
    blocks = (facts.f_blocks - facts.f_bfree) * facts.f_frsize / 2**20
    return blocks + (facts.f_files - facts.f_ffree) * _INODE_MB


@dataclass(frozen=True)
class FolderMeter:
    """What the processes use, and what they have written to folders of the machine."""

    folders: tuple[Path, ...]

    def __call__(self, pids: list[int], keeper: int, limits: Limits) -> Use:
        use = tree.use(pids, keeper, limits.memory_mb)
        try:
            sizes = [*map(_size, _entries(self.folders)), *map(_size, _unlinked(pids))]
        except _TooMany:
            return replace(use, written_mb=float("inf"))
        return replace(use, written_mb=sum(sizes) / 2**20)


def _size(facts: os.stat_result) -> int:
    return facts.st_blocks * 512


def _entries(folders: Iterable[Path]) -> Iterator[os.stat_result]:
    """Of everything below, in no order; what disappears meanwhile is left out."""
    pending, seen = list(map(str, folders)), 0
    while pending:
        folder = pending.pop()
        try:
            if Path(folder).stat().st_size > _CROWDED:
                raise _TooMany
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if seen >= _ENTRIES:  # also a folder that grows as fast as it is read
                        raise _TooMany
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    yield entry.stat(follow_symlinks=False)
        except OSError:
            continue


def _unlinked(pids: list[int]) -> Iterator[os.stat_result]:
    """Files that have lost their last name, and live on while they are open."""
    seen = set()
    for pid in pids:
        try:
            opened = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208  # called often
        except OSError:
            continue
        for each in opened:
            try:
                facts = os.stat(f"/proc/{pid}/fd/{each}")  # noqa: PTH116  # likewise
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and not facts.st_nlink and facts.st_ino not in seen:
                seen.add(facts.st_ino)
                yield facts
