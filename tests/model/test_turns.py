"""The fair queue, and the engine without a model that uses it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from transloop_model.echo import EchoEngine
from transloop_model.engine import Done, Finished, Message, Piece, Request, Sampling
from transloop_model.turns import Turns
from transloop_settings.errors import AdapterRefused, ContextOverflow

ASK = Request((Message("user", "Translate:\n```python\nx = 1\n```"),))


async def test_owners_alternate_and_keep_their_own_order() -> None:
    turns, order = Turns(), []

    async def work(owner: str, name: str) -> None:
        async with turns.of(owner):
            order.append(name)
            await asyncio.sleep(0)

    await turns.take("first")
    async with asyncio.TaskGroup() as group:
        for owner, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1")]:
            group.create_task(work(owner, name))
        await asyncio.sleep(0)
        assert len(turns) == 5
        turns.give_back()
    assert order == ["a1", "b1", "c1", "a2", "a3"]
    assert not turns.busy


async def test_a_cancelled_wait_is_skipped() -> None:
    turns = Turns()
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("b"))
    later = asyncio.create_task(turns.take("c"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    turns.give_back()
    await asyncio.wait_for(later, 1)


async def test_a_turn_that_arrives_together_with_a_cancel_is_passed_on() -> None:
    turns = Turns()
    await turns.take("a")
    waiting = asyncio.create_task(turns.take("b"))
    later = asyncio.create_task(turns.take("c"))
    await asyncio.sleep(0)
    turns.give_back()  # granted, but the task has not run yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(later, 1)


async def test_echo_answers_with_the_last_block() -> None:
    events = [event async for event in EchoEngine().generate(ASK)]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    pieces = "".join(event.text for event in events if isinstance(event, Piece))
    assert "x = 1" in finished.text
    assert pieces == finished.text
    assert isinstance(events[-1], Done)


async def test_echo_alternatives_differ() -> None:
    request = Request(ASK.messages, candidates=(Sampling(),) * 3)
    texts = [e.text async for e in EchoEngine().generate(request) if isinstance(e, Finished)]
    assert len(set(texts)) == 3


async def test_echo_gives_its_turn_back_when_it_is_cancelled() -> None:
    engine = EchoEngine(seconds_per_token=0.01)
    async with aclosing(engine.generate(ASK)) as events:
        async for _ in events:
            break
    assert [e async for e in engine.generate(ASK)]


async def test_echo_keeps_the_protocols_limits() -> None:
    engine = EchoEngine(context=20)
    with pytest.raises(ContextOverflow):
        [event async for event in engine.generate(ASK)]
    with pytest.raises(AdapterRefused):
        from pathlib import Path

        await engine.use_adapter(Path("x.gguf"))
