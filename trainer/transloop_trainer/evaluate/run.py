"""The evaluation itself: each unit is translated as the server would, and judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from transloop_model.engine import Engine, Sampling, seed_of
from transloop_settings.errors import AnswerError, ContextOverflow, UnitError
from transloop_trainer.evaluate.judging import Judge, Judged
from transloop_trainer.evaluate.record import How, Outcome, Record
from transloop_trainer.evaluate.task import Task
from transloop_translate.translation import Translation, answers, translate

BATCH = 8
"""Samples that are decoded together."""
Tell = Callable[[int, Task, Outcome], None]


async def evaluate(
    engine: Engine,
    tasks: Sequence[Task],
    judge: Judge,
    how: How,
    record: Record,
    tell: Tell = lambda number, task, outcome: None,
) -> list[Outcome]:
    """The outcomes of the tasks, in their order; those that are recorded are not done again.

    Raises:
        ModelError, EngineError, SandboxError: see `transloop_settings.errors`. What is done stays.
    """
    known = record.known()
    found = []
    for number, task in enumerate(tasks, 1):
        outcome = known.get(task.digest)
        if outcome is None:
            outcome = await _outcome(engine, task, judge, how)
            record.add(outcome)
        found.append(outcome)
        tell(number, task, outcome)
    return found


async def _outcome(engine: Engine, task: Task, judge: Judge, how: How) -> Outcome:
    began = time.perf_counter()
    try:
        first: Translation | str = await translate(engine, task.work(), lambda progress: None)
    except (AnswerError, UnitError, ContextOverflow) as error:
        first = f"{type(error).__name__}: {error}"
    greedy = await asyncio.to_thread(_judged, judge, task, first)
    drawn = await _samples(engine, task, how)
    samples = [await asyncio.to_thread(_judged, judge, task, each) for each in drawn]
    return Outcome(
        task.id,
        task.digest,
        greedy,
        first.code if isinstance(first, Translation) else "",
        tuple(samples),
        first.stats.tokens if isinstance(first, Translation) else 0,
        round(time.perf_counter() - began, 3),
    )


async def _samples(engine: Engine, task: Task, how: How) -> list[Translation | str]:
    """Each from a seed of its own, that follows from the unit: else all units fail together."""
    drawn = [
        Sampling(how.temperature, how.top_p, seed=seed_of(task.id, task.direction, i))
        for i in range(how.samples)
    ]
    found: list[Translation | str] = []
    for at in range(0, len(drawn), BATCH):
        some = drawn[at : at + BATCH]
        try:
            batch = await answers(engine, task.work(), lambda progress: None, some)
        except (UnitError, ContextOverflow) as error:
            found += [f"{type(error).__name__}: {error}"] * len(some)
        else:
            found += [
                each if isinstance(each, Translation) else f"{type(each).__name__}: {each}"
                for each in batch
            ]
    return found


def _judged(judge: Judge, task: Task, answer: Translation | str) -> Judged:
    return Judged("no code", answer) if isinstance(answer, str) else judge.judged(task, answer.code)
