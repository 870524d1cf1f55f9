"""From what was seen to one word: a pure function, and the order in which causes are asked for.

The first that applies wins. What the sandbox itself did is never inferred from an exit code, and an
exit with 0 is not a pass where a harness should have told that it came to its end.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from transloop_sandbox.command import Outcome
from transloop_sandbox.job import Completion, Limits, Verdict


@dataclass(frozen=True)
class Finding:
    """A verdict and why."""

    verdict: Verdict
    reason: str
    records: tuple[str, ...] = ()
    """What the harness told, without its last `done`."""


@dataclass(frozen=True)
class Told:
    """The records in a program's output."""

    records: tuple[str, ...] = ()
    complete: bool = False
    """The harness came to its end, once, with all cases, and nothing came after."""
    forged: bool = False
    """There is an end that no harness writes."""


def compiled(outcome: Outcome, limits: Limits, out_of_memory: Sequence[str] = ()) -> Finding | None:
    """What is wrong with a compilation; None if nothing is.

    Args:
        out_of_memory: patterns of what the tool says when it had too little.
    """
    found = _at_the_limits(outcome, limits, out_of_memory)
    if found is None and outcome.exit_code != 0:
        return Finding("compile_error", _ended(outcome))
    return found


def ran(
    outcome: Outcome,
    limits: Limits,
    completion: Completion | None = None,
    out_of_memory: Sequence[str] = (),
) -> Finding:
    """The verdict on a run."""
    told = read_records(outcome.stdout, completion) if completion else Told(complete=True)
    found = _at_the_limits(outcome, limits, out_of_memory) or _at_the_end(outcome, told)
    if completion and found.verdict == "wrong_answer":
        failed = sum(each.startswith("fail ") for each in told.records)
        found = Finding("wrong_answer", f"{failed} of {completion.cases} cases")
    return Finding(found.verdict, found.reason, told.records)


def _at_the_limits(
    outcome: Outcome, limits: Limits, out_of_memory: Sequence[str]
) -> Finding | None:
    """Everything that the program's own exit code does not decide."""
    number, killed = outcome.signal, outcome.killed
    if outcome.error or outcome.survivors:
        left = f"{outcome.survivors} processes could not be ended"
        return Finding("internal_error", outcome.error or left)
    if killed == "cancelled":
        return Finding("internal_error", "cancelled")
    if number == signal.SIGSYS:
        return Finding("sandbox_violation", "SIGSYS")
    if outcome.oom or killed == "memory":
        return Finding("memory", "oom" if outcome.oom else "limit")
    if killed == "output":
        return Finding("output_limit", "output")
    if killed in ("wall", "cpu"):
        return Finding("timeout", killed)
    if number == signal.SIGXCPU or outcome.usage.cpu_seconds >= limits.cpu_seconds:
        return Finding("timeout", "cpu")
    if number == signal.SIGXFSZ:
        return Finding("output_limit", "file")
    if outcome.exit_code != 0 and _too_little_memory(outcome, limits, out_of_memory):
        return Finding("memory", "runtime")
    return None


def _at_the_end(outcome: Outcome, told: Told) -> Finding:
    """The program has ended by itself."""
    if told.forged:
        return Finding("runtime_error", "forged_record")
    if told.complete and any(each.startswith("fail ") for each in told.records):
        return Finding("wrong_answer", "")
    if outcome.exit_code != 0:
        return Finding("runtime_error", _ended(outcome))
    if not told.complete:
        return Finding("runtime_error", "early_exit")
    return Finding("ok", "")


def _too_little_memory(outcome: Outcome, limits: Limits, patterns: Sequence[str]) -> bool:
    if outcome.usage.peak_mb > limits.memory_mb:
        return True
    said = (outcome.stderr + b"\n" + outcome.stdout).decode("utf-8", "replace")
    return any(re.search(each, said) for each in patterns)


def _ended(outcome: Outcome) -> str:
    if outcome.signal is None:
        return f"exit {outcome.exit_code}"
    return signal_name(outcome.signal)


def signal_name(number: int) -> str:
    """Such as `SIGSEGV`; real-time signals have only numbers."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_records(stdout: bytes, completion: Completion) -> Told:
    """Find the harness's records among whatever else a program prints.

    A record may follow output that has no end of line; one that has none itself was cut off. The
    nonce is no proof against a program that reads it out of its own process: that is why values are
    compared outside, and not by the harness.
    """
    nonce = re.escape(completion.nonce.encode())
    lines = re.findall(nonce + rb" ([^\n]*)\n", stdout)
    records = [line.rstrip(b"\r").decode("utf-8", "replace") for line in lines]
    ends = [index for index, record in enumerate(records) if re.fullmatch(r"done \d+", record)]
    if not ends:
        return Told(tuple(records))
    first = ends[0]
    whole = first == len(records) - 1 and records[first] == f"done {completion.cases}"
    return Told(tuple(records[:first]), complete=whole, forged=not whole)
