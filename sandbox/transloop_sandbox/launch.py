"""From a fork of the supervisor to the program: what is set, dropped and closed on the way."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from transloop_sandbox import tree
from transloop_sandbox.job import Limits
from transloop_sandbox.tree import Use

STATUS = 3
"""The program's side of the pipe on which its set-up is told; closed when it starts."""
EXTRA = 4
"""Further descriptors are numbered from here."""
SET_UP_FAILED = 121


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


def become(start: Start, descriptors: list[int]) -> NoReturn:
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
