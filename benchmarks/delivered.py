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
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.paired import difference, interval
from benchmarks.parallel import Row, rows, share
from benchmarks.selftest import own_tests
from transloop_model import prompt
from transloop_model.catalog import ModelFile
from transloop_model.engine import Engine, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import TransloopError
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import snippet, unit_at
from transloop_translate.modes import MODES
from transloop_translate.translation import Work, translate
from transloop_translate.verified import deliver

DIRECTIONS = ("python:javascript", "python:java")
GREEDY = "greedy"
UNITS = 60
"""Of each direction."""
RAW = Path(__file__).parent / "results" / "delivered.jsonl"
"""What came of each unit, a line each, written as soon as it is known."""


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


def units(bench: Path, direction: str, sandbox: Sandbox) -> Iterator[Given]:
    """Those with a reference to translate and tests that can be passed, of all sets in turn.

    What is left out is left out by its data alone, before anything is translated.
    """
    source, target = direction.split(":")
    by_set: dict[str, list[Given]] = {}
    for row in rows(bench):
        told = [row["languages"].get(each) or {} for each in (source, target)]
        if not (told[0].get("code") and told[1].get("tests") and told[1].get("signature")):
            continue
        if told[1].get("tests_verified", True) is not False:  # else nobody has seen them pass
            by_set.setdefault(row["id"].split("/")[0], []).append(Given(bench, row, source, target))
    for turn in itertools.zip_longest(*(by_set[each] for each in sorted(by_set))):
        yield from (each for each in turn if each is not None and not _contradicted(each, sandbox))


def _contradicted(given: Given, sandbox: Sandbox) -> bool:
    """Do the unit's tests refuse what its source was recorded to do, and was no other seen to pass?

    The tests ask a program that answers from the record; its JavaScript ones, in any direction.
    """
    script = given.row["languages"].get("javascript") or {}
    cases = given.row.get("cases")
    if not cases or not script.get("tests") or script.get("verified"):
        return False
    answers = [[json.dumps(each["args"], separators=(",", ":")), each["out"]] for each in cases]
    code = (
        f"const ANSWERS = new Map({json.dumps(answers)});\n"
        f"function {script['entry_point']}(...given) {{\n"
        "  const key = JSON.stringify(given);\n"
        "  if (!ANSWERS.has(key)) process.exit(0);  // nothing is known of this one\n"
        "  return ANSWERS.get(key);\n}"
    )
    return sandbox.run(own_tests(given.bench, script, "javascript", code)).verdict != "ok"


# Doing them --------------------------------------------------------------------------------------


async def greedy(engine: Engine, sandbox: Sandbox, given: Given) -> Outcome:
    """The first answer, not run by us."""
    work, _ = given.work()
    began = time.perf_counter()
    try:
        found = await translate(engine, work, lambda progress: None)
    except TransloopError as error:
        return Outcome(False, "no code", time.perf_counter() - began, str(error))
    seconds = time.perf_counter() - began
    passes = await asyncio.to_thread(given.passes, found.code, sandbox)
    return Outcome(passes, "not run", seconds, tokens=found.stats.tokens)


async def delivered(engine: Engine, sandbox: Sandbox, given: Given, mode: str) -> Outcome:
    """What a mode delivers."""
    work, text = given.work()
    began = time.perf_counter()
    try:
        found = await deliver(engine, work, text, sandbox, MODES[mode], lambda progress: None)
    except TransloopError as error:
        return Outcome(False, "no code", time.perf_counter() - began, str(error))
    seconds = time.perf_counter() - began
    verdict = found.best.verdict
    passes = await asyncio.to_thread(given.passes, found.best.code, sandbox)
    return Outcome(
        passes,
        verdict.verdict if verdict else "not run",
        seconds,
        "; ".join(filter(None, (verdict.reason if verdict else "", *found.notes))),
        len(found.tried),
        found.tokens,
        asdict(found.latency),
    )


async def _elsewhere(engine: Engine, given: Given) -> None:
    """Leave the model as it is when another unit of this direction was translated last."""
    unit = snippet("def f(x):\n    return x", language(given.source))
    asked = prompt.build(unit, language(given.target))
    async for _ in engine.generate(Request(asked.messages, asked.answer_prefix, max_tokens=2)):
        pass


async def _do(model: ModelFile, todo: Sequence[Given], modes: Sequence[str], raw: Path) -> None:
    engine = LlamaEngine(model, context=4096)
    try:
        with Sandbox(cache=False) as sandbox:
            for given in track(todo, f"{todo[0].source} to {todo[0].target}" if todo else ""):
                found = {}
                for mode in (GREEDY, *modes):
                    await _elsewhere(engine, given)
                    if mode == GREEDY:
                        found[mode] = await greedy(engine, sandbox, given)
                    else:
                        found[mode] = await delivered(engine, sandbox, given, mode)
                _write(raw, given, found)
    finally:
        await engine.close()


def _write(raw: Path, given: Given, found: Mapping[str, Outcome]) -> None:
    line = {
        "direction": f"{given.source}:{given.target}",
        "unit": given.row["id"],
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
        todo = [each for each in some if each.row["id"] not in done]
        asyncio.run(_do(model, todo, modes, raw))
        done = _written(raw, direction, modes)
        told = {each.row["id"]: done[each.row["id"]] for each in some}
        for mode in modes:
            found = [{"unit": unit, **by_mode[mode]} for unit, by_mode in told.items()]
            base = [by_mode[GREEDY] for by_mode in told.values()]
            yield f"{direction} {mode}", summary(found, base)
