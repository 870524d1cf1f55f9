"""What the source does on given cases, what of it can be relied on, and which mutants it shows."""

from __future__ import annotations

import pytest

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Observation, Side
from transloop_verify.matching import named
from transloop_verify.mined import intended
from transloop_verify.mutants import mutants_of
from transloop_verify.oracle import Expected, expected
from transloop_verify.strength import killers, strength

PICK = """\
def pick(values: list[int], n: int):
    if n < 0:
        raise KeyError(n)
    if n == 7:
        while True:
            pass
    if n == 8:
        return id(object())
    if n == 9:
        return object()
    return values[n] > 2
"""


def python(code: str, name: str) -> Side:
    return Side(code, "python", named(name, code, "python"))


def asked(sandbox: Sandbox, numbers: list[int]) -> tuple[Expected, list[int]]:
    """What `pick` does with [1, 2, 3] and each number, and which cases were told on the way."""
    told: list[int] = []
    found = expected(
        python(PICK, "pick"),
        [Case(at, ([1, 2, 3], number)) for at, number in enumerate(numbers)],
        sandbox,
        intended(PICK, "python"),
        on_case=lambda case, seen: told.append(case.id),
    )
    return found, told


def test_what_the_source_returns_and_means_to_raise_is_expected(sandbox: Sandbox) -> None:
    found, told = asked(sandbox, [0, 2, -1])
    assert {case: seen.kind for case, seen in found.by_case.items()} == {
        0: "returned",
        1: "returned",
        2: "raised",
    }
    assert [found.by_case[case].value for case in (0, 1)] == [False, True]
    assert sorted(told) == [0, 1, 2]
    assert not found.outside


def test_everything_else_is_no_case_and_counted_by_its_reason(sandbox: Sandbox) -> None:
    found, told = asked(sandbox, [0, 3, 7, 8, 9, 1])
    assert sorted(found.by_case) == sorted(told) == [0, 5]
    assert found.outside["IndexError"] == 1
    assert found.outside["it does not come to an end, or takes too long"] == 1
    assert found.unstable == 1
    assert list(found.opaque) == ["a object has no value to compare"]


def test_a_source_that_does_not_run_says_why(sandbox: Sandbox) -> None:
    code = "import nothing_of_this_name\ndef f(n: int):\n    return n\n"
    found = expected(python(code, "f"), [Case(0, (1,))], sandbox, lambda seen: True)
    assert "nothing_of_this_name" in found.failure
    assert found.line == 1
    assert not found.by_case


# Mutants -----------------------------------------------------------------------------------------

LIMIT = """\
def limit(n: int) -> int:
    if n > 3:
        return 3
    return n
"""


def test_mutants_are_noticed_by_the_inputs_that_reach_them(sandbox: Sandbox) -> None:
    side = python(LIMIT, "limit")
    made = mutants_of(side)
    rows = killers(side, made, [(0,), (3,), (4,), (9,)], sandbox)
    noticed = {each.change: row for each, row in zip(made, rows, strict=True)}
    assert noticed["> -> >="] == frozenset()  # at 3, both return 3
    assert noticed["> -> <="] == {0, 2, 3}
    assert {2, 3} in noticed.values()  # another constant


def test_an_endless_mutant_is_noticed_and_costs_little(sandbox: Sandbox) -> None:
    code = "def f(n: int) -> int:\n    while n > 0:\n        n -= 1\n    return n\n"
    side = python(code, "f")
    made = mutants_of(side)
    rows = killers(side, made, [(5,), (0,)], sandbox)
    assert len(rows) == len(made)
    assert rows[[each.change for each in made].index("-= -> +=")] == {0}


@pytest.mark.parametrize("language", ["javascript", "java"])
def test_a_suite_is_scored_in_other_languages(language: str, sandbox: Sandbox) -> None:
    code = {
        "javascript": "const limit = (n) => { if (n > 3) { return 3; } return n; };\n",
        "java": "class A { static int limit(int n) { if (n > 3) { return 3; } return n; } }\n",
    }[language]
    side = Side(code, language, named("limit", code, language))
    cases = [Case(0, (0,)), Case(1, (9,))]
    wanted = {0: Observation("returned", 0, after=(0,)), 1: Observation("returned", 3, after=(9,))}
    found = strength(side, cases, wanted, sandbox, seconds=30)
    assert found.score.run == found.score.made == 4
    # 0 and 9 do not tell `> 3` from `>= 3` or `> 4`.
    assert sorted(each.change for each in found.survivors) == ["3 -> 4", "> -> >="]
    assert found.score.killed == 2


def test_without_time_no_mutant_counts(sandbox: Sandbox) -> None:
    side = Side(
        "const f = n => n + 1;", "javascript", named("f", "const f = n => n + 1;", "javascript")
    )
    found = strength(side, [Case(0, (1,))], {0: Observation("returned", 2)}, sandbox, seconds=0)
    assert (found.score.run, found.score.share) == (0, None)
    assert found.score.made == 2
