"""Evidence, from real programs in the real sandbox."""

from __future__ import annotations

import threading

import pytest
from tests.verify.judged import GCD, QUICK, ROTATE, evidence_of

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Observation
from transloop_verify.evidence import Effort, derive
from transloop_verify.judge import judge
from transloop_verify.program import side


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


def test_evidence_can_be_cancelled(sandbox: Sandbox) -> None:
    found = derive(side(GCD, "python", "gcd"), sandbox, cancelled=lambda: True)
    assert (found.reason, found.cases) == ("cancelled", ())
