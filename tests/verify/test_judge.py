"""Verdicts, with real programs in the real sandbox."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tests.verify.judged import GCD, ROTATE, ROTATE_JS, evidence_of, verdict_of

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case
from transloop_verify.evidence import Effort, derive
from transloop_verify.judge import judge
from transloop_verify.program import side
from transloop_verify.value import Value


@pytest.mark.parametrize(
    ("target", "ran"),
    [
        ("const gcd = (a, b) => b ? gcd(b, a % b) : a;", True),
        ("const gcd = (a, b) => a;", True),
        ("const other = (a, b, c) => a;", False),
    ],
)
def test_a_verdict_says_how_the_candidate_was_kept_in(
    target: str, ran: bool, sandbox: Sandbox
) -> None:
    isolation = verdict_of(GCD, target, "javascript", sandbox).isolation
    assert (isolation is not None) is ran
    assert isolation is None or (isolation.level != "none" and isolation.backend)


def test_a_verdict_without_isolation_says_so() -> None:
    with Sandbox(1, unsafe=True, cache=False) as unsafe:
        verdict = verdict_of(GCD, "const gcd = (a, b) => a;", "javascript", unsafe)
    assert verdict.isolation is not None
    assert (verdict.isolation.level, verdict.isolation.backend) == ("none", "none")


def test_a_right_translation_is_verified(sandbox: Sandbox) -> None:
    verdict = verdict_of(ROTATE, ROTATE_JS, "javascript", sandbox)
    assert (verdict.verdict, verdict.failed) == ("verified", ())
    assert verdict.cases == verdict.agreed >= 20
    assert verdict.not_checked


def test_a_tuple_swap_gone_wrong_is_found_and_made_small(sandbox: Sandbox) -> None:
    target = "function gcd(a, b) { while (b) { a = b, b = a % b; } return a; }\n"
    verdict = verdict_of(GCD, target, "javascript", sandbox)
    assert verdict.verdict == "failed"
    assert verdict.agreed < verdict.cases
    found = verdict.counterexample
    assert found is not None
    first, second = found.arguments
    assert isinstance(first, int)
    assert isinstance(second, int)
    assert abs(first) + abs(second) <= 6
    assert found.expected.value != found.got.value
    assert "the source returned" in found.difference


def test_only_held_out_cases_failing_says_so(sandbox: Sandbox) -> None:
    evidence = evidence_of("def f(n: int) -> int:\n    return n * 3\n", sandbox)
    shown = [case.arguments[0] for case in evidence.cases if not case.held_out]
    target = f"const f = n => {shown}.includes(n) ? n * 3 : 0;"
    verdict = judge(evidence, target, "javascript", sandbox, shrink_seconds=0)
    assert verdict.verdict == "failed"
    assert verdict.counterexample is not None
    assert verdict.counterexample.held_out


def test_a_difference_only_in_what_is_pythons_own_is_told(sandbox: Sandbox) -> None:
    source = "def f(n: int) -> int:\n    return n % 7\n"
    verdict = verdict_of(source, "const f = n => n % 7;", "javascript", sandbox)
    assert verdict.verdict == "failed"
    assert "only where the source rests on: division of a negative number" in verdict.reason


def test_a_changed_argument_counts(sandbox: Sandbox) -> None:
    source = "def f(values: list[int]) -> int:\n    return sorted(values)[0] if values else 0\n"
    target = "const f = v => v.length ? v.sort((a, b) => a - b)[0] : 0;"
    verdict = verdict_of(source, target, "javascript", sandbox)
    assert verdict.verdict == "failed"
    assert verdict.counterexample is not None
    assert "left `values`" in verdict.counterexample.difference


@pytest.mark.parametrize(
    ("target", "language", "line"),
    [
        ("function gcd(a, b) {\n  return a +;\n}\n", "javascript", 2),
        ("int gcd(int a, int b) {\n    return x;\n}\n", "c", 2),
        ("class A {\n    static int gcd(int a, int b) {\n        return y;\n    }\n}\n", "java", 3),
    ],
)
def test_a_compile_error_has_the_line_of_the_candidate(
    target: str, language: str, line: int, sandbox: Sandbox
) -> None:
    verdict = verdict_of(GCD, target, language, sandbox)
    assert (verdict.verdict, verdict.line) == ("compile_error", line)
    assert verdict.reason


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("const other = (x, y, z) => x;\nconst more = () => 1;", "answers to `gcd`"),
        ("const x = 1;", "no function"),
        ("function gcd(a) { return a; }", "takes 1 arguments"),
    ],
)
def test_without_a_counterpart_nothing_is_checked(
    target: str, reason: str, sandbox: Sandbox
) -> None:
    verdict = verdict_of(GCD, target, "javascript", sandbox)
    assert verdict.verdict == "unchecked"
    assert reason in verdict.reason


def test_a_candidate_that_never_ends_fails_soon(sandbox: Sandbox) -> None:
    began = time.monotonic()
    verdict = verdict_of(GCD, "const gcd = (a, b) => { while (true); };", "javascript", sandbox)
    assert verdict.verdict == "failed"
    assert verdict.counterexample is not None
    assert verdict.counterexample.got.kind == "timeout"
    assert time.monotonic() - began < 60


def test_a_named_candidate_may_have_parameters_that_nobody_passes(sandbox: Sandbox) -> None:
    target = "const gcd = (a, b, unused) => b ? gcd(b, a % b) : a;"
    source = GCD.replace("while b", "assert a >= 0 < b or not b\n    while b")
    verdict = judge(evidence_of(source, sandbox), target, "javascript", sandbox, function="gcd")
    assert (verdict.verdict, verdict.agreed) == ("verified", verdict.cases)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(
            "def kept(items):\n    return [x for x in items if x]\n",
            "const kept = (items) => items.filter((x) => x);",
            id="an empty list is true in JavaScript",
        ),
        pytest.param(
            "def sevens(n: int):\n    return sum('7' in str(i) for i in range(n) if i % 11 == 0)\n",
            "const sevens = (n) => { let c = 0; for (let i = 0; i <= n; i++)"
            " if (i % 11 === 0 && String(i).includes('7')) c += 1; return c; };",
            id="one step too far",
        ),
        pytest.param(
            "def best(grid, n):\n    taken, left = max(grid[0][0], grid[1][0]), 0\n"
            "    for i in range(1, n):\n        new = max(left, taken)\n"
            "        taken = left + max(grid[0][i], grid[1][i])\n        left = new\n"
            "    return max(left, taken)\n",
            "function best(grid, n) { let [taken, left] = [Math.max(grid[0][0], grid[1][0]), 0];"
            " for (let i = 1; i < n; i++) { const made = Math.max(left, taken);"
            " taken = Math.max(grid[0][i], grid[1][i]); left = made; }"
            " return Math.max(left, taken); }",
            id="wrong from the third column on",
        ),
        pytest.param(
            "def lettered(text):\n    last = text.split(' ')[-1]\n"
            "    return len(last) == 1 and 97 <= ord(last.lower()) <= 122\n",
            "const lettered = (text) => { const last = text.split(' ').pop();"
            " return last.length === 1 && (97 <= last.toLowerCase().charCodeAt(0) <= 122); };",
            id="comparisons do not chain in JavaScript",
        ),
    ],
)
def test_mistakes_that_translations_make_are_seen(
    source: str, target: str, sandbox: Sandbox
) -> None:
    found = judge(evidence_of(source, sandbox, effort=Effort()), target, "javascript", sandbox)
    assert found.verdict == "failed"
    assert found.counterexample is not None


def test_a_slow_language_is_no_difference(sandbox: Sandbox) -> None:
    work = "if (n == 3 || n == 7) for (int i = 0; i < 100000000; i++) t += i % 7;"
    source = f"class A {{ static long f(int n) {{ long t = n; {work} return t; }} }}"
    target = "def f(n):\n    return n + sum(i % 7 for i in range((n in (3, 7)) * 100000000))\n"
    evidence, judged = evidence_of(source, sandbox, language="java"), dict[Value, str | None]()

    def told(case: Case, difference: str | None) -> None:
        judged[case.arguments[0]] = difference

    verdict = judge(evidence, target, "python", sandbox, seconds=60, on_judged=told)
    assert (verdict.verdict, verdict.agreed) == ("verified", verdict.cases)
    assert verdict.cases < len(evidence.cases)  # the other late one says nothing
    assert judged[3] is None


def test_an_endless_candidate_is_one_in_a_slow_language_as_well(sandbox: Sandbox) -> None:
    source = "class A { static int f(int n) { return n; } }"
    target = "def f(n):\n    while n == 7:\n        pass\n    return n\n"
    evidence = evidence_of(source, sandbox, language="java")
    verdict = judge(evidence, target, "python", sandbox)
    assert verdict.verdict == "failed"
    assert verdict.counterexample is not None
    assert verdict.counterexample.arguments == (7,)
    assert verdict.counterexample.got.kind == "timeout"


def test_a_candidate_that_leaves_early_is_not_verified(sandbox: Sandbox) -> None:
    for target in (
        "process.exit(0);\nfunction gcd(a, b) { return 1; }",
        "function gcd(a, b) { process.exit(0); }",
    ):
        assert verdict_of(GCD, target, "javascript", sandbox).verdict == "failed"


def test_results_that_cannot_be_expressed_are_not_verified(sandbox: Sandbox) -> None:
    target = "function gcd(a, b) { return () => a; }"
    verdict = verdict_of(GCD, target, "javascript", sandbox)
    assert verdict.verdict == "unchecked"
    assert sum(verdict.unchecked.values()) > 10


def test_a_verdict_streams_and_can_be_cancelled(sandbox: Sandbox) -> None:
    evidence = evidence_of(GCD, sandbox)
    told: list[str | None] = []
    judge(
        evidence, GCD, "python", sandbox, on_judged=lambda case, difference: told.append(difference)
    )
    assert told == [None] * len(evidence.cases)
    slow = "const gcd = (a, b) => { while (true); };"
    began = time.monotonic()
    verdict = judge(
        evidence,
        slow,
        "javascript",
        sandbox,
        cancelled=lambda: time.monotonic() - began > 0.3,
    )
    assert (verdict.verdict, verdict.cases) == ("unchecked", 0)
    assert time.monotonic() - began < 5


def test_a_length_may_be_left_out(sandbox: Sandbox) -> None:
    source = "def f(arr, n):\n    return [arr[i] * 2 for i in range(n)]\n"
    assert verdict_of(source, "const f = a => a.map(v => v * 2);", "javascript", sandbox).cases > 10
    wrong = verdict_of(source, "const f = a => a.map(v => v + 2);", "javascript", sandbox)
    assert wrong.verdict == "failed"
    assert wrong.counterexample is not None
    assert wrong.counterexample.arguments == ([0], 1)


def test_numbers_of_typescript_are_whole_unless_the_code_says_otherwise(sandbox: Sandbox) -> None:
    source = "function f(n: number): number { return n % 2 === 0 ? n : 0 - n; }\n"
    target = (
        "package main\n\nfunc f(n int) int {\n\tif n%2 == 0 {\n\t\treturn n\n\t}\n\treturn -n\n}\n"
    )
    verdict = verdict_of(source, target, "go", sandbox, source_language="typescript")
    assert verdict.verdict == "verified"
    assert verdict.cases > 10


def test_a_missing_compiler_is_no_fault_of_the_code(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = evidence_of(GCD, sandbox)
    (home / "toolchains").unlink()
    monkeypatch.setenv("PATH", str(home))
    with Sandbox(cache=False) as bare:
        verdict = judge(
            evidence, "package main\n\nfunc gcd(a, b int) int { return a }\n", "go", bare
        )
        go = side("package main\n\nfunc f(a int) int { return a }\n", "go", "f")
        assert "there is no go on this machine" in derive(go, bare).reason
    assert verdict.verdict == "unchecked"
    assert "there is no go on this machine" in verdict.reason


def test_one_case_is_enough_for_a_function_without_parameters(sandbox: Sandbox) -> None:
    source = "def answer() -> int:\n    return 42\n"
    assert verdict_of(source, "const answer = () => 42;", "javascript", sandbox).cases == 1
    wrong = verdict_of(source, "const answer = () => 43;", "javascript", sandbox)
    assert wrong.verdict == "failed"
    assert wrong.counterexample is not None
    assert wrong.counterexample.arguments == ()


GUARD = """\
def guard(word: str) -> int:
    if word.startswith("xyzzy") and len(word) % 7 == 3 and word[5:] > "m" and word.count("q") >= 2:
        return len(word) * 2 + word.count("q") - 1
    return 0
