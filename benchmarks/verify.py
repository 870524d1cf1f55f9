"""Evidence on parallel functions: does it tell right translations from wrong ones, and how fast?

Needs a folder with `dev/*.jsonl` of parallel functions. References in another language stand for
right translations, their one-operator mutants for wrong ones; cases come from the source alone.

    python -m benchmarks.verify --bench FOLDER [--limit N]
"""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import machine, selftest
from benchmarks.parallel import has, rows, side_of
from transloop_sandbox.job import File, Job
from transloop_sandbox.sandbox import Sandbox
from transloop_trainer.evaluate.rows import Row, hash_of
from transloop_trainer.evaluate.statistics import share
from transloop_verify.case import Side
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.judge import Verdict, judge
from transloop_verify.matching import NoCounterpart, named
from transloop_verify.mutants import Mutant, mutants

DIRECTIONS = (
    ("python", "javascript"),
    ("python", "java"),
    ("java", "python"),
    ("python", "go"),
    ("cpp", "rust"),
)
MUTANTS = 4
"""Of each target that agrees."""
AT_ONCE = 3
"""Units: one waits for its sandbox while two run."""
_SHOWN = 40


@dataclass
class Judged:
    """One unit in one direction."""

    unit: str
    reason: str = ""
    """Why it could not be tested."""
    verdict: Verdict | None = None
    evidence: Evidence | None = None
    caught: int = 0
    ran: int = 0
    survivors: list[str] = field(default_factory=list)


# Equivalence -------------------------------------------------------------------------------------


def direction(bench: Path, source: str, target: str, limit: int | None) -> dict[str, Any]:
    """Testable units, agreement of references, and mutants of the target that are caught."""
    wanted = [row for row in rows(bench) if has(row, source, target)][:limit]
    with Sandbox() as sandbox, ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(partial(_judged, source, target, sandbox), wanted))
    return summary(found)


def _judged(source: str, target: str, sandbox: Sandbox, row: Row) -> Judged:
    result = Judged(row["id"])
    try:
        evidence = derive(side_of(row, source), sandbox, effort=Effort(mutants=source == "python"))
    except NoCounterpart as error:
        result.reason = f"no entry: {error}"
        return result
    result.evidence = evidence
    result.reason = evidence.reason
    if evidence.reason:
        return result
    given = row["languages"][target]
    verdict = _verdict(evidence, given, target, sandbox, given["code"], 2.0)
    result.verdict = verdict
    if verdict.verdict == "unchecked":
        result.reason = verdict.reason
    elif verdict.verdict == "verified":
        for each in _mutants(given["code"], target, given["entry_point"], row["id"]):
            _try(result, each, _verdict(evidence, given, target, sandbox, each.code))
    return result


def _verdict(
    evidence: Evidence,
    given: Mapping[str, Any],
    target: str,
    sandbox: Sandbox,
    code: str,
    shrink_seconds: float = 0.0,
) -> Verdict:
    return judge(
        evidence,
        code,
        target,
        sandbox,
        function=given["entry_point"],
        prelude=given["prelude"] or "",
        shrink_seconds=shrink_seconds,
    )


def _mutants(code: str, language: str, entry: str, unit: str) -> list[Mutant]:
    name = entry.rpartition(".")[2]
    made = mutants(code, language, within=name, seed=hash_of(unit))
    return [each for each in made if each.mistake == "operator"][:MUTANTS]


def _try(result: Judged, mutant: Mutant, verdict: Verdict) -> None:
    if verdict.verdict in ("compile_error", "unchecked"):
        return  # it is no wrong translation that could have slipped through
    result.ran += 1
    result.caught += verdict.verdict == "failed"
    if verdict.verdict == "verified":
        result.survivors.append(f"line {mutant.line}: {mutant.change}")


def summary(found: Sequence[Judged]) -> dict[str, Any]:
    """The figures of a direction, and what lies behind them by name."""
    testable = [each for each in found if not each.reason]
    agree = [each for each in testable if each.verdict and each.verdict.verdict == "verified"]
    differ = [each for each in testable if each not in agree]
    ran, caught = sum(each.ran for each in found), sum(each.caught for each in found)
    reasons = Counter(_kind(each.reason) for each in found if each.reason)
    return {
        "units": len(found),
        "testable": len(testable),
        "testable_share": share(len(testable), len(found)),
        "agree": len(agree),
        "agree_share": share(len(agree), len(testable)),
        "differ_by": dict(Counter(map(_difference, differ))),
        "mutants_run": ran,
        "mutants_caught": caught,
        "mutants_caught_share": share(caught, ran),
        "untestable_by": dict(reasons.most_common()),
        "untestable": {each.unit: each.reason[:160] for each in found if each.reason},
        "disagreements": {each.unit: _told(each) for each in differ},
        "mutants_missed": {each.unit: each.survivors for each in found if each.survivors},
    }


