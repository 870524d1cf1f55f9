"""From sources to pairs: real programs in the real sandbox, and an engine whose answers are known."""

from __future__ import annotations

from tests.synth.functions import JAVASCRIPT, PYTHON, engine, order, sources

from transloop_sandbox.sandbox import Sandbox
from transloop_synth.dataset import Dataset
from transloop_synth.synthesize import synthesize


async def test_what_holds_becomes_a_pair(sandbox: Sandbox, dataset: Dataset) -> None:
    made = await synthesize(order(), sources(), engine(), sandbox, dataset)
    assert made.admitted == made.pairs == 4
    assert {pair.translation for pair in dataset.pairs()} == set(JAVASCRIPT.values())
    pair = next(each for each in dataset.pairs() if each.names == ("half",))
    assert (pair.code, pair.parents, pair.seeds) == (PYTHON["half"], ("row/half",), ("row/half",))
    assert "integer_division" in pair.constructs
    assert pair.cases >= 10
