"""Swapping adapters under constant requests: how long decoding waits, and what stays in memory.

Requests follow each other without a pause. How long each waits from being asked to reaching the
model is compared with and without a swap before it; the adapter is read while the one before is
still being answered.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

from benchmarks import noise
from transloop_model.catalog import ModelFile
from transloop_model.engine import Done, Message, Request, Started
from transloop_model.llama.engine import LlamaEngine
from transloop_settings.errors import EngineCrashed, TransloopError

SWAPS = 200
RANK = 16
MODULES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
LIMIT_MS = 100.0
"""Of the design, for what a swap blocks."""
ASKED = Request((Message("user", "Count from one to twenty."),), max_tokens=8)


def measure(model: ModelFile) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            noise.write(model, Path(folder) / f"{i}.gguf", MODULES, RANK, seed=i) for i in range(3)
        ]
        yield "swapping", asyncio.run(_swapping(model, paths))


async def _swapping(model: ModelFile, paths: Sequence[Path]) -> dict[str, Any]:
    engine = LlamaEngine(model, context=1024)
    waits: dict[bool, list[float]] = {False: [], True: []}
    failed = 0
    memory: list[int] = []
    try:
        await _ask(engine)
        (child,) = psutil.Process().children()
        for number, path in zip(range(SWAPS), cycle([*paths, None]), strict=False):
            waits[False].append(await _ask(engine))
            before = asyncio.create_task(_ask(engine))
            await asyncio.sleep(0)  # it has the turn; the swap waits for its end
            swap = asyncio.create_task(engine.use_adapter(path))
            while engine.state().waiting == 0 and not before.done():
                await asyncio.sleep(0.001)  # until the file has been read
            try:
                waits[True].append(await _ask(engine, since=before))
                await swap
            except TransloopError:
                failed += 1
            if number % 20 == 19:
                memory.append(child.memory_info().rss)
    finally:
        await engine.close()
    with_it, without = ([1000 * each for each in waits[kind]] for kind in (True, False))
    blocked = statistics.median(with_it) - statistics.median(without)
    return {
        "swaps": SWAPS,
        "adapter_mb": round(paths[0].stat().st_size / 1e6, 1),
        "failed_requests": failed,
        "wait_ms_without_a_swap": _spread(without),
        "wait_ms_with_a_swap": _spread(with_it),
        "blocked_ms_median": round(blocked, 1),
        "limit_ms": LIMIT_MS,
        "resident_mb_after_every_20": [round(each / 1e6, 1) for each in memory],
    }


async def _ask(engine: LlamaEngine, since: asyncio.Task[float] | None = None) -> float:
    """Seconds from being asked, or from the end of the one before, to reaching the model."""
    began, reached, ended = time.perf_counter(), 0.0, 0.0
    ends: list[float] = []
    if since is not None:
        since.add_done_callback(lambda _: ends.append(time.perf_counter()))
    async for event in engine.generate(ASKED):
        if isinstance(event, Started):
            reached = time.perf_counter()
        elif isinstance(event, Done):
            ended = time.perf_counter()
    if not ended:
        raise EngineCrashed("A request did not end.")
    return reached - max([began, *ends])


def _spread(values: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"median": round(cuts[49], 1), "p95": round(cuts[94], 1), "max": round(max(values), 1)}
