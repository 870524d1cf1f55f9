"""One suite for every language: the programs of `sides/`, called in the real sandbox."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from transloop_sandbox.job import Limits
from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Observation, Side
from transloop_verify.compare import Rules, same
from transloop_verify.entry import entries
from transloop_verify.harness import program
from transloop_verify.matching import named
from transloop_verify.observe import observe
from transloop_verify.tables import languages
from transloop_verify.value import Opaque, Value, decode

SIDES = Path(__file__).parent / "sides"
EVERYWHERE = {"numbers", "texts", "changes", "prints", "crashes", "endless", "broken", "records"}
LIMITS = Limits(cpu_seconds=1.5)


def programs() -> list[tuple[str, str]]:
    return [
        (path.stem, name)
        for path in sorted(SIDES.glob("*.toml"))
        for name in tomllib.loads(path.read_text("utf-8"))
    ]


def rules_of(language: str, name: str) -> dict[str, Any]:
    table = tomllib.loads((SIDES / f"{language}.toml").read_text("utf-8"))
    rules: dict[str, Any] = table[name]
    return rules


def side_of(language: str, rules: dict[str, Any]) -> Side:
    code = rules["code"]
    name = rules.get("entry")
    entry = named(name, code, language) if name else _only(code, language)
    return Side(code, language, entry, rules.get("prelude", ""))


def _only(code: str, language: str) -> Any:
    return entries(code, language)[0]


def test_every_language_has_the_programs_that_every_language_can_have() -> None:
    assert {path.stem for path in SIDES.glob("*.toml")} == set(languages())
    assert len(languages()) == 8
    for language in languages():
        missing = EVERYWHERE - {name for each, name in programs() if each == language}
        assert not missing, f"{language} lacks {missing}"


@pytest.mark.parametrize(("language", "name"), programs())
def test_a_program_is_called_and_watched(language: str, name: str, sandbox: Sandbox) -> None:
    rules = rules_of(language, name)
    side = side_of(language, rules)
    cases = [
        Case(index, tuple(_values(given))) for index, (given, _) in enumerate(rules["calls"], 10)
    ]
    told: list[int] = []
    seen = observe(
        side,
        cases,
        sandbox,
        limits=LIMITS,
        on_observation=lambda case, observation: told.append(case),
    )
    assert (seen.failure, seen.line) == (rules.get("failure", ""), rules.get("line", 0)), seen
    if seen.failure:
        assert not seen.by_case
        assert seen.detail
        return
    assert seen.unexpressed == {}
    assert told == [case.id for case in cases]
    for case, (_, expected) in zip(cases, rules["calls"], strict=True):
        _check(seen.by_case[case.id], expected)
    found = [seen.by_case[case.id] for case in cases]
    if "after" in rules:
        pairs = zip(found[0].after, _values(rules["after"]), strict=True)
        assert all(_alike(one, other) for one, other in pairs), found[0].after
    if "printed" in rules:
        assert [each.printed for each in found] == rules["printed"]
    if "lines" in rules:
        assert [each.line for each in found if each.kind == "raised"] == rules["lines"]


def _values(text: str) -> list[Value]:
    values = decode(text)
    assert isinstance(values, list)
    return values


def _check(seen: Observation, expected: str) -> None:
    if expected.isalpha() and expected not in ("null", "true", "false"):
        assert seen.kind == expected, seen
    else:
        assert seen.kind == "returned", seen
        assert _alike(seen.value, decode(expected)), seen.value


def _alike(one: Value, other: Value) -> bool:
    """The same, where what cannot be compared must be so for the same reason."""
    if isinstance(other, Opaque):
        return one == other
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(_alike(mine, yours) for mine, yours in zip(one, other, strict=True))
    if "Opaque" in repr(other):
        return one == other
    return same(one, other, Rules(any_number=True, codes=True))


@pytest.mark.parametrize(
    ("error", "message"), [("String", '"no"'), ("Odd", "")], ids=["told", "untold"]
)
def test_an_error_of_rust_is_told_if_it_has_words(
    error: str, message: str, sandbox: Sandbox
) -> None:
    code = (
        "struct Odd; impl From<String> for Odd { fn from(_: String) -> Odd { Odd } }\n"
        f'fn f(value: i32) -> Result<i32, {error}> {{ Err({error}::from(String::from("no"))) }}'
    )
    side = Side(code, "rust", named("f", code, "rust"))
    seen = observe(side, [Case(0, (1,))], sandbox)
    assert seen.by_case[0] == Observation(
        "raised", error="Err", message=message, after=seen.by_case[0].after
    )


def test_a_compile_serves_all_cases_and_restarts() -> None:
    side = side_of("cpp", rules_of("cpp", "crashes"))
    made = program(side, [Case(index, (index,)) for index in range(3)])
    first, second = made.job("one", 0), made.job("two", 2)
    assert first.files == second.files
    assert (first.stdin, second.stdin) == (b"one\n0\n", b"two\n2\n")
    assert first.completion is not None
    assert second.completion is not None
    assert (first.completion.cases, second.completion.cases) == (4, 2)


def test_expected_values_and_nonces_are_in_no_file_of_a_job() -> None:
    for language, name in programs():
        rules = rules_of(language, name)
        made = program(side_of(language, rules), [Case(0, ())])
        text = "".join(str(each.content) for each in made.job("secret-nonce").files)
        assert "secret-nonce" not in text
        assert "@@" not in text


def test_what_cannot_be_expressed_is_told_and_the_others_run() -> None:
    code = "fn f(value: i32) -> i32 { value }"
    side = Side(code, "rust", entries(code, "rust")[0])
    made = program(side, [Case(1, (1 << 40,)), Case(2, (None,)), Case(3, (3,)), Case(4, (1, 2))])
    assert made.cases == (3,)
    assert made.unexpressed == {
        1: "1099511627776 does not fit into i32",
        2: "null is no i32",
        4: "2 arguments for 1 parameters",
    }


def test_a_result_that_rust_cannot_show_is_told_before_it_is_compiled() -> None:
    code = "enum Odd { A } fn f(value: i32) -> Odd { Odd::A }"
    made = program(Side(code, "rust", entries(code, "rust")[0]), [Case(1, (1,))])
    assert made.unexpressed == {1: "a result of type `Odd` cannot be shown"}


def test_lines_below_a_prelude_are_those_of_the_code() -> None:
    code = "def f(a):\n    return a\n"
    side = Side(code, "python", entries(code, "python")[0], prelude="import math\nimport re")
    made = program(side, [Case(0, (1,))])
    assert [made.line("candidate.py", line) for line in (1, 2, 3, 4)] == [0, 0, 1, 2]
    assert made.line("main.py", 3) == 0
