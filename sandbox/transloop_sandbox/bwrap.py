"""The level `full`: namespaces by bubblewrap, with our filter, and without root's uid.

Each option below was needed against an attack; `tests/sandbox/test_isolation.py` names them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from transloop_sandbox import seccomp, view
from transloop_sandbox.cgroup import ControlGroup, metered
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import Isolation, Limits
from transloop_sandbox.launch import EXTRA, STATUS, Start
from transloop_sandbox.outcome import outcome
from transloop_sandbox.supervisor import supervise
from transloop_sandbox.work import readable_by
from transloop_sandbox.written import by_polling_a_tmpfs

SCRIPT = (
    "ulimit -p {processes} 2>/dev/null || ulimit -u {processes} 2>/dev/null || "
    "{{ printf 'the number of processes cannot be limited' >&{status}; exit 121; }}; "
    'command -v "$1" >/dev/null || {{ printf "no program %s" "$1" >&{status}; exit 121; }}; '
    'printf ok >&{status}; exec "$@" {status}>&-'
)
"""Limits the number of processes where it counts those of the sandbox alone: inside its user
namespace. Set before, it would count all processes of the user, and stop bubblewrap itself."""


@dataclass(frozen=True)
class Bwrap:
    """An `Execute` by the bubblewrap at `program`."""

    program: Path
    isolation: Isolation
    uid: int | None = None
    """Whom to become; never root, whose uid the kernel still honours in a namespace."""
    filter: bytes = field(default_factory=seccomp.program, repr=False)
    group: ControlGroup | None = None
    """Of the process that calls this."""

    @classmethod
    def at(cls, program: Path, uid: int | None) -> Bwrap:
        """The program, with what it says of itself."""
        features = (
            ("memory", "poll"),
            ("processes", "per-sandbox"),
            ("uid", "dropped" if uid is not None else "same"),
            ("seccomp", "yes"),
            ("proc", "fresh"),
        )
        return cls(program, Isolation("full", "bwrap", _version(program), features), uid)

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] = lambda chunk: None,
    ) -> Outcome:
        readable_by(self.uid, command.work, writable=command.work_writable)
        places = _places(command)
        with ExitStack() as files:
            options = "\0".join(_options(command, places)).encode() + b"\0"
            extra = [_held(files, content) for content in (options, self.filter)]
            start = Start(
                argv=self._argv(command, places),
                environment={},  # /proc/1/environ inside shows what bubblewrap was given
                rlimits=view.rlimits(command.limits, writable=command.work_writable),
                uid=self.uid,
                extra=tuple(extra),
                told=b"ok",
                meter=metered(self.group, command.limits, by_polling_a_tmpfs),
            )
            seen = supervise(
                start, command.limits, command.stdin, cancelled=cancelled, on_stdout=on_stdout
            )
        return outcome(seen, self.isolation)

    def _argv(self, command: Command, places: dict[str, str]) -> tuple[str, ...]:
        processes = command.limits.processes + 1  # the namespace's first process is bubblewrap's
        script = SCRIPT.format(processes=processes, status=STATUS)
        inner = ("/bin/sh", "-c", script, "sh", *view.filled(command.argv, places))
        return (str(self.program), "--args", str(EXTRA), "--", *inner)


def _version(program: Path) -> str:
    """Such as 0.11.0; empty if it cannot even tell that, and then no canary will come back."""
    command = [str(program), "--version"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, env={}, check=False)
    except OSError:
        return ""
    return asked.stdout.removeprefix("bubblewrap").strip()


def _places(command: Command) -> dict[str, str]:
    binds = {bind.name: f"{view.BIND}/{bind.name}" for bind in command.binds}
    return {**binds, "work": view.WORK, "tmp": view.SCRATCH}


def _held(files: ExitStack, content: bytes) -> int:
    """A descriptor from which bubblewrap reads the content."""
    descriptor = os.memfd_create("transloop")
    files.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _options(command: Command, places: dict[str, str]) -> Iterator[str]:
    yield from ("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent")
    yield from ("--new-session", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000")
    yield from ("--hostname", "sandbox", "--seccomp", str(EXTRA + 1))
    yield from _system()
    for bind in command.binds:
        yield from ("--ro-bind", str(bind.source), places[bind.name])
    # read-only also where the kernel would let us write: with /proc/sys it would let root out
    yield from ("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
    yield from _scratch(command.limits)
    yield from ("--bind" if command.work_writable else "--ro-bind", str(command.work), view.WORK)
    yield from ("--remount-ro", "/", "--chdir", view.WORK, "--clearenv")
    for name, value in view.environment(command, places).items():
        yield from ("--setenv", name, value)


def _system() -> Iterator[str]:
    for folder in view.system_folders():
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        else:
            yield from ("--ro-bind", str(folder), str(folder))
    for file in view.system_files():
        yield from ("--ro-bind", str(file), str(file))


def _scratch(limits: Limits) -> Iterator[str]:
    """Nothing is writable unless it was asked for: memory in files is hard to count."""
    if not limits.scratch_mb:
        yield from ("--dir", view.SCRATCH)
        return
    size = str(limits.scratch_mb << 20)
    for place in (view.SCRATCH, "/dev/shm"):  # noqa: S108  # Python's locks live in /dev/shm
        yield from ("--size", size, "--perms", "1777", "--tmpfs", place)
