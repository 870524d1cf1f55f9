"""One pick: is the source usable, what does the model make of it, and what holds of that?"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from transloop_model.engine import Engine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import ContextOverflow, UnitError
from transloop_synth import invent
from transloop_synth.barred import Screen
from transloop_synth.candidates import Candidate, Offer, Trial, maker, offer
from transloop_synth.clock import Clock
from transloop_synth.dataset import Dropped
from transloop_synth.order import Attempt, Order
from transloop_synth.plan import Pick
from transloop_synth.source import SourceFunction
from transloop_synth.testable import Known, known

TAUGHT = 3
"""Samples of a teacher, besides its greedy answer: that one alone is seldom right where nine of the
model's were not."""


@dataclass(frozen=True)
class Done:
    """What came of a pick, before it is decided what of it is kept."""

    attempt: Attempt
    source: SourceFunction | None = None
    offers: tuple[Offer, ...] = ()
    known: Known | None = None
    dropped: tuple[Dropped, ...] = ()


@dataclass
class Workbench:
    """Everything that a pick is tried with."""

    order: Order
    engine: Engine
    teacher: Engine | None
    sandbox: Sandbox
    screen: Screen
    clock: Clock
    over: threading.Event = field(default_factory=threading.Event)
    """Nobody waits any more: programs stop."""
    decoding: asyncio.Lock = field(default_factory=asyncio.Lock)
    _known: dict[str, Known] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        """Is the order's time up?"""
        return self.clock.seconds >= self.order.seconds

    async def tried(self, pick: Pick, pool: Sequence[SourceFunction]) -> Done | None:
        """What comes of a pick; nothing if it is too late by then.

        Args:
            pool: what a source that is written anew must be unlike.

        Raises:
            ModelError, EngineError, SandboxError: nothing works.
        """
        await self.clock.ready()
        source = pick.source
        if source is None:
            source, why = await self._new(pick, pool)
            if source is None:
                return Done(_unusable(pick, f"invented-{pick.number}", (), f"invented: {why}"))
        evidence = await self._evidence(source)
        dropped = None if evidence.reason else await self.screen.of(source, evidence)
        why = evidence.reason or (f"contaminated by its {dropped.by}" if dropped else "")
        done = Done(_unusable(pick, source.id, source.constructs, why), source)
        if why:
            return replace(done, dropped=(dropped,) if dropped else ())
        try:
            return await self._translated(pick, source, evidence)
        except (UnitError, ContextOverflow) as error:
            return replace(done, attempt=replace(done.attempt, unusable=str(error)))

    async def _translated(self, pick: Pick, source: SourceFunction, evidence: Known) -> Done | None:
        trial = Trial(source, pick.target, evidence, self.order, self.sandbox, self.over.is_set)
        async with self._turn():
            if self.late:
                return None
            texts = await trial.asked(self.engine, trial.drawn())
        await self.clock.ready()
        candidates = await trial.judged(texts)
        made = [(each, self.engine) for each in candidates]
        if self.teacher is not None and not any(each.right for each in candidates):
            async with self._turn():
                texts = await trial.asked(self.teacher, trial.drawn()[: 1 + TAUGHT])
            made += [(each, self.teacher) for each in await trial.judged(texts)]
        # The shortest first: what nobody asked for, such as a `main` of examples, is not learned.
        right = sorted((found for found in made if found[0].right), key=_length)
        offers = [offer(each, maker(by)) for each, by in right]
        attempt = _attempt(pick, source, candidates)
        if not offers and self.order.repairs:
            wrong = [each for each, _ in made]
            mended = await trial.repaired(self.teacher or self.engine, wrong, self._turn)
            offers += [mended] if mended else []
            attempt = replace(attempt, drafts=trial.drafts, mended=mended is not None)
        return Done(attempt, source, tuple(offers), evidence)

    async def _new(
        self, pick: Pick, pool: Sequence[SourceFunction]
    ) -> tuple[SourceFunction | None, str]:
        """A source that was written for this pick; None, and why there is none."""
        async with self._turn():
            codes = await invent.proposals(self.teacher or self.engine, pick, self.order.number)
        why = "there is no code in the answer"
        for found, reason in invent.judged(codes, pick, pool):
            why = reason
            if found is not None:
                why = (await self._evidence(found)).reason
                if not why:
                    return found, ""
        return None, why

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """The model is ours, and nobody has paused us."""
        async with self.decoding:
            await self.clock.ready()
            yield

    async def _evidence(self, source: SourceFunction) -> Known:
        if source.id not in self._known:
            self._known[source.id] = await asyncio.to_thread(
                known, source, self.order, self.sandbox, self.over.is_set
            )
        return self._known[source.id]


def _length(found: tuple[Candidate, Engine]) -> int:
    return len(found[0].code)


def _unusable(pick: Pick, source: str, constructs: Collection[str], why: str) -> Attempt:
    return Attempt(source, pick.share.direction, tuple(sorted(constructs)), False, unusable=why)


def _attempt(pick: Pick, source: SourceFunction, candidates: Sequence[Candidate]) -> Attempt:
    greedy, *samples = candidates
    failures = Counter(each.failure for each in candidates if each.failure)
    return Attempt(
        source.id,
        pick.share.direction,
        tuple(sorted(source.constructs)),
        greedy.right,
        drawn=len(samples),
        right=sum(each.right for each in samples),
        distinct=len({each.code for each in candidates if each.code}),
        visible_only=sum(each.visible_only for each in candidates),
        failures=dict(failures),
    )
