"""The real model on a few functions: what it gets right becomes pairs that hold again."""

from __future__ import annotations

import pytest
from tests.synth.functions import order

from transloop_model.catalog import ModelFile
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_synth.dataset import Dataset
from transloop_synth.order import Share
from transloop_synth.source import of_program
from transloop_synth.synthesize import synthesize
from transloop_synth.testable import known
from transloop_translate.jury import judged
from transloop_translate.translation import Work

SOURCES = (
    (
        "largest",
        "def largest(values: list[int]) -> int:\n    best = 0\n    for value in values:\n"
        "        if value > best:\n            best = value\n    return best",
    ),
    (
        "initials",
        "def initials(name: str) -> str:\n"
        '    return "".join(word[0].upper() for word in name.split())',
    ),
    ("is_between", "def is_between(x: int, a: int, b: int) -> bool:\n    return a <= x <= b"),
)


@pytest.mark.model
async def test_a_real_model_makes_pairs(
    sandbox: Sandbox, dataset: Dataset, coder: ModelFile
) -> None:
    given = [of_program(code, "python", name) for name, code in SOURCES]
    # A mutant of `largest` that takes the last of equals does the same; nothing notices it.
    asked = order(Share("python:javascript", None, 3), samples=2, mutants=0.6)
    engine = LlamaEngine(coder, context=2048)
    try:
        made = await synthesize(asked, given, engine, sandbox, dataset)
    finally:
        await engine.close()
    assert len(made.attempts) == 3
    assert not any(each.unusable for each in made.attempts)
    assert made.pairs >= 2
    for pair in dataset.pairs():
        source = next(each for each in given if each.code == pair.code)
        work = Work(pair.unit, language("javascript"), Sampling())
        verdict = judged(
            work, known(source, asked, sandbox).evidence, pair.translation, sandbox, 20.0
        )
        assert verdict.verdict == "verified"
        assert pair.maker == coder.id
