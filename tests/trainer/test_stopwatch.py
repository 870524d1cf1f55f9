"""The time of work on one step of a run: counted over interruptions, and told meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from transloop_trainer.loop import stopwatch
from transloop_trainer.loop.stopwatch import Stopwatch


async def test_work_is_told_while_it_is_done_and_counted_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopwatch, "EVERY", 0.001)
    clock = itertools.count(100.0)
    told: list[float] = []
    heard = asyncio.Event()

    def tell(seconds: float) -> None:
        told.append(seconds)
        heard.set()

    path = tmp_path / "step" / "seconds"
    first = Stopwatch(path, lambda: next(clock), tell)
    async with first.running():
        await asyncio.wait_for(heard.wait(), 5)
    assert told == sorted(told)
    assert told[0] > 0
    before = float(path.read_text())
    assert before >= told[-1]

    again = Stopwatch(path, lambda: next(clock), tell)
    assert before < again.seconds < before + 5  # each look at this clock is a second


@pytest.mark.parametrize("damaged", ["", "1.2.", "a minute"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "seconds"
    path.write_text(damaged)
    assert Stopwatch(path, lambda: 0.0, lambda seconds: None).seconds == 0.0
