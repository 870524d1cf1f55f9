"""The values that go into the sandbox and come out of it: plain, frozen, picklable.

A `Job` may be sent to another machine as it is; nothing in it is open or local.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal[
    "ok",
    "wrong_answer",
    "compile_error",
    "runtime_error",
    "timeout",
    "memory",
    "output_limit",
    "sandbox_violation",
    "internal_error",
]
"""One word per cause. `internal_error` is ours: it is never counted against the program."""

Level = Literal["none", "seatbelt", "landlock", "full"]
"""How well a program is kept in, weakest first."""

Phase = Literal["compile", "run"]


@dataclass(frozen=True)
class Limits:
    """What one program may use. Time is judged by CPU first, which does not depend on load."""

    cpu_seconds: float = 5.0
    """Of all its processes together."""
    wall_seconds: float | None = None
    """None: max(3 x CPU, CPU + 2 s)."""
    memory_mb: int = 512
    """Resident, of all its processes together; a language's floor raises it (`languages/`)."""
    processes: int = 64
    """Processes and threads."""
    output_bytes: int = 1 << 20
    """Of stdout; stderr keeps its head and tail."""
    scratch_mb: int = 0
    """Size of a writable /tmp. 0: nothing is writable."""


COMPILE_LIMITS = Limits(
    cpu_seconds=20.0, memory_mb=1024, processes=200, output_bytes=1 << 20, scratch_mb=128
)


@dataclass(frozen=True)
class File:
    """A file of a job, by its path below the work folder."""

    path: str
    content: str | bytes


@dataclass(frozen=True)
class Completion:
    """The record by which a program's own harness says that it has come to its end.

    The program finds `nonce` as the first line of stdin. It writes each record on a line of stdout
    of its own, as `<nonce> <payload>`, and at last `<nonce> done <cases>`. A payload that begins
    with `fail ` counts as a failed case (for harnesses that assert in their own language).
    """

    nonce: str
    cases: int


@dataclass(frozen=True)
class Job:
    """One program: compiled if its language asks for it, then run."""

    language: str
    """An id of `languages/`."""
    files: tuple[File, ...]
    """The first is the program's main file."""
    stdin: bytes = b""
    arguments: tuple[str, ...] = ()
    limits: Limits = Limits()
    compile_limits: Limits = COMPILE_LIMITS
    completion: Completion | None = None
    """None: any exit with 0 is `ok`."""
    compile_only: bool = False


@dataclass(frozen=True)
class Usage:
    """What was used, by all processes of the program together."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_mb: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.cpu_seconds + other.cpu_seconds,
            self.wall_seconds + other.wall_seconds,
            max(self.peak_mb, other.peak_mb),
        )


@dataclass(frozen=True)
class Isolation:
    """How the program was kept in; stamped on every result."""

    level: Level
    backend: str
    """Such as `bwrap`."""
    version: str = ""
    features: tuple[tuple[str, str], ...] = ()
    """What varies within a level: `memory`, `processes`, `uid`, `seccomp`, `landlock_abi`, ..."""

    def __str__(self) -> str:
        """For a reader, such as `full, bwrap 0.11.0`."""
        if self.level == "none":
            return "none, it ran without any protection"
        return f"{self.level}, {self.backend} {self.version}".rstrip()


@dataclass(frozen=True)
class Diagnostic:
    """A message of a compiler, at a line of one of the job's files."""

    message: str
    path: str = ""
    line: int = 0
    """From 1; 0 where the compiler names none."""
    column: int = 0
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True)
class Result:
    """What came of a job."""

    verdict: Verdict
    reason: str
    """In words: `wall`, `SIGSEGV`, `early_exit`, `exit 7`, ..."""
    phase: Phase
    isolation: Isolation
    exit_code: int | None = None
    """None where a signal ended it."""
    signal: str | None = None
    """Such as `SIGSEGV`."""
    stdout: bytes = b""
    stderr: bytes = b""
    records: tuple[str, ...] = ()
    """The payloads behind the nonce, in order, without the final `done`."""
    diagnostics: tuple[Diagnostic, ...] = ()
    usage: Usage = Usage()
    """Of the run."""
    compile_usage: Usage = Usage()
    cached: tuple[Phase, ...] = field(default=())
    """What was not done again because the cache had it."""
