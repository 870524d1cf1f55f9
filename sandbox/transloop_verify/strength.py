"""How strong a suite is: which of the source's mutants its cases notice.

Mutants of a Python source run together in one process; those of other languages are one program
each, two at a time, until the time is up. A mutant that does not compile, or that was not run for
lack of time, is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from string import Template

from transloop_sandbox.job import Limits
from transloop_verify.case import Case, Entry, Observation, Observed, Parameter, Side
from transloop_verify.compare import Rules, differs, rules_for
from transloop_verify.mutants import Mutant, Score, mutants_of
from transloop_verify.observe import Runs, observe
from transloop_verify.tables import text
from transloop_verify.type import ANY
from transloop_verify.value import Value

MOST = 40
"""Mutants of a source that are run together."""
_SLOW_SECONDS = 0.25
"""CPU time after which a call of a mutant counts as endless."""
_LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)


@dataclass(frozen=True)
class Strength:
    """The score, and the mutants that nobody noticed."""

    score: Score
    survivors: tuple[Mutant, ...] = ()


def killers(
    side: Side,
    made: Sequence[Mutant],
    inputs: Sequence[tuple[Value, ...]],
    sandbox: Runs,
    *,
    seconds: float = 2.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[frozenset[int]]:
    """For each mutant of a Python source, as far as the time went, the inputs that notice it."""
    programs = [side.code, *(each.code for each in made)]
    code = Template(text("python", "mutants.template")).substitute(
        programs=[f"{side.prelude}\n{each}" for each in programs],
        call=repr(_call(side.entry)),
        slow=_SLOW_SECONDS,
        seconds=seconds,
    )
    entry = Entry("transloop_killers", (Parameter("inputs", ANY),))
    case = Case(0, ([list(each) for each in inputs],))
    limits = Limits(cpu_seconds=seconds + 3, memory_mb=1024)
    seen = observe(
        Side(code, "python", entry), [case], sandbox, limits=limits, cancelled=cancelled
    ).by_case.get(0)
    rows = seen.value if seen is not None and isinstance(seen.value, list) else []
    return [frozenset(_numbers(row)) for row in rows]


def strength(
    side: Side,
    cases: Sequence[Case],
    expected: Mapping[int, Observation],
    sandbox: Runs,
    *,
    seconds: float = 2.0,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Strength:
    """The mutation score of a suite, by running each mutant as a program of its own."""
    made = mutants_of(side, seed)
    deadline = time.monotonic() + seconds
    rules = rules_for(side, side)

    def judged(mutant: Mutant) -> bool | None:
        if time.monotonic() > deadline or cancelled():
            return None
        other = replace(side, code=mutant.code)
        seen = observe(other, cases, sandbox, limits=_LIMITS, seconds=seconds, cancelled=cancelled)
        return noticed(seen, expected, rules)

    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(judged, made))
    run = [verdict for verdict in verdicts if verdict is not None]
    survivors = [each for each, verdict in zip(made, verdicts, strict=True) if verdict is False]
    return Strength(Score(sum(run), len(run), len(made)), tuple(survivors))


def noticed(seen: Observed, expected: Mapping[int, Observation], rules: Rules) -> bool | None:
    """Did the cases notice this program's mistake? None: it never ran."""
    if seen.failure in ("compile_error", "internal_error", "cancelled", "unfit"):
        return None
    if seen.failure:
        return True
    return any(
        (did := seen.by_case.get(case)) is not None and differs(wanted, did, rules) is not None
        for case, wanted in expected.items()
    )


def _call(entry: Entry) -> str:
    if entry.owner is None:
        return entry.name
    if entry.static:
        return f"{entry.owner}.{entry.name}"
    made = entry.made or f"{entry.owner}()"
    return f"lambda *arguments: {made}.{entry.name}(*arguments)"


def _numbers(row: Value) -> list[int]:
    return [each for each in row if isinstance(each, int)] if isinstance(row, list) else []
