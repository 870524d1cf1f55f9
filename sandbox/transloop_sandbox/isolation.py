"""Chooses how programs are kept in: the best level whose canary comes back with nothing.

A level is granted by running it, never by version or by the presence of a file, and never silently
below what was asked for.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol, get_args

from transloop_sandbox import bubblewraps, kernel, seccomp
from transloop_sandbox.bwrap import Bwrap
from transloop_sandbox.canary import Probe, probe
from transloop_sandbox.cgroup import entered
from transloop_sandbox.command import Execute
from transloop_sandbox.grants import granted, remember
from transloop_sandbox.job import Isolation, Level
from transloop_sandbox.landlock import Landlock
from transloop_settings.errors import SandboxError

LEVELS: tuple[Level, ...] = get_args(Level)
"""Weakest first."""
UIDS = range(60600, 61000)
"""For programs that root starts: free by systemd's and Debian's conventions."""


class Backend(Execute, Protocol):
    """An `Execute` that says how well it keeps programs in."""

    @property
    def isolation(self) -> Isolation: ...


@dataclass(frozen=True)
class Candidate:
    """A backend that may work here; `program` is the file that it depends on, if any."""

    backend: Backend
    program: Path | None = None


@dataclass(frozen=True)
class Report:
    """What came of probing one candidate, for `transloop doctor`."""

    isolation: Isolation
    probes: tuple[Probe, ...]

    @property
    def granted(self) -> bool:
        return bool(self.probes) and all(each.held for each in self.probes)


def choose(minimum: Level = "landlock", unsafe: bool = False, slot: int = 0) -> Backend:
    """The best backend of this machine. `slot` tells the workers of one program apart.

    Raises:
        SandboxError: nothing at `minimum` or above held, with what was tried and what to do.
    """
    if sys.platform != "linux":
        raise SandboxError("Programs can be run on Linux only.", "Translating works without.")
    if unsafe:
        from transloop_sandbox.unconfined import Unconfined

        return Unconfined()
    refused = []
    for candidate in candidates(slot):
        backend = candidate.backend
        if _rank(backend.isolation.level) < _rank(minimum):
            continue
        if granted(backend.isolation, candidate.program):
            return backend
        probed = report(candidate)
        if probed.granted:
            remember(backend.isolation, candidate.program)
            return backend
        refused.append(_told(probed))
    tried = "; ".join(refused) or "there is nothing on this machine to try"
    message = f"Programs cannot be kept in at level {minimum!r}: {tried}."
    raise SandboxError(message, bubblewraps.ADVICE)


def grouped(backend: Backend) -> Backend:
    """The backend with a control group for this process, where the machine allows one.

    It moves the process for good, and a run's limit of memory then holds for it, too: this is for a
    worker, which does nothing else.
    """
    if not isinstance(backend, Bwrap | Landlock) or not (group := entered()):
        return backend
    was = backend.isolation
    features = {**dict(was.features), "memory": f"cgroup{group.version}, poll"}
    isolation = replace(was, features=tuple(features.items()))
    return replace(backend, group=group, isolation=isolation)


def report(candidate: Candidate) -> Report:
    """A candidate, probed now. It forks: call it where there is one thread."""
    isolation = candidate.backend.isolation
    features = dict(isolation.features)
    shared = features.get("processes") == "per-uid" and features.get("uid") == "same"
    return Report(isolation, probe(candidate.backend, shared))


def candidates(slot: int = 0) -> Iterator[Candidate]:
    """What may work on this machine, best first. Nothing is run yet."""
    try:
        seccomp.program()
    except seccomp.UnknownMachine:
        return  # without the filter neither level holds
    uid = free_uid(slot)
    for program in bubblewraps.bubblewraps():
        yield Candidate(Bwrap.at(program, uid), program)
    if abi := kernel.landlock_abi():
        yield Candidate(Landlock.of(abi, uid))


@cache
def free_uid(slot: int) -> int | None:
    """A uid that no other process of ours uses; None if we are not root.

    An abstract socket is the lock: the kernel frees it when this process ends.
    """
    if os.geteuid() != 0:
        return None
    order: tuple[int, ...] = (*UIDS[slot:], *UIDS[:slot])
    for uid in order:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0transloop-uid-{uid}")
        except OSError:
            lock.close()
            continue
        _LOCKS.append(lock)
        atexit.register(lock.close)
        return uid
    raise SandboxError("All uids for sandboxes are in use.", "End other programs of transloop.")


_LOCKS: list[socket.socket] = []


def _rank(level: Level) -> int:
    return LEVELS.index(level)


def _told(probed: Report) -> str:
    leaks = ", ".join(f"{each.what}: {each.got}" for each in probed.probes if not each.held)
    return f"{probed.isolation.backend} {probed.isolation.version} ({leaks})"
