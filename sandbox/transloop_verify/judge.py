"""The verdict on a candidate: what running it on a source's evidence shows, and no more.

`verified` says that it did the same on every case that ran, and how strong these cases are. It is
not a proof. What was not looked at is listed with it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

from transloop_sandbox.job import Isolation, Limits
from transloop_settings.errors import SandboxError
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_verify.case import Case, Entry, Observation, Observed, Side
from transloop_verify.compare import Rules, differs, opaque, rules_for
from transloop_verify.evidence import ENOUGH, Evidence
from transloop_verify.fitting import fitting, without
from transloop_verify.inputs import TENTATIVE
from transloop_verify.matching import NoCounterpart, matching, named, taking
from transloop_verify.mutants import Score
from transloop_verify.observe import Runs, observe
from transloop_verify.shrink import smaller
from transloop_verify.tables import table
from transloop_verify.traced import Coverage

Word = Literal["verified", "failed", "compile_error", "unchecked"]
OnJudged = Callable[[Case, str | None], None]
"""Told each case that ran on both sides, with what the candidate did otherwise, if anything."""

LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)
PATIENCE = Limits(cpu_seconds=10.0, wall_seconds=60.0, memory_mb=512)
"""For a case on which only speed may speak against a candidate."""
SLOW = "it takes too long for this input; speed is not compared"
HOPELESS = 4
"""After so many cases that crashed, or half as many that did not end, the rest is spared."""
NEVER = (
    "numbers beyond 32 bits, NaN and infinity unless the source mentions them",
    "text beyond ASCII",
    "inputs on which the source fails by accident",
    "speed and memory",
)
"""What no case looks at."""


@dataclass(frozen=True)
class Counterexample:
    """An input on which the two sides differ, as small as the time allowed."""

    arguments: tuple[object, ...]
    expected: Observation
    got: Observation
    difference: str
    """In words."""
    held_out: bool = False
    """It comes from a held-out case and must not be shown to a model."""
    notes: tuple[str, ...] = ()
    """What the source rests on here that other languages may do otherwise."""


@dataclass(frozen=True)
class Verdict:
    """What is known about a candidate."""

    verdict: Word
    reason: str = ""
    cases: int = 0
    """That ran on both sides and could be compared."""
    agreed: int = 0
    line: int = 0
    """Of the candidate, from 1, for a compile error; 0 where there is none."""
    counterexample: Counterexample | None = None
    failed: tuple[int, ...] = ()
    """Ids of the cases that differ."""
    unchecked: Mapping[str, int] = field(default_factory=dict)
    """Cases that did not count, by reason."""
    coverage: Coverage | None = None
    mutants: Score | None = None
    not_checked: tuple[str, ...] = ()
    evidence: Evidence | None = None
    """What it rests on: the evidence that was given, or other cases of the same source where the
    candidate's types ask for them."""
    isolation: Isolation | None = None
    """How the candidate was kept in; None where nothing of it ran."""
    seconds: float = 0.0


