"""What a search may cost, what it says of that, and what it gives when that is used up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.translate.searches import Answers, Search

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.settings import Verify
from transloop_translate.lines import Lines
from transloop_translate.modes import MODES, mode_of
from transloop_translate.verified import holds

DOUBLE = "def double(x: int) -> int:\n    return 2 * x\n"
RIGHT = "function double(x) {\n  return 2 * x;\n}"
WRONG = "function double(x) {\n  return x * x;\n}"
NEVER_ENDS = f"{WRONG} // {'and so on ' * 2000}"
ROUND = MODES["balanced"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(cache=False) as made:
        yield made


async def test_time_that_is_up_ends_the_samples_and_the_best_so_far_is_given(
    sandbox: Sandbox,
) -> None:
    engine = EchoEngine(Answers(WRONG, (NEVER_ENDS,)), seconds_per_token=0.01)
    found = await Search(engine, sandbox, replace(ROUND, seconds=2.5)).of(DOUBLE)
    assert found.best.code == WRONG
    assert found.best.verdict.verdict == "failed"
    assert found.best.notes == ("the budget of 2.5 s is used up",)
    assert 2.5 <= found.seconds < 6
    assert len(engine.requests) == 2


async def test_tokens_that_are_written_end_the_samples_in_the_middle(sandbox: Sandbox) -> None:
    engine = EchoEngine(Answers(WRONG, (NEVER_ENDS,)))
    found = await Search(engine, sandbox, replace(ROUND, tokens=100)).of(DOUBLE)
    assert found.best.notes == ("the budget of 100 tokens is used up",)
    assert found.tokens == 100
    assert [each.verdict.verdict for each in found.tried] == ["failed"]


async def test_the_first_answer_is_written_and_judged_whatever_it_costs(sandbox: Sandbox) -> None:
    poor = replace(ROUND, tokens=1, seconds=0.001)
    for answer, word, notes in (
        (RIGHT, "verified", ()),
        (WRONG, "failed", ("the budget of 1 tokens is used up",)),
    ):
        engine = EchoEngine(Answers(answer, (RIGHT,)))
        found = await Search(engine, sandbox, poor).of(DOUBLE)
        assert found.best.verdict.verdict == word
        assert found.best.notes == notes
        assert len(engine.requests) == 1


async def test_a_slow_model_gets_its_turns(sandbox: Sandbox) -> None:
    slow = replace(ROUND, seconds=0.01)
    for mode, candidates in ((slow, 2), (replace(slow, firsts=0), 1)):
        engine = EchoEngine(Answers(WRONG, (RIGHT,)), seconds_per_token=0.05)
        found = await Search(engine, sandbox, mode).of(DOUBLE)
        assert len(found.tried) == candidates


async def test_what_is_within_the_budget_has_no_note(sandbox: Sandbox) -> None:
    found = await Search(EchoEngine(Answers(WRONG, (RIGHT,))), sandbox).of(DOUBLE)
    assert holds(found.best)
    assert found.best.notes == found.notes == ()
    assert found.ranked == (found.best, found.tried[0])


async def test_samples_may_not_be_much_longer_than_the_first_answer(sandbox: Sandbox) -> None:
    engine = EchoEngine(Answers(WRONG, (NEVER_ENDS,), (RIGHT,)))
    found = await Search(engine, sandbox).of(DOUBLE)
    assert holds(found.best)  # what rambles is cut off, and the repair comes
    assert engine.requests[1].max_tokens == 96 + 2 * found.tried[0].stats.tokens
    assert engine.requests[1].max_tokens < engine.requests[2].max_tokens


async def test_every_token_is_counted_once(sandbox: Sandbox) -> None:
    wrong = tuple(f"function double(x) {{ return x + {number}; }}" for number in range(8))
    engine = EchoEngine(Answers(WRONG, wrong, (RIGHT,)))
    found = await Search(engine, sandbox).of(DOUBLE)
    assert len(found.tried) == 10
    answers = (WRONG, *wrong, RIGHT)
    assert found.tokens == sum(len(f"```javascript\n{each}\n```".split()) for each in answers)


async def test_the_latency_is_split(sandbox: Sandbox) -> None:
    engine = EchoEngine(Answers(WRONG, (RIGHT,)), seconds_per_token=0.005)
    found = await Search(engine, sandbox).of(DOUBLE)
    told = found.latency
    assert 0 < told.first_token < told.greedy < told.first_verdict
    assert told.first_verdict < told.last_verdict <= found.seconds
    assert 0 < told.evidence < told.first_verdict


async def test_progress_says_where_it_is_and_what_is_left(sandbox: Sandbox) -> None:
    search = Search(EchoEngine(Answers(WRONG, (WRONG, RIGHT))), sandbox)
    await search.of(DOUBLE)
    said = [str(each) for each in search.told]
    assert said[0] == "candidate 1 of 10: waiting for the model, 0 s of 8"
    assert any(each.startswith("candidate 2 of 10: ") and "tokens/s, " in each for each in said)
    assert said[-1].startswith("candidate 2 of 10: running both sides, ")
    fast = Search(EchoEngine(Answers(RIGHT)), sandbox, MODES["fast"])
    await fast.of(DOUBLE)
    assert str(fast.told[0]) == "waiting for the model, 0 s of 15"


async def test_progress_carries_the_first_answer_and_no_other(sandbox: Sandbox) -> None:
    search = Search(EchoEngine(Answers(WRONG, (RIGHT,)), seconds_per_token=0.05), sandbox)
    await search.of(DOUBLE)
    texts = list(dict.fromkeys(each.text for each in search.told))
    assert texts[0] == ""
    assert "function double(x) {" in texts
    assert texts[-1] == WRONG


def test_only_whole_lines_are_told_without_the_fence_and_not_too_often() -> None:
    lines = Lines(["first();"])
    told = []
    for at, piece in enumerate(("```js\n", "let", " a = 1;\nlet b", " = 2;\n", "c();\n")):
        lines.add(piece, at / 10)
        told.append(lines.whole)
    first = "first();\n\n"
    one = f"{first}let a = 1;"
    assert told == [first, first, one, one, f"{one}\nlet b = 2;\nc();"]


def test_settings_change_the_budget_of_every_mode() -> None:
    assert mode_of(Verify()) == MODES["balanced"]
    assert mode_of(Verify(mode="thorough")) == MODES["thorough"]
    for name, mode in MODES.items():
        chosen = mode_of(Verify(seconds=7, tokens=70, pivot="go"), name)
        assert chosen == replace(mode, seconds=7, firsts=0, tokens=70, pivot="go")


# By way of another language ----------------------------------------------------------------------

TYPED = "function double(x: number): number {\n  return 2 * x;\n}"


def by_way(half: str) -> Answers:
    """Wrong from Python to JavaScript, right from TypeScript to JavaScript."""

    class Pivoting(Answers):
        def __call__(self, request: Request, candidate: int) -> str:
            asked = request.messages[-1].content
            if "```typescript" in request.answer_prefix:
                return f"{half}\n```"
            return f"{RIGHT}\n```" if "Translate this TypeScript" in asked else f"{WRONG}\n```"

    return Pivoting(WRONG)


@pytest.mark.parametrize(
    ("half", "code", "requests"),
    [(TYPED, RIGHT, 4), (TYPED.replace("2", "3"), WRONG, 3)],
    ids=["a half way that holds", "a half way that does not"],
)
async def test_a_pivot_is_judged_before_it_is_translated_on(
    sandbox: Sandbox, half: str, code: str, requests: int
) -> None:
    engine = EchoEngine(by_way(half))
    mode = replace(ROUND, repairs=0, pivot="typescript")
    found = await Search(engine, sandbox, mode).of(DOUBLE)
    assert found.best.code == code
    assert holds(found.best) == (code == RIGHT)
    assert len(engine.requests) == requests
    if holds(found.best):
        assert found.best.notes == ("translated by way of TypeScript",)
        assert found.best.unit.language == "python"


async def test_no_pivot_is_the_source_or_the_target(sandbox: Sandbox) -> None:
    for pivot in ("python", "javascript", ""):
        engine = EchoEngine(by_way(TYPED))
        mode = replace(ROUND, repairs=0, pivot=pivot)
        assert not holds((await Search(engine, sandbox, mode).of(DOUBLE)).best)
        assert len(engine.requests) == 2
