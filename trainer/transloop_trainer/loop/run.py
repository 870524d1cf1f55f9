"""A run: read `go_on` from top to bottom. It can be killed anywhere, and goes on where it was."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from transloop_model.registry.card import MODEL_ALONE
from transloop_sandbox.toolchains import toolchain
from transloop_settings import directories
from transloop_settings.errors import RunDamaged, TrainingError, UnitError, UsageError
from transloop_synth.barred import Barred
from transloop_synth.dataset import Dataset
from transloop_synth.pair import Pair
from transloop_synth.people import adopt
from transloop_synth.source import SourceFunction, of_seed
from transloop_synth.synthesize import Summary, synthesize
from transloop_trainer.control import costs, runlog
from transloop_trainer.control.decision import (
    Decision,
    Outcome,
    Stop,
    Synthesize,
    Synthesized,
    Train,
    Trained,
)
from transloop_trainer.control.policies import policy
from transloop_trainer.control.recorded import Facts
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.control.state import State
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.sizes import SIZES
from transloop_trainer.loop import data, plan, sets, stopping, training
from transloop_trainer.loop.desk import Desk
from transloop_trainer.loop.folders import own_pairs, pairs, require_room, step_folder, tidy
from transloop_trainer.loop.measuring import Measuring
from transloop_trainer.loop.plan import Plan
from transloop_trainer.loop.sets import Sets
from transloop_trainer.loop.stopping import End
from transloop_trainer.loop.stopwatch import Stopwatch

ORDERS = 1000
"""Numbers of orders that each run has to itself: equal orders of two runs are two."""
MOST = 100
"""Decisions of a run; a policy that makes more of them never ends."""


def begin(desk: Desk, asked: Plan) -> RunLog:
    """The run that goes on, or a new one.

    Raises:
        UsageError: there is nothing to learn from, and what to do about it.
        ToolchainMissing: what is to be learned cannot be run here.
        RunUnwritable.
    """
    digest = desk.model.digest()
    if found := plan.unfinished(digest, asked):
        desk.status.say(f"Run {found.name} goes on where it was.")
        return found
    wanted = asked.directions or data.directions_of(desk.store.seeds())
    wanted = sets.required(wanted)
    if not wanted:
        raise UsageError(
            "There are no seeds to learn from yet.",
            "Translate in your editor and accept or correct what you get, or name what is to be "
            "learned: transloop train --once --direction python:java",
        )
    for language in dict.fromkeys(name for each in wanted for name in each.split(":")):
        toolchain(language)
    guarded = sets.guarded_of(wanted, sets.required(asked.guarded))
    in_use = desk.registry.current()
    facts = Facts(
        asked.policy,
        desk.model.id,
        digest,
        in_use.card.sha256 if in_use else MODEL_ALONE,
        wanted,
        guarded,
        asked.seconds,
        asked.recipe,
        asked.seed,
        time.time(),
    )
    log = RunLog.create(facts)
    plan.write(log.folder, asked)
    desk.status.say(f"Run {log.name} begins: {', '.join(wanted)}.")
    return log


@dataclass
class Run:
    """One run with all that it works with."""

    desk: Desk
    log: RunLog
    disk: int | None = None
    """Bytes that all runs may take."""
    _sound: dict[str, bool] = field(default_factory=dict)
    """Whether a pair, by its id, gives nothing away."""

    async def go_on(self) -> End:
        """Until the policy ends it.

        Raises:
            TransloopError: what a person has to mend; the run is not over, and goes on afterwards.
        """
        await asyncio.to_thread(self._prepare)
        await self._adopt()
        while True:
            # 1. A decision; or the one that was interrupted.
            decision = await asyncio.to_thread(self._decision)
            number = len(self.log.decisions)
            self._tell(number, decision)
            if isinstance(decision, Stop):
                return self._end(decision)

            # 2. Whatever it takes, in a folder of its own.
            folder = step_folder(self.log.folder, number)
            watch = Stopwatch(folder / "seconds", self.desk.supervisor.worked, self._tell_work)
            async with watch.running():
                await self.desk.supervisor.waited()
                outcome = await self._done(decision, folder, number)

            # 3. What came of it, on the disk before anything else is decided.
            self.log.done(replace(outcome, seconds=round(watch.seconds, 3)))
            self.desk.status.update(phase="deciding", step=0, steps=0, loss=None)

    async def _adopt(self) -> None:
        """What people have translated is taken first, if it holds; what was taken stays."""
        left = threading.Event()
        try:
            taken = await asyncio.to_thread(
                adopt,
                self.desk.store.seeds(),
                self.desk.sandbox,
                self.dataset,
                self.barred,
                left.is_set,
            )
        finally:
            left.set()
        if taken.pairs or taken.rejected:
            told = "".join(f", {count} {why}" for why, count in taken.rejected.items())
            self.desk.status.say(f"Of your translations: {len(taken.pairs)} taken{told}.")

    # Deciding

    def _decision(self) -> Decision:
        interrupted = self.log.interrupted
        if interrupted is not None:
            return interrupted.decision
        if len(self.log.decisions) >= MOST:
            raise TrainingError(f"{self.log.facts.policy} has decided {MOST} times without an end.")
        state = self._state()
        decision = policy(self.log.facts.policy, self.log).decide(state)
        self.log.decided(state, decision)
        return decision

    def _state(self) -> State:
        found = self._pairs()
        return self.log.state(
            sources=data.constructs_of(self.sources),
            pairs={
                direction: count
                for direction, count in data.by_direction(found).items()
                if direction in self.log.facts.directions
            },
            people=sum(pair.person for pair in found),
            seconds=sum(each.outcome.seconds for each in self.log.steps),
            rates=_rates_of_earlier(self.log),
        )

    def _tell(self, number: int, decision: Decision) -> None:
        word = type(decision).__name__.lower()
        self._tell_work(0.0)
        self.desk.status.say(
            f"{number}. {word}: {decision.reason}",
            run=self.log.name,
            directions=self.log.facts.directions,
            round=number,
            decision=word,
            reason=decision.reason,
        )

    def _tell_work(self, on_this: float) -> None:
        """The seconds of work so far: on this decision, and on all before."""
        worked = on_this + sum(each.outcome.seconds for each in self.log.steps)
        left = max(0.0, self.log.facts.seconds - worked)
        self.desk.status.update(seconds=worked, seconds_left=left)

    # Doing

    async def _done(self, decision: Decision, folder: Path, number: int) -> Outcome:
        if self.disk is not None:
            await asyncio.to_thread(require_room, runlog.root(), self.disk)
        if isinstance(decision, Synthesize):
            return await self._synthesized(decision)
        if isinstance(decision, Train):
            return await self._trained(decision, folder)
        raise TypeError(f"{type(decision).__name__} cannot be done")

    async def _synthesized(self, decision: Synthesize) -> Synthesized:
        desk = self.desk
        desk.status.update(phase="synthesizing", step=0, steps=0)
        await desk.engine.use_adapter(None)

        def tell(summary: Summary) -> None:
            desk.status.update(step=summary.done, steps=summary.planned)

        order = decision.order
        found = await synthesize(
            replace(order, number=ORDERS * int(self.log.name) + order.number),
            self.sources,
            desk.engine,
            desk.sandbox,
            self.dataset,
            teacher=desk.teacher,
            barred=self.barred,
            paused=lambda: bool(desk.supervisor.paused),
            tell=tell,
        )
        desk.status.say(
            f"{len(found.attempts)} attempts left {found.admitted} pairs; {found.pairs} in all."
        )
        return Synthesized(found.attempts, found.admitted, found.pairs, found.seconds)

    async def _trained(self, decision: Train, folder: Path) -> Trained:
        facts = self.log.facts
        found = await asyncio.to_thread(self._pairs)
        asked = training.Asked(decision, found, facts.directions, facts.guarded, folder)
        return await training.train(self.desk, asked, self.measuring)

    def _pairs(self) -> list[Pair]:
        """What may be trained on: of earlier runs' pairs, some may be like what measures by now."""
        for pair in self.dataset.pairs():
            if pair.id not in self._sound:
                self._sound[pair.id] = self.barred.of_pair(pair) is None
        return [pair for pair in self.dataset.pairs() if self._sound[pair.id]]

    def _end(self, decision: Stop) -> End:
        trained = [each.outcome for each in self.log.steps if isinstance(each.outcome, Trained)]
        end = stopping.stop(decision, trained, self.desk.registry, self.desk.store)
        self.log.end(end.promoted, end.reason)
        tidy(self.log.folder)
        self.desk.status.say(end.reason, phase="ended")
        return end

    # What it works with

    def _prepare(self) -> None:
        """Whatever takes a while to read."""
        _ = self.sources, self.barred, self.measuring

    @cached_property
    def plan(self) -> Plan:
        """What it was asked for."""
        return plan.read(self.log.folder)

    @cached_property
    def sets(self) -> Sets:
        """What may be learned from, and what measures."""
        bench = self.plan.bench
        return sets.of_bench(bench) if bench else sets.of_seeds(self.desk.store.seeds())

    @cached_property
    def sources(self) -> list[SourceFunction]:
        """What is translated: the person's code first."""
        examined = {row["id"] for row in self.sets.barred}
        found = []
        for seed in self.desk.store.seeds():
            if f"seed/{seed.id}" not in examined:
                with suppress(UnitError):
                    found.append(of_seed(seed))
        return [*found, *self.sets.sources(self.log.facts.directions)]

    @cached_property
    def barred(self) -> Barred:
        """What must not be learned."""
        return Barred(sets.examined(self.sets.barred), self._place)

    @cached_property
    def dataset(self) -> Dataset:
        """Its pairs; without a benchmark, those of all runs: what was found once stays of use."""
        place = own_pairs(self.log.folder) if self.plan.bench else pairs()
        return Dataset(place, self.desk.store)

    @cached_property
    def measuring(self) -> Measuring:
        """The figures of this run."""
        desk, status = self.desk, self.desk.status
        return Measuring(
            desk.engine,
            Judge(desk.sandbox),
            desk.model,
            self.sets,
            SIZES[self.log.facts.recipe],
            self._place / "evaluations",
            lambda done, whole: status.update(step=done, steps=whole),
        )

    @property
    def _place(self) -> Path:
        """What is found out about a benchmark serves other runs; about a person's code, it goes."""
        return directories.state() if self.plan.bench else self.log.folder


def _rates_of_earlier(log: RunLog) -> dict[str, float]:
    """What the last run of this model and recipe has shown."""
    for name in reversed(runlog.names()):
        if name == log.name:
            continue
        try:
            other = RunLog.open(name)
        except RunDamaged:
            continue
        facts = (other.facts.base_sha256, other.facts.recipe)
        if other.steps and facts == (log.facts.base_sha256, log.facts.recipe):
            return costs.rates(other.steps)
    return {}
