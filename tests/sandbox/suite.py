"""Runs all attacks at one level, some times over, and prints what came of them as JSON.

A process of its own, so that two of them can run side by side, and that it can be an ordinary user:
`python suite.py LEVEL REPETITIONS UID [NAME ...]` (UID 0: as whom it was started).
"""

from __future__ import annotations

import encodings.ascii
import encodings.idna  # noqa: F401  # an ordinary user may find no way to them later
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ground import Ground

from transloop_sandbox import bubblewraps, isolation, pipeline, tree
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import Completion, File, Isolation, Job, Level, Limits, Result
from transloop_sandbox.pipeline import Bench, perform
from transloop_sandbox.recipe import Recipe, recipe
from transloop_sandbox.toolchains import toolchain
from transloop_sandbox.workers import Worker
from transloop_settings.errors import ToolchainMissing
from transloop_syntax.language import language, language_for

ATTACKS = Path(__file__).parent / "attacks"
RUN = Limits(cpu_seconds=1, wall_seconds=5, memory_mb=128, processes=32, output_bytes=64 << 10)
TIME = replace(RUN, cpu_seconds=0.5, wall_seconds=1.5)
PROCESSES = replace(RUN, cpu_seconds=0.5)
SCRATCH = replace(RUN, cpu_seconds=10, wall_seconds=40, memory_mb=64, scratch_mb=16)
"""Time enough: who fills a folder keeps those waiting who count what is in it."""
COMPILE = Limits(cpu_seconds=3, wall_seconds=30, memory_mb=256, processes=64, scratch_mb=64)
CPU_SECONDS = {"cpp": 1.2, "java": 4.0}
"""To compile: enough for an honest program; what is too much should be so by far."""
NONCE = "0f1e2d3c4b5a"


class Here(Worker):
    """A worker that is this very process, with the backend that is under attack."""

    def __init__(self, backend: isolation.Backend) -> None:
        self._backend = backend

    def isolation(self) -> Isolation:
        return self._backend.isolation

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] | None = None,
    ) -> Outcome:
        return self._backend(command, cancelled=cancelled)

    def close(self) -> None:
        """There is nothing to end."""


def backend(level: Level) -> isolation.Backend:
    """The first backend of this level whose canary came back with nothing."""
    for candidate in isolation.candidates():
        if candidate.backend.isolation.level == level:
            report = isolation.report(candidate)
            if report.granted:
                return candidate.backend
            leaks = [each for each in report.probes if not each.held]
    raise SystemExit(f"{level} is not granted here: {leaks}")


def without_daemon(language: str) -> Recipe:
    """The recipe, compiling in one process that is under attack itself."""
    found = recipe(language)
    if found.compile is None:
        return found
    return replace(found, compile=replace(found.compile, daemon=None))


def language_of(path: Path) -> str:
    """The language by the suffix."""
    found = language_for(path)
    assert found is not None, path
    return found.id


def job(path: Path, program: str, ground: Ground) -> Job:
    """An attack as a job; one that cheats has a harness to cheat."""
    language, cheats = language_of(path), path.parent.name == "cheats"
    limits = {"time": TIME, "processes": PROCESSES}.get(path.parent.name, RUN)
    if path.name.startswith("scratch_"):
        limits = SCRATCH
    return Job(
        language=language,
        files=(File(f"main{path.suffix}", ground.filled(program)),),
        stdin=f"{NONCE}\n".encode() if cheats else b"",
        limits=limits,
        compile_limits=replace(COMPILE, cpu_seconds=CPU_SECONDS.get(language, 2.0)),
        completion=Completion(NONCE, 3) if cheats else None,
    )


def attacks(names: list[str]) -> Iterator[Path]:
    """The programs, or those that were asked for."""
    for path in sorted(ATTACKS.glob("*/*.*")):
        if not names or path.relative_to(ATTACKS).as_posix() in names:
            yield path


def available(language: str) -> bool:
    """Whether this user has the tools; root's may be closed to it."""
    try:
        toolchain(language)
    except ToolchainMissing:
        return False
    return True


def tools(paths: Iterable[Path]) -> set[Path]:
    """The files of the tools, which must stay as they are."""
    languages = {language_of(path) for path in paths}
    return {tool.program for each in languages for tool in toolchain(each).tools.values()}


def told(result: Result, ground: Ground, seconds: float) -> dict[str, object]:
    """What came of one attack, with all that should not have."""
    output = result.stdout + result.stderr + repr(result.diagnostics).encode()
    damage = ground.damage()
    if ground.marker.encode() in output:
        damage.append("the secret got out")
    if b"ESCAPED" in result.stdout:
        damage.append(result.stdout.decode(errors="replace")[:300])
    left = [pid for pid in tree.children(os.getpid()) if pid != ground.bystander.pid]
    damage += [f"process {pid} lives" for pid in left]
    return {
        "verdict": result.verdict,
        "reason": f"{result.phase} {result.reason}",
        "said": result.stderr.decode(errors="replace")[-200:],
        "damage": damage,
        "seconds": round(seconds, 2),
        "cpu": round(result.usage.cpu_seconds + result.compile_usage.cpu_seconds, 2),
    }


def become(uid: int) -> None:
    """An ordinary user; whatever lies in root's home must have been read by now."""
    found = list(bubblewraps.bubblewraps())
    bubblewraps.bubblewraps = lambda: iter(found)  # type: ignore[assignment]
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main() -> None:
    level, repetitions, uid, *names = sys.argv[1:]
    programs = {path: path.read_text("utf-8") for path in attacks(names)}
    for each in {language_of(path) for path in programs}:  # reads, and imports
        recipe(each)
        language(each).parser()
    if uid != "0":
        become(int(uid))
    pipeline.recipe = without_daemon
    here = Here(backend(level))  # type: ignore[arg-type]
    bench = Bench(here, lambda: here)
    there = {path: text for path, text in programs.items() if available(language_of(path))}
    ground = Ground.prepared(sorted(tools(there)))
    shared = level == "landlock" and os.geteuid() != 0  # the kernel counts the user's others, too
    ground.facts["most"] = "200" if shared else "40"
    try:
        for _ in range(int(repetitions)):
            row = {}
            for path, program in there.items():
                began = time.monotonic()
                result = perform(job(path, program, ground), bench)
                name = path.relative_to(ATTACKS).as_posix()
                row[name] = told(result, ground, time.monotonic() - began)
            sys.stdout.write(json.dumps(row) + "\n")
    finally:
        ground.removed()


if __name__ == "__main__":
    main()
