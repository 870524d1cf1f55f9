"""Best of n, verified: both sides are run, and the first translation that holds is taken.

Cases are derived from the source while the model writes its greedy answer, which is judged at once.
Only where it does not hold are more sampled, in one batch, each judged as it is complete; the first
that holds ends the others. If none does, the best is shown to the model with what is wrong with it.
Nothing is claimed beyond what ran.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

from transloop_model.engine import Engine
from transloop_server.translation import (
    Progress,
    Report,
    Translation,
    Work,
    repaired,
    sampled,
    translate,
)
from transloop_server.verdicts import call_of
from transloop_settings.errors import AnswerError, TransloopError, UnitError
from transloop_syntax.declarations import top_level
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit
from transloop_verify.entry import entries
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.judge import Verdict, judge
from transloop_verify.matching import NoCounterpart
from transloop_verify.observe import Runs
from transloop_verify.program import side

_WORST_FIRST = ("failed", "compile_error", "unchecked", "verified")


@dataclass(frozen=True)
class Mode:
    """How much is tried for a translation that holds."""

    samples: int
    """Candidates besides the greedy one, in one batch."""
    repairs: int
    """Turns in which the model is shown what is wrong with its best."""
    cases: int
    seconds: float
    """For the evidence; it is derived while the model writes."""


MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "fast": Mode(samples=0, repairs=0, cases=12, seconds=3.0),
        "balanced": Mode(samples=8, repairs=1, cases=24, seconds=8.0),
        "thorough": Mode(samples=15, repairs=2, cases=48, seconds=20.0),
    }
)


@dataclass(frozen=True)
class Delivered:
    """What was tried, in order, each with its verdict, and the evidence that it was judged by."""

    tried: tuple[Translation, ...]
    evidence: tuple[Evidence, ...]
    """One for each function of the unit."""
    seconds: float

    @property
    def best(self) -> Translation:
        """The one to show; of equals the earliest."""
        return max(self.tried, key=rank)


def holds(found: Translation) -> bool:
    """It did the same in every case."""
    return found.verdict is not None and found.verdict.verdict == "verified"


def rank(found: Translation) -> tuple[bool, float, bool]:
    """What is better is greater."""
    verdict = found.verdict
    if verdict is None:
        return (False, 0.0, False)
    share = verdict.agreed / verdict.cases if verdict.cases else 0.0
    return (holds(found), share, verdict.verdict != "compile_error")


async def deliver(
    engine: Engine, work: Work, document: str, sandbox: Runs, mode: Mode, report: Report
) -> Delivered:
    """Translate a unit of `document`, and judge what came of it by running both sides.

    Raises:
        UnitError, ModelError, EngineError, AnswerError: as `translation.translate`; an answer that
            cannot be used is only an error if there is no other.
    """
    began = time.monotonic()
    sampling = work.sampling.model_copy(update={"alternatives": max(1, mode.samples)})
    work = replace(work, sampling=sampling)
    async with _jury(work, document, sandbox, mode) as jury:
        search = _Search(engine, work, jury, mode, report)
        await search.go()
        return Delivered(tuple(search.tried), await jury.evidence, time.monotonic() - began)


class _Search:
    """One unit on its way to a translation that holds."""

    def __init__(self, engine: Engine, work: Work, jury: _Jury, mode: Mode, report: Report) -> None:
        self.engine, self.work, self.jury, self.mode = engine, work, jury, mode
        self.report = report
        self.tried: list[Translation] = []
        self.refused: AnswerError | None = None

    async def go(self) -> None:
        """Greedy, sampled, repaired: until one holds, or nothing can be said of any."""
        if await self._greedy() or not await self.jury.can_tell():
            return
        if await self._sampled():
            return
        for _ in range(self.mode.repairs):
            if await self._repaired():
                return
        if not self.tried and self.refused:
            raise self.refused

    async def _greedy(self) -> bool:
        try:
            found = await translate(self.engine, self.work, self.report)
        except AnswerError as error:
            if not self.mode.samples:
                raise
            self.refused = error
            return False
        return await self._holds(found)

    async def _sampled(self) -> bool:
        if not self.mode.samples:
            return False
        known = [each.code for each in self.tried]
        drawing = sampled(self.engine, self.work, self.report, known)
        async with aclosing(drawing) as candidates:
            async for each in candidates:
                if await self._holds(each):
                    return True
        return False

    async def _repaired(self) -> bool:
        if not self.tried:
            return False
        best = max(self.tried, key=rank)
        problem = problem_of(best.verdict, self.work.unit) if best.verdict else None
        if problem is None:
            return False
        try:
            found = await repaired(self.engine, self.work, self.report, best.code, problem)
        except (AnswerError, UnitError):
            return False
        if any(found.code == each.code for each in self.tried):
            return False
        return await self._holds(found)

    async def _holds(self, found: Translation) -> bool:
        self.report(Progress("running", part=len(self.tried) + 1))
        judged = replace(found, verdict=await self.jury.verdict(found.code))
        self.tried.append(judged)
        return holds(judged)


class _Jury:
    """Derives the evidence once, and judges by it; the work is done in threads."""

    def __init__(self, work: Work, document: str, sandbox: Runs, mode: Mode) -> None:
        self.work, self.document, self.sandbox, self.mode = work, document, sandbox, mode
        self.over = threading.Event()
        self.evidence = asyncio.create_task(asyncio.to_thread(self._derived))

    async def can_tell(self) -> bool:
        """Whether there is evidence for each function of the unit."""
        evidence = await self.evidence
        return bool(evidence) and not any(each.reason for each in evidence)

    async def verdict(self, code: str) -> Verdict:
        """Of a candidate."""
        evidence = await self.evidence
        return await asyncio.to_thread(
            judged, self.work, evidence, code, self.sandbox, self.mode.seconds, self.over.is_set
        )

    def _derived(self) -> tuple[Evidence, ...]:
        effort = Effort(
            cases=self.mode.cases,
            seconds=self.mode.seconds,
            mutant_seconds=self.mode.seconds / 4,
        )
        unit = self.work.unit
        found = []
        for name in functions_of(unit):
            try:
                source = side(self.document, unit.language, name)
            except NoCounterpart:  # a function inside a function, say
                continue
            try:
                evidence = derive(source, self.sandbox, effort=effort, cancelled=self.over.is_set)
            except TransloopError as error:  # no compiler, or nothing that keeps programs in
                evidence = Evidence(source, str(error))
            found.append(evidence)
        return tuple(found)


def judged(
    work: Work,
    evidence: Sequence[Evidence],
    code: str,
    sandbox: Runs,
    seconds: float,
    cancelled: Callable[[], bool] = lambda: False,
) -> Verdict:
    """The verdict on a translation of `work`; blocks while programs run."""
    if not evidence:
        return Verdict("unchecked", "it has no function that could be called")
    found = [
        judge(each, code, work.target.id, sandbox, seconds=seconds, cancelled=cancelled)
        for each in evidence
    ]
    if any(each.reason for each in evidence):
        return combined(found)
    return _with_needs(combined(found), work.unit)


@asynccontextmanager
async def _jury(work: Work, document: str, sandbox: Runs, mode: Mode) -> AsyncIterator[_Jury]:
    """Its work stops when nobody waits for it any more."""
    jury = _Jury(work, document, sandbox, mode)
    try:
        yield jury
    finally:
        jury.over.set()
        await asyncio.gather(jury.evidence, return_exceptions=True)


def functions_of(unit: Unit) -> list[str]:
    """What of a unit can be called, as `Owner.name` for methods."""
    if unit.kind == "method" and unit.enclosing:
        return [f"{unit.enclosing}.{name}" for name in unit.names]
    if unit.kind == "function":
        return list(unit.names)
    found = entries(unit.code, unit.language)
    return [f"{each.owner}.{each.name}" if each.owner else each.name for each in found]


def combined(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of several functions' verdicts, with the cases of all."""
    worst = min(verdicts, key=lambda each: _WORST_FIRST.index(each.verdict))
    cases, agreed = (sum(getattr(v, what) for v in verdicts) for what in ("cases", "agreed"))
    return replace(worst, cases=cases, agreed=agreed)


def _with_needs(verdict: Verdict, unit: Unit) -> Verdict:
    """A part of a file that cannot run alone may only miss what stays where it is."""
    example = verdict.counterexample
    ran = example is not None and example.got.kind == "returned"
    if verdict.verdict not in ("failed", "compile_error") or ran or not _misses(unit):
        return verdict
    reason = "it uses code of its file that is not translated with it"
    return replace(verdict, verdict="unchecked", reason=f"{reason}: {verdict.reason}")


def _misses(unit: Unit) -> bool:
    """Whether it needs something of its file besides imports."""
    spoken = language(unit.language)
    around = Source("\n".join(unit.needs), spoken)
    return any(each.part not in ("import", "header") for each in top_level(around.root, spoken))


def problem_of(verdict: Verdict, unit: Unit) -> str | None:
    """What is wrong with a translation, for the model; None where it must not or cannot know."""
    if verdict.verdict == "compile_error":
        where = f"Line {verdict.line} of this" if verdict.line else "This"
        return f"{where} does not compile: {verdict.reason}."
    example = verdict.counterexample
    if example is None or example.held_out:
        return None
    name = unit.names[0] if unit.names else "the function"
    return f"This is not the same program: for `{call_of(example, name)}` {example.difference}."
