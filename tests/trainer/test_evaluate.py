"""Evaluation: what is counted as right, what goes wrong in which way, and going on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.trainer import units

from transloop_model.catalog import ModelFile
from transloop_model.engine import Engine
from transloop_model.llama.engine import LlamaEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import UsageError
from transloop_trainer.evaluate.choice import choose, contradicted, of_set
from transloop_trainer.evaluate.judging import Judge, Judged
from transloop_trainer.evaluate.record import Arm, How, Outcome, Record
from transloop_trainer.evaluate.report import compared, paired, summary
from transloop_trainer.evaluate.rows import read
from transloop_trainer.evaluate.run import evaluate
from transloop_trainer.evaluate.selftest import selftest
from transloop_trainer.evaluate.task import Task, itself, tasks

ARM = Arm("base", "echo", "")
ONE = How()
"""The greedy answer alone."""
CHANCE = "import random\n\ndef f(a: int) -> float:\n    return a + random.random()"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(cache=False) as made:
        yield made


@pytest.fixture
def judge(sandbox: Sandbox) -> Judge:
    return Judge(sandbox)


def given(
    tmp_path: Path, *rows: Mapping[str, Any], direction: str = "python:javascript"
) -> list[Task]:
    path = units.write(tmp_path / "units.jsonl", *rows)
    found = {task.id: task for task in tasks(read(path), direction)}
    return [found[each] for each in sorted(found)]


def record(tmp_path: Path, how: How = ONE, arm: Arm = ARM) -> Record:
    return Record(tmp_path / "evaluations", arm.facts("python:javascript", how))


async def done(
    tmp_path: Path,
    judge: Judge,
    engine: Engine,
    asked: list[Task],
    how: How = ONE,
) -> list[Outcome]:
    return await evaluate(engine, asked, judge, how, record(tmp_path, how))


# What is right -----------------------------------------------------------------------------------


async def test_right_answers_pass_by_tests_by_cases_and_by_evidence(
    tmp_path: Path, judge: Judge
) -> None:
    asked = given(tmp_path, units.LAST, units.HALF, units.TOTAL, units.SEED)
    found = await done(tmp_path, judge, units.engine(), asked)
    assert len(found) == 4
    assert [each.greedy for each in found if not each.greedy.right] == []
    told = summary(asked, found)
    assert (told["pass_at_1_greedy"], told["compile_rate"], told["units"]) == (1.0, 1.0, 4)
    assert told["by_own_tests"] == 2
    assert not any(told["failures"].values())


@pytest.mark.parametrize(
    ("name", "answer", "failure"),
    [
        ("last_item", " {\n  return xs[0];\n}", "wrong"),
        ("last_item", " {\n  return xs.last.item;\n}", "runtime"),
        ("last_item", " {\n  return xs[;\n}", "compile"),
        ("last_item", " {\n  while (true) {}\n}", "timeout"),
        ("total", "function total(xs) {\n  return 1;\n}", "wrong"),
        ("total", "function total(xs) {\n  return xs.sum();\n}", "runtime"),
        ("total", "function total(xs) {\n  return (;\n}", "compile"),
        ("total", "function unlike(a, b, c) {\n  return 1;\n}", "wrong"),
        ("total", "I'm sorry, but I cannot help with that.", "no code"),
    ],
)
async def test_each_way_to_fail_has_its_word(
    name: str, answer: str, failure: str, tmp_path: Path, judge: Judge
) -> None:
    asked = given(tmp_path, units.LAST, units.TOTAL)
    found = await done(tmp_path, judge, units.engine({**units.RIGHT, name: answer}), asked)
    wrong = {each.unit: each.greedy for each in found if not each.greedy.right}
    (judged,) = wrong.values()
    assert judged.failure == failure, judged
    assert judged.reason
    told = summary(asked, found)
    assert told["failures"] == {
        **dict.fromkeys(("no code", "compile", "runtime", "wrong", "timeout"), 0),
        failure: 1,
    }
    assert told["pass_at_1_greedy"] == 0.5
    assert told["compile_rate"] == (0.5 if failure in ("no code", "compile") else 1.0)


async def test_an_object_among_recorded_arguments_is_a_map(tmp_path: Path, judge: Judge) -> None:
    python = "def stock(counts):\n    return sum(counts.values())"
    cases = [{"args": [{"nails": 3, "bolts": 4}], "out": 7}, {"args": [{}], "out": 0}]
    side = {"code": python, "entry_point": "stock"}
    (task,) = given(tmp_path, {"id": "own/stock", "cases": cases, "languages": {"python": side}})
    body = "Object.values(counts instanceof Map ? Object.fromEntries(counts) : counts)"
    right = f"function stock(counts) {{ return {body}.reduce((a, b) => a + b, 0); }}"
    assert judge.unfit(task) == ""
    assert judge.judged(task, right).right
    assert judge.judged(task, right.replace("0)", "1)")).failure == "wrong"


async def test_a_lone_method_is_judged_in_the_class_that_the_tests_name(
    tmp_path: Path, judge: Judge
) -> None:
    asked = given(tmp_path, units.LAST, direction="python:java")
    method = " {\n    return xs.get(xs.size() - 1);\n}"
    found = await done(tmp_path, judge, units.engine({"last_item": method}), asked)
    assert found[0].greedy.right, found
    wrong = judge.judged(
        asked[0], asked[0].fitted("static int lastItem(java.util.List<Integer> xs) { return 0; }")
    )
    assert wrong.failure == "wrong", wrong


def test_what_no_source_can_judge_is_left_out_with_its_reason(tmp_path: Path, judge: Judge) -> None:
    source = {"language": "python", "names": ["f"], "code": CHANCE}
    chance = {**units.SEED, "source": source}
    rows = read(units.write(tmp_path / "a.jsonl", chance, units.LAST))
    found = choose(rows, "python:javascript", judge)
    assert [task.id for task in found.tasks] == ["own/last"]
    assert sum(found.left_out.values()) == 1
    with pytest.raises(UsageError, match="No unit can be judged"):
        choose(rows, "java:javascript", judge)
    assert len(choose(rows, "python:javascript", judge, limit=1).tasks) == 1


def test_tests_that_refuse_what_the_source_does_are_left_out(sandbox: Sandbox) -> None:
    script = {**units.HALF["languages"]["javascript"], "verified": False}
    languages = {**units.HALF["languages"], "javascript": script}
    right = [{"args": [4], "out": 2}, {"args": [5], "out": 2}, {"args": [-1], "out": -1}]
    row = {**units.HALF, "languages": languages, "cases": right}
    assert not contradicted(row, sandbox)
    assert contradicted({**row, "cases": [{"args": [4], "out": 3}, *right[1:]]}, sandbox)


# Samples -----------------------------------------------------------------------------------------


async def test_samples_are_counted_with_those_that_are_equal_or_no_code(
    tmp_path: Path, judge: Judge
) -> None:
    asked = given(tmp_path, units.TOTAL)
    wrong = {"total": "function total(xs) {\n  return 1;\n}"}
    none = {"total": "I'm sorry, but I cannot help with that."}
    engine = units.engine(units.RIGHT, units.RIGHT, wrong, none)
    (found,) = await done(tmp_path, judge, engine, asked, How(samples=4))
    assert [each.failure for each in found.samples] == [None, None, "wrong", "no code"]
    told = summary(asked, [found])["samples"]
    assert (told["pass_at_1"], told["pass_at_2"], told["pass_at_4"]) == (0.5, 0.833, 1.0)
    assert told["compile_rate"] == 0.75
    assert "pass_at_8" not in told


async def test_seeds_follow_from_the_unit_and_differ(tmp_path: Path, judge: Judge) -> None:
    asked = given(tmp_path, units.LAST, units.HALF)
    drawn = []
    for folder in ("a", "b"):
        engine = units.engine()
        await done(tmp_path / folder, judge, engine, asked, How(samples=10))
        drawn.append(
            [each.seed for r in engine.requests for each in r.candidates if each.temperature]
        )
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 20


# Going on ----------------------------------------------------------------------------------------


async def test_a_second_run_goes_on_where_the_first_was_killed(
    tmp_path: Path, judge: Judge
) -> None:
    asked = given(tmp_path, units.LAST, units.HALF)
    first = await done(tmp_path, judge, units.engine(), asked)
    path = record(tmp_path).path
    lines = path.read_text().splitlines()
    assert len(lines) == 3
    path.write_text("\n".join(lines[:2]) + "\n" + lines[2][:40])
    engine = units.engine()
    assert await done(tmp_path, judge, engine, asked) == first
    assert len(engine.requests) == 1
    engine = units.engine()
    assert await done(tmp_path, judge, engine, asked) == first
    assert not engine.requests


async def test_a_unit_that_has_changed_is_done_again(tmp_path: Path, judge: Judge) -> None:
    asked = given(tmp_path, units.LAST)
    await done(tmp_path, judge, units.engine(), asked)
    stricter = replace(asked[0].target, tests=asked[0].target.tests + "\ncheck(false);")
    (found,) = await done(tmp_path, judge, units.engine(), [replace(asked[0], target=stricter)])
    assert found.greedy.failure == "wrong"


def test_another_adapter_or_way_of_drawing_has_a_record_of_its_own(tmp_path: Path) -> None:
    adapter = replace(ARM, adapter_sha256="a" * 64)
    model = replace(ARM, model_sha256="b" * 64)
    paths = {
        record(tmp_path).path,
        record(tmp_path, How(samples=2)).path,
        record(tmp_path, arm=adapter).path,
        record(tmp_path, arm=model).path,
    }
    assert len(paths) == 4
    assert record(tmp_path).path == record(tmp_path, arm=replace(ARM, name="other")).path


# The harness itself ------------------------------------------------------------------------------


def test_a_harness_that_judges_is_sound(tmp_path: Path, judge: Judge) -> None:
    asked = given(tmp_path, units.LAST, units.HALF, units.TOTAL)
    found = selftest(asked, judge)
    assert found.sound, found
    assert (found.references, found.passed, found.blanks, found.blanks_passed) == (3, 3, 3, 0)
    assert found.mutants >= 3
    assert sum(found.noticed_by.values()) == found.noticed
    assert str(found).startswith("sound: 3 of 3 references pass")


def test_a_harness_that_lets_everything_pass_is_not_sound(tmp_path: Path, judge: Judge) -> None:
    script = {**units.HALF["languages"]["javascript"], "tests": "half(1);"}
    row = {**units.HALF, "languages": {**units.HALF["languages"], "javascript": script}}
    found = selftest(given(tmp_path, row), judge)
    assert not found.sound
    assert (found.passed, found.noticed) == (1, 0)
    assert found.mutants
    script["tests"] = "// nothing"
    found = selftest(given(tmp_path, row), judge)
    assert found.problems == {"own/half": "an empty program passes"}


def test_a_reference_that_fails_is_not_sound_and_is_named(tmp_path: Path, judge: Judge) -> None:
    script = {**units.HALF["languages"]["javascript"], "code": "function half(n) { return 0; }"}
    row = {**units.HALF, "languages": {**units.HALF["languages"], "javascript": script}}
    found = selftest([*given(tmp_path, row), *given(tmp_path, units.LAST)], judge)
    assert not found.sound
    assert list(found.problems) == ["own/half"]
    assert (found.references, found.passed) == (2, 1)


def test_a_reference_stands_for_itself(judge: Judge) -> None:
    task = itself(units.HALF, "javascript")
    assert task is not None
    assert selftest([task], judge).sound
    assert itself(units.HALF, "go") is None


# The report --------------------------------------------------------------------------------------


def outcomes(asked: list[Task], failed: set[int], failure: Any = "wrong") -> list[Outcome]:
    return [
        Outcome(task.id, task.digest, Judged(failure if at in failed else None))
        for at, task in enumerate(asked)
    ]


def test_two_arms_are_compared_unit_by_unit_and_by_construct(tmp_path: Path) -> None:
    (slices,), (halves,) = given(tmp_path, units.LAST), given(tmp_path, units.HALF)
    asked = [
        *(replace(slices, id=f"a{i}", group=f"a{i}") for i in range(10)),
        *(replace(halves, id=f"b{i}", group="b") for i in range(6)),
    ]
    base = outcomes(asked, set(range(8)), "compile")
    ours = outcomes(asked, {0, 9})
    told = compared(asked, ours, base)
    assert (told["only_ours"], told["only_the_baseline"], told["points"]) == (7, 1, 37.5)
    assert told["of_it_compiles"] == 50.0
    pairs = paired(asked, base, ours)
    assert sum(each.after and not each.before for each in pairs) == 7
    assert (pairs[0].unit, pairs[0].direction) == ("a0", "python:javascript")
    assert told["p_value"] == pytest.approx(0.070312)
    assert told["constructs"]["negative_index"]["points"] == 60.0
    assert told["constructs"]["integer_division"] == {
        "units": 6, "points": 0.0, "only_ours": 0, "only_the_baseline": 0, "p_value": 1.0
    }  # fmt: skip
    assert summary(asked, base)["constructs"]["negative_index"] == {"units": 10, "right": 2}
    assert summary(asked, base)["problems"] == 11


def test_a_set_is_chosen_among_all_rows() -> None:
    dev = {**units.LAST, "split": "dev"}
    assert of_set([dev, units.HALF], "final") == [dev]
    assert units.HALF in of_set([dev, units.HALF], "learn") + of_set(
        [dev, units.HALF], "gate"
    ) + of_set([dev, units.HALF], "validation")


# The real stack ----------------------------------------------------------------------------------


@pytest.mark.model
async def test_the_real_model_is_evaluated_as_it_is_served(
    tmp_path: Path, judge: Judge, coder: ModelFile
) -> None:
    asked = given(tmp_path, units.LAST, units.HALF)
    engine = LlamaEngine(coder, context=2048)
    try:
        found = await done(tmp_path, judge, engine, asked, How(samples=2))
    finally:
        await engine.close()
    assert any(each.greedy.right for each in found), found
    assert all(len(each.samples) == 2 and each.tokens > 5 for each in found)
    assert await done(tmp_path, judge, units.engine(), asked, How(samples=2)) == found
