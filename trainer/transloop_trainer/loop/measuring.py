"""How good what is in use is, and how good a new adapter: in the serving stack, each unit once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transloop_model.catalog import ModelFile, sha256_of
from transloop_model.engine import Engine
from transloop_trainer.evaluate.divide import Set
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.programs import Failure
from transloop_trainer.evaluate.record import Arm, How, Outcome, Record
from transloop_trainer.evaluate.report import paired
from transloop_trainer.evaluate.run import evaluate
from transloop_trainer.evaluate.sizes import Sizes
from transloop_trainer.evaluate.task import Task
from transloop_trainer.gate import Paired
from transloop_trainer.loop.sets import Sets

HOW = How()
"""The greedy answer alone: what a person sees first."""
Tell = Callable[[int, int], None]
"""Units that are done, and all."""
Outcomes = Mapping[str, Sequence[Outcome]]
"""By direction."""


@dataclass
class Measuring:
    """Measures with one engine and one judge; what was measured before is not done again."""

    engine: Engine
    judge: Judge
    model: ModelFile
    sets: Sets
    sizes: Sizes
    records: Path
    """Folder of the outcomes."""
    tell: Tell = lambda done, all_: None
    _tasks: dict[tuple[Set, str], tuple[Task, ...]] = field(default_factory=dict)

    async def tasks(self, part: Set, direction: str, guarded: bool = False) -> tuple[Task, ...]:
        """The units of a set, found out once."""
        limit = self.sizes.validation if part == "validation" else self.sizes.gate
        key = (part, direction)
        if key not in self._tasks:
            self._tasks[key] = await asyncio.to_thread(
                self.sets.tasks,
                part,
                direction,
                self.judge,
                self.sizes.guarded if guarded else limit,
            )
        return self._tasks[key]

    async def outcomes(
        self, adapter: Path | None, part: Set, directions: Iterable[str], guarded: bool = False
    ) -> dict[str, list[Outcome]]:
        """What the model does with this adapter, or alone. It stays applied.

        Raises:
            ModelError, EngineError, SandboxError. What is done stays.
        """
        made = None if adapter is None else await asyncio.to_thread(sha256_of, adapter)
        arm = Arm("", self.model.id, await asyncio.to_thread(self.model.digest), made)
        wanted = {each: await self.tasks(part, each, guarded) for each in directions}
        whole, before = sum(map(len, wanted.values())), 0
        await self.engine.use_adapter(adapter)
        found = {}
        for direction, tasks in wanted.items():
            record = Record(self.records, arm.facts(direction, HOW))

            def tell(number: int, _task: Task, _outcome: Outcome, before: int = before) -> None:
                self.tell(before + number, whole)

            found[direction] = await evaluate(self.engine, tasks, self.judge, HOW, record, tell)
            before += len(tasks)
        return found

    async def paired(
        self,
        adapter: Path | None,
        other: Path,
        directions: Sequence[str],
        guarded: bool = False,
    ) -> tuple[list[Paired], Outcomes, Outcomes]:
        """The gate's units, done with what is in use and with another adapter."""
        before = await self.outcomes(adapter, "gate", directions, guarded)
        after = await self.outcomes(other, "gate", directions, guarded)
        found = [
            each
            for direction in directions
            for each in paired(
                await self.tasks("gate", direction, guarded), before[direction], after[direction]
            )
        ]
        return found, before, after


def share(outcomes: Outcomes) -> float | None:
    """Executed pass@1 over all directions; None where nothing was measured."""
    found = [each.greedy.right for some in outcomes.values() for each in some]
    return sum(found) / len(found) if found else None


def failures(before: Outcomes, after: Outcomes) -> dict[str, dict[str, tuple[int, int]]]:
    """Direction to failure class to its count on both sides."""
    return {
        direction: {
            kind: (_count(before[direction], kind), _count(after[direction], kind))
            for kind in _kinds(before[direction], after[direction])
        }
        for direction in before
    }


def _kinds(*sides: Sequence[Outcome]) -> list[Failure]:
    seen = {each.greedy.failure for side in sides for each in side}
    return sorted(each for each in seen if each is not None)


def _count(outcomes: Sequence[Outcome], kind: Failure) -> int:
    return sum(each.greedy.failure == kind for each in outcomes)
