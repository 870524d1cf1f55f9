"""Starts one program, watches it, and leaves nothing of it behind.

It forks, so it runs in a process with one thread. That process becomes the subreaper of all that it
starts: what a program leaves behind becomes its child, is killed, and is waited for until there are
no children left but those that were there before. The sum of what was waited for is exact.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from transloop_sandbox import kernel, tree
from transloop_sandbox.command import Killed
from transloop_sandbox.guard import sweep
from transloop_sandbox.job import Limits, Usage
from transloop_sandbox.launch import Start, become
from transloop_sandbox.streams import Edges, Head, readable

_TICK_SECONDS = 0.02
_SHORT_TICK_SECONDS = 0.005
_GUARD_SECONDS = 3.0
_REAP_SECONDS = 10.0
"""A killed process is gone at once, unless the kernel holds it (a dead network drive, say)."""
_STATUS_BYTES = 1 << 16


@dataclass
class Seen:
    """What was seen of a program, in plain numbers."""

    status: int = 0
    """As `wait(2)` gives it."""
    killed: Killed | None = None
    oom: bool = False
    stdout: bytes = b""
    stderr: bytes = b""
    usage: Usage = field(default_factory=Usage)
    survivors: int = 0
    error: str = ""


def supervise(
    start: Start,
    limits: Limits,
    stdin: bytes,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    on_stdout: Callable[[bytes], None] = lambda chunk: None,
) -> Seen:
    """Run to the end. Every way out of here leaves no process behind."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    before = frozenset(tree.children(os.getpid()))
    with ExitStack() as open_files:
        run = _Run(start, limits, before, on_stdout, open_files)
        try:
            run.start(stdin)
            run.watch(cancelled)
        finally:
            run.end()
    return run.seen()


