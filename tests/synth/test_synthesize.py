"""From sources to pairs: real programs in the real sandbox; the answers of the engine are known."""

from __future__ import annotations

import json

import pytest
from tests.synth.functions import JAVASCRIPT, PYTHON, WRONG, engine, order, sources

from transloop_model import prompt
from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_sandbox import toolchains
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import EngineCrashed, SandboxError
from transloop_syntax.language import language
from transloop_synth.clock import Clock
from transloop_synth.dataset import Dataset
from transloop_synth.order import Share
from transloop_synth.plan import Plan
from transloop_synth.source import SourceFunction, of_program
from transloop_synth.synthesize import Summary, synthesize
from transloop_synth.testable import known, require_sound

TO_JAVASCRIPT = Share("python:javascript", None, 9)


async def test_what_holds_becomes_a_pair(sandbox: Sandbox, dataset: Dataset) -> None:
    made = await synthesize(order(), sources(), engine(), sandbox, dataset)
    assert made.admitted == made.pairs == len(made.attempts) == 4
    assert {pair.translation for pair in dataset.pairs()} == set(JAVASCRIPT.values())
    pair = next(each for each in dataset.pairs() if each.names == ("half",))
    assert (pair.code, pair.parents, pair.seeds) == (PYTHON["half"], ("row/half",), ("row/half",))
    assert "integer_division" in pair.constructs
    assert pair.cases >= 10
    assert pair.mutants == 1.0


async def test_a_pair_is_trained_on_as_it_was_asked_for(sandbox: Sandbox, dataset: Dataset) -> None:
    model = engine()
    source = of_program(
        "@cache\ndef half(n: int) -> int:\n    return n // 2",
        "python",
        "half",
        prelude="from functools import cache",
        signatures={"javascript": "function half(n)"},
    )
    right = EchoEngine(lambda request, candidate: " {\n  return Math.floor(n / 2);\n}\n```")
    await synthesize(order(), [source], right, sandbox, dataset)
    (pair,) = dataset.pairs()
    asked = prompt.build(pair.unit, language("javascript"), signature=pair.signature)
    request = right.requests[0]
    assert (request.messages, request.answer_prefix) == (asked.messages, asked.answer_prefix)
    assert len(request.candidates) == 3
    assert model.requests == []


async def test_an_attempt_counts_all_candidates(sandbox: Sandbox, dataset: Dataset) -> None:
    broken, right = "function half(n) { return ; ; ) }", JAVASCRIPT["half"]
    answers = (WRONG["half"], right, broken, right, "I do not know.")
    made = await synthesize(
        order(samples=4, repairs=0), sources("half"), engine({"half": answers}), sandbox, dataset
    )
    (attempt,) = made.attempts
    assert (attempt.greedy, attempt.drawn, attempt.right) == (False, 4, 2)
    assert attempt.distinct == 3
    assert attempt.failures == {"wrong": 1, "compile": 1, "no code": 1}
    assert dataset.attempts() == [attempt]
    assert attempt.admitted == (dataset.pairs()[0].id,)


