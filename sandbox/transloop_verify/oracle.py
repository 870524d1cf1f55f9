"""What the source does, and whether that can be relied on.

Expected outputs come from running the source, and from nothing else: twice, in fresh processes, the
second time in the opposite order. What differs between the two depends on chance, on the time or on
earlier calls. An input on which the source ends in an error that it does not raise on purpose is
outside its domain, and no case.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from transloop_sandbox.job import Limits
from transloop_verify.case import Case, Observation, Observed, Side
from transloop_verify.compare import Rules, differs, opaque, rules_for
from transloop_verify.observe import Runs, observe

OnCase = Callable[[Case, Observation], None]
Meant = Callable[[Observation], bool]
"""Was this error raised on purpose?"""

LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)
"""Of one run of all cases; an input that needs more is no good case."""
UNSTABLE = "it does otherwise when it is run again: chance, time, or what earlier calls left behind"


@dataclass(frozen=True)
class Expected:
    """What the source did with the cases that are kept."""

    by_case: Mapping[int, Observation] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    """How many inputs are outside of the domain, by what they came to."""
    unstable: int = 0
    opaque: Mapping[str, int] = field(default_factory=dict)
    """How many results cannot be expressed, by reason."""
    failure: str = ""
    """Why nothing ran at all, in words."""
    line: int = 0


def expected(
    side: Side,
    cases: Sequence[Case],
    sandbox: Runs,
    meant: Meant,
    *,
    limits: Limits = LIMITS,
    seconds: float = 30.0,
    on_case: OnCase = lambda case, observation: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Expected:
    """Run the source on the cases, twice; `on_case` is told each one that is kept, as it comes."""
    rules = rules_for(side, side)
    pairs = _Pairs(cases, rules, meant, on_case)

    def run(order: Sequence[Case], told: Callable[[int, Observation], None]) -> Observed:
        return observe(
            side,
            order,
            sandbox,
            limits=limits,
            seconds=seconds,
            on_observation=told,
            cancelled=cancelled,
        )

    with ThreadPoolExecutor(2) as both:
        again = both.submit(run, cases[::-1], pairs.second)
        first = run(cases, pairs.first)
        second = again.result()
    for seen in (first, second):
        if seen.failure:
            return Expected(failure=f"{seen.failure}: {seen.detail}".strip(": "), line=seen.line)
    return _sorted(cases, first, second, rules, meant)


def _sorted(
    cases: Sequence[Case], first: Observed, second: Observed, rules: Rules, meant: Meant
) -> Expected:
    kept: dict[int, Observation] = {}
    outside, unsaid = Counter[str](), Counter[str]()
    unstable = 0
    for case in cases:
        mine, again = first.by_case.get(case.id), second.by_case.get(case.id)
        if mine is None or again is None:
            outside["it was not reached"] += 1
        elif (why := _outside(mine, meant) or _outside(again, meant)) is not None:
            outside[why] += 1
        elif (reason := opaque(mine, rules)) is not None:
            unsaid[reason] += 1
        elif differs(mine, again, rules) is not None:
            unstable += 1
        else:
            kept[case.id] = mine
    return Expected(kept, dict(outside), unstable, dict(unsaid))


def _outside(seen: Observation, meant: Meant) -> str | None:
    """Why an input is outside of the domain; None for one inside."""
    match seen.kind:
        case "returned":
            return None
        case "raised":
            return None if meant(seen) else seen.error or "an error"
        case "timeout":
            return "it does not come to an end, or takes too long"
        case "memory":
            return "it needs too much memory"
        case "unexpressed":
            return seen.error
        case _:
            return f"it crashes: {seen.error}"


class _Pairs:
    """Tells a case when both runs have seen it and agree."""

    def __init__(self, cases: Sequence[Case], rules: Rules, meant: Meant, on_case: OnCase) -> None:
        self._cases = {case.id: case for case in cases}
        self._rules, self._meant, self._on_case = rules, meant, on_case
        self._waiting: dict[tuple[int, int], Observation] = {}
        self._lock = threading.Lock()  # the two runs report on their own threads

    def first(self, case: int, seen: Observation) -> None:
        self._arrived(0, case, seen)

    def second(self, case: int, seen: Observation) -> None:
        self._arrived(1, case, seen)

    def _arrived(self, run: int, case: int, seen: Observation) -> None:
        with self._lock:
            other = self._waiting.get((1 - run, case))
            self._waiting[(run, case)] = seen
        if other is None or _outside(seen, self._meant) or _outside(other, self._meant):
            return
        if opaque(seen, self._rules) is None and differs(seen, other, self._rules) is None:
            self._on_case(self._cases[case], seen)
