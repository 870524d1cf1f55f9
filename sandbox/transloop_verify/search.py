"""Finds inputs worth a case: what the source accepts, then what reaches new ground in it.

Everything here is one or two runs of the source in the sandbox. A traced (Python) source says which
branches an input reaches; of other sources only how a call ended is known.
"""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from transloop_sandbox.job import Limits
from transloop_verify.case import Case, Observation, Side
from transloop_verify.fit import chosen
from transloop_verify.infer import Hypothesis, hypotheses
from transloop_verify.inputs import (
    TENTATIVE,
    Domain,
    Input,
    drawable,
    fractions,
    inputs,
    mixed,
    numbers,
    samples,
)
from transloop_verify.mined import Intended
from transloop_verify.observe import Runs, observe
from transloop_verify.traced import Trace, Traced, trace_of
from transloop_verify.type import Type
from transloop_verify.uses import known, uses
from transloop_verify.value import MapValue, Value

_LIMITS = Limits(cpu_seconds=2.0, memory_mb=512)
_SHORT = Limits(cpu_seconds=1.0, memory_mb=512)
"""For a source that counts no steps: what takes longer is no good case."""
_SAMPLES = 8
"""Inputs that test a hypothesis."""
_MOST_FAIL = 0.5
"""A share of inputs that the source must accept for the letters of its text to be right."""
_SLOW = frozenset({"timeout", "memory", "endless"})
TENTATIVES = 2
"""So many cases may hold numbers that are not whole, where whole ones were only guessed; and so
many items of all kinds."""
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
class Sought:
    """How many inputs are drawn, how many of them must be accepted, and by which seed."""

    count: int
    enough: int
    seed: int


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

        `domain` carries constants, examples, and types where somebody declared them. Empty where
        there is a parameter of which no value can be made.
        """
        found = hypotheses(self.side, domain.examples, domain.types)
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

    def pool(self, domains: Sequence[Domain], sought: Sought) -> tuple[list[Tried], Domain]:
        """Inputs with what they came to, and the first domain, made smaller where that helped.

        Where too few are inside, more are drawn: of smaller numbers, or of other letters.
        """
        tried = self._drawn(domains, sought)
        accepted = self._accepted(tried)
        if accepted >= (sought.enough if self.program else sought.count):
            return tried, domains[0]
        less = [bounded(each, tried) for each in domains]
        if accepted < sought.enough:
            less = [self._lettered(each, tried, sought.seed) for each in less]
        if less == list(domains):
            return tried, domains[0]
        again = self._drawn(less, sought)
        known = {repr(each.input.arguments) for each in tried}
        more = [each for each in again if repr(each.input.arguments) not in known]
        better = self._accepted(again) > accepted
        return [*tried, *more], less[0] if better else domains[0]

    def _drawn(self, domains: Sequence[Domain], sought: Sought) -> list[Tried]:
        """Inputs of some domains with what they came to.

        Small numbers run first: where nobody counts steps, slow ones keep others from being run.
        """
        some = [
            *drawn(domains, sought.count, sought.seed),
            *fractions(domains[0], self._guessed(), 2 * TENTATIVES, sought.seed),
            *mixed(domains[0], self._asked(domains[0]), TENTATIVES, sought.seed),
        ]
        tried = self.tried(some if self.program else rising(some))
        order = {id(each): at for at, each in enumerate(some)}
        return sorted(tried, key=lambda each: order[id(each.input)])

    def _accepted(self, tried: Sequence[Tried]) -> int:
        return sum(self.inside(each) for each in tried if each.input.origin not in TENTATIVE)

    def _guessed(self) -> frozenset[int]:
        """The parameters whose type nobody declared."""
        found = enumerate(self.side.entry.parameters)
        return frozenset(at for at, each in found if each.type.kind == "any")

    def _asked(self, domain: Domain) -> frozenset[int]:
        """Those of them that hold items of which nothing but their truth is asked."""
        side = self.side
        guessed = [at for at in self._guessed() if domain.types[at].kind == "list"]
        if not guessed or not known(side.language):
            return frozenset()
        names = [each.name for each in side.entry.parameters]
        found = uses(side.code, side.language, side.entry.name, names)
        items = {at: (names[at], 1) for at in guessed}
        return frozenset(
            at for at, item in items.items() if item in found.truths and not found.votes.get(item)
        )

    def _lettered(self, domain: Domain, tried: Sequence[Tried], seed: int) -> Domain:
        """The domain with text of letters that the source accepts; the same where none is better.

        A source may turn text into numbers, or look each letter up: it fails on all other text.
        """
        if not any(map(_textual, domain.types)):
            return domain
        accepted = _letters(each.input.arguments for each in tried if self.inside(each))
        known = [domain.constants.letters, string.digits, string.ascii_lowercase, accepted, "01"]
        possible = [
            replace(domain, constants=replace(domain.constants, only=each))
            for each in dict.fromkeys(known)
            if each
        ]
        shares = [
            sum(map(self.inside, some)) / len(some) if some else 0.0
            for some in self._sampled(possible, seed)
        ]
        best = max(range(len(possible)), key=lambda at: shares[at])
        return possible[best] if shares[best] > _MOST_FAIL else domain

    def _tested(
        self, possible: Sequence[Hypothesis], domain: Domain, seed: int
    ) -> tuple[Hypothesis, ...]:
        domains = [replace(domain, types=each.types, relations=each.relations) for each in possible]
        traces = [[each.trace for each in some] for some in self._sampled(domains, seed)]
        return chosen(possible, traces, self.meant.names)

    def _sampled(self, domains: Sequence[Domain], seed: int) -> list[list[Tried]]:
        """A few inputs of each domain, all run at once."""
        drawn = [samples(each, _SAMPLES, seed) for each in domains]
        places = {id(each): at for at, some in enumerate(drawn) for each in some}
        found: list[list[Tried]] = [[] for _ in domains]
        for each in self.tried([each for some in drawn for each in some]):
            found[places[id(each.input)]].append(each)
        return found

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
    every = list(tried)
    split = [each for each in every if each.input.origin in TENTATIVE and not each.odd]
    split = [
        each
        for origin in sorted(TENTATIVE)
        for each in [each for each in split if each.input.origin == origin][:TENTATIVES]
    ]
    count -= len(split)
    plain = [each for each in every if not each.odd and each.input.origin not in TENTATIVE]
    odd = [each for each in every if each.odd]
    kept = _covering(plain, count)
    reached = frozenset[int]().union(*(each.trace.hits for each in kept))
    room = max(count // _ODD, 1)
    new = [each for each in odd if not each.trace.hits <= reached]
    few = [*new, *(each for each in odd if each not in new)][:room]
    if len(kept) < 3:
        few = [*new, *(each for each in odd if each not in new)][: count - len(kept)]
    return [*kept[: count - len(few)], *split, *few]


def bounded(domain: Domain, tried: Sequence[Tried]) -> Domain:
    """The domain without the numbers for which a source took too long; the same if it never did."""
    slow = [each.input for each in tried if _slow(each.trace)]
    fast = [each.input for each in tried if not _slow(each.trace)]
    if not slow or not any(numbers(each.arguments) for each in slow):
        return domain
    least = min(map(_magnitude, slow))
    signed = all(min(numbers(each.arguments), default=0) < 1 for each in slow)
    if signed and max(map(_magnitude, fast), default=0) > least:
        return replace(domain, smallest=1)
    large = [each for each in slow if min(numbers(each.arguments), default=0) >= 1] or slow
    least = min(map(_magnitude, large))
    below = [_magnitude(each) for each in fast if _magnitude(each) < least]
    return replace(domain, smallest=0, largest=int(max(below, default=3)))


def _slow(trace: Trace) -> bool:
    return trace.end in _SLOW or trace.error == "RecursionError"


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


def _textual(kind: Type) -> bool:
    return kind.kind in ("string", "char") or any(map(_textual, kind.items))


def _letters(values: Iterable[Value | Sequence[Value]]) -> str:
    """All characters in some values, however deep."""
    found = set[str]()
    for each in values:
        match each:
            case str():
                found |= {*each}
            case list() | tuple():
                found |= {*_letters(each)}
            case MapValue(pairs):
                found |= {*_letters(pairs)}
    return "".join(sorted(found))


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
