"""What a program sees of this machine besides its work folder and its binds, and where."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from transloop_sandbox.command import Command
from transloop_sandbox.job import Limits

WORK, BIND, SCRATCH = "/work", "/bind", "/tmp"  # noqa: S108  # inside; nothing of the machine's
WRITTEN_MB = 256
"""Largest file of a program that may write to its work folder: one that compiles."""


@cache
def system_folders() -> tuple[Path, ...]:
    """Where the system keeps programs and libraries; `/bin` and its like are often symlinks."""
    names = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
    return tuple(Path("/", name) for name in names if Path("/", name).exists())


@cache
def system_files() -> tuple[Path, ...]:
    """The little of `/etc` that compilers and runtimes cannot do without."""
    wanted = (Path("/etc/alternatives"), Path("/etc/ld.so.cache"))
    return tuple(each for each in (*wanted, *_java_settings()) if each.exists())


def _java_settings() -> Iterator[Path]:
    """Debian's Java reads its own settings through symlinks to here."""
    return Path("/etc").glob("java-*-openjdk")


def filled(texts: tuple[str, ...], places: Mapping[str, str]) -> tuple[str, ...]:
    """`{work}`, `{tmp}` and `{<bind>}` replaced; other braces are the program's own."""
    names = re.compile("{(" + "|".join(map(re.escape, places)) + ")}")
    return tuple(names.sub(lambda found: places[found[1]], text) for text in texts)


def environment(command: Command, places: Mapping[str, str]) -> dict[str, str]:
    """What the command says, and what no program can do without."""
    defaults = {
        "PATH": "/usr/bin:/bin",
        "HOME": places["tmp"],
        "TMPDIR": places["tmp"],
        "LANG": "C.UTF-8",
    }
    names, values = zip(*command.environment, strict=True) if command.environment else ((), ())
    return {**defaults, **dict(zip(names, filled(values, places), strict=True))}


def rlimits(limits: Limits, *, writable: bool) -> tuple[tuple[int, int], ...]:
    """Limits of each process; those of all together are the supervisor's.

    Never the address space: Node, Go and Java reserve far more than they use. `RLIMIT_NPROC` is
    missing here, because it must be set inside the user namespace to count the sandbox alone.
    """
    megabyte = 1 << 20
    memory = limits.memory_mb * megabyte
    file = max(limits.scratch_mb, WRITTEN_MB if writable else 1) * megabyte
    return (
        (resource.RLIMIT_CORE, 1),  # 0 would still start the machine's own handler of crashes
        (resource.RLIMIT_CPU, int(limits.cpu_seconds) + 2),
        (resource.RLIMIT_DATA, max(3 * memory, memory + (1 << 30))),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_MEMLOCK, 64 << 10),
        (resource.RLIMIT_NOFILE, 1024 if writable else 256),
        (resource.RLIMIT_STACK, 16 * megabyte),
    )