def judge(
    evidence: Evidence,
    code: str,
    language_id: str,
    sandbox: Runs,
    *,
    function: str | None = None,
    prelude: str = "",
    seconds: float = 20.0,
    shrink_seconds: float = 3.0,
    on_judged: OnJudged = lambda case, difference: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Verdict:
    """The verdict on a candidate; `function` names its entry point where it is not the obvious one.

    Nothing about the candidate raises: what goes wrong with it is a verdict.
    """
    began = time.monotonic()
    if evidence.reason and not evidence.few:
        return Verdict("unchecked", evidence.reason)
    try:
        entry, dropped = _counterpart(evidence, code, language_id, function)
        target = Side(code, language_id, entry, prelude)
        used = fitting(evidence, target, dropped, sandbox, cancelled)
        if used.reason:
            return Verdict("unchecked", used.reason)
        trial = _Trial(used, target, dropped, sandbox, on_judged, cancelled)
        verdict = replace(trial.verdict(seconds, shrink_seconds), evidence=used)
    except NoCounterpart as error:
        verdict = _broken(code, language_id) or Verdict("unchecked", str(error))
    except SandboxError as error:  # a compiler is missing, or nothing may be run here
        verdict = Verdict("unchecked", str(error))
    return replace(verdict, seconds=time.monotonic() - began)


def _counterpart(
    evidence: Evidence, code: str, language_id: str, function: str | None
) -> tuple[Entry, frozenset[int]]:
    """The candidate's entry point, and the arguments that it does without: lengths of others."""
    source = evidence.side.entry
    lengths = frozenset(
        each.parameter for each in evidence.domain.relations if each.role == "length"
    )
    if function:
        entry = named(function, code, language_id)
        fewer = len(entry.parameters) == len(source.parameters) - len(lengths)
        given = taking(entry, len(source.parameters), language_id)
        return given, lengths if fewer else frozenset()
    try:
        return matching(source, code, language_id), frozenset()
    except NoCounterpart:
        if not lengths:
            raise
        short = replace(source, parameters=without(source.parameters, lengths))
        return matching(short, code, language_id), lengths


def _broken(code: str, language_id: str) -> Verdict | None:
    """A candidate that does not even parse."""
    error = next(Source(code, language(language_id)).errors(), None)
    if error is None:
        return None
    row = error.start_point.row + 1
    return Verdict("compile_error", f"syntax error at line {row}", line=row)


class _Trial:
    """One candidate against one source's evidence."""

    def __init__(
        self,
        evidence: Evidence,
        side: Side,
        dropped: frozenset[int],
        sandbox: Runs,
        on_judged: OnJudged,
        cancelled: Callable[[], bool],
    ) -> None:
        self.evidence, self.side, self.sandbox = evidence, side, sandbox
        self.dropped, self.cancelled = dropped, cancelled
        entry = evidence.side.entry
        short = replace(entry, parameters=without(entry.parameters, dropped))
        self.rules: Rules = rules_for(replace(evidence.side, entry=short), side)
        self._wanted = {case: self._short(seen) for case, seen in evidence.expected.items()}
        self._on_judged = on_judged
        self._ends = 0
        self._cases = {case.id: case for case in evidence.cases}
        slow = [table(each.language, "harness").get("slow") for each in (side, evidence.side)]
        self._slower = bool(slow[0] and not slow[1])

    def verdict(self, seconds: float, shrink_seconds: float) -> Verdict:
        """Run all cases, and make the first that differs smaller."""
        seen = self._tried(self.evidence.cases, seconds, self._told)
        if seen.failure and not (seen.failure == "cancelled" and self._ends >= HOPELESS):
            return replace(_failed_to_run(seen), isolation=seen.isolation)
        verdict = self._weighed(seen)
        if self._slower and _all_late(seen, verdict.failed):
            seen = self._patient(seen, verdict.failed)
            verdict = self._weighed(seen)
        verdict = replace(verdict, isolation=seen.isolation)
        if verdict.verdict != "failed":
            return verdict
        return replace(verdict, counterexample=self._smallest(seen, verdict, shrink_seconds))

    def _told(self, case: int, seen: Observation) -> None:
        self._ends += {"crashed": 1, "memory": 1, "timeout": 2}.get(seen.kind, 0)
        if self._uncounted(case, seen) is None:
            difference = differs(self._wanted[case], seen, self.rules)
            self._on_judged(self._cases[case], difference)

    def _patient(self, seen: Observed, late: Sequence[int]) -> Observed:
        """What was seen, with more time for the first case that did not come to an end.

        If it does now, the candidate is slow and not endless, and the others say nothing.
        """
        self._ends = 0
        first, *others = late
        found = self._tried([self._cases[first]], PATIENCE.cpu_seconds * 3, limits=PATIENCE)
        did = found.by_case.get(first)
        if did is None or did.kind == "timeout":
            return seen
        self._told(first, did)
        by_case = {case: each for case, each in seen.by_case.items() if case not in late}
        return replace(
            seen,
            by_case={**by_case, first: did},
            unexpressed={**seen.unexpressed, **dict.fromkeys(others, SLOW)},
        )

    def _uncounted(self, case: int, seen: Observation | None) -> str | None:
        """Why a case says nothing about the candidate; None if it does."""
        if seen is None:
            return "it was not reached"
        if seen.kind == "unexpressed":
            return seen.error
        return opaque(self._wanted[case], self.rules) or opaque(seen, self.rules)

    def _weighed(self, seen: Observed) -> Verdict:
        unchecked, failed, ran = Counter[str](), list[int](), 0
        for case in self.evidence.cases:
            did = seen.by_case.get(case.id)
            why = seen.unexpressed.get(case.id) or self._uncounted(case.id, did)
            if why is not None or did is None:
                if case.origin not in TENTATIVE:  # often they cannot be
                    unchecked[why or ""] += 1
                continue
            ran += 1
            if differs(self._wanted[case.id], did, self.rules) is not None:
                failed.append(case.id)
        found = Verdict(
            "failed" if failed else "verified",
            reason=self._reason(failed, ran),
            cases=ran,
            agreed=ran - len(failed),
            failed=tuple(failed),
            unchecked=dict(unchecked),
            coverage=self.evidence.coverage,
            mutants=self.evidence.mutants,
            not_checked=(*NEVER, *self._defaults()),
        )
        least = min(ENOUGH, len(self.evidence.cases))
        if failed or (ran >= least and not self.evidence.blunt):
            return found
        if ran >= least:
            score = self.evidence.mutants
            told = f"{score.killed} of {score.run}" if score else "none"
            reason = f"it did the same in all {ran} cases, but they notice only {told} changes"
            return replace(found, verdict="unchecked", reason=f"{reason} of the original")
        told = ", ".join(f"{count} x {why}" for why, count in unchecked.most_common(2))
        reason = f"only {ran} cases ran on both sides ({told})"
        return replace(found, verdict="unchecked", reason=reason)

    def _defaults(self) -> list[str]:
        """Each case passes all arguments: languages leave them out in ways of their own."""
        names = [each.name for each in self.evidence.side.entry.parameters if each.default]
        return [f"the defaults of its parameters: {', '.join(names)}"] if names else []

    def _reason(self, failed: Sequence[int], ran: int) -> str:
        if not failed:
            return f"it did the same in all {ran} cases"
        noted = {note for case in failed for note in self.evidence.notes.get(case, ("",))}
        rests = (
            "" if "" in noted else f", only where the source rests on: {', '.join(sorted(noted))}"
        )
        return f"it does otherwise in {len(failed)} of {ran} cases{rests}"

    # A counterexample ----------------------------------------------------------------------------

    def _smallest(self, seen: Observed, verdict: Verdict, seconds: float) -> Counterexample:
        """A visible case that differs rather than a held-out one, then as small as time allows."""
        order = sorted(verdict.failed, key=lambda case: self._cases[case].held_out)
        case = self._cases[order[0]]
        self._ends = 0
        found = self._example(case, self._wanted[case.id], seen.by_case[case.id])
        found = replace(found, notes=self.evidence.notes.get(case.id, ()))
        if found.got.kind == "timeout":
            return found  # each smaller version would cost as much again
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.cancelled():
            less = self._smaller(found, deadline)
            if less is None:
                break
            found = less
        return found

    def _smaller(self, found: Counterexample, deadline: float) -> Counterexample | None:
        """The smallest of the versions one step simpler that still differs."""
        versions = smaller(found.arguments, self.evidence.domain)  # type: ignore[arg-type]
        cases = [
            Case(at, each, "shrunk", held_out=found.held_out) for at, each in enumerate(versions)
        ]
        if not cases:
            return None
        left = max(0.1, deadline - time.monotonic())
        with ThreadPoolExecutor(2) as both:
            mine = both.submit(self._observed, self.evidence.side, cases, left)
            yours = self._tried(cases, left)
            wanted = mine.result()
        for case in cases:
            full, other = wanted.by_case.get(case.id), yours.by_case.get(case.id)
            if full is None or other is None:
                continue
            first = self._short(full)
            if self._is_counterexample(first, other):
                return replace(self._example(case, first, other), notes=found.notes)
        return None

    def _is_counterexample(self, wanted: Observation, got: Observation) -> bool:
        meant = self.evidence.intended
        inside = wanted.kind == "returned" or (
            wanted.kind == "raised" and meant is not None and meant(wanted)
        )
        unsaid = opaque(wanted, self.rules) or opaque(got, self.rules)
        return inside and unsaid is None and differs(wanted, got, self.rules) is not None

    def _example(self, case: Case, wanted: Observation, got: Observation) -> Counterexample:
        difference = differs(wanted, got, self.rules) or ""
        return Counterexample(case.arguments, wanted, got, difference, case.held_out)

    def _short(self, seen: Observation) -> Observation:
        """What the source did, without the arguments that the candidate does not take."""
        return replace(seen, after=without(seen.after, self.dropped))

    def _tried(
        self,
        cases: Sequence[Case],
        seconds: float,
        told: Callable[[int, Observation], None] = lambda case, seen: None,
        limits: Limits = LIMITS,
    ) -> Observed:
        """The candidate on the cases, with the arguments that it takes."""
        short = [replace(case, arguments=without(case.arguments, self.dropped)) for case in cases]
        return self._observed(self.side, short, seconds, told, limits)

    def _observed(
        self,
        side: Side,
        cases: Sequence[Case],
        seconds: float,
        told: Callable[[int, Observation], None] = lambda case, seen: None,
        limits: Limits = LIMITS,
    ) -> Observed:
        return observe(
            side,
            cases,
            self.sandbox,
            limits=limits,
            seconds=seconds,
            on_observation=told,
            cancelled=lambda: self.cancelled() or self._ends >= HOPELESS,
        )


def _all_late(seen: Observed, failed: Sequence[int]) -> bool:
    """Did the cases that failed all not come to an end?"""
    return bool(failed) and all(seen.by_case[case].kind == "timeout" for case in failed)


def _failed_to_run(seen: Observed) -> Verdict:
    """What it means that not one case could be run."""
    told = seen.detail or seen.failure
    match seen.failure:
        case "compile_error":
            return Verdict("compile_error", told, line=seen.line)
        case "load_error" | "runtime_error" | "timeout" | "memory" | "output_limit":
            return Verdict("failed", f"it fails before it is called: {told}", line=seen.line)
        case "sandbox_violation":
            return Verdict("failed", f"it does what the sandbox forbids: {told}", line=seen.line)
        case "unfit":
            return Verdict("unchecked", f"it cannot be called with these types: {told}")
    return Verdict("unchecked", f"{seen.failure}: {told}")