def _difference(each: Judged) -> str:
    """What kind of disagreement it is; each one is shown with its input."""
    verdict = each.verdict
    if verdict is None or verdict.counterexample is None:
        return verdict.verdict if verdict else "none"
    found = verdict.counterexample
    if "rests on" in verdict.reason:
        return "only where the source rests on what its language does"
    if " left `" in found.difference:
        return "only an argument is left otherwise"
    if found.got.kind != "returned" or found.expected.kind != "returned":
        return f"the source {found.expected.kind}, the target {found.got.kind}"
    return "another result"


def _told(each: Judged) -> str:
    verdict = each.verdict
    if verdict is None or verdict.counterexample is None:
        return verdict.reason[:160] if verdict else ""
    found = verdict.counterexample
    shown = ", ".join(map(repr, found.arguments))
    return f"{verdict.agreed} of {verdict.cases} agree; ({shown[:120]}): {found.difference[:200]}"


def _kind(reason: str) -> str:
    return reason.partition(":")[0].partition("(")[0].strip()[:60]


# Time --------------------------------------------------------------------------------------------


def times(bench: Path, limit: int | None) -> dict[str, Any]:
    """How long evidence for Python sources takes, one after another, with nothing cached.

    The baseline is an empty Python program in the same sandbox, run in turn with the sources.
    """
    empty = list[float]()
    first, whole, killed, run, branches, reached = list[float](), list[float](), 0, 0, 0, 0
    late = list[str]()
    with Sandbox(cache=False) as sandbox:
        derive(Side("def f(n: int):\n    return n\n", "python", _trivial()), sandbox)
        began, cpu = time.monotonic(), time.process_time()
        for row in [row for row in rows(bench) if has(row, "python")][:limit]:
            empty.append(_empty_program(sandbox))
            evidence = derive(side_of(row, "python"), sandbox)
            whole.append(evidence.seconds)
            if evidence.first_seconds is not None:
                first.append(evidence.first_seconds)
            if evidence.seconds > 2:
                late.append(row["id"])
            if evidence.mutants and evidence.coverage:
                killed, run = killed + evidence.mutants.killed, run + evidence.mutants.run
                branches += evidence.coverage.branches
                reached += evidence.coverage.reached
    return {
        "sources": len(whole),
        "baseline": "an empty Python program in the sandbox",
        "baseline_median_seconds": round(statistics.median(empty), 3),
        "first_case_in_baselines": round(statistics.median(first) / statistics.median(empty), 1),
        "first_case_median_seconds": round(statistics.median(first), 3),
        "whole_median_seconds": round(statistics.median(whole), 3),
        "whole_within_2_seconds_share": share(sum(each <= 2 for each in whole), len(whole)),
        "later_than_2_seconds": late,
        "mutants_of_the_source_noticed_share": share(killed, run),
        "branches_reached_share": share(reached, branches),
        "wall_seconds": round(time.monotonic() - began, 1),
        "cpu_seconds_outside_of_the_sandbox": round(time.process_time() - cpu, 1),
    }


def _empty_program(sandbox: Sandbox) -> float:
    began = time.monotonic()
    sandbox.run(Job("python", (File("main.py", ""),)))
    return time.monotonic() - began


def _trivial() -> Any:
    return named("f", "def f(n: int):\n    return n\n", "python")


# The command -------------------------------------------------------------------------------------


def measurements(bench: Path, limit: int | None = None) -> dict[str, Callable[[], dict[str, Any]]]:
    """Each measurement by its name."""
    tests = {
        f"selftest_{each}": partial(selftest.selftest, bench, each, limit)
        for each in selftest.languages()
    }
    pairs = {f"{a}_to_{b}": partial(direction, bench, a, b, limit) for a, b in DIRECTIONS}
    return {"time_to_evidence": partial(times, bench, limit), **pairs, **tests}


def measure(bench: Path, limit: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    for title, plan in measurements(bench, limit).items():
        yield title, plan()


def main(
    bench: Annotated[Path, typer.Option(help="The folder with dev/*.jsonl.")],
    limit: Annotated[int | None, typer.Option(help="Units of each measurement.")] = None,
    only: Annotated[str, typer.Option(help="This one alone.")] = "",
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "verify",
) -> None:
    """Measure evidence and verdicts on parallel functions."""
    plans = measurements(bench, limit)
    console = Console()
    path = Path(__file__).parent / "results" / f"{name}.json"
    result = json.loads(path.read_text("utf-8")) if path.exists() else {}
    result["machine"] = machine.here()
    for title, plan in plans.items():
        if only in ("", title):
            result[title] = plan()
            console.print(
                title, {k: v for k, v in result[title].items() if not isinstance(v, dict)}
            )
            path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    typer.run(main)
