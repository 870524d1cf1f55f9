"""The sandbox: what keeping a program in costs, how many jobs an hour, and what the cache saves.

CPU time stands beside wall time: it depends little on what else the machine does.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from transloop_sandbox.command import Command
from transloop_sandbox.isolation import choose
from transloop_sandbox.job import Completion, File, Job
from transloop_sandbox.recipe import recipes
from transloop_sandbox.sandbox import Sandbox
from transloop_sandbox.toolchains import toolchain

PROGRAMS = Path(__file__).parent / "programs"
CASES = 8
WORKERS = 2
SECONDS = 8.0
"""For each language, on each side."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Cost:
    """Seconds of one run."""

    wall: float
    cpu: float


def measure(rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    yield "sandbox_overhead", overhead(rounds * 8)
    for language in recipes():
        yield f"sandbox_{language}", jobs_an_hour(language)
    yield "sandbox_cache", cache(rounds * 20)


# Overhead ----------------------------------------------------------------------------------------


def overhead(rounds: int) -> dict[str, Any]:
    """The full sandbox over the bare process, with a program that does nothing, in turns."""
    backend = choose()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        command = Command(("/bin/true",), Path(folder))
        sides: dict[str, Callable[[], object]] = {
            "bare": lambda: subprocess.run(["/bin/true"], env={}, check=True),
            "sandbox": lambda: backend(command),
        }
        costs: dict[str, list[Cost]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, run in sides.items():
                costs[name].append(_cost(run))
    medians = {name: _median(each) for name, each in costs.items()}
    return {
        "baseline": "the same program as a bare subprocess",
        "isolation": f"{backend.isolation.level}, {backend.isolation.backend}",
        "rounds": rounds,
        "wall_ms": medians["sandbox"].wall,
        "wall_ms_baseline": medians["bare"].wall,
        "wall_ms_over": round(medians["sandbox"].wall - medians["bare"].wall, 2),
        "wall_ms_over_at_best": round(_least(costs["sandbox"]) - _least(costs["bare"]), 2),
        "cpu_ms": medians["sandbox"].cpu,
        "cpu_ms_baseline": medians["bare"].cpu,
        "cpu_ms_over": round(medians["sandbox"].cpu - medians["bare"].cpu, 2),
    }


def _cost(run: Callable[[], object]) -> Cost:
    """Of this process and all that it has waited for."""
    began, before = time.perf_counter(), sum(os.times()[:4])
    run()
    return Cost(time.perf_counter() - began, sum(os.times()[:4]) - before)


def _median(costs: list[Cost]) -> Cost:
    """Milliseconds. CPU time has ticks of ten, so its mean says more than its median."""
    wall = statistics.median(each.wall for each in costs)
    cpu = statistics.mean(each.cpu for each in costs)
    return Cost(round(wall * 1000, 2), round(cpu * 1000, 2))


def _least(costs: list[Cost]) -> float:
    """Milliseconds of the fastest: what it takes when nothing else runs."""
    return min(each.wall for each in costs) * 1000


# Jobs an hour ------------------------------------------------------------------------------------


def jobs_an_hour(language: str) -> dict[str, Any]:
    """Compile and run a small program with 8 cases, each job anew, against the usual commands."""
    ours, our_cpu = _ours(language)
    theirs, their_cpu = _theirs(language)
    return {
        "baseline": "the usual commands as bare subprocesses, two at a time, no sandbox",
        "workers": WORKERS,
        "cases": CASES,
        "jobs_an_hour": ours,
        "jobs_an_hour_by_cpu_time": round(3600 * WORKERS / (our_cpu / 1000)),
        "jobs_an_hour_baseline": theirs,
        "ratio": round(ours / theirs, 2),
        "cpu_ms_a_job": our_cpu,
        "cpu_ms_a_job_baseline": their_cpu,
        "cpu_ratio": round(our_cpu / their_cpu, 2),
    }


def _job(language: str, number: int) -> Job:
    (path,) = PROGRAMS.glob(f"{language}.*")
    nonce = f"nonce{number}"
    return Job(
        language,
        (File(path.name, path.read_text()),),
        f"{nonce}\n".encode(),
        completion=Completion(nonce, CASES),
    )


def _ours(language: str) -> tuple[int, float]:
    """Jobs an hour, and milliseconds of CPU time for one."""
    with Sandbox(WORKERS, cache=False) as sandbox:
        jobs = (_job(language, number) for number in count())
        results = sandbox.run_many(jobs)
        for _ in range(20):  # the daemon of a language grows fast with use
            next(results)
        began, before, done = time.perf_counter(), _tree_cpu(), 0
        while time.perf_counter() - began < SECONDS:
            result = next(results)
            assert result.verdict == "ok", result  # noqa: S101  # else the figure means nothing
            done += 1
        wall, cpu = time.perf_counter() - began, _tree_cpu() - before
    return round(done / wall * 3600), round(cpu / done * 1000, 1)


def _tree_cpu() -> float:
    """Seconds of this process, those below it, and all that they have waited for."""
    us = psutil.Process()
    return sum(sum(each.cpu_times()[:4]) for each in (us, *us.children(recursive=True)))


def _theirs(language: str) -> tuple[int, float]:
    """The same by the commands that people type, with whatever they keep warm themselves."""
    with tempfile.TemporaryDirectory() as outer, ThreadPoolExecutor(WORKERS) as pool:
        environment = {**ENVIRONMENT, "HOME": outer, "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
        _by_hand(language, Path(outer, "first"), environment)
        began, before = time.perf_counter(), _tree_cpu()
        done = sum(
            pool.map(
                lambda slot: _until(began + SECONDS, language, Path(outer), environment, slot),
                range(WORKERS),
            )
        )
        wall, cpu = time.perf_counter() - began, _tree_cpu() - before
    return round(done / wall * 3600), round(cpu / done * 1000, 1)


def _until(end: float, language: str, outer: Path, environment: dict[str, str], slot: int) -> int:
    done = 0
    while time.perf_counter() < end:
        _by_hand(language, outer / f"{slot}-{done}", environment)
        done += 1
    return done


def _by_hand(language: str, folder: Path, environment: dict[str, str]) -> None:
    """Compile and run one program in a folder of its own."""
    folder.mkdir()
    (source,) = PROGRAMS.glob(f"{language}.*")
    name = "Main.java" if language == "java" else source.name
    shutil.copy(source, folder / name)
    for command in _usual(language, name):
        ran = subprocess.run(
            command, cwd=folder, env=environment, input=b"n\n", capture_output=True, check=True
        )
    assert ran.stdout.endswith(b"n done 8\n")  # noqa: S101
    shutil.rmtree(folder)


def _usual(language: str, name: str) -> list[list[str]]:
    """The command lines of the documentation of each tool."""
    tools = {each: found.root for each, found in toolchain(language).tools.items()}
    match language:
        case "python":
            return [[f"{tools['python']}/bin/python3", name]]
        case "javascript":
            return [[f"{tools['node']}/bin/node", name]]
        case "typescript":
            tsc = [f"{tools['tsc']}/lib/tsc", "--ignoreConfig", "--noCheck", name]
            return [tsc, [f"{tools['node']}/bin/node", name.replace(".ts", ".js")]]
        case "java":
            java = f"{tools['java']}/bin/java"
            return [[f"{java}c", name], [java, "Main"]]
        case "c":
            return [[f"{tools['gcc']}/bin/gcc", "-O1", name], ["./a.out"]]
        case "cpp":
            return [[f"{tools['gxx']}/bin/g++", name], ["./a.out"]]
        case "go":
            return [[f"{tools['go']}/bin/go", "build", "-o", "program", name], ["./program"]]
        case "rust":
            return [[f"{tools['rustc']}/bin/rustc", "-o", "program", name], ["./program"]]
    raise LookupError(language)


# The cache ---------------------------------------------------------------------------------------


def cache(rounds: int) -> dict[str, Any]:
    """An equal job again, against running it."""
    with Sandbox(1) as sandbox:
        job = _job("cpp", 0)
        ran = [_cost(lambda: sandbox.run(job, fresh=True)) for _ in range(5)]
        hit = [_cost(lambda: sandbox.run(job)) for _ in range(rounds)]
        assert sandbox.run(job).cached == ("compile", "run")  # noqa: S101
    return {
        "baseline": "running the C++ program, whose artefact is cached",
        "rounds": rounds,
        "hit_ms": _median(hit).wall,
        "hit_ms_baseline": _median(ran[1:]).wall,
        "times_faster": round(_median(ran[1:]).wall / _median(hit).wall, 1),
    }
