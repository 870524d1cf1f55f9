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
from transloop_verify.inputs import Domain, Input, drawable, inputs, largest, samples
from transloop_verify.mined import Intended
from transloop_verify.observe import Runs, observe
from transloop_verify.traced import OWN, Trace, Traced, trace_of
from transloop_verify.value import MapValue, Value

_LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)
_SHORT = Limits(cpu_seconds=0.5, memory_mb=512)
_SCOUTS = 12
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
        cases = [Case(at, each.arguments) for at, each in enumerate(drawn)]
        seen = observe(side, cases, self.sandbox, limits=_LIMITS, cancelled=self.cancelled)
        return [
            Tried(each, self._trace(seen.by_case[at]))
            for at, each in enumerate(drawn)
            if at in seen.by_case
        ]

    def bounded(self, domain: Domain, seed: int) -> Domain:
        """The domain without the numbers for which an untraced source takes too long.

        One run of inputs of rising size; a traced source need not be asked, it counts its steps.
        """
        numeric = any(each.kind in ("int", "float") for each in domain.types)
        if self.program is not None or not numeric:
            return domain
        some = sorted(samples(domain, _SCOUTS, seed), key=lambda each: largest(each.arguments))
        cases = [Case(at, each.arguments) for at, each in enumerate(some)]
        seen = observe(self.side, cases, self.sandbox, limits=_SHORT, cancelled=self.cancelled)
        slow = [at for at, each in seen.by_case.items() if each.kind in ("timeout", "memory")]
        if not slow:
            return domain
        fast = [largest(some[at].arguments) for at in seen.by_case if at < min(slow)]
        return replace(domain, largest=max(fast, default=3))

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


def own(tried: Tried) -> bool:
    """Does the input rest on what the source's language does in its own way?"""
    return any(each in OWN for each in tried.trace.notes)


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
