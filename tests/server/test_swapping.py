"""A running engine follows the registry; what is refused is said once, and the old one stays."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.model.small_adapters import small_adapter

from transloop_model.catalog import ModelFile
from transloop_model.engine import Finished, Message, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_model.registry import files
from transloop_model.registry.card import Measured, Story, Verdict
from transloop_model.registry.promotion import promote, rollback
from transloop_model.registry.registry import Registry
from transloop_server.swapping import Swapping
from transloop_settings.settings import NO_ADAPTER

ASKED = Request((Message("user", "Count from one to ten."),), max_tokens=4)
PATIENCE = 30.0


@pytest.fixture
def registry(smollm2: ModelFile, home: Path) -> Registry:
    return Registry(smollm2.digest())


@pytest.fixture
def publish(registry: Registry, tmp_path: Path) -> Callable[..., None]:
    """Publish and promote one adapter more."""

    def published(factor: float = 2.0, corrections: int = 0) -> None:
        number = len(registry.numbers()) + 1
        path = small_adapter(
            tmp_path / f"{number}.gguf", registry.base_sha256, number, factor=factor
        )
        measured = (
            Measured("python:java", 75, 34, 38, 5, 1),
            Measured("go:rust", 40, 20, 20, 0, 0, guarded=True),
        )
        verdict = Verdict(True, "Better.", registry.digest_in_use(), 0.01, measured)
        registry.publish(path, Story(corrections=corrections), verdict)
        promote(registry, number)

    return published


class Desk:
    """One engine, what keeps its adapter, and what was said."""

    def __init__(self, model: ModelFile) -> None:
        self.told: list[tuple[str, lsp.MessageType]] = []
        self.engine = LlamaEngine(model, context=512, threads=1)
        self.swapping = Swapping(self.engine, model, lambda *said: self.told.append(said))

    @property
    def adapter(self) -> str | None:
        return self.engine.state().adapter

    @property
    def messages(self) -> list[str]:
        return [text for text, _ in self.told]

    async def ask(self, given: Path | None = None) -> str:
        """One request, as the server makes it."""
        await self.swapping.prepare(given)
        (text,) = [e.text async for e in self.engine.generate(ASKED) if isinstance(e, Finished)]
        return text

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.swapping.close()
        await self.engine.close()


@pytest.fixture
async def desk(smollm2: ModelFile, registry: Registry) -> AsyncIterator[Desk]:
    made = Desk(smollm2)
    yield made
    await made.close()


async def test_without_adapters_nothing_is_said(desk: Desk) -> None:
    assert await desk.ask()
    assert (desk.adapter, desk.messages) == (None, [])


async def test_a_promoted_adapter_is_used_at_once_and_told_once(
    desk: Desk, publish: Callable[..., None]
) -> None:
    plain = await desk.ask()
    publish(corrections=31)
    await desk.until(lambda: desk.messages)  # by the watch: nobody asks for anything
    assert desk.adapter == "adapter-1.gguf"
    assert desk.messages == ["adapter 1: +5.3 points python -> java, from 31 of your corrections"]
    assert await desk.ask() != plain
    assert len(desk.messages) == 1


async def test_rolling_back_is_instant_and_brings_the_same_text(
    desk: Desk, registry: Registry, publish: Callable[..., None]
) -> None:
    plain = await desk.ask()
    publish()
    await desk.until(lambda: desk.adapter == "adapter-1.gguf")
    first = await desk.ask()
    publish()
    await desk.until(lambda: desk.adapter == "adapter-2.gguf")
    second = await desk.ask()
    rollback(registry)
    await desk.until(lambda: desk.adapter == "adapter-1.gguf")
    assert await desk.ask() == first
    rollback(registry)
    await desk.until(lambda: desk.adapter is None)
    assert await desk.ask() == plain
    assert len({plain, first, second}) == 3
    assert desk.messages[2:] == [
        "adapter 1 is in use",
        "No adapter is in use any more: the model translates alone.",
    ]


async def test_a_model_that_sleeps_is_not_woken_by_an_adapter(
    desk: Desk, publish: Callable[..., None]
) -> None:
    desk.engine.idle_seconds = 0.05
    await desk.ask()
    await desk.until(lambda: desk.engine.state().pid is None)
    publish()
    await asyncio.sleep(0.3)
    assert desk.engine.state().pid is None
    assert desk.messages == []
    desk.engine.idle_seconds = 60.0
    await desk.ask()
    assert desk.adapter == "adapter-1.gguf"
    assert len(desk.messages) == 1


async def test_it_is_told_once_also_to_those_who_start_later(
    smollm2: ModelFile, publish: Callable[..., None]
) -> None:
    publish()
    for expected in (1, 0):
        desk = Desk(smollm2)
        await desk.ask()
        assert desk.adapter == "adapter-1.gguf"
        assert len(desk.messages) == expected
        await desk.close()


async def test_a_damaged_adapter_is_refused_and_said_once(
    desk: Desk, registry: Registry, publish: Callable[..., None]
) -> None:
    publish()
    first = await desk.ask()
    publish()
    await desk.until(lambda: desk.adapter == "adapter-2.gguf")
    rollback(registry)
    await desk.until(lambda: len(desk.messages) == 3)
    assert desk.adapter == "adapter-1.gguf"
    path = registry.version(2).path
    path.write_bytes(path.read_bytes()[:-1])
    standing = registry.standing()
    current = registry.folder / "current.json"
    files.replace(current, current.read_bytes().replace(b'"number": 1,', b'"number": 2,', 1))
    assert registry.standing() != standing
    for _ in range(3):
        assert await desk.ask() == first
    (last,) = desk.told[3:]
    assert last[0].startswith("Adapter 2 is damaged")
    assert last[0].endswith("The one before stays in use.")
    assert last[1] == lsp.MessageType.Warning


async def test_an_adapter_that_computes_nonsense_is_refused_and_the_old_one_stays(
    desk: Desk, publish: Callable[..., None]
) -> None:
    publish()
    first = await desk.ask()
    publish(factor=math.nan)
    await desk.until(lambda: len(desk.messages) == 2)
    assert "no number" in desk.messages[-1]
    assert desk.adapter == "adapter-1.gguf"
    assert await desk.ask() == first
    assert len(desk.messages) == 2


async def test_an_adapter_damaged_while_the_model_slept_fails_no_request(
    desk: Desk, registry: Registry, publish: Callable[..., None]
) -> None:
    plain = await desk.ask()
    publish()
    await desk.until(lambda: desk.adapter)
    desk.engine.idle_seconds = 0.05
    await desk.ask()
    await desk.until(lambda: desk.engine.state().pid is None)
    desk.engine.idle_seconds = 60.0
    path = registry.version(1).path
    path.write_bytes(path.read_bytes()[:-1])
    assert await desk.ask() == plain
    assert desk.messages[-1].endswith("The model alone is used instead.")
    assert await desk.ask() == plain
    assert len(desk.messages) == 2


async def test_what_the_settings_name_wins_and_none_switches_off(
    desk: Desk, smollm2: ModelFile, tmp_path: Path, publish: Callable[..., None]
) -> None:
    publish()
    own = small_adapter(tmp_path / "own.gguf", smollm2.digest(), 9)
    await desk.ask(NO_ADAPTER)
    assert desk.adapter is None
    await desk.ask(own)
    assert desk.adapter == "own.gguf"
    publish()
    await asyncio.sleep(0.2)
    assert desk.adapter == "own.gguf"
    await desk.ask()
    assert desk.adapter == "adapter-2.gguf"


async def test_an_adapter_of_another_model_is_refused_though_no_catalog_knows_the_model(
    smollm2: ModelFile, tmp_path: Path
) -> None:
    desk = Desk(ModelFile("mine", smollm2.path))
    await desk.ask(small_adapter(tmp_path / "other.gguf", "b" * 64))
    assert desk.adapter is None
    assert "other.gguf was trained on another model" in desk.messages[0]
    await desk.close()


async def test_a_request_that_is_cancelled_leaves_no_swap_half_done(
    desk: Desk, registry: Registry, publish: Callable[..., None]
) -> None:
    await desk.ask()
    publish()
    asked = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    asked.cancel()
    await desk.until(lambda: desk.adapter == "adapter-1.gguf")
    rollback(registry)
    await desk.ask()
    assert desk.adapter is None


async def test_a_model_file_that_is_replaced_is_noticed(smollm2: ModelFile, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.symlink_to(smollm2.path)
    desk = Desk(ModelFile("mine", path))
    await desk.ask()
    assert not desk.swapping.model_replaced()
    fresh = tmp_path / "fresh.gguf"
    shutil.copyfile(smollm2.path, fresh)
    fresh.replace(path)
    assert desk.swapping.model_replaced()
    await desk.close()
