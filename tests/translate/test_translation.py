"""The translating itself, with an engine that needs no model."""

from __future__ import annotations

import asyncio

import pytest

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_settings.errors import NoCode, Refused, Truncated, UnitError
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at, unit_of_file
from transloop_translate.translation import Progress, Stats, Work, alternatives, translate

PYTHON, JAVASCRIPT = language("python"), language("javascript")
FUNCTION = "def area(r):\n    return r * r\n"


def ignored(_: Progress) -> None:
    """For tests that look at the result only."""


def work(text: str = FUNCTION, sampling: Sampling | None = None) -> Work:
    return Work(unit_at(Source(text, PYTHON), 0, 0), JAVASCRIPT, sampling or Sampling(), owner="a")


def whole(text: str, max_tokens: int = 2048) -> Work:
    return Work(unit_of_file(Source(text, PYTHON)), JAVASCRIPT, Sampling(max_tokens=max_tokens))


def fenced(code: str) -> str:
    return f"{code}\n```"


def long(functions: int, words: int = 120) -> str:
    """A file of functions, each of about `words` words."""
    body = "\n".join(f"    total = total + r * {i}" for i in range(words // 7))
    return "\n\n".join(
        f"def part_{number}(r):\n    total = 0\n{body}\n    return total"
        for number in range(functions)
    )


async def test_the_code_of_the_answer_comes_back() -> None:
    engine = EchoEngine(lambda request, _: fenced("const area = (r) => r * r;"))
    found = await translate(engine, work(), ignored)
    assert found.code == "const area = (r) => r * r;"
    assert (found.target, found.notes, found.unit.names) == ("javascript", (), ("area",))
    (request,) = engine.requests
    assert request.answer_prefix == "```javascript\n"
    assert request.owner == "a"
    assert request.candidates[0].temperature == 0
    assert FUNCTION.strip() in request.messages[-1].content


async def test_what_does_not_parse_is_handed_out_with_a_note() -> None:
    engine = EchoEngine(lambda request, _: fenced("const = ;"))
    found = await translate(engine, work(), ignored)
    assert found.notes[0].startswith("does not parse as JavaScript")


async def test_a_syntax_error_in_the_source_is_mentioned() -> None:
    engine = EchoEngine(lambda request, _: fenced("let x;"))
    broken = work("def area(r):\n    return r *\n    x = (1\n")
    assert "syntax error at line" in (await translate(engine, broken, ignored)).notes[0]


async def test_a_wanted_signature_begins_the_answer() -> None:
    engine = EchoEngine(lambda request, _: " {\n  return r;\n}\n```")
    asked = Work(work().unit, JAVASCRIPT, Sampling(), signature="function area(r) {")
    found = await translate(engine, asked, ignored)
    assert found.code == "function area(r) {\n  return r;\n}"


async def test_half_an_answer_is_never_handed_out() -> None:
    engine = EchoEngine(lambda request, _: "let x = 1;\n" * 500)
    with pytest.raises(Truncated, match="nothing was inserted") as cut:
        await translate(engine, work(sampling=Sampling(max_tokens=40)), ignored)
    assert "sampling.max_tokens" in cut.value.advice


async def test_the_room_for_an_answer_follows_the_source() -> None:
    engine = EchoEngine(lambda request, _: fenced("let x;"))
    await translate(engine, work(), ignored)
    await translate(engine, work(sampling=Sampling(max_tokens=30)), ignored)
    assert [request.max_tokens for request in engine.requests] == [270, 30]


async def test_prose_instead_of_code_is_an_error() -> None:
    with pytest.raises(Refused, match="declined"):
        await translate(
            EchoEngine(lambda request, _: "```\nI'm sorry, I cannot help with that."),
            work(),
            ignored,
        )
    with pytest.raises(NoCode, match="empty"):
        await translate(EchoEngine(lambda request, _: "```"), work(), ignored)


async def test_a_long_file_is_translated_in_parts_that_know_each_other() -> None:
    def answer(request: Request, _: int) -> str:
        names = [f"part_{i}" for i in range(9) if f"def part_{i}(" in request.messages[-1].content]
        return fenced("\n".join(f"function {name}(r) {{ return r; }}" for name in names))

    engine = EchoEngine(answer, context=2048)
    seen: list[Progress] = []
    found = await translate(engine, whole(long(9)), seen.append)
    assert [f"part_{i}" in found.code for i in range(9)] == [True] * 9
    assert found.code.index("part_0") < found.code.index("part_8")
    first, second, *_ = [request.messages[-1].content for request in engine.requests]
    assert "exists already" not in first
    assert "function part_0(r)" in second
    assert "def part_0(" not in second
    parts = len(engine.requests)
    assert parts > 1
    assert f"translated in {parts} parts, because it is long" in found.notes
    assert {progress.parts for progress in seen[1:]} == {parts}
    assert str(seen[-1]).startswith(f"part {parts} of {parts}: ")
    assert found.stats.tokens == sum(
        len(answer(request, 0).split()) + 1 for request in engine.requests
    )


async def test_imports_of_several_parts_stand_once_in_front() -> None:
    def answer(request: Request, _: int) -> str:
        name = "first" if "def part_0(" in request.messages[-1].content else "later"
        return fenced(f'import fs from "fs";\n\nconst {name} = 1;')

    found = await translate(EchoEngine(answer, context=2048), whole(long(9)), ignored)
    assert found.code.count("import fs") == 1
    assert found.code.startswith('import fs from "fs";\n\nconst first = 1;')


async def test_one_function_that_is_too_long_is_refused_with_advice() -> None:
    engine = EchoEngine(context=1024)
    with pytest.raises(UnitError, match="too long") as refused:
        await translate(engine, work(long(1, 1500)), ignored)
    assert "engine.context" in refused.value.advice
    assert engine.requests == []


async def test_alternatives_differ_from_each_other_and_from_what_is_known() -> None:
    answers = ["let a;", "let  b;", "let b;", "let c;"]
    engine = EchoEngine(lambda request, candidate: fenced(answers[candidate]))
    asked = work(sampling=Sampling(alternatives=4, temperature=0.7))
    found = await alternatives(engine, asked, ignored, ["let\na;"])
    assert [each.code for each in found] == ["let  b;", "let c;"]
    (request,) = engine.requests
    assert {each.temperature for each in request.candidates} == {0.7}
    assert len({each.seed for each in request.candidates}) == 4
    assert [each.sampling.seed for each in found] == [
        request.candidates[1].seed,
        request.candidates[3].seed,
    ]


async def test_each_round_of_alternatives_has_seeds_of_its_own() -> None:
    engine = EchoEngine(lambda request, _: fenced("let a;"))
    for round_ in (0, 1, 0):
        await alternatives(engine, work(), ignored, [], round_)
    first, second, again = [
        [each.seed for each in request.candidates] for request in engine.requests
    ]
    assert first == again
    assert not set(first) & set(second)


async def test_alternatives_without_code_are_dropped() -> None:
    answers = ["```\nI'm sorry, I cannot.", fenced("let a;"), "let x = 1;\n" * 900]
    engine = EchoEngine(lambda request, candidate: answers[candidate])
    found = await alternatives(engine, work(), ignored, [])
    assert [each.code for each in found] == ["let a;"]


async def test_alternatives_of_a_long_file_are_whole_files() -> None:
    def answer(request: Request, _: int) -> str:
        name = "first" if "def part_0(" in request.messages[-1].content else "later"
        return fenced(f"const {name} = {request.candidates[0].seed};")

    found = await alternatives(EchoEngine(answer, context=2048), whole(long(9)), ignored, [])
    assert len({each.code for each in found}) == 3
    assert all("first" in each.code and "later" in each.code for each in found)


async def test_progress_tells_waiting_reading_and_writing_in_order() -> None:
    seen: list[Progress] = []
    found = await translate(EchoEngine(seconds_per_token=0.002), work(), seen.append)
    stages = [progress.stage for progress in seen]
    assert stages == sorted(stages, key=["waiting", "reading", "writing"].index)
    assert set(stages) == {"waiting", "reading", "writing"}
    written = [progress.tokens for progress in seen if progress.stage == "writing"]
    assert written == list(range(1, len(written) + 1))
    assert [str(seen[0]), str(seen[1])] == ["waiting for the model", "reading, 0 tokens"]
    assert "tokens/s" in str(seen[-1])
    assert found.stats.tokens == len(written)
    assert 0 < found.stats.first_token_seconds < found.stats.seconds
    assert found.stats.tokens_per_second > 0


async def test_a_cancelled_translation_frees_the_engine() -> None:
    engine = EchoEngine(seconds_per_token=0.01)
    writing = asyncio.Event()

    def report(progress: Progress) -> None:
        if progress.stage == "writing":
            writing.set()

    task = asyncio.create_task(translate(engine, work(), report))
    await asyncio.wait_for(writing.wait(), 5)
    assert engine.state().state == "busy"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.state().state == "ready"


def test_costs_add_up() -> None:
    total = Stats(1.0, 3.0, 100, 50, 20) + Stats(0.5, 1.5, 10, 5, 4)
    assert total == Stats(1.5, 4.5, 110, 55, 24)
    assert Stats(1.0, 3.0, tokens=21).tokens_per_second == 10.0


def test_the_first_token_has_no_speed_yet() -> None:
    assert Stats().tokens_per_second == 0.0
    assert Stats(1.0, 1.000001, tokens=1).tokens_per_second == 0.0
