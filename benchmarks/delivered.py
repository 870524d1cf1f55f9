"""What a developer gets: correct translations, by mode, against the greedy answer alone.

Needs the same folder as `benchmarks.verify`. A translation counts as correct if it passes the
unit's own tests, which transloop never sees; the target's declaration is given, as the tests need.

    python -m benchmarks.delivered --bench FOLDER [--limit N] [--mode balanced]
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import machine
from benchmarks.parallel import Row, rows, share
from benchmarks.selftest import own_tests
from transloop_model import catalog
from transloop_model.engine import Engine
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_server.translation import Work, translate
from transloop_server.verified import MODES, deliver, holds
from transloop_settings.errors import TransloopError
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at

RESULTS = Path(__file__).parent / "results"
DIRECTIONS = ("python:javascript", "python:java")


@dataclass(frozen=True)
class Given:
    """One unit in one direction."""

    bench: Path
    row: Row
    source: str
    target: str

    def work(self) -> tuple[Work, str]:
        """What is translated, and the text that it is a part of."""
        given = self.row["languages"][self.source]
        text = f"{given['prelude'] or ''}\n{given['code']}"
        at = text.index(f"def {given['entry_point'].rpartition('.')[2]}")
        unit = unit_at(Source(text, language(self.source)), at, at)
        signature = self.row["languages"][self.target]["signature"]
        return Work(unit, language(self.target), Sampling(), signature), text

    def passes(self, code: str, sandbox: Sandbox) -> bool:
        """By the unit's own tests."""
        given = self.row["languages"][self.target]
        owner = given["entry_point"].rpartition(".")[0]
        if owner and not re.search(rf"\bclass {owner}\b", code):
            code = f"class {owner} {{\n{code}\n}}"  # the tests call a method of it
        job = own_tests(self.bench, given, self.target, code)
        return sandbox.run(job).verdict == "ok"


@dataclass(frozen=True)
class Outcome:
    """What came of one unit."""

    unit: str
    correct: bool
    verdict: str
    seconds: float


def units(bench: Path, direction: str, limit: int) -> list[Given]:
    """Those with a reference to translate and tests to pass."""
    source, target = direction.split(":")
    found = []
    for row in rows(bench):
        told = [row["languages"].get(each) or {} for each in (source, target)]
        if told[0].get("code") and told[1].get("tests") and told[1].get("signature"):
            found.append(Given(bench, row, source, target))
    return found[:limit]


async def greedy(engine: Engine, sandbox: Sandbox, given: Given) -> Outcome:
    """The first answer, not run by us."""
    work, _ = given.work()
    began = time.perf_counter()
    try:
        found = await translate(engine, work, lambda progress: None)
    except TransloopError:
        return Outcome(given.row["id"], False, "no code", time.perf_counter() - began)
    seconds = time.perf_counter() - began
    passes = await asyncio.to_thread(given.passes, found.code, sandbox)
    return Outcome(given.row["id"], passes, "not run", seconds)


async def delivered(engine: Engine, sandbox: Sandbox, given: Given, mode: str) -> Outcome:
    """What a mode delivers."""
    work, text = given.work()
    began = time.perf_counter()
    try:
        found = await deliver(engine, work, text, sandbox, MODES[mode], lambda progress: None)
    except TransloopError:
        return Outcome(given.row["id"], False, "no code", time.perf_counter() - began)
    seconds = time.perf_counter() - began
    best = found.best
    passes = await asyncio.to_thread(given.passes, best.code, sandbox)
    verdict = best.verdict.verdict if best.verdict else "not run"
    assert holds(best) == (verdict == "verified")  # noqa: S101  # one word for one thing
    return Outcome(given.row["id"], passes, verdict, seconds)


def summary(found: Sequence[Outcome], base: Sequence[Outcome]) -> dict[str, Any]:
    """Shares of units; seconds from request to verdict."""
    verified = [each for each in found if each.verdict == "verified"]
    seconds = sorted(each.seconds for each in found)
    usual = statistics.median(each.seconds for each in base)
    return {
        "baseline": "the greedy answer, not run",
        "units": len(found),
        "correct_share": share(sum(each.correct for each in found), len(found)),
        "correct_share_baseline": share(sum(each.correct for each in base), len(base)),
        "verified": len(verified),
        "verified_that_are_correct_share": share(sum(x.correct for x in verified), len(verified)),
        "verified_but_not_correct": [each.unit for each in verified if not each.correct],
        "median_seconds": round(statistics.median(seconds), 2),
        "p95_seconds": round(seconds[int(0.95 * (len(seconds) - 1))], 2),
        "times_the_baselines_median": round(statistics.median(seconds) / usual, 2),
    }


async def measure(
    bench: Path, direction: str, modes: Sequence[str], limit: int, console: Console
) -> dict[str, Any]:
    """All modes on the same units, unit by unit, so that a slow minute hits all of them."""
    engine = LlamaEngine(catalog.resolve("qwen2.5-coder-0.5b-instruct"), context=4096)
    results: dict[str, list[Outcome]] = {each: [] for each in ("greedy", *modes)}
    with Sandbox() as sandbox:
        for given in units(bench, direction, limit):
            results["greedy"].append(await greedy(engine, sandbox, given))
            for mode in modes:
                results[mode].append(await delivered(engine, sandbox, given, mode))
            shown = {mode: (each[-1].verdict, each[-1].correct) for mode, each in results.items()}
            console.print(given.row["id"], shown)
    await engine.close()
    return {mode: summary(results[mode], results["greedy"]) for mode in modes}


def main(
    bench: Annotated[Path, typer.Option(help="A folder with dev/*.jsonl of parallel functions.")],
    direction: Annotated[list[str] | None, typer.Option(help="SOURCE:TARGET")] = None,
    mode: Annotated[list[str] | None, typer.Option(help="Of transloop translate --mode.")] = None,
    limit: Annotated[int, typer.Option(help="Units of each direction.")] = 60,
    name: Annotated[str, typer.Option(help="Of the result's file.")] = "delivered",
) -> None:
    """Measure what is delivered; leave the machine alone meanwhile."""
    console = Console()
    path = RESULTS / f"{name}.json"
    result: dict[str, Any] = {"machine": machine.here()}
    for each in direction or DIRECTIONS:
        found = asyncio.run(measure(bench, each, mode or list(MODES), limit, console))
        result[each] = found
        console.print_json(json.dumps(found))
        path.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
