"""Both sides run: evidence of a unit, derived once, and the verdicts on its translations."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from transloop_settings.errors import TransloopError
from transloop_syntax.declarations import top_level
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit
from transloop_translate.translation import Work
from transloop_verify.case import Side
from transloop_verify.entry import entries
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.judge import Verdict, judge
from transloop_verify.matching import NoCounterpart
from transloop_verify.observe import Runs
from transloop_verify.program import side

WEAK = 0.75
"""Below this share of mutants noticed, more cases are derived before anything is verified."""
MORE = 3
"""So many times more."""
SHRINK_SECONDS = 2.0
"""For making a counterexample small."""
_WORST_FIRST = ("failed", "compile_error", "unchecked", "verified")


class Jury:
    """Derives the evidence once, and judges by it; the work is done in threads."""

    def __init__(
        self, work: Work, document: str, sandbox: Runs, cases: int, seconds: float
    ) -> None:
        self.work, self.document, self.sandbox = work, document, sandbox
        self.cases, self.seconds = cases, seconds
        self.over = threading.Event()
        self.began = time.monotonic()
        self.evidence_seconds: float | None = None
        self.evidence = asyncio.create_task(asyncio.to_thread(self._derived))

    async def can_tell(self) -> bool:
        """Whether there is evidence for each function of the unit."""
        evidence = await self.evidence
        return bool(evidence) and not any(each.reason for each in evidence)

    async def verdict(self, work: Work, code: str, *, shrink: bool = False) -> Verdict:
        """Of a candidate of `work`: of the unit, in whatever language.

        To make a counterexample small takes longer than to find it.
        """
        evidence = await self.evidence
        return await asyncio.to_thread(
            judged,
            work,
            evidence,
            code,
            self.sandbox,
            self.seconds,
            self.over.is_set,
            shrink_seconds=SHRINK_SECONDS if shrink else 0.0,
        )

    def _derived(self) -> tuple[Evidence, ...]:
        unit = self.work.unit
        found = []
        for name in functions_of(unit):
            try:
                source = side(self.document, unit.language, name)
            except NoCounterpart:  # a function inside a function, say
                continue
            try:
                found.append(self._strong(source))
            except TransloopError as error:  # no compiler, or nothing that keeps programs in
                found.append(Evidence(source, str(error)))
        self.evidence_seconds = time.monotonic() - self.began
        return tuple(found)

    def _strong(self, source: Side) -> Evidence:
        """With more cases where the usual number of them notices too few mutants."""
        first = self._evidence(source, self.cases)
        score = first.mutants.share if first.mutants else None
        if first.reason or first.complete or (score is not None and score >= WEAK):
            return first
        more = self._evidence(source, self.cases * MORE)
        return first if more.reason or len(more.cases) < len(first.cases) else more

    def _evidence(self, source: Side, cases: int) -> Evidence:
        effort = Effort(cases=cases, seconds=self.seconds, mutant_seconds=self.seconds / 4)
        return derive(source, self.sandbox, effort=effort, cancelled=self.over.is_set)


def judged(
    work: Work,
    evidence: Sequence[Evidence],
    code: str,
    sandbox: Runs,
    seconds: float,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    shrink_seconds: float = SHRINK_SECONDS,
) -> Verdict:
    """The verdict on a translation of `work`; blocks while programs run."""
    if not evidence:
        return Verdict("unchecked", "it has no function that could be called")
    found = [
        judge(
            each,
            code,
            work.target.id,
            sandbox,
            seconds=seconds,
            shrink_seconds=shrink_seconds,
            cancelled=cancelled,
        )
        for each in evidence
    ]
    if any(each.reason for each in evidence):
        return combined(found)
    return _with_needs(combined(found), work.unit)


@asynccontextmanager
async def jury_of(
    work: Work, document: str, sandbox: Runs, *, cases: int, seconds: float
) -> AsyncIterator[Jury]:
    """A jury on the unit of `work`; it stops when nobody waits for it any more."""
    jury = Jury(work, document, sandbox, cases, seconds)
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