async def test_what_was_fitted_to_the_visible_cases_is_caught(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    """It answers from a table of all that a model may ever be shown."""
    (source,) = sources("clamp")
    asked = order(repairs=1, mutants=0.5)
    (evidence,) = known(source, asked, sandbox).evidence
    table = {
        json.dumps(case.arguments, separators=(",", ":")): evidence.expected[case.id].value
        for case in evidence.cases
        if not case.held_out
    }
    assert 0 < len(table) < len(evidence.cases)
    cheat = (
        f"function clamp(...given) {{\n  const known = {json.dumps(table)};\n"
        "  return known[JSON.stringify(given)] ?? -12345;\n}"
    )
    code = cheat.replace("...given", "x, low, high").replace("(given)", "([x, low, high])")
    model = engine({"clamp": (code,)})
    made = await synthesize(asked, [source], model, sandbox, dataset)
    (attempt,) = made.attempts
    assert (attempt.greedy, attempt.right, attempt.visible_only) == (False, 0, 3)
    assert attempt.failures == {"wrong": 3}
    assert dataset.pairs() == []
    assert len(model.requests) == 1, "a held-out case must not be shown, not even for a repair"


async def test_a_wrong_answer_is_repaired_by_what_may_be_shown(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    model = engine({"half": (WRONG["half"],)}, repairs={"half": JAVASCRIPT["half"]})
    made = await synthesize(order(), sources("half"), model, sandbox, dataset)
    (pair,) = dataset.pairs()
    assert (pair.origin, pair.draft) == ("repaired", WRONG["half"])
    assert [(each.drafts, each.mended) for each in made.attempts] == [(1, True)]
    assert pair.problem.startswith("This is not the same program: for `half(")
    assert pair.translation == JAVASCRIPT["half"]


async def test_nothing_is_repaired_where_the_order_says_so(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    model = engine({"half": (WRONG["half"],)}, repairs={"half": JAVASCRIPT["half"]})
    made = await synthesize(order(repairs=0), sources("half"), model, sandbox, dataset)
    assert made.pairs == 0
    assert len(model.requests) == 1
    assert [(each.drafts, each.mended) for each in made.attempts] == [(0, False)]


async def test_what_could_not_be_repaired_is_told(sandbox: Sandbox, dataset: Dataset) -> None:
    model = engine({"half": (WRONG["half"],)}, repairs={"half": WRONG["half"]})
    made = await synthesize(order(), sources("half"), model, sandbox, dataset)
    assert made.pairs == 0
    assert [(each.drafts, each.mended) for each in made.attempts] == [(1, False)]


async def test_a_teacher_answers_where_nothing_holds(sandbox: Sandbox, dataset: Dataset) -> None:
    model, teacher = engine({"half": (WRONG["half"],)}), engine()
    made = await synthesize(
        order(), sources("half", "clamp"), model, sandbox, dataset, teacher=teacher
    )
    assert made.pairs == 2
    assert len(teacher.requests) == 1
    assert sorted(each.right for each in made.attempts) == [0, 2]
    assert sorted(each.right or 0.0 for each in dataset.pairs()) == [0.0, 1.0]


async def test_a_teacher_is_sampled_and_mends_what_it_missed(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    wrong = {"half": (WRONG["half"],), "clamp": (WRONG["clamp"],)}
    late = (WRONG["half"], WRONG["half"], JAVASCRIPT["half"])
    model = engine(wrong, repairs=JAVASCRIPT)
    teacher = engine({**wrong, "half": late}, repairs=JAVASCRIPT)
    await synthesize(order(), sources("half", "clamp"), model, sandbox, dataset, teacher=teacher)
    assert {pair.names[0]: pair.origin for pair in dataset.pairs()} == {
        "half": "translated",
        "clamp": "repaired",
    }
    assert {pair.maker for pair in dataset.pairs()} == {teacher.state().model}
    asked = [each.candidates for each in teacher.requests if len(each.candidates) > 1]
    assert [each[0].temperature for each in asked] == [0.0, 0.0]
    assert len(model.requests) == 2


async def test_the_shortest_of_what_holds_is_learned(sandbox: Sandbox, dataset: Dataset) -> None:
    right = JAVASCRIPT["half"]
    longer = right.replace("return", "console.assert(true);\n  return")
    longest = f"{longer}\n\nfunction main() {{\n  return half(4);\n}}"
    model = engine({"half": (longest, longer, right)})
    made = await synthesize(order(), sources("half"), model, sandbox, dataset)
    assert [pair.translation for pair in dataset.pairs()] == [right, longer]
    assert made.attempts[0].rejected == {"surplus": 1}


def test_short_sources_are_tried_sooner_and_long_ones_too() -> None:
    def padded(at: int, lines: int) -> SourceFunction:
        body = "".join(f"    n += {at + line}\n" for line in range(lines))
        return of_program(f"def f{at}(n: int) -> int:\n{body}    return n", "python", f"f{at}")

    given = [padded(at, 1 if at % 2 else 12) for at in range(100)]
    plan = Plan(order(Share("python:javascript", None, 50)), given)
    picked = [pick.source for pick in iter(plan.next, None) if pick.source]
    long = sum(len(each.unit.code) > 100 for each in picked)
    assert len(picked) == 50
    assert 2 <= long <= 18


async def test_a_source_that_does_not_run_is_counted_and_the_others_go_on(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    gone = of_program("def f(n: int) -> int:\n    return vanished(n)", "python", "f")
    made = await synthesize(order(), [gone, *sources("half")], engine(), sandbox, dataset)
    assert (made.pairs, made.done) == (1, 1)
    (unusable,) = [each for each in made.attempts if each.unusable]
    assert unusable.source == gone.id
    again = engine()
    made = await synthesize(order(number=1), [gone], again, sandbox, dataset)
    assert (made.attempts, again.requests) == ((), []), "it is tried once"


async def test_what_cannot_be_tested_is_unusable(sandbox: Sandbox, dataset: Dataset) -> None:
    clock = of_program(
        "import time\n\ndef f(n: int) -> float:\n    return n + time.time()", "python", "f"
    )
    dull = of_program(
        "def g(n: int) -> int:\n    return 0 if n > 10**9 * 7 else (1 if n > -(10**9) else 2)",
        "python",
        "g",
    )
    made = await synthesize(order(mutants=0.9), [clock, dull], engine(), sandbox, dataset)
    reasons = " ".join(each.unusable for each in made.attempts)
    assert "side effects" in reasons
    assert "its cases notice too little" in reasons
    assert made.pairs == 0


async def test_weak_tests_may_do_for_an_order_that_asks_for_less(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    some = sources("clamp")
    refused = await synthesize(order(mutants=1.01), some, engine(), sandbox, dataset)
    assert [each.admitted for each in refused.attempts] == [()]
    same = await synthesize(order(mutants=1.01, number=1), some, engine(), sandbox, dataset)
    assert same.attempts == ()
    less = await synthesize(order(mutants=0.3, number=2), some, engine(), sandbox, dataset)
    assert less.admitted == 1


async def test_no_sources_are_no_error(sandbox: Sandbox, dataset: Dataset) -> None:
    made = await synthesize(order(), [], engine(), sandbox, dataset)
    assert made == Summary((), 0, 0, made.seconds, 9)


async def test_a_missing_toolchain_takes_its_share_only(
    sandbox: Sandbox, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = toolchains.find

    def find(name: str, tool: object) -> object:
        return None if name == "java" else found(name, tool)  # type: ignore[arg-type]

    toolchains.forget()
    monkeypatch.setattr(toolchains, "find", find)
    shares = (Share("python:java", None, 5), TO_JAVASCRIPT)
    made = await synthesize(order(*shares), sources("half"), engine(), sandbox, dataset)
    monkeypatch.undo()
    toolchains.forget()
    assert [(each.direction, bool(each.unusable)) for each in made.attempts] == [
        ("python:java", True),
        ("python:javascript", False),
    ]
    assert "there is no java" in made.attempts[0].unusable
    assert made.pairs == 1
    assert len(dataset.attempts()) == 1, "it may be there another time"


def test_a_sandbox_that_failed_is_nobodys_mistake() -> None:
    with pytest.raises(SandboxError, match="it goes on where it was"):
        require_sound("internal_error: the worker ended")
    require_sound("runtime_error: the program ended")


async def test_an_engine_that_crashes_ends_the_order_and_what_is_done_is_kept(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    asked: list[Request] = []

    def answer(request: Request, candidate: int) -> str:
        asked.append(request)
        if len(asked) > 6:  # two sources of three candidates each
            raise EngineCrashed("The model's process ended.")
        return engine().answer(request, candidate)

    with pytest.raises(EngineCrashed):
        await synthesize(order(), sources(), EchoEngine(answer), sandbox, dataset, ahead=1)
    assert len(dataset.attempts()) == 2
    made = await synthesize(order(), sources(), engine(), sandbox, dataset)
    assert (len(made.attempts), made.pairs) == (4, 4)
    assert len(dataset.attempts()) == 4


async def test_an_order_that_is_done_is_not_done_again(sandbox: Sandbox, dataset: Dataset) -> None:
    first = await synthesize(order(), sources(), engine(), sandbox, dataset)
    again = engine()
    second = await synthesize(order(), sources(), again, sandbox, dataset)
    assert again.requests == []
    assert second.attempts == first.attempts
    assert (second.pairs, second.done) == (first.pairs, len(first.attempts))


async def test_time_that_is_up_ends_an_order(
    sandbox: Sandbox, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Summary] = []
    monkeypatch.setattr(Clock, "seconds", property(lambda clock: 100.0 * len(told)))
    asked = order(seconds=150.0)
    made = await synthesize(asked, sources(), engine(), sandbox, dataset, tell=told.append, ahead=1)
    assert len(made.attempts) == 2
    assert dataset.attempts() == list(made.attempts)
    nothing = await synthesize(asked, sources(), engine(), sandbox, dataset, ahead=1)
    assert nothing.attempts == made.attempts, "what it has used before counts"


async def test_nothing_is_begun_and_no_time_counts_in_a_pause(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    import asyncio

    asked_to = {"pause": True}
    model = engine()
    running = asyncio.create_task(
        synthesize(
            order(), sources("half"), model, sandbox, dataset, paused=lambda: asked_to["pause"]
        )
    )
    await asyncio.sleep(1.0)
    assert model.requests == []
    asked_to["pause"] = False
    made = await running
    assert made.pairs == 1
    assert made.seconds < 1.0


async def test_translations_that_hold_become_sources(sandbox: Sandbox, dataset: Dataset) -> None:
    shares = (TO_JAVASCRIPT, Share("javascript:python", None, 2))
    back = "def half(n):\n    return n // 2"
    script = engine()

    def answer(request: Request, candidate: int) -> str:
        to_python = "to Python:" in request.messages[1].content
        return f"{back}\n```" if to_python else script.answer(request, candidate)

    model = EchoEngine(answer)
    made = await synthesize(order(*shares), sources("half"), model, sandbox, dataset)
    there, again = sorted(dataset.pairs(), key=lambda pair: pair.source_language, reverse=True)
    assert (there.direction, again.direction) == ("python:javascript", "javascript:python")
    assert again.parents == (there.id,)
    assert again.seeds == ("row/half",)
    assert made.admitted == 2
    alone = await synthesize(
        order(*shares, reenter=False, number=1), [], EchoEngine(answer), sandbox, dataset
    )
    assert alone.attempts == ()


class _New:
    """What a model may propose."""

    third = "def third(n: int) -> int:\n    return n // 3 + 7 * (n % 5)"
    plain = "def plain(n: int, m: int) -> int:\n    return n * 3 + m"
    broken = "def broken(n: int) -> int:\n    return n // // 3"
    renamed = PYTHON["half"].replace("half", "other").replace("n", "m").replace("imt", "int")


def _asked_for_new(construct: str | None = "integer_division") -> dict[str, object]:
    share = Share("python:javascript", construct, 1)
    return {"shares": (share,), "invented": 1.0}


@pytest.mark.parametrize(
    ("proposed", "why"),
    [
        (_New.broken, "it does not parse"),
        (_New.plain, "it does not use integer_division"),
        (PYTHON["half"].replace("half", "other"), "it is nearly one that is known"),
        ("x = 4 // 2", "it has no function that could be called"),
        ("def f(n: int) -> int:\n    return vanished(n) // 2", "invented: "),
        ("Sorry, I cannot do that.", "there is no code"),
    ],
)
async def test_an_invention_that_will_not_do(
    sandbox: Sandbox, dataset: Dataset, proposed: str, why: str
) -> None:
    asked = order(Share("python:javascript", "integer_division", 1), invented=1.0)
    made = await synthesize(asked, sources(), engine(new=(proposed,)), sandbox, dataset)
    (attempt,) = made.attempts
    assert why in attempt.unusable
    assert dataset.invented() == []


async def test_an_invention_that_will_do_is_a_source_from_then_on(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    right = "function third(n) {\n  return Math.floor(n / 3) + 7 * (((n % 5) + 5) % 5);\n}"
    asked = order(Share("python:javascript", "integer_division", 1), invented=1.0)
    model = engine({"third": (right,)}, new=(_New.broken, _New.third))
    teacher = engine(new=(_New.broken, _New.third))
    made = await synthesize(asked, sources(), model, sandbox, dataset, teacher=teacher)
    assert made.admitted == 1
    assert "uses integer division" in teacher.requests[0].messages[1].content
    assert PYTHON["half"] in teacher.requests[0].messages[1].content
    (invented,) = dataset.invented()
    assert (invented.code, invented.origin) == (_New.third, "invented")
    assert invented.seeds == ("row/half",)
    (pair,) = dataset.pairs()
    assert pair.parents == (invented.id,)
    assert pair.seeds == ("row/half",)
    mixed = engine({"third": (WRONG["half"], right)})
    later = await synthesize(
        order(Share("python:javascript", "modulo", 1), number=1), [], mixed, sandbox, dataset
    )
    assert later.attempts == (), "all of it held: there is nothing to learn from it"


def _source(name: str) -> SourceFunction:
    return sources(name)[0]


async def test_sources_are_picked_by_construct(sandbox: Sandbox, dataset: Dataset) -> None:
    shares = (
        Share("python:javascript", "slices", 3),
        Share("python:javascript", "loops", 3),
    )
    made = await synthesize(order(*shares), sources(), engine(), sandbox, dataset)
    assert {each.source for each in made.attempts} == {_source("tail").id, _source("total").id}


async def test_new_sources_first_and_then_those_that_went_either_way(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    answers = {"half": (WRONG["half"], JAVASCRIPT["half"]), "clamp": (WRONG["clamp"],)}
    known_ones = sources("half", "clamp", "total")
    asked = order(Share("python:javascript", None, 3), repairs=0)
    await synthesize(asked, known_ones, engine(answers), sandbox, dataset)
    asked = order(Share("python:javascript", None, 3), repairs=0, number=1)
    made = await synthesize(asked, sources(), engine(answers), sandbox, dataset)
    assert [each.source for each in made.attempts] == [_source("tail").id, _source("half").id]
