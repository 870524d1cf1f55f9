"""The level `landlock`: no namespaces, but no file, socket or signal beyond what is named.

For machines where namespaces are forbidden, such as containers. It is Landlock and the filter
together: Landlock alone leaves metadata, UDP, Unix sockets and the limits of others open. What
stays visible is that a path exists.
"""

from __future__ import annotations

import os
import resource
import shutil
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from transloop_sandbox import kernel, seccomp, tree, view
from transloop_sandbox.cgroup import ControlGroup, metered
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.folders import remove
from transloop_sandbox.guard import guarded
from transloop_sandbox.job import Isolation
from transloop_sandbox.launch import Meter, Start, by_polling
from transloop_sandbox.outcome import outcome
from transloop_sandbox.supervisor import supervise
from transloop_sandbox.work import readable_by
from transloop_sandbox.written import FolderMeter

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
"""What can be said of a file; the rest is of folders."""
_HANDLED = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All accesses to files that an ABI knows, by the ABI that brought them."""
_NET, _SCOPES = 0b11, 0b11
"""TCP bind and connect (from ABI 4); abstract sockets and signals (from ABI 6)."""

_DEVICES = ("null", "zero", "full", "random", "urandom")
_PROC = ("self", "cpuinfo", "meminfo", "stat", "version", "filesystems", "sys/vm", "loadavg")
"""Of `/proc` only this: the command lines of others can hold secrets."""


MEANWHILE = 64
"""Room for what else the user starts while a program runs under the same uid: the kernel counts it
against the program, whose own limit must not fail for that reason."""


@dataclass(frozen=True)
class Landlock:
    """An `Execute` by Landlock of version `abi`."""

    abi: int
    isolation: Isolation
    uid: int | None = None
    """Whom to become; None: stay who we are."""
    group: ControlGroup | None = None
    """Of the process that calls this."""

    @classmethod
    def of(cls, abi: int, uid: int | None) -> Landlock:
        """With what the kernel offers."""
        features = (
            ("memory", "poll"),
            ("processes", "per-uid"),
            ("uid", "dropped" if uid is not None else "same"),
            ("seccomp", "yes"),
            ("landlock_abi", str(abi)),
            ("proc", "none"),
        )
        return cls(abi, Isolation("landlock", "landlock", f"abi {abi}", features), uid)

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] = lambda chunk: None,
    ) -> Outcome:
        readable_by(self.uid, command.work, writable=command.work_writable)
        with ExitStack() as files:
            places = self._places(command, files)
            rules = list(_rules(command, places))
            start = Start(
                argv=_found(view.filled(command.argv, places), places, command),
                environment=view.environment(command, places),
                folder=str(command.work),
                rlimits=(
                    *view.rlimits(command.limits, writable=command.work_writable),
                    (resource.RLIMIT_NPROC, self._processes(command)),
                ),
                uid=self.uid,
                guard=lambda: guarded(self.uid, self.abi),
                meter=metered(self.group, command.limits, self._meter(command, places)),
                writes_mb=view.WRITTEN_MB if command.work_writable else 0,
                confine=lambda: self._confine(rules, command),
            )
            seen = supervise(
                start, command.limits, command.stdin, cancelled=cancelled, on_stdout=on_stdout
            )
        return outcome(seen, self.isolation)

    def _places(self, command: Command, files: ExitStack) -> dict[str, str]:
        binds = {bind.name: str(bind.source) for bind in command.binds}
        scratch = view.SCRATCH  # a name only; it cannot be opened
        if command.limits.scratch_mb:
            scratch = tempfile.mkdtemp(prefix="scratch-")
            files.callback(remove, Path(scratch))
            readable_by(self.uid, Path(scratch), writable=True)
        return {**binds, "work": str(command.work), "tmp": scratch}

    def _processes(self, command: Command) -> int:
        """The kernel counts by user: a uid of our own has no others."""
        others = 0 if self.uid is not None else tree.threads_of(os.getuid()) + MEANWHILE
        return command.limits.processes + others + 1  # the guard

    def _meter(self, command: Command, places: dict[str, str]) -> Meter:
        folders = (Path(places["tmp"]),) if command.limits.scratch_mb else ()
        if command.work_writable:
            folders = (*folders, command.work)
        return FolderMeter(folders) if folders else by_polling

    def _confine(self, rules: list[tuple[str, int]], command: Command) -> None:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        handled = max(bits for since, bits in _HANDLED.items() if since <= self.abi)
        known = 3 if self.abi >= 6 else 2 if self.abi >= 4 else 1  # fields, by what the ABI has
        ruleset = kernel.landlock_create(struct.pack("=QQQ", handled, _NET, _SCOPES)[: 8 * known])
        for path, allowed in rules:
            _allow(ruleset, path, allowed & handled)
        kernel.landlock_restrict(ruleset)
        os.close(ruleset)
        kernel.install_filter(seccomp.program(deny_metadata=not command.work_writable))


def _rules(command: Command, places: dict[str, str]) -> Iterator[tuple[str, int]]:
    everything = max(_HANDLED.values())
    for path in (*view.system_folders(), *view.system_files()):
        yield str(path), _READ
    for bind in command.binds:
        yield str(bind.source), _READ
    for device in _DEVICES:
        yield f"/dev/{device}", _READ_FILE | _WRITE_FILE
    for name in _PROC:
        yield f"/proc/{name}", _READ_FILE | _READ_DIR
    yield places["work"], everything if command.work_writable else _READ
    if command.limits.scratch_mb:
        yield places["tmp"], everything


def _allow(ruleset: int, path: str, allowed: int) -> None:
    """Add a rule; what this machine does not have needs none."""
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            allowed &= _FILE
        kernel.landlock_allow(ruleset, struct.pack("=Qi", allowed, folder))
    finally:
        os.close(folder)


def _found(argv: tuple[str, ...], places: dict[str, str], command: Command) -> tuple[str, ...]:
    """With the program's full path; unfound, its name is told by the failing start."""
    path = view.environment(command, places)["PATH"]
    return (shutil.which(argv[0], path=path) or argv[0], *argv[1:])