class _Run:
    """One program from its start to its end."""

    def __init__(
        self,
        start: Start,
        limits: Limits,
        before: frozenset[int],
        on_stdout: Callable[[bytes], None],
        open_files: ExitStack,
    ) -> None:
        self._start, self._limits, self._before = start, limits, before
        self._files = open_files
        self._stdout, self._stderr = Head(limits.output_bytes, on_stdout), Edges()
        self._status_pipe, self._told = -1, b""
        self._pid = 0
        self._ended = False
        self._status: int | None = None
        self._killed: Killed | None = None
        self._oom = False
        self._peak_mb = self._cpu = self._seen_cpu = 0.0
        self._survivors = 0
        self._began = time.monotonic()
        self._wall = 0.0

    # Start ---------------------------------------------------------------------------------------

    def start(self, stdin: bytes) -> None:
        source = self._files.enter_context(readable(stdin))
        pipes = [self._pipe() for _ in range(3)]
        if self._start.uid is not None:  # or the program cannot open /dev/stdout
            for _, write in pipes:
                os.fchown(write, self._start.uid, self._start.uid)
        theirs = [source, *(write for _, write in pipes), *self._start.extra]
        self._began = time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            become(self._start, theirs)
        for _, write in pipes:
            os.close(write)
        self._stdout.pipe, self._stderr.pipe, self._status_pipe = (read for read, _ in pipes)
        for read, _ in pipes:
            self._files.callback(os.close, read)
            os.set_blocking(read, False)

    def _pipe(self) -> tuple[int, int]:
        return os.pipe2(os.O_CLOEXEC)

    # Watch ---------------------------------------------------------------------------------------

    def watch(self, cancelled: Callable[[], bool]) -> None:
        """Until it ends, or has used what it may."""
        process = os.pidfd_open(self._pid)
        self._files.callback(os.close, process)
        poll = select.poll()
        for each in (process, self._stdout.pipe, self._stderr.pipe):
            poll.register(each, select.POLLIN)
        tick, looked = _TICK_SECONDS, self._began
        while self._killed is None:
            ready = {each for each, _ in poll.poll(tick * 1000)}
            for stream in (self._stdout, self._stderr):
                if stream.pipe in ready and stream.read() == b"":
                    poll.unregister(stream.pipe)
            if process in ready:
                self._ended = True
                return
            now = time.monotonic()
            if now - looked >= tick or not ready:
                looked, tick = now, self._look(now, cancelled)
            if self._stdout.full or self._stderr.full:
                self._killed = "output"

    def _look(self, now: float, cancelled: Callable[[], bool]) -> float:
        """Compare with the limits; the seconds until the next look."""
        pids = list(tree.descendants(os.getpid(), self._before))
        keeper = self._pid if self._start.keeper else 0
        use = self._start.meter(pids, keeper, self._limits)
        self._peak_mb = max(self._peak_mb, use.memory_mb)
        self._seen_cpu, self._oom = use.cpu_seconds, use.oom
        if cancelled():
            self._killed = "cancelled"
        elif use.oom or use.memory_mb > self._limits.memory_mb:
            self._killed = "memory"
        elif use.written_mb > max(self._limits.scratch_mb, self._start.writes_mb):
            self._killed = "output"
        elif use.cpu_seconds >= self._limits.cpu_seconds:
            self._killed = "cpu"
        elif now - self._began >= wall_seconds(self._limits):
            self._killed = "wall"
        near = use.memory_mb > self._limits.memory_mb / 2
        return _SHORT_TICK_SECONDS if near else _TICK_SECONDS

    # End -----------------------------------------------------------------------------------------

    def end(self) -> None:
        """Kill what is left, wait for all of it, and read what it has still written."""
        if self._pid:
            deadline = time.monotonic() + _REAP_SECONDS
            if not self._ended:
                self._stop()
            self._reap(self._pid, deadline)
            self._wall = time.monotonic() - self._began
            while (left := self._left()) and time.monotonic() < deadline:
                self._kill(left)
                for pid in left:
                    self._reap(pid, deadline)
            self._survivors = len(self._left())
            last = self._start.meter([], 0, self._limits)  # what came after the last look
            self._oom = self._oom or last.oom
            # of what dies with its namespace nobody gets the time: then what was seen is the most
            self._cpu = max(self._cpu, self._seen_cpu, last.cpu_seconds)
        for stream in (self._stdout, self._stderr):
            while not stream.full and stream.read():
                pass
        if self._stdout.full or self._stderr.full:
            self._killed = self._killed or "output"
        with suppress(OSError):
            self._told = os.read(self._status_pipe, _STATUS_BYTES)

    def _left(self) -> list[int]:
        return list(tree.children(os.getpid()) - self._before)

    def _stop(self) -> None:
        """End the program: its guard does it, or all dies with the first process."""
        if self._start.guard is not None:
            os.kill(self._pid, signal.SIGTERM)
            if _ends(self._pid, _GUARD_SECONDS):
                return
        os.kill(self._pid, signal.SIGKILL)

    def _kill(self, pids: list[int]) -> None:
        if self._start.guard is not None and self._start.uid is not None:
            sweep(self._start.uid)
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _reap(self, pid: int, deadline: float) -> None:
        """Wait for one child; its use includes that of what it has waited for itself."""
        if not _ends(pid, max(0.0, deadline - time.monotonic())):
            return
        _, status, used = os.wait4(pid, 0)
        self._cpu += used.ru_utime + used.ru_stime
        if pid == self._pid:
            self._status = status
        else:
            self._peak_mb = max(self._peak_mb, used.ru_maxrss / 1024)

    def seen(self) -> Seen:
        return Seen(
            status=self._status or 0,
            killed=self._killed,
            oom=self._oom,
            stdout=self._stdout.text(),
            stderr=self._stderr.text(),
            usage=Usage(self._cpu, self._wall, self._peak_mb),
            survivors=self._survivors,
            error=self._error(),
        )

    def _error(self) -> str:
        if self._status is None and not self._survivors:
            return "the program was never seen to end"
        wanted = self._start.told  # a program may reach the pipe later, and add to it
        set_up = self._told.startswith(wanted) if wanted else not self._told
        if self._killed is None and not set_up:
            said = self._told or self._stderr.text()
            return said.decode("utf-8", "replace").strip() or "the sandbox could not be set up"
        return ""


def _ends(pid: int, seconds: float) -> bool:
    """Whether a child of ours ends in this time."""
    handle = os.pidfd_open(pid)
    try:
        wait = select.poll()
        wait.register(handle, select.POLLIN)
        return bool(wait.poll(seconds * 1000))
    finally:
        os.close(handle)


def wall_seconds(limits: Limits) -> float:
    """The wall limit; by default loose enough that a busy machine does not decide."""
    if limits.wall_seconds is not None:
        return limits.wall_seconds
    return max(3 * limits.cpu_seconds, limits.cpu_seconds + 2)
