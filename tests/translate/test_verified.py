"""Best of n, verified: real programs in the real sandbox, and an engine whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.translate.searches import Answers

from transloop_model.echo import EchoEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import NoCode
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at, unit_of_file
from transloop_translate.modes import MODES
from transloop_translate.translation import Progress, Work
from transloop_translate.verified import Delivered, deliver, holds

GCD = '''\
def gcd(a: int, b: int) -> int:
    """Greatest common divisor."""
    while b:
        a, b = b, a % b
    return a
'''
WRONG = "function gcd(a, b) { while (b) { a = b, b = a % b; } return a; }"
RIGHT = "function gcd(a, b) { while (b) { [a, b] = [b, ((a % b) + b) % b]; } return a; }"
ALMOST = "function gcd(a, b) { while (b) { [a, b] = [b, a % b]; } return a; }"
"""Another sign where one number is negative: Python's remainder has the sign of the divisor."""
BROKEN = "function gcd(a, b) { while (b) { [a, b] = ; } return a; }"
CLOCK = "import time\n\n\ndef stamp(x: int) -> float:\n    return x + time.time()\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(cache=False) as made:
        yield made


def ignored(_: Progress) -> None:
    """For tests that look at the result only."""


async def delivered(
    answers: Answers, sandbox: Sandbox, text: str = GCD, mode: str = "balanced"
) -> tuple[Delivered, EchoEngine]:
    engine = EchoEngine(answers)
    unit = unit_at(Source(text, language("python")), text.index("def "), text.index("def "))
    work = Work(unit, language("javascript"), Sampling(), owner="a")
    return await deliver(engine, work, text, sandbox, MODES[mode], ignored), engine


async def test_a_greedy_answer_that_holds_is_all_that_is_asked_for(sandbox: Sandbox) -> None:
    found, engine = await delivered(Answers(RIGHT), sandbox)
    assert holds(found.best)
    assert found.best.verdict.cases >= 12
    assert len(found.tried) == len(engine.requests) == 1


async def test_the_first_sample_that_holds_is_taken(sandbox: Sandbox) -> None:
    found, engine = await delivered(Answers(WRONG, (BROKEN, RIGHT, WRONG)), sandbox)
    assert found.best.code == RIGHT
    assert [each.verdict.verdict for each in found.tried] == ["failed", "compile_error", "verified"]
    assert len(engine.requests) == 2


async def test_the_greedy_answer_helps_to_decode_the_samples(sandbox: Sandbox) -> None:
    _, engine = await delivered(Answers(WRONG, (RIGHT,)), sandbox)
    assert engine.requests[1].known == (WRONG,)
    assert len(engine.requests[1].candidates) == MODES["balanced"].samples


async def test_a_difference_with_negative_numbers_only_is_one(sandbox: Sandbox) -> None:
    found, _ = await delivered(Answers(WRONG, (ALMOST,), (WRONG,)), sandbox)
    assert found.best.code == ALMOST
    assert "the source rests on: division of a negative number" in found.best.verdict.reason


async def test_a_repair_is_shown_a_call_that_is_not_the_same(sandbox: Sandbox) -> None:
    found, engine = await delivered(Answers(WRONG, (WRONG,), (RIGHT,)), sandbox)
    assert found.best.code == RIGHT
    said, problem = engine.requests[-1].messages[-2:]
    assert WRONG in said.content
    assert "not the same program: for `gcd(" in problem.content
    assert "the source returned" in problem.content


async def test_a_repair_is_shown_what_the_compiler_said(sandbox: Sandbox) -> None:
    found, engine = await delivered(Answers(BROKEN, (BROKEN,), (RIGHT,)), sandbox)
    assert holds(found.best)
    assert "Line 1 of this does not compile" in engine.requests[-1].messages[-1].content


async def test_where_none_holds_the_best_comes_with_its_verdict(sandbox: Sandbox) -> None:
    found, _ = await delivered(Answers(BROKEN, (WRONG,), (BROKEN,)), sandbox)
    assert found.best.code == WRONG
    assert found.best.verdict.verdict == "failed"
    assert found.best.verdict.counterexample is not None


async def test_what_cannot_be_checked_is_translated_once_and_says_why(sandbox: Sandbox) -> None:
    answer = "function stamp(x) { return x + Date.now() / 1000; }"
    found, engine = await delivered(Answers(answer), sandbox, CLOCK)
    assert found.best.verdict.verdict == "unchecked"
    assert "side effects: it seems to use clock" in found.best.verdict.reason
    assert len(engine.requests) == 1


async def test_fast_tries_the_greedy_answer_only(sandbox: Sandbox) -> None:
    found, engine = await delivered(Answers(WRONG), sandbox, mode="fast")
    assert found.best.verdict.verdict == "failed"
    assert len(engine.requests) == 1


async def test_prose_is_an_error_only_if_there_is_nothing_else(sandbox: Sandbox) -> None:
    found, _ = await delivered(Answers("I do not know.", (RIGHT,)), sandbox)
    assert holds(found.best)
    with pytest.raises(NoCode):
        await delivered(Answers("I do not know.", ("Nor do I.",)), sandbox)


async def test_every_function_of_a_file_must_hold(sandbox: Sandbox) -> None:
    text = f"{GCD}\n\ndef double(x: int) -> int:\n    return 2 * x\n"
    work = Work(
        unit_of_file(Source(text, language("python"))),
        language("javascript"),
        Sampling(),
        owner="a",
    )
    for double, word in (("2 * x", "verified"), ("x * x", "failed")):
        code = f"{RIGHT}\nfunction double(x) {{ return {double}; }}"
        engine = EchoEngine(Answers(code, (code,), (code,)))
        found = await deliver(engine, work, text, sandbox, MODES["fast"], ignored)
        assert found.best.verdict.verdict == word
        assert len(found.evidence) == 2


async def test_a_part_that_misses_its_file_is_not_called_wrong(sandbox: Sandbox) -> None:
    text = "def helper(x: int) -> int:\n    return x + 1\n\n\ndef twice(x: int) -> int:\n"
    text += "    return helper(helper(x))\n"
    engine = EchoEngine(Answers("function twice(x) { return helper(helper(x)); }"))
    unit = unit_at(Source(text, language("python")), text.index("twice"), text.index("twice"))
    work = Work(unit, language("javascript"), Sampling(), owner="a")
    found = await deliver(engine, work, text, sandbox, MODES["fast"], ignored)
    assert found.best.verdict.verdict == "unchecked"
    assert "not translated with it" in found.best.verdict.reason
