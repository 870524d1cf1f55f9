"""Starts one program, watches it, and leaves nothing of it behind.

It forks, so it runs in a process with one thread. That process becomes the subreaper of all that it
starts: what a program leaves behind becomes its child, is killed, and is waited for until there are
no children left but those that were there before. The sum of what was waited for is exact.
"""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from transloop_sandbox import kernel, tree
from transloop_sandbox.command import Killed
from transloop_sandbox.guard import sweep
from transloop_sandbox.job import Limits, Usage
from transloop_sandbox.tree import Use

STATUS = 3
"""The program's side of the pipe on which its set-up is told; closed when it starts."""
EXTRA = 4
"""Further descriptors are numbered from here."""
SET_UP_FAILED = 121
STDERR_EDGE = 128 << 10
"""Kept of stderr at either end."""
STDERR_BYTES = 4 << 20
"""More than that is a flood."""

_TICK_SECONDS = 0.02
_SHORT_TICK_SECONDS = 0.005
_GUARD_SECONDS = 3.0
_REAP_SECONDS = 10.0
"""A killed process is gone at once, unless the kernel holds it (a dead network drive, say)."""
_CHUNK = 1 << 16


class Meter(Protocol):
    """Tells what these processes use together; of the `keeper`, if there is one, no memory."""

    def __call__(self, pids: list[int], keeper: int, limits: Limits) -> Use: ...


def by_polling(pids: list[int], keeper: int, limits: Limits) -> Use:
    """What `/proc` says of each process."""
    return tree.use(pids, keeper, limits.memory_mb)


@dataclass(frozen=True)
class Start:
    """What is started, and how it is confined."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str = "/"
    rlimits: tuple[tuple[int, int], ...] = ()
    uid: int | None = None
    """To become, with the group of the same number and no other; None: stay who we are."""
    extra: tuple[int, ...] = ()
    """Descriptors that it inherits, as EXTRA and following."""
    keeper: bool = True
    """Whether its first process only waits for the program, as bubblewrap or a guard does."""
    guard: Callable[[], None] | None = None
    """Leaves a guard behind that ends all of the program, where no pid namespace does."""
    confine: Callable[[], None] = lambda: None
    """Done last before the program starts, in its process."""
    told: bytes = b""
    """What STATUS says when set-up is complete; anything else is its failure."""
    meter: Meter = by_polling
    writes_mb: int = 0
    """What it may write to its work folder; 0: as much as to its scratch folder."""


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
        self._stdout, self._stderr = _Head(limits.output_bytes, on_stdout), _Edges()
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
        source = self._files.enter_context(_readable(stdin))
        pipes = [self._pipe() for _ in range(3)]
        if self._start.uid is not None:  # or the program cannot open /dev/stdout
            for _, write in pipes:
                os.fchown(write, self._start.uid, self._start.uid)
        theirs = [source, *(write for _, write in pipes), *self._start.extra]
        self._began = time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            _become(self._start, theirs)
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
            self._told = os.read(self._status_pipe, _CHUNK)

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


# The new process ---------------------------------------------------------------------------------


def _become(start: Start, descriptors: list[int]) -> NoReturn:
    """Turn the forked child into the program. Whatever goes wrong is told, and nothing is run."""
    failure = "unknown failure in set-up"
    try:
        os.setsid()
        _only(descriptors)
        os.set_inheritable(STATUS, bool(start.told))  # else its end tells that the program runs
        _reset_signals()
        os.umask(0o022)
        os.chdir(start.folder)
        with suppress(OSError):  # if memory runs out, this goes before anything of the user's
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        _drop(start.uid)
        if start.guard is not None:
            start.guard()
        for which, value in start.rlimits:
            _limit(which, value)
        start.confine()
        os.execve(start.argv[0], start.argv, dict(start.environment))  # noqa: S606  # confined
    except (OSError, ValueError) as error:
        failure = f"{start.argv[0]}: {error}"
    finally:
        os.write(STATUS, failure.encode("utf-8", "replace"))
        os._exit(SET_UP_FAILED)


def _only(descriptors: list[int]) -> None:
    """Number them 0, 1, 2, ... and close everything else."""
    import fcntl

    above = len(descriptors)
    high = [fcntl.fcntl(each, fcntl.F_DUPFD, above) for each in descriptors]
    for number, each in enumerate(high):
        os.dup2(each, number, inheritable=True)
    os.closerange(above, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _reset_signals() -> None:
    """Python ignores some, and a caller may block others: both would be inherited."""
    for each in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _drop(uid: int | None) -> None:
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _limit(which: int, value: int) -> None:
    """Set it, or keep what is lower already."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


# What goes in and comes out ----------------------------------------------------------------------


@contextmanager
def _readable(content: bytes) -> Iterator[int]:
    """A descriptor with the content; nobody can write to it, also not through /proc."""
    if hasattr(os, "memfd_create"):
        import fcntl

        place = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with os.fdopen(place, "wb", buffering=0) as file:
            _write(file.fileno(), content)
            seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
            reading = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
    else:
        with tempfile.NamedTemporaryFile(buffering=0) as named:
            _write(named.fileno(), content)
            reading = os.open(named.name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield reading
    finally:
        os.close(reading)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _read(pipe: int) -> bytes | None:
    """What there is; None: nothing now."""
    try:
        return os.read(pipe, _CHUNK)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EINTR):
            return None
        raise


class _Head:
    """Stdout: kept up to a limit, shown to the listener as it comes."""

    def __init__(self, limit: int, listener: Callable[[bytes], None]) -> None:
        self.pipe = -1
        self.full = False
        self._limit, self._listener = limit, listener
        self._kept = bytearray()

    def read(self) -> bytes | None:
        """Take what there is; empty at the end, None if nothing is there yet."""
        chunk = _read(self.pipe)
        if chunk:
            room = self._limit - len(self._kept)
            self.full = len(chunk) > room
            self._kept += chunk[:room]
            self._listener(chunk[:room])
        return chunk

    def text(self) -> bytes:
        return bytes(self._kept)


class _Edges:
    """Stderr: its beginning and its end."""

    def __init__(self) -> None:
        self.pipe = -1
        self._head, self._tail, self._length = bytearray(), bytearray(), 0

    @property
    def full(self) -> bool:
        return self._length > STDERR_BYTES

    def read(self) -> bytes | None:
        """Take what there is; empty at the end, None if nothing is there yet."""
        chunk = _read(self.pipe)
        if chunk:
            self._length += len(chunk)
            room = STDERR_EDGE - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            del self._tail[:-STDERR_EDGE]
        return chunk

    def text(self) -> bytes:
        left_out = self._length - len(self._head) - len(self._tail)
        gap = f"\n[... {left_out} bytes ...]\n".encode() if left_out else b""
        return bytes(self._head) + gap + bytes(self._tail)


def wall_seconds(limits: Limits) -> float:
    """The wall limit; by default loose enough that a busy machine does not decide."""
    if limits.wall_seconds is not None:
        return limits.wall_seconds
    return max(3 * limits.cpu_seconds, limits.cpu_seconds + 2)