"""


def test_cases_that_notice_hardly_anything_verify_nothing(sandbox: Sandbox) -> None:
    found = evidence_of(GUARD, sandbox, effort=Effort())
    assert found.mutants is not None
    assert found.mutants.share is not None
    assert found.mutants.share < 1 / 3
    verdict = judge(found, "const guard = (word) => 0;", "javascript", sandbox)
    assert verdict.verdict == "unchecked"
    assert verdict.agreed == verdict.cases > 0
    assert re.fullmatch(
        r"it did the same in all \d+ cases, but they notice only \d of \d+ changes of the original",
        verdict.reason,
    )


def test_numbers_that_are_not_whole_are_tried_where_nothing_was_declared(
    sandbox: Sandbox,
) -> None:
    source = "def odd(n):\n    return n % 2 != 0 and '.' not in str(n)\n"
    wrong = "const odd = (n) => n % 2 !== 0;"
    right = "const odd = (n) => n % 2 !== 0 && !String(n).includes('.');"
    assert verdict_of(source, wrong, "javascript", sandbox).verdict == "failed"
    assert verdict_of(source, right, "javascript", sandbox).verdict == "verified"
    declared = source.replace("(n)", "(n: int)", 1)
    assert verdict_of(declared, wrong, "javascript", sandbox).verdict == "verified"
