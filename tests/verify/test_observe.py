"""How a run of many cases goes on behind a crash, and what is made of what a program prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import pytest

from transloop_sandbox.job import Diagnostic, Isolation, Job, Limits, Result
from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Observation, Side
from transloop_verify.entry import entries
from transloop_verify.observe import RESTARTS, observe
from transloop_verify.reading import read
from transloop_verify.value import Opaque

CODE = "def f(value):\n    return value\n"
SIDE = Side(CODE, "python", entries(CODE, "python")[0])
CASES = [Case(index, (index,)) for index in range(10, 14)]
ENDED = Result("runtime_error", "exit 3", "run", Isolation("none", "scripted"))


class Scripted:
    """A sandbox that plays what programs would have printed; `@` is the nonce."""

    def __init__(self, *runs: tuple[str, Result]) -> None:
        self.runs = list(runs)
        self.firsts: list[int] = []
        self.nonces: set[str] = set()

    def submit(self, job: Job, on_stdout: Callable[[bytes], None] | None = None) -> Future[Result]:
        nonce, first = job.stdin.decode().split()
        self.firsts.append(int(first))
        self.nonces.add(nonce)
        text, result = self.runs.pop(0)
        stdout = re.sub(r"^@ ", f"{nonce} ", text, flags=re.MULTILINE).encode()
        for at in range(0, len(stdout), 7):
            if on_stdout is not None:
                on_stdout(stdout[at : at + 7])
        future: Future[Result] = Future()
        future.set_result(replace(result, stdout=stdout))
        return future


def records(*indexes: int) -> str:
    lines = [f'\n@ {{"i":{index},"k":"returned","v":{index},"a":[{index}]}}\n' for index in indexes]
    return '\n@ {"k":"ready"}\n' + "".join(lines)


def test_behind_a_crash_it_goes_on_with_the_next_case() -> None:
    sandbox = Scripted(
        (records(0), ENDED),
        (records(2), replace(ENDED, reason="SIGSEGV", signal="SIGSEGV")),
    )
    seen = observe(SIDE, CASES, sandbox)
    assert sandbox.firsts == [0, 2]
    assert [seen.by_case[each].kind for each in (10, 11, 12, 13)] == [
        "returned", "crashed", "returned", "crashed",
    ]  # fmt: skip
    assert (seen.by_case[11].error, seen.by_case[13].error) == ("exit 3", "SIGSEGV")
    assert len(sandbox.nonces) == 2


@pytest.mark.parametrize("verdict", ["timeout", "memory", "output_limit"])
def test_a_case_is_blamed_for_a_limit_only_when_it_had_all_of_it(verdict: str) -> None:
    over = replace(ENDED, verdict=verdict)  # type: ignore[arg-type]
    sandbox = Scripted((records(0, 1), over), (records(), over), (records(3), ENDED))
    seen = observe(SIDE, CASES, sandbox)
    assert sandbox.firsts == [0, 2, 3]
    expected = "crashed" if verdict == "output_limit" else verdict
    assert seen.by_case[12].kind == expected
    assert seen.by_case[13].kind == "returned"


def test_a_program_that_says_nothing_wrong_but_stops_has_ended_early() -> None:
    seen = observe(SIDE, CASES[:1], Scripted((records(), replace(ENDED, verdict="ok", reason=""))))
    assert seen.by_case[10] == Observation("crashed", error="early_exit")


def test_the_rest_is_left_alone_after_too_many_crashes() -> None:
    cases = [Case(index, (index,)) for index in range(50)]
    sandbox = Scripted(*[(records(), ENDED)] * 50)
    seen = observe(SIDE, cases, sandbox)
    assert len(sandbox.firsts) == RESTARTS + 1
    assert len(seen.by_case) == RESTARTS + 1
    assert seen.failure == ""


def test_there_is_an_end_to_starting_again() -> None:
    sandbox = Scripted(*[(records(), ENDED)] * 4)
    seen = observe(SIDE, CASES, sandbox, seconds=0)
    assert list(seen.by_case) == [10]


def test_cases_are_told_once_and_as_they_come() -> None:
    told: list[tuple[int, str]] = []
    sandbox = Scripted((records(0), ENDED), (records(2, 3), ENDED))
    cases = [*CASES, Case(20, (Opaque("it was lost"),))]
    observe(SIDE, cases, sandbox, on_observation=lambda case, seen: told.append((case, seen.kind)))
    assert told == [
        (10, "returned"), (11, "crashed"), (12, "returned"), (13, "returned"), (20, "unexpressed"),
    ]  # fmt: skip


def test_code_that_raises_while_it_is_loaded_is_a_failure_of_all() -> None:
    text = '\n@ {"k":"refused","e":"NameError","m":"no x","l":2}\n'
    seen = observe(SIDE, CASES, Scripted((text, ENDED)))
    assert (seen.failure, seen.detail, seen.line) == ("load_error", "NameError: no x", 2)
    assert seen.by_case == {}


@pytest.mark.parametrize(
    ("diagnostics", "expected"),
    [
        ([("main.py", 3), ("candidate.py", 2)], ("compile_error", "error 1", 2)),
        ([("candidate.py", 900), ("main.py", 3)], ("compile_error", "error 0", 0)),
        ([("main.py", 3)], ("unfit", "error 0", 0)),
        ([("", 0)], ("compile_error", "error 0", 0)),
        ([], ("compile_error", "exit 1", 0)),
    ],
)
def test_the_first_error_in_the_code_itself_is_told(
    diagnostics: list[tuple[str, int]], expected: tuple[str, str, int]
) -> None:
    found = tuple(
        Diagnostic(f"error {at}", path, line) for at, (path, line) in enumerate(diagnostics)
    )
    refused = replace(ENDED, verdict="compile_error", reason="exit 1", diagnostics=found)
    seen = observe(SIDE, CASES, Scripted(("", refused)))
    assert (seen.failure, seen.detail, seen.line) == expected


def test_an_error_of_the_sandbox_is_not_the_programs() -> None:
    broken = replace(ENDED, verdict="internal_error", reason="the worker died")
    seen = observe(SIDE, CASES, Scripted((records(0), broken)))
    assert (seen.failure, seen.detail) == ("internal_error", "the worker died")
    assert list(seen.by_case) == [10]


def test_nothing_is_started_when_nothing_can_be_asked() -> None:
    sandbox = Scripted()
    seen = observe(SIDE, [Case(1, (1, 2, 3))], sandbox)
    assert sandbox.firsts == []
    assert list(seen.unexpressed) == [1]


def test_printed_text_is_that_of_its_own_case() -> None:
    text = (
        'before\n\nN {"k":"ready"}\none\ntwo\nN {"i":5,"k":"returned","v":1,"a":[]}\n'
        'three\n\nN {"i":6,"k":"raised","e":"E","m":"x","l":4,"a":[1]}\nlost'
    )
    reading = read(text.encode(), "N", 5)
    assert [each.printed for each in reading.observations] == ["one\ntwo", "three\n"]
    assert reading.observations[1] == Observation(
        "raised", error="E", message="x", after=(1,), printed="three\n", line=4
    )


@pytest.mark.parametrize(
    "stdout",
    [
        'N {"i":0,"k":"returned","v":1,"a":[]}\n',
        'N {"k":"ready"}\nN {"i":1,"k":"returned","v":1,"a":[]}\n',
        'N {"k":"ready"}\nN {"k":"ready"}\nN {"i":0,"k":"returned","v":1,"a":[]}\n',
        'N {"k":"ready"}\nM {"i":0,"k":"returned","v":1,"a":[]}\n',
        'N {"k":"ready"}\nN {"i":0,"k":"returned","v":1,"a":[]',
        'N {"k":"ready"}\nN not json\nN {"i":0,"k":"returned","v":1,"a":[]}\n',
        'N {"k":"ready"}\nN [0]\n',
        "",
    ],
)
def test_records_out_of_order_or_cut_off_are_none(stdout: str) -> None:
    assert read(stdout.encode(), "N", 0).observations == ()


def test_a_value_that_no_harness_writes_is_opaque() -> None:
    text = 'N {"k":"ready"}\nN {"i":0,"k":"returned","v":{"x":1},"a":[{"f":"many"}]}\n'
    (seen,) = read(text.encode(), "N", 0).observations
    assert isinstance(seen.value, Opaque)
    assert isinstance(seen.after[0], Opaque)


def test_a_run_is_stopped_when_nobody_wants_it(sandbox: Sandbox) -> None:
    code = "def f(value):\n    while True: pass\n"
    side = Side(code, "python", entries(code, "python")[0])
    started: list[bool] = []
    seen = observe(
        side,
        [Case(0, (1,))],
        sandbox,
        limits=Limits(cpu_seconds=60),
        cancelled=lambda: len(started) > 20 or bool(started.append(True)),
    )
    assert seen.failure == "cancelled"


CHEATS = {
    "it ends before the cases": "import os\nos._exit(0)\n",
    "it prints records of its own": (
        'print(\'x {"k":"ready"}\')\nprint(\'x {"i":0,"k":"returned","v":7,"a":[]}\')\n'
        "import os, sys\nsys.stdout.flush()\nos._exit(0)\n"
    ),
    "it looks for a nonce in stdin": (
        "import sys\nassert sys.stdin.read() == ''\nraise SystemExit(0)\n"
    ),
    "it looks for a nonce in its files": (
        "import glob\ntext = ''.join(open(each).read() for each in glob.glob('*'))\n"
        "import re\nassert not re.search('[0-9a-f]{32}', text)\nraise SystemExit(0)\n"
    ),
}


@pytest.mark.parametrize("how", CHEATS)
def test_a_candidate_that_ends_early_or_forges_records_has_no_observations(
    how: str, sandbox: Sandbox
) -> None:
    code = CHEATS[how] + CODE
    side = Side(code, "python", entries(code, "python")[0])
    seen = observe(side, CASES, sandbox)
    assert seen.by_case == {}
    assert seen.failure in ("runtime_error", "load_error")
