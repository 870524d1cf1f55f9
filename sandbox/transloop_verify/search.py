"""Finds inputs worth a case: what the source accepts, then what reaches new ground in it.

Everything here is one or two runs of the source in the sandbox. A traced (Python) source says which
branches an input reaches; of other sources only how a call ended is known.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from transloop_sandbox.job import Limits
from transloop_verify.case import Case, Observation, Side
from transloop_verify.infer import Hypothesis, chosen, hypotheses
from transloop_verify.inputs import Domain, Input, drawable, inputs, numbers, samples
from transloop_verify.mined import Intended
from transloop_verify.observe import Runs, observe
from transloop_verify.traced import Trace, Traced, trace_of
from transloop_verify.value import MapValue, Value

_LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)
_SHORT = Limits(cpu_seconds=1.0, memory_mb=512)
"""For a source that counts no steps: what takes longer is no good case."""
_SAMPLES = 6
"""Inputs that test a hypothesis."""
_ODD = 6
"""One case in so many may rest on what the source's language does in its own way."""


@dataclass(frozen=True)
class Tried:
    """An input, and what the source did with it."""

    input: Input
    trace: Trace

    @property
    def odd(self) -> bool:
        """Does it rest on what only the source's language does, or on large numbers?"""
        return bool(self.trace.notes)


@dataclass(frozen=True)
class Searcher:
    """Runs a source on inputs to learn about it; `program` is the traced one, if there is one."""

    side: Side
    program: Traced | None
    meant: Intended
    sandbox: Runs
    cancelled: Callable[[], bool] = lambda: False

    def domains(self, domain: Domain, seed: int) -> tuple[Domain, ...]:
        """What the source accepts; two where nothing tells two of them apart.

        `domain` carries constants and examples; its types are not looked at. Empty where there is a
        parameter of which no value can be made.
        """
        found = hypotheses(self.side, domain.examples)
        possible = [each for each in found if all(map(drawable, each.types))]
        if len(possible) > 1:
            possible = list(self._tested(possible, domain, seed))
        return tuple(
            replace(domain, types=each.types, relations=each.relations) for each in possible[:2]
        )

    def tried(self, drawn: Sequence[Input]) -> list[Tried]:
        """Run the source on inputs; those it was not brought to are missing."""
        side = self.program.side if self.program else self.side
        limits = _LIMITS if self.program else _SHORT
        cases = [Case(at, each.arguments) for at, each in enumerate(drawn)]
        seen = observe(side, cases, self.sandbox, limits=limits, cancelled=self.cancelled)
        return [
            Tried(each, self._trace(seen.by_case[at]))
            for at, each in enumerate(drawn)
            if at in seen.by_case
        ]

    def inside(self, tried: Tried) -> bool:
        """Is the input inside of the source's domain?"""
        trace = tried.trace
        if trace.end == "raised":
            return self.meant(Observation("raised", error=trace.error, message=trace.message))
        return trace.end == "returned" and "negative index" not in trace.notes

    def _tested(
        self, possible: Sequence[Hypothesis], domain: Domain, seed: int
    ) -> tuple[Hypothesis, ...]:
        drawn = [
            samples(replace(domain, types=each.types, relations=each.relations), _SAMPLES, seed)
            for each in possible
        ]
        owners = [at for at, some in enumerate(drawn) for _ in some]
        flat = [each for some in drawn for each in some]
        traces: list[list[Trace]] = [[] for _ in possible]
        places = {id(each): at for at, each in zip(owners, flat, strict=True)}
        for each in self.tried(flat):
            traces[places[id(each.input)]].append(each.trace)
        return chosen(possible, traces, self.meant.names)

    def _trace(self, seen: Observation) -> Trace:
        if self.program is not None:
            return trace_of(seen)
        if seen.kind == "returned" and _senseless(seen.value):
            return Trace("raised", "TypeError", "it returned no number")
        return Trace(seen.kind, seen.error, seen.message, result=hash(repr(seen.value)))


def drawn(domains: Sequence[Domain], count: int, seed: int) -> list[Input]:
    """Inputs of all domains in turn."""
    sources = [inputs(each, seed) for each in domains]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*sources))
    found: dict[str, Input] = {}
    for each in turns:
        if each is not None:
            found.setdefault(repr(each.arguments), each)
        if len(found) == count:
            break
    return list(found.values())


def selected(tried: Iterable[Tried], count: int) -> list[Tried]:
    """The inputs worth keeping, the plainest first, odd ones last and few.

    First those that reach a branch that none before did, then those with a result of their own.
    """
    plain = [each for each in tried if not each.odd]
    odd = [each for each in tried if each.odd]
    kept = _covering(plain, count)
    reached = frozenset[int]().union(*(each.trace.hits for each in kept))
    room = max(count // _ODD, 1)
    new = [each for each in odd if not each.trace.hits <= reached]
    few = [*new, *(each for each in odd if each not in new)][:room]
    if len(kept) < 3:
        few = [*new, *(each for each in odd if each not in new)][: count - len(kept)]
    return [*kept[: count - len(few)], *few]


def bounded(domain: Domain, tried: Sequence[Tried]) -> Domain:
    """The domain without the numbers for which a source took too long; the same if it never did."""
    slow = [each.input for each in tried if each.trace.end in ("timeout", "memory")]
    fast = [each.input for each in tried if each.trace.end not in ("timeout", "memory")]
    if not slow or not any(numbers(each.arguments) for each in slow):
        return domain
    least = min(map(_magnitude, slow))
    signed = all(min(numbers(each.arguments), default=0) < 1 for each in slow)
    if signed and max(map(_magnitude, fast), default=0) > least:
        return replace(domain, smallest=1)
    below = [_magnitude(each) for each in fast if _magnitude(each) < least]
    return replace(domain, smallest=0, largest=int(max(below, default=3)))


def rising(drawn: Sequence[Input]) -> list[Input]:
    """The inputs with small numbers first, so that slow ones keep nothing else from being run."""
    return sorted(drawn, key=_magnitude)


def _magnitude(each: Input) -> float:
    return max((abs(number) for number in numbers(each.arguments)), default=0)


def _covering(tried: Sequence[Tried], count: int) -> list[Tried]:
    kept: list[Tried] = []
    reached: frozenset[int] = frozenset()
    results = Counter[int]()
    rest: list[Tried] = []
    for each in tried:
        if each.input.origin == "call" or not each.trace.hits <= reached:
            kept.append(each)
            reached |= each.trace.hits
            results[each.trace.result] += 1
        else:
            rest.append(each)
    while rest and len(kept) < count:
        best = min(range(min(len(rest), 40)), key=lambda at: (results[rest[at].trace.result], at))
        each = rest.pop(best)
        results[each.trace.result] += 1
        kept.append(each)
    return kept[:count]


def _senseless(value: Value) -> bool:
    """Not a number, or nothing: what JavaScript answers where others raise a TypeError."""
    match value:
        case None:
            return True
        case float():
            return math.isnan(value)
        case list() | tuple():
            return any(map(_senseless, value))
        case MapValue(pairs):
            return any(_senseless(each) for pair in pairs for each in pair)
    return False
