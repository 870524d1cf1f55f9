"""The processes below this one: who they are and what they use, as `/proc` tells it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_OWNER, _THREADS = r"^Uid:\s+(\d+)", r"^Threads:\s+(\d+)"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MANY_TABLES = 16 << 30
"""From this size of an address space on, its page tables are counted too: reading untouched memory
maps one and the same page of zeros, which no resident size shows."""


@dataclass(frozen=True)
class Use:
    """What a tree of processes uses at one moment."""

    cpu_seconds: float = 0.0
    memory_mb: float = 0.0
    written_mb: float = 0.0
    """To folders that the machine keeps."""
    oom: bool = False


def children(pid: int) -> set[int]:
    """The direct children of all threads of a process; none if it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  # a quarter of Path's time
        lists = [_text(f"/proc/{pid}/task/{thread}/children") for thread in threads]
    except OSError:
        return set()
    return {int(each) for text in lists for each in text.split()}


def descendants(pid: int, without: frozenset[int] = frozenset()) -> Iterator[int]:
    """All processes below `pid`, parents first; not those in `without`, nor below them."""
    pending = children(pid) - without
    seen: set[int] = set()
    while pending:
        seen |= pending
        yield from pending
        pending = set().union(*map(children, pending)) - seen


def use(pids: list[int], keeper: int, limit_mb: float) -> Use:
    """Of these processes together; of the `keeper`, which only waits for the others, no memory.

    Shared pages are told apart only above the limit: it is dear.
    """
    cpu = sum(map(_cpu_seconds, pids))
    kept = [pid for pid in pids if pid != keeper]
    memory = sum(map(_resident_mb, kept))
    if memory > limit_mb:
        memory = sum(map(_proportional_mb, kept))
    return Use(cpu, memory)


def threads_of(uid: int) -> int:
    """How many threads a user has, as the kernel counts them for `RLIMIT_NPROC`."""
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  # likewise
        status = _text(f"/proc/{pid}/status")
        owner, threads = (re.search(each, status, re.MULTILINE) for each in (_OWNER, _THREADS))
        if owner and threads and int(owner[1]) == uid:
            count += int(threads[1])
    return count


def _text(path: str) -> str:
    """A file of `/proc`, or nothing: processes come and go."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _cpu_seconds(pid: int) -> float:
    """Its own and that of the children it has waited for."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * _TICK


def _resident_mb(pid: int) -> float:
    pages = [int(each) for each in _text(f"/proc/{pid}/statm").split()]
    if not pages:
        return 0.0
    tables = _tables_mb(pid) if pages[0] * _PAGE > _MANY_TABLES else 0.0
    return pages[1] * _PAGE / 2**20 + tables


def _proportional_mb(pid: int) -> float:
    """A shared page counts by its share; unreadable (the program can forbid it): as its own."""
    for line in _text(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024 + _tables_mb(pid)
    return _resident_mb(pid)


def _tables_mb(pid: int) -> float:
    for line in _text(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmPTE:"):
            return int(line.split()[1]) / 1024
    return 0.0
