"""What a developer gets: correct translations, by mode, against the greedy answer alone.

Needs a folder with dev/*.jsonl of parallel functions. A translation counts as correct if it passes
the unit's own tests, which transloop never sees; the target's declaration is given, as the tests
need it. All modes do a unit one after another, so that a slow minute hits all of them; what the
model keeps of a prompt is dropped in between, and no result is taken from a cache.

    python -m benchmarks delivered --bench FOLDER [--limit N] [--resume]
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.parallel import rows
from transloop_model import prompt
from transloop_model.catalog import ModelFile
from transloop_model.engine import Engine, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import TransloopError
from transloop_syntax.language import language
from transloop_syntax.unit import snippet
from transloop_trainer.evaluate.choice import contradicted
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.statistics import difference, interval, share
from transloop_trainer.evaluate.task import Task, tasks
from transloop_translate.modes import MODES
from transloop_translate.translation import translate
from transloop_translate.verified import deliver

DIRECTIONS = ("python:javascript", "python:java")
GREEDY = "greedy"
UNITS = 60
"""Of each direction."""
RAW = Path(__file__).parent / "results" / "delivered.jsonl"
"""What came of each unit, a line each, written as soon as it is known."""


@dataclass(frozen=True)
class Outcome:
    """What came of one unit in one mode."""

    correct: bool
    verdict: str
    seconds: float
    """From the request to the verdict."""
    reason: str = ""
    candidates: int = 1
    tokens: int = 0
    latency: Mapping[str, float | None] = field(default_factory=dict)


# Which units -------------------------------------------------------------------------------------


def units(bench: Path, direction: str, sandbox: Sandbox) -> Iterator[Task]:
    """Those with a reference to translate and tests that can be passed, of all sets in turn.

    What is left out is left out by its data alone, before anything is translated.
    """
    given = rows(bench)
    by_id = {row["id"]: row for row in given}
    by_set: dict[str, list[Task]] = {}
    for task in tasks(given, direction):
        if task.target.tests:
            by_set.setdefault(task.id.split("/")[0], []).append(task)
    for turn in itertools.zip_longest(*(by_set[each] for each in sorted(by_set))):
        for task in turn:
            if task is not None and not contradicted(by_id[task.id], sandbox):
                yield task


# Doing them --------------------------------------------------------------------------------------


async def greedy(engine: Engine, sandbox: Sandbox, task: Task) -> Outcome:
    """The first answer, not run by us."""
    began = time.perf_counter()
    try:
        found = await translate(engine, task.work(), lambda progress: None)
    except TransloopError as error:
        return Outcome(False, "no code", time.perf_counter() - began, str(error))
    seconds = time.perf_counter() - began
    passes = await asyncio.to_thread(_passes, task, found.code, sandbox)
    return Outcome(passes, "not run", seconds, tokens=found.stats.tokens)


async def delivered(engine: Engine, sandbox: Sandbox, task: Task, mode: str) -> Outcome:
    """What a mode delivers."""
    work = task.work()
    began = time.perf_counter()
    try:
        found = await deliver(
            engine, work, task.text(), sandbox, MODES[mode], lambda progress: None
        )
    except TransloopError as error:
        return Outcome(False, "no code", time.perf_counter() - began, str(error))
    seconds = time.perf_counter() - began
    verdict = found.best.verdict
    passes = await asyncio.to_thread(_passes, task, found.best.code, sandbox)
    return Outcome(
        passes,
        verdict.verdict if verdict else "not run",
        seconds,
        "; ".join(filter(None, (verdict.reason if verdict else "", *found.notes))),
        len(found.tried),
        found.tokens,
        asdict(found.latency),
    )


def _passes(task: Task, code: str, sandbox: Sandbox) -> bool:
    """By the unit's own tests."""
    return Judge(sandbox).judged(task, code).right


async def _elsewhere(engine: Engine, task: Task) -> None:
    """Leave the model as it is when another unit of this direction was translated last."""
    unit = snippet("def f(x):\n    return x", language(task.source.language))
    asked = prompt.build(unit, language(task.target.language))
    async for _ in engine.generate(Request(asked.messages, asked.answer_prefix, max_tokens=2)):
        pass


