"""Evidence and verdicts as plain data, for `--json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transloop_translate.verified import Delivered
    from transloop_verify.case import Observation
    from transloop_verify.evidence import Evidence
    from transloop_verify.judge import Counterexample, Verdict


def counterexample(found: Counterexample | None) -> dict[str, Any] | None:
    """The call that shows the difference, with what each side did."""
    if found is None:
        return None
    return {
        "arguments": [value(each) for each in found.arguments],
        "expected": observation(found.expected),
        "got": observation(found.got),
        "difference": found.difference,
        "held_out": found.held_out,
        "notes": list(found.notes),
    }


def observation(seen: Observation) -> dict[str, Any]:
    """What one call did."""
    told: dict[str, Any] = {"kind": seen.kind}
    if seen.kind == "returned":
        told["value"] = value(seen.value)
    if seen.error:
        told |= {"error": seen.error, "message": seen.message}
    if seen.printed:
        told["printed"] = seen.printed
    return told


def value(given: Any) -> Any:
    """A value in the form of `transloop_verify.value`."""
    from transloop_verify.value import encode

    return json.loads(encode(given))


def isolation(verdict: Verdict) -> dict[str, Any] | None:
    """How the translation was kept in when it ran; None where it did not."""
    kept = verdict.isolation
    if kept is None:
        return None
    return {"level": kept.level, "backend": kept.backend, "version": kept.version}


def coverage(evidence: Evidence) -> dict[str, Any] | None:
    """Branches that the cases reach; None where the language is not traced."""
    found = evidence.coverage
    if found is None:
        return None
    lines = list(found.missed_lines)
    return {"reached": found.reached, "branches": found.branches, "missed_lines": lines}


def mutants(evidence: Evidence) -> dict[str, Any] | None:
    """How many changes of the source the cases notice; None where that was not tried."""
    found = evidence.mutants
    if found is None:
        return None
    survivors = [f"line {each.line}: {each.change}" for each in evidence.survivors]
    return {
        "killed": found.killed,
        "run": found.run,
        "made": found.made,
        "score": rounded(found.share),
        "survivors": survivors,
    }


def rounded(seconds: float | None) -> float | None:
    """To a thousandth."""
    return None if seconds is None else round(seconds, 3)


def delivered(found: Delivered) -> dict[str, Any]:
    """The verdict on the translation that was taken, its evidence, and what else was tried."""
    best, *_ = verdicts = [each.verdict for each in (found.best, *found.tried) if each.verdict]
    return {
        "verdict": best.verdict,
        "reason": best.reason,
        "evidence": {
            "cases": best.cases,
            "agreed": best.agreed,
            "counterexample": counterexample(best.counterexample),
            "functions": [_function(each) for each in found.evidence],
            "not_checked": list(best.not_checked),
            "isolation": isolation(best),
        },
        "tried": [{"verdict": each.verdict, "reason": each.reason} for each in verdicts[1:]],
        "seconds": rounded(found.seconds),
        "tokens": found.tokens,
        "latency": {name: rounded(value) for name, value in asdict(found.latency).items()},
    }


def _function(evidence: Evidence) -> dict[str, Any]:
    return {
        "function": evidence.side.entry.name,
        "reason": evidence.reason,
        "cases": len(evidence.cases),
        "coverage": coverage(evidence),
        "mutants": mutants(evidence),
        "outside": dict(evidence.outside),
    }
