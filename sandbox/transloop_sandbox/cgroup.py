"""A control group for what one worker runs, where this machine lets us make one.

It is a second net below the polling: it also counts the kernel's memory for pipes and sockets, and
the time of processes that nobody has waited for. The worker itself is in the group, so that what it
starts is born there: moving a process makes it wait for the whole machine, 10 ms at times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from transloop_sandbox.job import Limits
from transloop_sandbox.launch import Meter
from transloop_sandbox.tree import Use

SLACK_MB = 32
"""Polling comes first, with its own words for it; this is for what it does not see."""
ROOT, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_NAME = "transloop-"
_MEMBERS = "cgroup.procs"


@dataclass(frozen=True)
class ControlGroup:
    """The folders of a group, and how its files are called there."""

    version: int
    memory: Path
    cpu: Path

    def meter(self, limits: Limits, inner: Meter) -> Meter:
        """A meter for one run: what `inner` sees, and what the kernel has counted since now."""
        limit = int(self._held_mb() + limits.memory_mb + SLACK_MB) << 20
        with suppress(OSError):  # what was cached is in the way: then the old limit stays
            name = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
            (self.memory / name).write_text(str(limit), encoding="ascii")
        kills, cpu, own = self._kills(), self._cpu_seconds(), time.process_time()

        def both(pids: list[int], keeper: int, limits: Limits) -> Use:
            seen = inner(pids, keeper, limits)
            used = self._cpu_seconds() - cpu - (time.process_time() - own)
            oom = seen.oom or self._kills() > kills
            return replace(seen, cpu_seconds=max(seen.cpu_seconds, used), oom=oom)

        return both

    def _held_mb(self) -> float:
        """What the worker itself has: its memory and the kernel's for it, not what is cached."""
        if self.version == 2:
            facts = _facts(self.memory / "memory.stat")
            return (facts["anon"] + facts.get("kernel", 0)) / 2**20
        kernel = int((self.memory / "memory.kmem.usage_in_bytes").read_text(encoding="ascii"))
        return (_facts(self.memory / "memory.stat")["total_rss"] + kernel) / 2**20

    def _kills(self) -> int:
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _facts(self.memory / name).get("oom_kill", 0)

    def _cpu_seconds(self) -> float:
        if self.version == 2:
            return _facts(self.cpu / "cpu.stat")["usage_usec"] / 1e6
        return int((self.cpu / "cpuacct.usage").read_text(encoding="ascii")) / 1e9


def entered(root: Path = ROOT, membership: Path = MEMBERSHIP) -> ControlGroup | None:
    """Move this process into a group of its own; None where that is not allowed."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for version, memory, cpu in (*_second(root, lines), *_first(root, lines)):
        group = ControlGroup(version, memory / _own_name(), cpu / _own_name())
        try:
            for folder in {group.memory, group.cpu}:
                _remove_empty(folder.parent)
                folder.mkdir(exist_ok=True)
            group.meter(Limits(), lambda pids, keeper, limits: Use())([], 0, Limits())
            for folder in {group.memory, group.cpu}:
                (folder / _MEMBERS).write_text(str(os.getpid()), encoding="ascii")
        except (OSError, KeyError, ValueError):
            continue
        return group
    return None


def metered(group: ControlGroup | None, limits: Limits, inner: Meter) -> Meter:
    """The meter of a run, with the group's if there is one."""
    return group.meter(limits, inner) if group else inner


def _first(root: Path, lines: list[str]) -> Iterator[tuple[int, Path, Path]]:
    """Version 1: a tree for each controller, and our place in it."""
    places = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            places[name] = root / controllers / path.lstrip("/")
    if "memory" in places and "cpuacct" in places:
        yield 1, places["memory"], places["cpuacct"]


def _second(root: Path, lines: list[str]) -> Iterator[tuple[int, Path, Path]]:
    """Version 2: the nearest folder above us that gives its children a memory controller."""
    for line in lines:
        if not line.startswith("0::/"):
            continue
        place = root / line.removeprefix("0::/")
        for folder in (place, *place.parents):
            with suppress(OSError):
                given = (folder / "cgroup.subtree_control").read_text(encoding="ascii").split()
                if "memory" in given and os.access(folder, os.W_OK):
                    yield 2, folder, folder
                    return


def _own_name() -> str:
    return f"{_NAME}{os.getpid()}"


def _remove_empty(folder: Path) -> None:
    """Groups that workers have left, who cannot remove the group that they are in."""
    for each in folder.glob(f"{_NAME}*"):
        with suppress(OSError):  # it is in use
            each.rmdir()


def _facts(file: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    pairs = (line.split() for line in file.read_text(encoding="ascii").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}
