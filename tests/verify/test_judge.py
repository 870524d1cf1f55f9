"""Evidence and verdicts, with real programs in the real sandbox."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Observation
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.judge import Verdict, judge
from transloop_verify.program import side
from transloop_verify.value import Value

QUICK = Effort(mutants=False)

ROTATE = """\
def rotate(values: list[int], k: int) -> list[int]:
    if not values:
        raise ValueError("nothing to rotate")
    if k < 0:
        return values
    k = k % len(values)
    return values[-k:] + values[:-k]
"""
ROTATE_JS = """\
function rotate(values, k) {
  if (values.length === 0) throw new RangeError("nothing");
  if (k < 0) return values;
  k = k % values.length;
  return [...values.slice(values.length - k), ...values.slice(0, values.length - k)];
}
"""
GCD = """\
def gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a
"""


def evidence_of(
    code: str, sandbox: Sandbox, *, language: str = "python", effort: Effort = QUICK
) -> Evidence:
    """Evidence for the only function of some code."""
    from transloop_verify.entry import entries

    return derive(side(code, language, entries(code, language)[-1].name), sandbox, effort=effort)


def verdict_of(
    source: str, target: str, language: str, sandbox: Sandbox, *, source_language: str = "python"
) -> Verdict:
    found = evidence_of(source, sandbox, language=source_language)
    assert found.reason == ""
    return judge(found, target, language, sandbox)


# Evidence ----------------------------------------------------------------------------------------


def test_evidence_says_what_the_source_does(sandbox: Sandbox) -> None:
    found = evidence_of(ROTATE, sandbox, effort=Effort())
    assert found.reason == ""
    assert len(found.cases) >= 20
    by_case = {case.id: case for case in found.cases}
    for case, seen in found.expected.items():
        values, k = by_case[case].arguments
        assert isinstance(values, list)
        assert isinstance(k, int)
        if not values:
            assert (seen.kind, seen.error) == ("raised", "ValueError")
        elif k < 0:
            assert seen.value == values
        else:
            turn = k % len(values)
            assert seen.value == values[len(values) - turn :] + values[: len(values) - turn]
    assert found.coverage is not None
    assert found.coverage.share == 1
    assert found.mutants is not None
    assert found.mutants.share is not None
    assert found.mutants.share >= 0.75  # at 0, `k < 0` and `k <= 0` do the same
    assert found.mutants.run == found.mutants.made


def test_evidence_can_be_derived_again(sandbox: Sandbox) -> None:
    first, second = (evidence_of(ROTATE, sandbox) for _ in range(2))
    assert first.cases == second.cases
    assert first.expected == second.expected
    assert evidence_of(ROTATE, sandbox, effort=Effort(mutants=False, seed=7)).cases != first.cases


def test_some_cases_are_held_out_and_the_first_never_is(sandbox: Sandbox) -> None:
    cases = evidence_of(ROTATE, sandbox).cases
    held_out = [case.id for case in cases if case.held_out]
    assert 2 <= len(held_out) <= len(cases) // 2
    assert not cases[0].held_out


def test_cases_arrive_one_by_one(sandbox: Sandbox) -> None:
    told: list[tuple[Case, Observation]] = []
    lock = threading.Lock()

    def arrived(case: Case, seen: Observation) -> None:
        with lock:
            told.append((case, seen))

    found = derive(side(GCD, "python", "gcd"), sandbox, effort=QUICK, on_case=arrived)
    assert {case.id for case, _ in told} == {case.id for case in found.cases}
    assert found.first_seconds is not None
    assert found.first_seconds < found.seconds


def test_calls_in_doctests_and_tests_become_cases(sandbox: Sandbox) -> None:
    code = 'def double(n: int) -> int:\n    """>>> double(777)\n    1554"""\n    return 2 * n\n'
    found = derive(
        side(code, "python", "double"), sandbox, effort=QUICK, around=["assert double(888) == 1776"]
    )
    calls = [case.arguments for case in found.cases if case.origin == "call"]
    assert calls == [(777,), (888,)]


def test_an_accident_is_outside_of_the_domain(sandbox: Sandbox) -> None:
    code = "def nth(values: list[int], n: int) -> int:\n    return 10 // values[n]\n"
    found = evidence_of(code, sandbox)
    assert {seen.kind for seen in found.expected.values()} == {"returned"}
    assert found.outside


def test_an_endless_input_is_outside_of_the_domain(sandbox: Sandbox) -> None:
    code = "def f(n: int) -> int:\n    while n != 0:\n        n //= 10\n    return n\n"
    found = evidence_of(code, sandbox)
    assert "it does not come to an end" in found.outside
    assert all(int(str(case.arguments[0])) >= 0 for case in found.cases)
    assert found.seconds < 20


def test_an_untraced_source_is_kept_to_numbers_that_it_can_cope_with(sandbox: Sandbox) -> None:
    code = "const fib = (n) => n < 2 ? 1 : fib(n - 1) + fib(n - 2);\n"
    found = evidence_of(code, sandbox, language="javascript")
    assert found.reason == ""
    assert len(found.cases) >= 5
    assert max(float(str(case.arguments[0])) for case in found.cases) < 60


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    return open('x').read() * n\n", "files (line 2)"),
        ("    import time\n    return time.time() * n\n", "clock (line 3)"),
        ("    import random\n    return random.random() * n\n", "randomness (line 3)"),
        (
            "    import os\n    return len(os.listdir('.')) * n\n",
            "it reads the file system (line 3)",
        ),
        ("    import os\n    return os.environ.get('N', n)\n", "it reads the environment (line 3)"),
        ("    return id(object()) * n\n", "not deterministic"),
        ("    return object() if n else object()\n", "cannot be expressed"),
        ("    return missing + n\n", "NameError"),
    ],
)
def test_what_cannot_be_relied_on_is_named(body: str, reason: str, sandbox: Sandbox) -> None:
    code = f"def f(n: int):\n{body}"
    found = evidence_of(code, sandbox)
    assert reason in found.reason
    assert judge(found, "const f = n => n;", "javascript", sandbox).verdict == "unchecked"


def test_defaults_are_not_checked_and_that_is_said(sandbox: Sandbox) -> None:
    found = evidence_of("def f(n: int, step: int = 1) -> int:\n    return n + step\n", sandbox)
    verdict = judge(found, "const f = (n, step) => n + step;", "javascript", sandbox)
    assert verdict.verdict == "verified"
    assert "the defaults of its parameters: step" in verdict.not_checked


def test_chance_on_some_inputs_is_chance(sandbox: Sandbox) -> None:
    code = "def f(words: list[str]) -> list[str]:\n    return list(set(words))\n"
    assert "not deterministic" in evidence_of(code, sandbox).reason


def test_what_earlier_calls_left_behind_is_not_deterministic(sandbox: Sandbox) -> None:
    code = "SEEN = []\ndef f(n: int) -> int:\n    SEEN.append(n)\n    return len(SEEN)\n"
    assert "not deterministic" in evidence_of(code, sandbox).reason


def test_an_overflow_that_is_not_defined_is_outside_of_the_domain(sandbox: Sandbox) -> None:
    code = "int f(int n) { int r = 1; for (int i = 0; i < n; i++) r = r * 3; return r; }\n"
    found = evidence_of(code, sandbox, language="cpp")
    assert found.reason == ""
    assert found.outside["it crashes: SIGABRT"] > 0
    values = [seen.value for seen in found.expected.values()]
    assert all(isinstance(value, int) and value > 0 for value in values)


def test_a_parameter_of_which_no_value_can_be_made(sandbox: Sandbox) -> None:
    code = "from typing import Callable\ndef f(g: Callable[[int], int]) -> int:\n    return g(1)\n"
    assert "no value can be made for its parameter `g`" in evidence_of(code, sandbox).reason


# Verdicts ----------------------------------------------------------------------------------------


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


def test_evidence_can_be_cancelled(sandbox: Sandbox) -> None:
    found = derive(side(GCD, "python", "gcd"), sandbox, cancelled=lambda: True)
    assert (found.reason, found.cases) == ("cancelled", ())


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
