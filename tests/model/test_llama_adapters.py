"""Swapping adapters in the model's process: tried out, kept for the way back, freed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.model.small_adapters import small_adapter

from transloop_model.catalog import ModelFile
from transloop_model.engine import Finished, Message, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_settings.errors import AdapterRefused

ASKED = Request((Message("user", "Count from one to ten."),), max_tokens=6)


def workers() -> list[psutil.Process]:
    """The models' processes that this one has started."""
    living = [c for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE]
    return [each for each in living if "transloop_model.llama.worker" in each.cmdline()]


@pytest.fixture
async def engine(smollm2: ModelFile) -> AsyncIterator[LlamaEngine]:
    made = LlamaEngine(smollm2, context=512, threads=1)
    yield made
    await made.close()


async def text(engine: LlamaEngine) -> str:
    (found,) = [e.text async for e in engine.generate(ASKED) if isinstance(e, Finished)]
    return found


async def test_an_adapter_that_computes_no_numbers_is_refused_and_the_old_one_stays(
    engine: LlamaEngine, smollm2: ModelFile, tmp_path: Path
) -> None:
    good = small_adapter(tmp_path / "good.gguf", smollm2.digest())
    bad = small_adapter(tmp_path / "bad.gguf", smollm2.digest(), factor=math.nan)
    await text(engine)
    await engine.use_adapter(good)
    before = await text(engine)
    with pytest.raises(AdapterRefused, match=r"written with bad\.gguf"):
        await engine.use_adapter(bad)
    assert engine.state().adapter == "good.gguf"
    assert await text(engine) == before


async def test_an_engine_whose_adapter_is_gone_leaves_no_process(
    engine: LlamaEngine, smollm2: ModelFile, tmp_path: Path
) -> None:
    engine.adapter = tmp_path / "gone.gguf"
    with pytest.raises(AdapterRefused, match=r"gone\.gguf cannot be read"):
        await text(engine)
    assert not workers()
    engine.adapter = None
    assert await text(engine)


async def test_a_file_that_was_replaced_is_read_again(
    engine: LlamaEngine, smollm2: ModelFile, tmp_path: Path
) -> None:
    path = small_adapter(tmp_path / "a.gguf", smollm2.digest(), factor=4.0)
    plain = await text(engine)
    await engine.use_adapter(path)
    changed = await text(engine)
    assert changed != plain
    small_adapter(tmp_path / "a.gguf", smollm2.digest(), factor=0.0)
    await engine.use_adapter(path)
    assert await text(engine) == plain


async def test_swaps_under_requests_fail_none_and_leave_no_memory_behind(
    engine: LlamaEngine, smollm2: ModelFile, tmp_path: Path
) -> None:
    digest = smollm2.digest()
    paths = [small_adapter(tmp_path / f"{i}.gguf", digest, i, rank=512) for i in range(3)]
    leaked = 12 * paths[0].stat().st_size  # were no adapter freed: some 37 MB
    texts: dict[int | None, set[str]] = {}
    await text(engine)

    async def ask(number: int | None) -> None:
        texts.setdefault(number, set()).add(await text(engine))

    async def rounds(count: int) -> int:
        for i in range(count):
            number = None if i % 4 == 3 else i % 4
            asked = asyncio.create_task(text(engine))
            await engine.use_adapter(None if number is None else paths[number])
            await asked
            await ask(number)
        (child,) = workers()
        return int(child.memory_info().rss)

    before = await rounds(8)
    after = await rounds(16)
    assert after - before < leaked // 2
    stale = {number: found for number, found in texts.items() if len(found) > 1}
    assert len(texts) == 4
    assert not stale
