"""Mutants: single mistakes, in every language, in the function that is asked for."""

from __future__ import annotations

import pytest

from transloop_syntax.language import language, languages
from transloop_syntax.source import Source
from transloop_verify.mutants import Score, mutants

PROGRAMS = {
    "python": "def f(a, b):\n    return a + 1 < b and a != 7\n",
    "javascript": "const f = (a, b) => { return a + 1 < b && a !== 7; };\n",
    "typescript": "function f(a: number, b: number): boolean { return a + 1 < b && a !== 7; }\n",
    "java": "class A { static boolean f(int a, int b) { return a + 1 < b && a != 7; } }\n",
    "c": "int f(int a, int b) { return a + 1 < b && a != 7; }\n",
    "cpp": "bool f(int a, int b) { return a + 1 < b && a != 7; }\n",
    "go": "package main\nfunc f(a int, b int) bool { return a + 1 < b && a != 7 }\n",
    "rust": "fn f(a: i32, b: i32) -> bool { return a + 1 < b && a != 7; }\n",
}


def test_there_is_a_program_for_every_language() -> None:
    assert set(PROGRAMS) == set(languages())


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_mutant_has_one_mistake_and_parses(name: str) -> None:
    found = mutants(PROGRAMS[name], name)
    assert len(found) == 7  # +, <, <, and, !=, 1, 7
    assert len({each.code for each in found}) == 7
    for each in found:
        assert each.code != PROGRAMS[name]
        assert list(Source(each.code, language(name)).errors()) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_mistakes_in_operators_come_before_those_in_constants(name: str) -> None:
    kinds = [each.mistake for each in mutants(PROGRAMS[name], name)]
    assert kinds == ["operator"] * 5 + ["constant"] * 2


def test_a_change_is_told_with_its_line() -> None:
    changes = {(each.line, each.change) for each in mutants(PROGRAMS["python"], "python")}
    assert changes == {
        (2, "+ -> -"), (2, "< -> <="), (2, "< -> >="), (2, "and -> or"), (2, "!= -> =="),
        (2, "1 -> 2"), (2, "7 -> 8"),
    }  # fmt: skip


def test_only_the_function_asked_for_is_changed() -> None:
    code = "def f(a):\n    return a + 1\n\n\ndef g(a):\n    return a - 1\n"
    assert {each.line for each in mutants(code, "python", within="g")} == {6}
    arrow = "const g = (a) => a - 1;\nconst f = (a) => a + 1;\n"
    assert {each.line for each in mutants(arrow, "javascript", within="g")} == {1}


def test_a_loop_may_go_one_step_too_far() -> None:
    code = "def f(n, k):\n    return [i for i in range(k, len(n)) for j in range(3)]\n"
    assert {each.change for each in mutants(code, "python")} == {
        "k -> (k) + 1", "len(n) -> (len(n)) + 1", "3 -> 4",
    }  # fmt: skip


def test_comments_imports_and_text_are_left_alone() -> None:
    code = '#include <a-b.h>\n// a < b\nconst char *f() { return "a < b"; }\n'
    assert mutants(code, "c") == ()


def test_the_order_goes_by_the_seed_alone() -> None:
    first, second, other = (mutants(PROGRAMS["go"], "go", seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_a_score_without_runs_is_no_score() -> None:
    assert Score(0, 0, 4).share is None
    assert Score(3, 4, 9).share == 0.75
