"""An order carried out: sources into candidates, candidates into verdicts, those into pairs.

While the candidates of one source are decoded, those of the one before are judged and the evidence
for the one behind is derived; on two cores, where the model leaves none for that, they take turns.
What comes of them is written down in the order in which they were picked, so that an order that was
killed goes on where it was, to the same result.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transloop_model.engine import Engine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import InstallFailed, ToolchainMissing
from transloop_synth.admission import Admission, pair_of
from transloop_synth.barred import Barred, Screen
from transloop_synth.clock import Clock, Paused
from transloop_synth.dataset import Dataset, Recorded
from transloop_synth.order import Attempt, Order
from transloop_synth.pair import Pair
from transloop_synth.plan import Pick, Plan, key_of
from transloop_synth.source import SourceFunction
from transloop_synth.workbench import Done, Workbench

AHEAD = 3
"""Sources that are under way at once: one is read, one decoded, one judged."""
FEW_CORES = 2
"""With a model of our own on so few, one after the other: its threads wait for each other, and one
program that runs beside them takes two thirds of its speed."""


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
    done: int = 0
    """Of them; a source that could not be used was none."""


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
    ahead: int | None = None,
) -> Summary:
    """Carry out an order, or the rest of it. Equal orders are one: a new one needs a new number.

    Args:
        sources: where it may begin; translations that hold and what was invented join them.
        teacher: proposes new sources, and answers where nothing of the model holds.
        barred: what must not be learned.
        paused: asked some times a second; while it is true nothing is begun, and no time counts.
        ahead: sources under way at once; 1: one after the other; None: see `ahead_of`.

    Raises:
        ModelError, EngineError: the model does not work. What is done is kept.
        SandboxError: programs cannot be run here, whatever the language. So is it then.
        PairsUnusable, SeedsError: nothing can be written down.
    """
    dataset.begin(key_of(order))
    run = _Run(order, sources, engine, teacher, sandbox, dataset, barred or Barred(), paused)
    async with run.clock.running():
        try:
            await run.all(ahead or ahead_of(engine), tell)
        finally:
            run.bench.over.set()
    dataset.join(key_of(order))
    return run.summary()


def ahead_of(engine: Engine) -> int:
    """How many sources are under way at once where nobody says it."""
    here = engine.state().backend == "llama"
    return 1 if here and (os.cpu_count() or 1) <= FEW_CORES else AHEAD


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
        self.order, self.key, self.dataset = order, key_of(order), dataset
        self.sandbox = sandbox
        self.attempts: list[Attempt] = []
        self._pairs = {pair.id: pair for pair in dataset.pairs()}
        self._invented = {each.id: each for each in dataset.invented()}
        history = dataset.recorded()
        self._recorded = {each.pick: each for each in history if each.order == self.key}
        self.clock = Clock(paused, max((r.clock for r in self._recorded.values()), default=0.0))
        self._spent = self.clock.seconds
        screen = Screen(barred, sandbox, dataset.folder / "screened.jsonl")
        self.bench = Workbench(order, engine, teacher, sandbox, screen, self.clock)
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
        pairs, plan = len(self._pairs), self.plan
        return Summary(attempts, admitted, pairs, seconds, plan.planned, plan.counted)

    async def all(self, ahead: int, tell: Tell) -> None:
        """Try what the plan says, until it says nothing more or the time is up."""
        await self._leave_out_what_cannot_run()
        await asyncio.to_thread(self.bench.screen.barred.prepare, self._languages())
        under_way: deque[tuple[Pick, asyncio.Task[Done | None]]] = deque()
        try:
            while True:
                pick = self.plan.next()
                if pick is not None and self.bench.late and pick.key not in self._recorded:
                    pick = None
                if pick is not None:
                    under_way.append((pick, asyncio.create_task(self._tried(pick))))
                if under_way and (pick is None or len(under_way) >= ahead):
                    self._write_down(under_way[0][0], await under_way[0][1])
                    under_way.popleft()
                    tell(self.summary())
                elif pick is None:
                    return
        finally:
            self.bench.over.set()
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _leave_out_what_cannot_run(self) -> None:
        """Shares with a language that is not on this machine; they are told, once each."""
        missing: dict[str, str] = {}
        for each in self._languages():
            try:
                await asyncio.to_thread(self.sandbox.prepare, each)
            except (ToolchainMissing, InstallFailed) as error:
                missing[each] = str(error)
        for share in list(self.plan.shares):
            why = [missing[each] for each in share.direction.split(":") if each in missing]
            if why:
                self.plan.shares.remove(share)
                self.attempts.append(Attempt("", share.direction, (), False, unusable=why[0]))

    def _languages(self) -> tuple[str, ...]:
        """Of all directions that are left."""
        spoken = (each for share in self.plan.shares for each in share.direction.split(":"))
        return tuple(dict.fromkeys(spoken))

    def _tried(self, pick: Pick) -> Coroutine[Any, Any, Done | None]:
        """What comes of a pick; nothing of one that is done already.

        What is known now decides what is new: what others under way come to must not.
        """
        if pick.key in self._recorded:
            return asyncio.sleep(0, None)
        return self.bench.tried(pick, tuple(self.plan.pool.values()))

    # What is kept of it --------------------------------------------------------------------------

    def _write_down(self, pick: Pick, done: Done | None) -> None:
        recorded = self._recorded.get(pick.key) or (self._kept(pick, done) if done else None)
        if recorded is None:
            return
        self.attempts.append(recorded.attempt)
        self.plan.done(pick, recorded)
        self.plan.reenter(
            self._pairs[each] for each in recorded.attempt.admitted if each in self._pairs
        )
        if recorded.attempt.source in self._invented:
            self.plan.add(self._invented[recorded.attempt.source])

    def _kept(self, pick: Pick, done: Done) -> Recorded:
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
        source = done.source
        if source is not None and source.origin == "invented" and not attempt.unusable:
            self.dataset.invent(source)
            self._invented[source.id] = source
        recorded = Recorded(
            attempt, self.key, pick.key, self.order.cases, self.order.mutants, round(spent, 3)
        )
        self.dataset.add(recorded, admitted.pairs, (*done.dropped, *admitted.dropped))
        self._pairs.update({pair.id: pair for pair in admitted.pairs})
        return recorded

    def _offered(self, pick: Pick, done: Done) -> list[Pair]:
        if done.source is None or done.known is None:
            return []
        right, number = done.attempt.held, self.order.number
        return [
            pair_of(done.source, pick.target, each, done.known, right, number)
            for each in done.offers
        ]
