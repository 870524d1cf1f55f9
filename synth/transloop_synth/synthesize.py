"""An order carried out: sources into candidates, candidates into verdicts, those into pairs.

While the candidates of one source are decoded, those of the one before are judged and the evidence
for the one behind is derived. What comes of them is written down in the order in which they were
picked, so that an order that was killed goes on where it was, to the same result.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from transloop_model.engine import GREEDY, Engine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import ContextOverflow, InstallFailed, ToolchainMissing, UnitError
from transloop_synth import invent
from transloop_synth.admission import Admission, pair_of
from transloop_synth.barred import Barred, Screen
from transloop_synth.candidates import Candidate, Offer, Trial, maker, offer
from transloop_synth.clock import Clock, Paused
from transloop_synth.dataset import Dataset, Dropped, Recorded
from transloop_synth.order import Attempt, Order
from transloop_synth.pair import Pair
from transloop_synth.plan import Pick, Plan, key_of
from transloop_synth.source import SourceFunction
from transloop_synth.testable import Known, known

AHEAD = 3
"""Sources that are under way at once: one is read, one decoded, one judged."""


@dataclass(frozen=True)
class Summary:
    """What an order came to, so far."""

    attempts: tuple[Attempt, ...]
    admitted: int
    pairs: int
    """All that the data set has now, of this order and of others."""
    seconds: float
    planned: int
    """Attempts that were asked for."""


Tell = Callable[[Summary], None]
"""Hears of the order after each attempt."""


async def synthesize(
    order: Order,
    sources: Sequence[SourceFunction],
    engine: Engine,
    sandbox: Sandbox,
    dataset: Dataset,
    *,
    teacher: Engine | None = None,
    barred: Barred | None = None,
    paused: Paused = lambda: False,
    tell: Tell = lambda summary: None,
    ahead: int = AHEAD,
) -> Summary:
    """Carry out an order, or the rest of it. Equal orders are one: a new one needs a new number.

    Args:
        sources: where it may begin; translations that hold and what was invented join them.
        teacher: proposes new sources, and answers where nothing of the model holds.
        barred: what must not be learned.
        paused: asked some times a second; while it is true nothing is begun, and no time counts.
        ahead: sources under way at once; 1: one after the other.

    Raises:
        ModelError, EngineError: the model does not work. What is done is kept.
        SandboxError: programs cannot be run here, whatever the language. So is it then.
        PairsUnusable, SeedsError: nothing can be written down.
    """
    dataset.begin(key_of(order))
    run = _Run(order, sources, engine, teacher, sandbox, dataset, barred or Barred(), paused)
    async with run.clock.running():
        try:
            await run.all(ahead, tell)
        finally:
            run.over.set()
    dataset.join(key_of(order))
    return run.summary()


@dataclass(frozen=True)
class _Done:
    """What came of a pick, before it is decided what of it is kept."""

    attempt: Attempt
    source: SourceFunction | None = None
    offers: tuple[Offer, ...] = ()
    known: Known | None = None
    dropped: tuple[Dropped, ...] = ()


class _Run:
    """One order on its way."""

    def __init__(
        self,
        order: Order,
        sources: Sequence[SourceFunction],
        engine: Engine,
        teacher: Engine | None,
        sandbox: Sandbox,
        dataset: Dataset,
        barred: Barred,
        paused: Paused,
    ) -> None:
        self.order, self.key = order, key_of(order)
        self.engine, self.teacher, self.sandbox = engine, teacher, sandbox
        self.dataset = dataset
        self.screen = Screen(barred, sandbox)
        self.over = threading.Event()
        self.decoding = asyncio.Lock()
        self.attempts: list[Attempt] = []
        self._known: dict[str, Known] = {}
        self._pairs = {pair.id: pair for pair in dataset.pairs()}
        self._invented = {each.id: each for each in dataset.invented()}
        history = dataset.recorded()
        self._recorded = {each.pick: each for each in history if each.order == self.key}
        self.clock = Clock(paused, max((r.clock for r in self._recorded.values()), default=0.0))
        self._spent = self.clock.seconds
        self.admission = Admission(self._pairs.values(), barred)
        self.plan = self._plan(sources, [each for each in history if each.order != self.key])

    def _plan(self, sources: Sequence[SourceFunction], history: Sequence[Recorded]) -> Plan:
        """As it was when the order began: without what it has made itself."""
        plan = Plan(self.order, sources)
        for each in history:
            plan.know(each)
            if each.attempt.source in self._invented:
                plan.add(self._invented[each.attempt.source])
        own = {name for each in self._recorded.values() for name in each.attempt.admitted}
        plan.reenter(pair for pair in self._pairs.values() if pair.id not in own)
        return plan

    def summary(self) -> Summary:
        """What it came to, so far."""
        admitted = sum(len(each.admitted) for each in self.attempts)
        attempts, seconds = tuple(self.attempts), self.clock.seconds
        return Summary(attempts, admitted, len(self._pairs), seconds, self.plan.planned)

    async def all(self, ahead: int, tell: Tell) -> None:
        """Try what the plan says, until it says nothing more or the time is up."""
        await self._leave_out_what_cannot_run()
        under_way: deque[tuple[Pick, asyncio.Task[_Done | None]]] = deque()
        try:
            while True:
                pick = self.plan.next()
                if pick is not None and self._late() and pick.key not in self._recorded:
                    pick = None
                if pick is not None:
                    known_now = tuple(self.plan.pool.values())
                    under_way.append((pick, asyncio.create_task(self._tried(pick, known_now))))
                if under_way and (pick is None or len(under_way) >= ahead):
                    self._write_down(under_way[0][0], await under_way[0][1])
                    under_way.popleft()
                    tell(self.summary())
                elif pick is None:
                    return
        finally:
            self.over.set()
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _leave_out_what_cannot_run(self) -> None:
        """Shares with a language that is not on this machine; they are told, once each."""
        missing: dict[str, str] = {}
        spoken = (each for share in self.plan.shares for each in share.direction.split(":"))
        for each in dict.fromkeys(spoken):
            try:
                await asyncio.to_thread(self.sandbox.prepare, each)
            except (ToolchainMissing, InstallFailed) as error:
                missing[each] = str(error)
        for share in list(self.plan.shares):
            why = [missing[each] for each in share.direction.split(":") if each in missing]
            if why:
                self.plan.shares.remove(share)
                self.attempts.append(Attempt("", share.direction, (), False, unusable=why[0]))

    def _late(self) -> bool:
        return self.clock.seconds >= self.order.seconds

    # One attempt ---------------------------------------------------------------------------------

    async def _tried(self, pick: Pick, pool: Sequence[SourceFunction]) -> _Done | None:
        """What comes of a pick; nothing of one that is done, or for which it is too late."""
        if pick.key in self._recorded:
            return None
        await self.clock.ready()
        source = pick.source
        if source is None:
            source, why = await self._new(pick, pool)
            if source is None:
                return _Done(_unusable(pick, f"invented-{pick.number}", (), f"invented: {why}"))
        known = await self._evidence(source)
        dropped = None if known.reason else await self.screen.of(source, known)
        why = known.reason or (f"contaminated by its {dropped.by}" if dropped else "")
        done = _Done(_unusable(pick, source.id, source.constructs, why), source)
        if why:
            return replace(done, dropped=(dropped,) if dropped else ())
        try:
            return await self._translated(pick, source, known)
        except (UnitError, ContextOverflow) as error:
            return replace(done, attempt=replace(done.attempt, unusable=str(error)))

    async def _translated(self, pick: Pick, source: SourceFunction, known: Known) -> _Done | None:
        trial = Trial(source, pick.target, known, self.order, self.sandbox, self.over.is_set)
        async with self._turn():
            if self._late():
                return None
            texts = await trial.asked(self.engine, trial.drawn())
        await self.clock.ready()
        candidates = await trial.judged(texts)
        offers = [offer(each, maker(self.engine)) for each in candidates if each.right]
        if not offers and self.order.repairs:
            async with self._turn():
                offers += filter(None, [await trial.repaired(self.engine, candidates)])
        if not offers and self.teacher is not None:
            async with self._turn():
                texts = await trial.asked(self.teacher, (GREEDY,))
            taught = await trial.judged(texts)
            offers += [offer(each, maker(self.teacher)) for each in taught if each.right]
        attempt = _attempt(pick, source, candidates)
        return _Done(attempt, source, tuple(offers), known)

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
                known = await self._evidence(found)
                if not known.reason:
                    return found, ""
                why = known.reason
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

    # What is kept of it --------------------------------------------------------------------------

    def _write_down(self, pick: Pick, done: _Done | None) -> None:
        recorded = self._recorded.get(pick.key)
        if recorded is None and done is None:
            return
        if recorded is None and done is not None:
            recorded = self._kept(pick, done)
        assert recorded is not None  # noqa: S101  # one of the two is there
        self.attempts.append(recorded.attempt)
        self.plan.done(pick, recorded)
        self.plan.reenter(
            self._pairs[each] for each in recorded.attempt.admitted if each in self._pairs
        )
        if recorded.attempt.source in self._invented:
            self.plan.add(self._invented[recorded.attempt.source])

    def _kept(self, pick: Pick, done: _Done) -> Recorded:
        """What of a pick's offers is admitted, written down."""
        offered = self._offered(pick, done)
        admitted = self.admission.admit(offered)
        spent = self.clock.seconds
        attempt = replace(
            done.attempt,
            admitted=tuple(pair.id for pair in admitted.pairs),
            rejected=admitted.rejected,
            seconds=round(spent - self._spent, 3),
        )
        self._spent = spent
        if done.source is not None and done.source.origin == "invented":
            self.dataset.invent(done.source)
            self._invented[done.source.id] = done.source
        recorded = Recorded(
            attempt, self.key, pick.key, self.order.cases, self.order.mutants, round(spent, 3)
        )
        self.dataset.add(recorded, admitted.pairs, (*done.dropped, *admitted.dropped))
        self._pairs.update({pair.id: pair for pair in admitted.pairs})
        return recorded

    def _offered(self, pick: Pick, done: _Done) -> list[Pair]:
        if done.source is None or done.known is None:
            return []
        return [
            pair_of(done.source, pick.target, each, done.known, self.order.number)
            for each in done.offers
        ]


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
