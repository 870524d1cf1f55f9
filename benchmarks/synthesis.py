"""Synthesis: pairs that are admitted in an hour, against one candidate at a time.

The baseline does the same to the same sources, with the same number of candidates: but each is
decoded alone, one program runs at a time, and nothing overlaps. Decoding and judging may overlap or
take turns; both are measured, and what this machine would do by default is told. All take turns, a
few sources each, so that a slow minute hits all; nothing is taken from a cache. The sources are
those that may be learned from, as an order picks them: short ones sooner, and another one for each
that cannot be used. Decontamination, which costs all the same, is left out.

    python -m benchmarks synthesis --bench FOLDER [--limit N]
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.progress import track

from transloop_model.catalog import ModelFile
from transloop_model.engine import Done, Engine, EngineState, Event, Finished, Piece, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_synth.dataset import Dataset
from transloop_synth.order import Attempt, Order, Share
from transloop_synth.source import SourceFunction
from transloop_synth.synthesize import AHEAD, ahead_of, synthesize
from transloop_trainer.loop.sets import of_bench

DIRECTIONS = ("python:javascript", "python:java")
SOURCES = 30
"""That can be used, of each direction."""
TURN = 5
"""Sources that one of the two does before the other."""
SAMPLES = 15
"""With the greedy one, as many as are decoded in one batch; fewer gain less by it."""
CONTEXT = 8192
"""Tokens: all of them fit side by side."""
TARGET = 2.0
BASELINE = "one_by_one"


class OneByOne:
    """An engine that decodes each candidate of a request on its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def generate(self, request: Request) -> AsyncGenerator[Event]:
        """The events of one request after the other, as if they were one."""
        for at, each in enumerate(request.candidates):
            alone = replace(request, candidates=(each,))
            async with aclosing(self.engine.generate(alone)) as events:
                async for event in events:
                    if isinstance(event, (Piece, Finished)):
                        yield replace(event, candidate=at)
                    elif not isinstance(event, Done):
                        yield event
        yield Done(0.0, 0.0, 0)

    async def count_tokens(self, text: str) -> int:
        """As the engine has it."""
        return await self.engine.count_tokens(text)

    async def context_size(self) -> int:
        """As the engine has it."""
        return await self.engine.context_size()

    async def use_adapter(self, path: Path | None) -> None:
        """Of the engine itself."""
        await self.engine.use_adapter(path)

    def state(self) -> EngineState:
        """Of the engine itself."""
        return self.engine.state()

    async def close(self) -> None:
        """The engine is somebody else's."""


@dataclass
class Arm:
    """One of the two ways, and what came of it so far."""

    engine: Engine
    sandbox: Sandbox
    ahead: int
    attempts: list[Attempt]
    seconds: float = 0.0

    async def turn(self, order: Order, sources: Sequence[SourceFunction], folder: Path) -> None:
        """Carry out an order."""
        made = await synthesize(
            order, sources, self.engine, self.sandbox, Dataset(folder), ahead=self.ahead
        )
        self.attempts += made.attempts
        self.seconds += made.seconds

    @property
    def sources(self) -> set[str]:
        """What was tried."""
        return {each.source for each in self.attempts}

    def usual(self) -> int:
        """How many sources would be under way at once by default."""
        return ahead_of(self.engine)

    def told(self) -> dict[str, Any]:
        """What it comes to."""
        tried = [each for each in self.attempts if not each.unusable]
        admitted = sum(len(each.admitted) for each in tried)
        return {
            "sources": len(self.attempts),
            "unusable": len(self.attempts) - len(tried),
            "sources_with_a_pair": sum(bool(each.admitted) for each in tried),
            "admitted": admitted,
            "seconds": round(self.seconds, 1),
            "admitted_an_hour": round(3600 * admitted / self.seconds, 1) if self.seconds else 0.0,
            "greedy_right_share": _share(sum(each.greedy for each in tried), len(tried)),
            "samples_right_share": _share(
                sum(each.right for each in tried), sum(each.drawn for each in tried)
            ),
            "held_in_visible_cases_only": sum(each.visible_only for each in tried),
            "failures": dict(sum((Counter(each.failures) for each in tried), Counter())),
            "rejected": dict(sum((Counter(each.rejected) for each in tried), Counter())),
        }


async def _compared(
    model: ModelFile, direction: str, sources: Sequence[SourceFunction], count: int, folder: Path
) -> dict[str, Arm]:
    engine = LlamaEngine(model, context=CONTEXT)
    try:
        with Sandbox(cache=False) as all_cores, Sandbox(workers=1, cache=False) as one:
            arms = {
                "overlapping": Arm(engine, all_cores, AHEAD, []),
                "in_turn": Arm(engine, all_cores, 1, []),
                BASELINE: Arm(OneByOne(engine), one, 1, []),
            }
            for sandbox in (all_cores, one):
                for each in direction.split(":"):
                    sandbox.prepare(each)
            for at in track(range(0, count, TURN), direction):
                share = Share(direction, None, min(TURN, count - at))
                order = Order((share,), 3600.0, samples=SAMPLES, reenter=False, number=at)
                for name, arm in arms.items():
                    await arm.turn(order, sources, folder / name)
            return arms
    finally:
        await engine.close()


def measure(
    model: ModelFile, bench: Path, limit: int | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each direction as it ends; leave the machine alone meanwhile."""
    learn = of_bench(bench)
    for direction in DIRECTIONS:
        sources = learn.sources([direction])
        with tempfile.TemporaryDirectory() as folder:
            compared = _compared(model, direction, sources, limit or SOURCES, Path(folder))
            arms = asyncio.run(compared)
        by_default = (
            "in_turn" if arms["in_turn"].ahead == arms["in_turn"].usual() else "overlapping"
        )
        yield (
            direction,
            {
                "samples": SAMPLES,
                "baseline": BASELINE,
                "by_default_here": by_default,
                "target": TARGET,
            },
        )
        told = {name: arm.told() for name, arm in arms.items()}
        other = told[BASELINE]["admitted_an_hour"]
        for name, each in told.items():
            ratios = {"times_the_baselines_rate": _share(each["admitted_an_hour"], other)}
            if arms[name].sources == arms[BASELINE].sources:
                faster = _share(arms[BASELINE].seconds, arms[name].seconds)
                ratios["times_as_fast_for_the_same_sources"] = faster
            yield f"{direction} {name}", {**each, **({} if name == BASELINE else ratios)}


def _share(some: float, of: float) -> float | None:
    return round(some / of, 3) if of else None