async def _do(model: ModelFile, todo: Sequence[Task], modes: Sequence[str], raw: Path) -> None:
    engine = LlamaEngine(model, context=4096)
    try:
        with Sandbox(cache=False) as sandbox:
            for task in track(todo, todo[0].direction if todo else ""):
                found = {}
                for mode in (GREEDY, *modes):
                    await _elsewhere(engine, task)
                    if mode == GREEDY:
                        found[mode] = await greedy(engine, sandbox, task)
                    else:
                        found[mode] = await delivered(engine, sandbox, task, mode)
                _write(raw, task, found)
    finally:
        await engine.close()


def _write(raw: Path, task: Task, found: Mapping[str, Outcome]) -> None:
    line = {
        "direction": task.direction,
        "unit": task.id,
        "modes": {mode: asdict(outcome) for mode, outcome in found.items()},
    }
    with raw.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _written(raw: Path, direction: str, modes: Sequence[str]) -> dict[str, Any]:
    """What has come of each unit of a direction that was done in all these modes."""
    lines = [json.loads(line) for line in raw.read_text("utf-8").splitlines()]
    return {
        line["unit"]: line["modes"]
        for line in lines
        if line["direction"] == direction and {GREEDY, *modes} <= line["modes"].keys()
    }


# What came of it ---------------------------------------------------------------------------------


def summary(
    found: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Shares of units; seconds from request to verdict."""
    verified = [each for each in found if each["verdict"] == "verified"]
    right = sum(each["correct"] for each in verified)
    correct = [each["correct"] for each in found]
    usual = [each["correct"] for each in base]
    ours, theirs = (sorted(each["seconds"] for each in some) for some in (found, base))
    return {
        "baseline": "the greedy answer, not run",
        "units": len(found),
        "correct_share": share(sum(correct), len(correct)),
        "correct_interval": interval(sum(correct), len(correct)),
        "correct_share_baseline": share(sum(usual), len(usual)),
        "correct_interval_baseline": interval(sum(usual), len(usual)),
        "difference": difference(correct, usual),
        "verdicts": dict(Counter(each["verdict"] for each in found)),
        "verified_that_are_correct_share": share(right, len(verified)),
        "verified_that_are_correct_interval": interval(right, len(verified)),
        "verified_but_not_correct": [each["unit"] for each in verified if not each["correct"]],
        "median_seconds": round(statistics.median(ours), 2),
        "median_seconds_baseline": round(statistics.median(theirs), 2),
        "p95_seconds": round(_p95(ours), 2),
        "p95_seconds_baseline": round(_p95(theirs), 2),
        "times_the_baselines_median": round(statistics.median(ours) / statistics.median(theirs), 2),
        "times_the_baselines_p95": round(_p95(ours) / _p95(theirs), 2),
        "tokens": sum(each["tokens"] for each in found),
    }


def _p95(ordered: Sequence[float]) -> float:
    return ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]


def measure(
    bench: Path,
    model: ModelFile,
    limit: int | None = None,
    *,
    directions: Sequence[str] = DIRECTIONS,
    modes: Sequence[str] = tuple(MODES),
    resume: bool = False,
    raw: Path = RAW,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each direction in each mode; leave the machine alone meanwhile."""
    if not resume or not raw.exists():
        raw.write_text("")
    for direction in directions:
        with Sandbox() as sandbox:
            some = list(itertools.islice(units(bench, direction, sandbox), limit or UNITS))
        done = _written(raw, direction, modes)
        todo = [each for each in some if each.id not in done]
        asyncio.run(_do(model, todo, modes, raw))
        done = _written(raw, direction, modes)
        told = {each.id: done[each.id] for each in some}
        for mode in modes:
            found = [{"unit": unit, **by_mode[mode]} for unit, by_mode in told.items()]
            base = [by_mode[GREEDY] for by_mode in told.values()]
            yield f"{direction} {mode}", summary(found, base)
