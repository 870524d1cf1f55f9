"""One process tree in one sandbox: what a backend is asked for, and what it saw.

A `Job` becomes up to two commands (compile, run). Programs see paths that are the same on every
machine where the backend can mount; where it cannot, the host's. So arguments and environment name
places as `{work}` or `{<bind's name>}`, and the backend fills them in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from transloop_sandbox.job import Isolation, Limits, Usage

Killed = Literal["wall", "cpu", "memory", "output", "cancelled"]


@dataclass(frozen=True)
class Bind:
    """A folder or file that the program may read, at `{name}`."""

    name: str
    """An identifier; `work` is taken."""
    source: Path


@dataclass(frozen=True)
class Command:
    """A program to start, and all that it may see."""

    argv: tuple[str, ...]
    work: Path
    """Its current folder, `{work}`."""
    work_writable: bool = False
    """True while compiling, never in the run."""
    binds: tuple[Bind, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    """All of it: nothing is inherited."""
    stdin: bytes = b""
    limits: Limits = Limits()


@dataclass(frozen=True)
class Outcome:
    """What a backend saw. Who killed it is recorded, never inferred from an exit code."""

    isolation: Isolation
    exit_code: int | None = None
    signal: int | None = None
    """Normalised: bwrap's 128 + n is a signal."""
    killed: Killed | None = None
    """By us."""
    oom: bool = False
    """The kernel's out-of-memory killer worked in its control group."""
    stdout: bytes = b""
    stderr: bytes = b""
    usage: Usage = Usage()
    survivors: int = 0
    """Processes that had to be hunted down after all; more than 0 is an internal error."""
    error: str = ""
    """Why the sandbox itself could not be set up; then nothing of the program ran."""


class Execute(Protocol):
    """Run one command to its end. Blocks; a backend is used by one thread at a time."""

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] = lambda chunk: None,
    ) -> Outcome: ...
