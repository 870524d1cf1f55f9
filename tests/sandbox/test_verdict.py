"""The table of verdicts: every row, the order of the rows, and what counts as a harness's end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transloop_sandbox import verdict
from transloop_sandbox.command import Outcome
from transloop_sandbox.job import Completion, Isolation, Limits, Usage

LIMITS = Limits(cpu_seconds=2.0, memory_mb=256)
SEEN = Outcome(Isolation("full", "bwrap"), exit_code=0)
NONCE = "5ca1ab1e"
DONE = Completion(NONCE, 2)

ROWS = {
    "set-up failed": ({"error": "bwrap: no"}, "internal_error", "bwrap: no"),
    "survivors": ({"survivors": 2}, "internal_error", "2 processes could not be ended"),
    "cancelled": ({"killed": "cancelled", "signal": 9}, "internal_error", "cancelled"),
    "filter": ({"exit_code": None, "signal": 31}, "sandbox_violation", "SIGSYS"),
    "kernel's killer": ({"oom": True, "exit_code": 1}, "memory", "oom"),
    "kernel's killer, parent fine": ({"oom": True}, "memory", "oom"),
    "memory": ({"killed": "memory", "signal": 9}, "memory", "limit"),
    "output": ({"killed": "output", "signal": 9}, "output_limit", "output"),
    "wall": ({"killed": "wall", "signal": 9}, "timeout", "wall"),
    "cpu": ({"killed": "cpu", "signal": 9}, "timeout", "cpu"),
    "cpu, seen late": ({"usage": Usage(cpu_seconds=2.0)}, "timeout", "cpu"),
    "cpu of one process": ({"exit_code": None, "signal": 24}, "timeout", "cpu"),
    "file too large": ({"exit_code": None, "signal": 25}, "output_limit", "file"),
    "peak": ({"exit_code": 1, "usage": Usage(peak_mb=300)}, "memory", "runtime"),
    "runtime says so": (
        {"exit_code": 1, "stderr": b"x: heap out of memory\n"},
        "memory",
        "runtime",
    ),
    "says so, but ends well": ({"stdout": b"heap out of memory\n"}, "ok", ""),
    "above the peak, but ends well": ({"usage": Usage(peak_mb=300)}, "ok", ""),
    "crash": ({"exit_code": None, "signal": 11}, "runtime_error", "SIGSEGV"),
    "real-time signal": ({"exit_code": None, "signal": 40}, "runtime_error", "signal 40"),
    "killed by another": ({"exit_code": None, "signal": 9}, "runtime_error", "SIGKILL"),
    "exit code": ({"exit_code": 7}, "runtime_error", "exit 7"),
    "well": ({}, "ok", ""),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_of_the_table(row: tuple[dict[str, object], str, str]) -> None:
    changes, word, reason = row
    found = verdict.ran(replace(SEEN, **changes), LIMITS, None, [r"heap out of memory"])  # type: ignore[arg-type]
    assert (found.verdict, found.reason) == (word, reason)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("set-up failed", "filter"),
        ("filter", "kernel's killer"),
        ("kernel's killer", "wall"),
        ("output", "exit code"),
        ("wall", "crash"),
        ("cpu, seen late", "exit code"),
        ("peak", "crash"),
    ],
)
def test_the_first_row_that_applies_wins(earlier: str, later: str) -> None:
    both = replace(replace(SEEN, **ROWS[later][0]), **ROWS[earlier][0])  # type: ignore[arg-type]
    assert verdict.ran(both, LIMITS).verdict == ROWS[earlier][1]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, None),
        ({"exit_code": 1}, "compile_error"),
        ({"exit_code": None, "signal": 11}, "compile_error"),
        ({"exit_code": None, "signal": 31}, "sandbox_violation"),
        ({"exit_code": 1, "usage": Usage(peak_mb=300)}, "memory"),
        ({"killed": "cpu", "signal": 9}, "timeout"),
        ({"killed": "output", "signal": 9}, "output_limit"),
        ({"error": "no"}, "internal_error"),
    ],
)
def test_compilations(changes: dict[str, object], word: str | None) -> None:
    found = verdict.compiled(replace(SEEN, **changes), LIMITS)  # type: ignore[arg-type]
    assert (found and found.verdict) == word


def _ran(stdout: bytes, **changes: object) -> verdict.Finding:
    outcome = replace(SEEN, stdout=stdout.replace(b"N ", NONCE.encode() + b" "), **changes)  # type: ignore[arg-type]
    return verdict.ran(outcome, LIMITS, DONE)


COMPLETE = b"N 1\nN 2\nN done 2\n"

RECORDS = {
    "complete": (COMPLETE, "ok", "", ("1", "2")),
    "other output between": (b"hello\nN 1\nworld\nN 2\nN done 2\n", "ok", "", ("1", "2")),
    "after unfinished output": (b"helloN 1\nN 2\n..N done 2\n", "ok", "", ("1", "2")),
    "bytes that are no text": (b"\xff\0\x1b[2J\nN 1\nN done 2\n", "ok", "", ("1",)),
    "output after the end": (COMPLETE + b"bye\n", "ok", "", ("1", "2")),
    "nothing": (b"", "runtime_error", "early_exit", ()),
    "not to the end": (b"N 1\n", "runtime_error", "early_exit", ("1",)),
    "cut off": (b"N 1\nN 2\nN done 2", "runtime_error", "early_exit", ("1", "2")),
    "another nonce": (b"deadbeef done 2\n", "runtime_error", "early_exit", ()),
    "the end without a nonce": (b"done 2\n", "runtime_error", "early_exit", ()),
    "too few cases": (b"N 1\nN done 1\n", "runtime_error", "forged_record", ("1",)),
    "two ends": (COMPLETE + b"N done 2\n", "runtime_error", "forged_record", ("1", "2")),
    "records after the end": (COMPLETE + b"N 3\n", "runtime_error", "forged_record", ("1", "2")),
    "failed cases": (b"N fail 1\nN 2\nN done 2\n", "wrong_answer", "1 of 2 cases", ("fail 1", "2")),
    "failed, no end": (b"N fail 1\n", "runtime_error", "early_exit", ("fail 1",)),
}


@pytest.mark.parametrize("row", RECORDS.values(), ids=RECORDS)
def test_what_the_harness_tells(row: tuple[bytes, str, str, tuple[str, ...]]) -> None:
    stdout, word, reason, records = row
    assert _ran(stdout) == verdict.Finding(word, reason, records)  # type: ignore[arg-type]


def test_a_crash_after_the_end_is_a_crash() -> None:
    assert _ran(COMPLETE, exit_code=None, signal=11).reason == "SIGSEGV"


def test_failed_cases_may_end_with_any_exit_code() -> None:
    assert _ran(b"N fail 1\nN 2\nN done 2\n", exit_code=1).verdict == "wrong_answer"


def test_an_exit_with_0_alone_is_no_pass() -> None:
    assert verdict.ran(SEEN, LIMITS, DONE).verdict == "runtime_error"
    assert verdict.ran(SEEN, LIMITS).verdict == "ok"
