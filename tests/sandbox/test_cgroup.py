"""Control groups: found where they may be made, and what only they count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from transloop_sandbox import canary, cgroup, verdict
from transloop_sandbox.command import Command
from transloop_sandbox.job import Limits
from transloop_sandbox.tree import Use
from transloop_sandbox.workers import Worker

LIMITS = Limits(cpu_seconds=3, wall_seconds=15, memory_mb=96, processes=24)
SOCKETS = """
import os, socket, time
for _ in range(16):
    if os.fork() == 0:
        break
held = []
try:
    while True:
        held.append(socket.socketpair())
        for each in held[-1]:
            each.setblocking(False)
            try:
                while True:
                    each.send(bytes(1 << 16))
            except BlockingIOError:
                pass
except OSError:
    time.sleep(3)
"""


def tree(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name.replace("OURS", f"transloop-{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


SECOND = {
    "membership": "0::/user.slice/app.slice/editor.scope\n",
    "user.slice/app.slice/cgroup.subtree_control": "cpu memory pids\n",
    "user.slice/app.slice/editor.scope/cgroup.subtree_control": "\n",
    "user.slice/app.slice/OURS/memory.stat": "anon 1048576\nkernel 1048576\nfile 9999999999\n",
    "user.slice/app.slice/OURS/memory.events": "low 0\noom_kill 0\n",
    "user.slice/app.slice/OURS/cpu.stat": "usage_usec 1000000\n",
}
FIRST = {
    "membership": "4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n",
    "memory/box/OURS/memory.stat": "rss 5\ntotal_rss 2097152\n",
    "memory/box/OURS/memory.kmem.usage_in_bytes": "1048576\n",
    "memory/box/OURS/memory.oom_control": "under_oom 0\noom_kill 0\n",
    "cpu,cpuacct/box/OURS/cpuacct.usage": "1000000000\n",
}


def entered(root: Path, files: dict[str, str]) -> cgroup.ControlGroup:
    tree(root, files)
    group = cgroup.entered(root, root / "membership")
    assert group is not None
    assert (group.memory / "cgroup.procs").read_text() == str(os.getpid())
    assert (group.cpu / "cgroup.procs").read_text() == str(os.getpid())
    return group


def nothing(pids: list[int], keeper: int, limits: Limits) -> Use:
    return Use()


@pytest.mark.parametrize(
    ("files", "version", "limit", "held"),
    [(SECOND, 2, "memory.max", 2), (FIRST, 1, "memory.limit_in_bytes", 3)],
    ids=["second", "first"],
)
def test_the_limit_is_above_what_the_worker_holds_itself(
    tmp_path: Path, files: dict[str, str], version: int, limit: str, held: int
) -> None:
    group = entered(tmp_path, files)
    assert group.version == version
    group.meter(LIMITS, nothing)
    assert int((group.memory / limit).read_text()) >> 20 == held + 96 + cgroup.SLACK_MB


def test_kills_and_time_count_from_the_start_of_a_run(tmp_path: Path) -> None:
    group = entered(tmp_path, SECOND)
    (group.memory / "memory.events").write_text("oom_kill 7\n")
    meter = group.meter(LIMITS, nothing)
    assert not meter([], 0, LIMITS).oom
    (group.memory / "memory.events").write_text("oom_kill 8\n")
    (group.cpu / "cpu.stat").write_text("usage_usec 3500000\n")
    seen = meter([], 0, LIMITS)
    assert seen.oom
    assert 2.0 < seen.cpu_seconds <= 2.5  # less what this process has used itself


@pytest.mark.parametrize(
    "membership", ["", "0::/\n", "4:memory:/elsewhere\n2:cpuacct:/elsewhere\n", "garbage:x:y\n"]
)
def test_where_none_can_be_made_there_is_none(tmp_path: Path, membership: str) -> None:
    (tmp_path / "membership").write_text(membership)
    assert cgroup.entered(tmp_path, tmp_path / "membership") is None
    assert cgroup.entered(tmp_path, tmp_path / "missing") is None


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(0, "full", unsafe=False)
    yield made
    made.close()


def test_memory_that_no_process_shows(worker: Worker, work: Path) -> None:
    """Buffers of sockets: where there is a group they are counted, and else the program says so."""
    (work / "main.py").write_text(SOCKETS)
    python, binds = canary.interpreter()
    command = Command((python, "-I", "-S", "{work}/main.py"), work, binds=binds, limits=LIMITS)
    seen = worker(command)
    if dict(seen.isolation.features)["memory"] == "poll":
        assert not _may_make_groups()
        return
    assert verdict.ran(seen, LIMITS).verdict == "memory"


def _may_make_groups() -> bool:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    paths = {kind: path for _, kind, path in (line.split(":", 2) for line in lines)}
    place = Path("/sys/fs/cgroup/memory" + paths.get("memory", "/missing"))
    return os.geteuid() == 0 and os.access(place, os.W_OK)
