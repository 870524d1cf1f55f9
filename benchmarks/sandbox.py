"""The sandbox: what keeping a program in costs, how many jobs an hour, and what the cache saves.

CPU time stands beside wall time: it depends little on what else the machine does.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from transloop_sandbox.command import Command
from transloop_sandbox.job import Completion, File, Job
from transloop_sandbox.recipe import recipes
from transloop_sandbox.sandbox import Sandbox
from transloop_sandbox.toolchains import toolchain
from transloop_sandbox.workers import Worker

PROGRAMS = Path(__file__).parent / "programs"
CASES = 8
TURN = 10
WORKERS = 2
SECONDS = 8.0
"""For each language, on each side."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def measure(rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    yield "sandbox_overhead", overhead(rounds * 2)
    for language in recipes():
        yield f"sandbox_{language}", jobs_an_hour(language)
    yield "sandbox_cache", cache(rounds * 20)


# Overhead ----------------------------------------------------------------------------------------


def overhead(rounds: int) -> dict[str, Any]:
    """The sandbox over the bare process, with a program that does nothing, in turns of ten."""
    worker = Worker(0, "full", unsafe=False)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        command = Command(("/bin/true",), Path(folder))
        sides: dict[str, Callable[[], object]] = {
            "bare": lambda: subprocess.run(["/bin/true"], env={}, check=True),
            "sandbox": lambda: worker(command),
        }
        kept = worker.isolation()
        walls: dict[str, list[float]] = {name: [] for name in sides}
        cpu = dict.fromkeys(sides, 0.0)
        for _ in range(rounds):
            for name, run in sides.items():
                before = _tree_cpu()
                walls[name] += [_wall_ms(run) for _ in range(TURN)]
                cpu[name] += _tree_cpu() - before
    worker.close()
    wall = {name: statistics.median(each) for name, each in walls.items()}
    least = {name: min(each) for name, each in walls.items()}
    used = {name: each * 1000 / rounds / TURN for name, each in cpu.items()}
    return {
        "baseline": "the same program as a bare subprocess",
        "isolation": f"{kept.level}, {kept.backend} {kept.version}",
        "runs": rounds * TURN,
        "wall_ms": round(wall["sandbox"], 2),
        "wall_ms_baseline": round(wall["bare"], 2),
        "wall_ms_over": round(wall["sandbox"] - wall["bare"], 2),
        "wall_ms_over_at_best": round(least["sandbox"] - least["bare"], 2),
        "cpu_ms": round(used["sandbox"], 2),
        "cpu_ms_baseline": round(used["bare"], 2),
        "cpu_ms_over": round(used["sandbox"] - used["bare"], 2),
    }


def _wall_ms(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


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


def _require(holds: bool, told: object) -> None:
    """Raises RuntimeError where a figure would mean nothing."""
    if not holds:
        raise RuntimeError(str(told))


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
            _require(result.verdict == "ok", result)
            done += 1
        wall, cpu = time.perf_counter() - began, _tree_cpu() - before
    return round(done / wall * 3600), round(cpu / done * 1000, 1)


def _tree_cpu() -> float:
    """Seconds of this process, those below it, and all that they have waited for."""
    us = psutil.Process()
    return sum(map(_cpu, (us, *us.children(recursive=True))))


def _cpu(process: psutil.Process) -> float:
    """Of one that has just ended: nothing, for its parent has it."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0


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
    _require(ran.stdout.endswith(b"n done 8\n"), ran)
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
        sandbox.run(job, fresh=True)
        ran = [_wall_ms(lambda: sandbox.run(job, fresh=True)) for _ in range(5)]
        hit = [_wall_ms(lambda: sandbox.run(job)) for _ in range(rounds)]
        _require(sandbox.run(job).cached == ("compile", "run"), "the cache was not used")
    return {
        "baseline": "running the C++ program, whose artefact is cached",
        "rounds": rounds,
        "hit_ms": round(statistics.median(hit), 2),
        "hit_ms_baseline": round(statistics.median(ran), 2),
        "times_faster": round(statistics.median(ran) / statistics.median(hit), 1),
    }
