"""Sandboxes of each level, in a process of their own: they fork, and pytest may have threads."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from transloop_sandbox import canary, folders, isolation
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.isolation import Backend
from transloop_sandbox.job import Limits

Execute = Callable[[str, Command], Outcome]
Start = Callable[..., "Future[Outcome]"]
LIMITS = Limits(cpu_seconds=3, wall_seconds=10, memory_mb=128, processes=16)


@pytest.fixture(scope="session")
def backends() -> dict[str, Backend]:
    """What this machine has, by level. Both must be there: the tests are about them."""
    found: dict[str, Backend] = {}
    for candidate in isolation.candidates():
        found.setdefault(candidate.backend.isolation.level, candidate.backend)
    assert set(found) == {"full", "landlock"}
    return found


@pytest.fixture(scope="session")
def forking() -> Iterator[ProcessPoolExecutor]:
    """One process with one thread."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder for a program; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="work-"))
    folder.chmod(0o755)
    yield folder
    folders.remove(folder)


@pytest.fixture
def execute(backends: dict[str, Backend], forking: ProcessPoolExecutor) -> Execute:
    """Run a command at a level."""
    return lambda level, command: forking.submit(backends[level], command).result()


@pytest.fixture
def start(backends: dict[str, Backend], forking: ProcessPoolExecutor, work: Path) -> Start:
    """Start a Python program at a level."""

    def started(level: str, program: str, stdin: bytes = b"", **limits: object) -> Future[Outcome]:
        (work / "main.py").write_text(program, encoding="utf-8")
        python, binds = canary.interpreter()
        command = Command(
            argv=(python, "-I", "-S", "-B", "{work}/main.py"),
            work=work,
            binds=binds,
            stdin=stdin,
            limits=replace(LIMITS, **limits),  # type: ignore[arg-type]
        )
        return forking.submit(backends[level], command)

    return started
