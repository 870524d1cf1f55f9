"""Best of n, verified: both sides are run, and the first translation that holds is taken.

Cases are derived from the source while the model writes its greedy answer, which is judged at once.
Only where it does not hold are more sampled, in one batch, each judged as it is complete; the first
that holds ends the others. If none does, the best is shown to the model with what is wrong with it.
Nothing is claimed beyond what ran.

The first answer is always written to its end and judged; a budget keeps what follows from going on.
Both sides are run in every mode, also in the one that tries the first answer only: the cases are
there before the answer is, and to run them takes little longer than to compile.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from transloop_model.engine import Engine
from transloop_settings.errors import AnswerError, UnitError
from transloop_syntax.language import language
from transloop_syntax.unit import Unit, snippet
from transloop_translate.budget import Budget, Spent
from transloop_translate.jury import Jury, jury_of
from transloop_translate.modes import Mode
from transloop_translate.translation import (
    Progress,
    Report,
    Translation,
    Work,
    repaired,
    sampled,
    translate,
)
from transloop_translate.verdicts import call_of
from transloop_verify.evidence import Evidence
from transloop_verify.judge import Verdict
from transloop_verify.observe import Runs

LONGER, LONGER_LEAST = 2, 96
"""How much longer than the first answer, in tokens, a sample may be. Some ramble, and all others of
their batch wait for them."""


@dataclass(frozen=True)
class Latency:
    """When what was there, in seconds from the request on; None where it did not come to that."""

    first_token: float | None = None
    greedy: float | None = None
    """The first answer was complete."""
    evidence: float | None = None
    first_verdict: float | None = None
    last_verdict: float | None = None


@dataclass(frozen=True)
class Delivered:
    """What was tried, in order, each with its verdict, and the evidence that it was judged by."""

    tried: tuple[Translation, ...]
    evidence: tuple[Evidence, ...]
    """One for each function of the unit."""
    seconds: float
    tokens: int
    """Written for all of them, also for what was left unfinished."""
    latency: Latency
    notes: tuple[str, ...] = ()
    """What is to be said of the search as a whole."""

    @property
    def best(self) -> Translation:
        """The one to show; of equals the earliest."""
        found = max(self.tried, key=rank)
        return replace(found, notes=(*found.notes, *self.notes))

    @property
    def ranked(self) -> tuple[Translation, ...]:
        """All of them, the best first."""
        others = sorted(self.tried, key=rank, reverse=True)[1:]
        return (self.best, *others)


def holds(found: Translation) -> bool:
    """It did the same in every case."""
    return found.verdict is not None and found.verdict.verdict == "verified"


def _undisputed(found: Translation) -> bool:
    """It did the same in cases that tell too little; they would tell no more of another one."""
    verdict = found.verdict
    blunt = verdict is not None and verdict.evidence is not None and verdict.evidence.blunt
    return verdict is not None and blunt and verdict.agreed == verdict.cases


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
    sampling = work.sampling.model_copy(update={"alternatives": max(1, mode.samples)})
    work = replace(work, sampling=sampling)
    budget = Budget(mode.seconds, mode.tokens)
    jury_sits = jury_of(work, document, sandbox, cases=mode.cases, seconds=mode.evidence_seconds)
    async with jury_sits as jury:
        search = _Search(engine, work, jury, mode, budget, report)
        await search.go()
        return Delivered(
            tuple(search.tried),
            await jury.evidence,
            budget.spent,
            budget.written,
            search.latency(),
            tuple(search.notes),
        )


class _Search:
    """One unit on its way to a translation that holds."""

    def __init__(
        self,
        engine: Engine,
        work: Work,
        jury: Jury,
        mode: Mode,
        budget: Budget,
        report: Report,
    ) -> None:
        self.engine, self.work, self.jury, self.mode = engine, work, jury, mode
        self.budget = budget
        self.tried: list[Translation] = []
        self.notes: list[str] = []
        self.refused: AnswerError | None = None
        self._report = report
        self._text = ""
        self._longest: int | None = None
        self._greedy_seconds: float | None = None
        self._verdicts: list[float] = []
        self._small: set[int] = set()

    async def go(self) -> None:
        """Greedy first; then others, until one holds, nothing can be said, or the budget ends."""
        if await self._greedy():
            return
        if await self.jury.can_tell():
            await self._within_budget()
        if not self.tried and self.refused:
            raise self.refused

    async def _within_budget(self) -> None:
        try:
            async with asyncio.timeout(self.budget.left) as limit:
                await self._others()
        except (TimeoutError, Spent) as error:
            if isinstance(error, TimeoutError) and not limit.expired():
                raise
            self.notes.append(self.budget.used_up())
        if self.tried:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.budget.left):
                    await self._shrunk()

    def latency(self) -> Latency:
        """When what was there."""
        first, last = (self._verdicts[0], self._verdicts[-1]) if self._verdicts else (None, None)
        return Latency(
            self.budget.first_token,
            self._greedy_seconds,
            self.jury.evidence_seconds,
            first,
            last,
        )

    async def _others(self) -> None:
        """One after the other, each only where those before it did not find one that holds."""
        for step in (self._sampled, *[self._repaired] * self.mode.repairs, self._pivoted):
            self.budget.check()
            if await step():
                return

    async def _greedy(self) -> bool:
        try:
            found = await translate(self.engine, self.work, self._first)
        except AnswerError as error:
            if not self.mode.samples:
                raise
            self.refused = error
            return False
        finally:
            self._greedy_seconds = self.budget.spent
            self.budget.seconds = max(self.budget.seconds, self.mode.firsts * self._greedy_seconds)
        self._text = found.code
        self._longest = LONGER * found.stats.tokens + LONGER_LEAST
        return await self._holds(found)

    async def _sampled(self) -> bool:
        if not self.mode.samples:
            return False
        known = [each.code for each in self.tried]
        work = replace(self.work, longest=self._longest)
        drawing = sampled(self.engine, work, self._further, known)
        async with aclosing(drawing) as candidates:
            async for each in candidates:
                if await self._holds(each):
                    return True
        return False

    async def _repaired(self) -> bool:
        if not self.tried:
            return False
        best = await self._shrunk()
        problem = problem_of(best.verdict, self.work.unit) if best.verdict else None
        if problem is None:
            return False
        try:
            found = await repaired(self.engine, self.work, self._further, best.code, problem)
        except (AnswerError, UnitError):
            return False
        return await self._new_and_holds(found)

    async def _pivoted(self) -> bool:
        """By way of a language between the two, where the translation into that one holds."""
        work = self.work
        if self.mode.pivot in ("", work.unit.language, work.target.id):
            return False
        pivot = language(self.mode.pivot)
        way = replace(work, target=pivot, signature=None)
        try:
            half = await translate(self.engine, way, self._further)
            verdict = await self.jury.verdict(way, half.code)
            if verdict.verdict != "verified":
                return False
            onward = replace(work, unit=snippet(half.code, pivot))
            found = await translate(self.engine, onward, self._further)
        except (AnswerError, UnitError):
            return False
        notes = (*found.notes, f"translated by way of {pivot.name}")
        return await self._new_and_holds(replace(found, unit=work.unit, notes=notes))

    async def _shrunk(self) -> Translation:
        """The best so far, with a small counterexample: a person or the model will look at it."""
        at = max(range(len(self.tried)), key=lambda at: rank(self.tried[at]))
        best = self.tried[at]
        if best.verdict and best.verdict.counterexample and at not in self._small:
            verdict = await self.jury.verdict(self.work, best.code, shrink=True)
            self._small.add(at)
            self.tried[at] = best = replace(best, verdict=verdict)
        return best

    async def _new_and_holds(self, found: Translation) -> bool:
        if any(found.code == each.code for each in self.tried):
            return False
        return await self._holds(found)

    async def _holds(self, found: Translation) -> bool:
        self._told(Progress("running"))
        verdict = await self.jury.verdict(self.work, found.code)
        self._verdicts.append(self.budget.spent)
        judged = replace(found, verdict=verdict)
        self.tried.append(judged)
        return holds(judged) or _undisputed(judged)

    def _first(self, progress: Progress) -> None:
        """The first answer streams, whatever it costs."""
        self._text = progress.text or self._text
        self._told(progress)

    def _further(self, progress: Progress) -> None:
        self._told(progress)
        self.budget.check()

    def _told(self, progress: Progress) -> None:
        self.budget.saw(progress)
        number, most = len(self.tried) + 1, self.mode.candidates
        place = f"candidate {number} of {most}" if most > 1 else ""
        self._report(replace(progress, text=self._text, place=place, budget=str(self.budget)))


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
