"""Verdicts in words: for a lens, a message, a prompt. None says more than what was run."""

from __future__ import annotations

from collections.abc import Iterator

from transloop_verify.case import Observation
from transloop_verify.judge import Counterexample, Verdict
from transloop_verify.shown import shown

SHOWN = 60
"""Characters of a value in a line."""


def short(verdict: Verdict | None, name: str = "f") -> str:
    """On a line of an editor, such as `verified: 24 cases, 11/12 mutants killed`."""
    if verdict is None:
        return "translated, not run"
    example = verdict.counterexample
    match verdict.verdict:
        case "verified":
            return f"verified: {', '.join(_strength(verdict))}"
        case "failed" if example is not None:
            got, expected = outcome(example.got), outcome(example.expected)
            said = f" is {got}, was {expected}" if got != expected else f": {example.difference}"
            return f"differs: {call_of(example, name)}{said}"
        case "failed":
            return f"differs: {verdict.reason}"
        case "compile_error":
            return f"does not compile: {verdict.reason}"
    return f"not checked: {verdict.reason}"


def _strength(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.cases} cases"
    if verdict.coverage is not None and verdict.coverage.branches:
        yield f"{100 * verdict.coverage.reached // verdict.coverage.branches} % branches"
    if verdict.mutants is not None and verdict.mutants.run:
        yield f"{verdict.mutants.killed}/{verdict.mutants.run} mutants killed"


def sentence(verdict: Verdict | None, name: str = "f") -> str:
    """At the end of a message."""
    said = short(verdict, name)
    return "Not run: check it yourself." if verdict is None else f"{said[0].upper()}{said[1:]}."


def call_of(example: Counterexample, name: str) -> str:
    """The call of a counterexample, such as `gcd(4, 6)`."""
    given = ", ".join(shown(each, SHOWN) for each in example.arguments)  # type: ignore[arg-type]
    return f"{name}({given})"


def outcome(seen: Observation) -> str:
    """What a call did."""
    match seen.kind:
        case "returned":
            return shown(seen.value, SHOWN)
        case "raised":
            return f"an error ({seen.error})"
        case "timeout":
            return "without end"
    return f"{seen.kind} ({seen.error})" if seen.error else seen.kind
