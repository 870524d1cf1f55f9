"""Evidence: cases with the outputs that a source gives, and how strong they are.

It is derived from the source alone and holds for every translation of it. Nothing in it was said by
a model; all of it can be derived again from the same seed.
"""

from __future__ import annotations

import itertools
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from transloop_settings.errors import SandboxError
from transloop_verify.case import Case, Observation, Side
from transloop_verify.examples import examples
from transloop_verify.inputs import TENTATIVE, Domain, Input, inputs
from transloop_verify.mined import Effect, Intended, constants, effects, intended, reads
from transloop_verify.mutants import Mutant, Score, mutants_of
from transloop_verify.observe import Runs
from transloop_verify.oracle import UNSTABLE, Expected, OnCase, expected
from transloop_verify.program import strict
from transloop_verify.search import Searcher, Sought, Tried, drawn, selected
from transloop_verify.strength import MOST, killers, strength
from transloop_verify.tables import table
from transloop_verify.traced import Coverage, Trace, coverage, traced

CANCELLED = "cancelled"
FEW = "too few inputs that it accepts were found"
BLUNT, BLUNT_RUN = 1 / 3, 4
"""Cases that notice a smaller share of mutants, of so many at least, verify nothing."""
MORE = 4
"""So many inputs for each case are drawn anew for mutants that are left."""
ENOUGH = 3
"""Fewer cases than this prove too little, but for a function that has no more inputs."""


@dataclass(frozen=True)
class Effort:
    """How much is tried. Seconds are kept to by ending early, never by an error."""

    cases: int = 24
    seconds: float = 10.0
    mutants: bool = True
    mutant_seconds: float = 2.0
    seed: int = 0


@dataclass(frozen=True)
class Evidence:
    """What is known about a source. With a `reason`, there is none, and it says why."""

    side: Side
    reason: str = ""
    cases: tuple[Case, ...] = ()
    expected: Mapping[int, Observation] = field(default_factory=dict)
    notes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Of some cases: what they rest on that another language may do otherwise."""
    outside: Mapping[str, int] = field(default_factory=dict)
    """Inputs outside of the source's domain, by what it did with them."""
    domain: Domain = field(default_factory=lambda: Domain(()))
    intended: Intended | None = None
    complete: bool = False
    """The cases are all inputs there are."""
    coverage: Coverage | None = None
    """None where the language is not traced."""
    mutants: Score | None = None
    survivors: tuple[Mutant, ...] = ()
    seconds: float = 0.0
    first_seconds: float | None = None
    """Until the first case was there."""
    effort: Effort = Effort()

    @property
    def blunt(self) -> bool:
        """Do its cases tell hardly anything from the source? Then agreeing on them says little."""
        share = self.mutants.share if self.mutants else None
        if share is None or self.complete or self.mutants is None:
            return False
        return self.mutants.run >= BLUNT_RUN and share < BLUNT

    @property
    def few(self) -> bool:
        """Is its only reason that too few inputs were accepted? Others may be."""
        return self.reason.startswith(FEW)


def derive(
    side: Side,
    sandbox: Runs,
    *,
    effort: Effort = Effort(),
    around: Sequence[str] = (),
    domain: Domain | None = None,
    on_case: OnCase = lambda case, observation: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Evidence:
    """Evidence for a source; `around` is further text with calls of it, such as its tests.

    `domain` says which types to draw, where somebody else knows better than the source.
    `on_case` is told each case with its expected output as soon as it is known, on any thread.
    """
    reason = unfit(side)
    if reason:
        return Evidence(side, reason)
    domain = domain or _said(side, around)
    try:
        return _Derivation(strict(side), sandbox, effort, domain, on_case, cancelled).evidence()
    except SandboxError as error:  # a compiler is missing, or nothing may be run here
        return Evidence(side, str(error))


def unfit(side: Side) -> str:
    """Why a source cannot be tested, as far as its text says; empty if nothing is against it."""
    for each in side.entry.parameters:
        if each.type.kind == "unsupported" and not each.default:
            spelled = each.type.spelled or "its type"
            return f"no value can be made for its parameter `{each.name}` ({spelled})"
    if found := effects(side.code, side.language):
        return f"side effects: it seems to use {_listed(found)}"
    if found := reads(side.code, side.language):
        return f"it reads {_listed(found)}"
    return ""


def _listed(found: Sequence[Effect]) -> str:
    return ", ".join(f"{each.what} (line {each.line})" for each in found)


def _said(side: Side, around: Sequence[str]) -> Domain:
    """What the text says about inputs: its constants, and calls that are there."""
    entry = side.entry
    calls = examples(
        "\n".join((side.code, *around)), side.language, entry.name, len(entry.parameters)
    )
    return Domain((), constants=constants(side.code, side.language), examples=calls)


class _Derivation:
    """One source on its way to evidence."""

    def __init__(
        self,
        side: Side,
        sandbox: Runs,
        effort: Effort,
        domain: Domain,
        on_case: OnCase,
        cancelled: Callable[[], bool],
    ) -> None:
        self.side, self.sandbox, self.effort, self.cancelled = side, sandbox, effort, cancelled
        self.began = time.monotonic()
        self.first_seconds: float | None = None
        self._on_case = on_case
        self.domain = domain
        self.meant = intended(side.code, side.language, fallible=side.entry.fallible)
        self.program = traced(side)
        self.search = Searcher(side, self.program, self.meant, sandbox, cancelled)
        self.outside = Counter[str]()

    def evidence(self) -> Evidence:
        """Find the domain, draw inputs from it, let the source answer, and weigh the answers."""
        domains = self.search.domains(self.domain, self.effort.seed)
        if not domains:
            return self._without("no value can be made for one of its parameters")
        pool = self._pool(domains)
        if self.cancelled():
            return self._without(CANCELLED)
        if not pool and not self.outside:  # nothing ran; asked alone, the source says why
            pool = [Tried(each, Trace("")) for each in drawn(domains, 1, self.effort.seed)]
        kept = selected(pool, self.effort.cases)
        order = [*kept, *(each for each in pool if each not in kept)]
        found = self._expected(order, range(len(kept)))
        if found.failure:
            return self._without(
                CANCELLED if self.cancelled() else f"the source does not run: {found.failure}"
            )
        made, rows = self._noticed(order)
        order, rows = self._chased(order, made, rows)
        further = _further(rows, len(kept))
        more = self._expected(order, further) if further else Expected()
        evidence = self._weighed(order, (found, more))
        return replace(self._scored(evidence, made, rows), seconds=time.monotonic() - self.began)

    def _pool(self, domains: Sequence[Domain]) -> list[Tried]:
        """Inputs inside of the domain, with what they came to; more than will be kept."""
        count = self.effort.cases * (4 if self.program else 2) + 8
        sought = Sought(count, self.effort.cases, self.effort.seed)
        tried, self.domain = self.search.pool(domains, sought)
        for each in tried:
            if not self.search.inside(each) and each.input.origin not in TENTATIVE:
                self.outside[_came_to(each.trace)] += 1
        return [each for each in tried if self.search.inside(each)]

    def _case(self, number: int, drawn: Input) -> Case:
        held_out = number > 0 and zlib.crc32(f"{self.effort.seed}:{number}".encode()) % 4 == 0
        return Case(number, drawn.arguments, drawn.origin, held_out)

    def _expected(self, order: Sequence[Tried], places: Iterable[int]) -> Expected:
        return expected(
            self.side,
            [self._case(at, order[at].input) for at in places],
            self.sandbox,
            self.meant,
            seconds=self.effort.seconds,
            on_case=self._arrived,
            cancelled=self.cancelled,
        )

    def _arrived(self, case: Case, seen: Observation) -> None:
        if self.first_seconds is None:
            self.first_seconds = time.monotonic() - self.began
        self._on_case(case, seen)

    def _noticed(self, order: Sequence[Tried]) -> tuple[tuple[Mutant, ...], list[frozenset[int]]]:
        """Mutants of a traced source, and for each of those run, which inputs notice it."""
        if not self.effort.mutants or self.program is None:
            return (), []
        made = mutants_of(self.side, self.effort.seed)
        return made, self._killers(made[:MOST], order)

    def _chased(
        self, order: Sequence[Tried], made: Sequence[Mutant], rows: list[frozenset[int]]
    ) -> tuple[list[Tried], list[frozenset[int]]]:
        """With more inputs, once, where mutants are left that nothing notices."""
        alive = [at for at, row in enumerate(rows) if not row]
        if not alive or self.cancelled():
            return list(order), rows
        count = MORE * self.effort.cases
        more = self.search.tried(drawn([self.domain], count, self.effort.seed + 1))
        known = {repr(each.input.arguments) for each in order}
        new = [each for each in more if self.search.inside(each) and not each.odd]
        new = [each for each in new if repr(each.input.arguments) not in known]
        found = self._killers([made[at] for at in alive], new) if new else []
        rows = list(rows)
        for at, row in zip(alive, found, strict=False):
            rows[at] = frozenset(len(order) + place for place in row)
        return [*order, *new], rows

    def _killers(self, made: Sequence[Mutant], order: Sequence[Tried]) -> list[frozenset[int]]:
        return killers(
            self.side,
            made,
            [each.input.arguments for each in order],
            self.sandbox,
            seconds=self.effort.mutant_seconds,
            cancelled=self.cancelled,
        )

    def _weighed(self, order: Sequence[Tried], found: Sequence[Expected]) -> Evidence:
        """What is kept of the cases, without the mutants."""
        answers = {case: seen for each in found for case, seen in each.by_case.items()}
        for each in found:
            self.outside.update(each.outside)
        kept = tuple(self._case(at, order[at].input) for at in sorted(answers, key=_odd(order)))
        traces = [order[case.id].trace for case in kept]
        return Evidence(
            side=self.side,
            reason=self._too_little(kept, found),
            cases=kept,
            expected=answers,
            notes={at: order[at].trace.notes for at in answers if order[at].trace.notes},
            outside=dict(self.outside),
            domain=self.domain,
            intended=self.meant,
            complete=self._complete(kept),
            coverage=coverage(self.program, traces) if self.program else None,
            first_seconds=self.first_seconds,
            effort=self.effort,
        )

    def _scored(
        self, evidence: Evidence, made: Sequence[Mutant], rows: Sequence[frozenset[int]]
    ) -> Evidence:
        if evidence.reason or not self.effort.mutants:
            return evidence
        if self.program is not None:
            alive = [at for at, row in enumerate(rows) if not row & evidence.expected.keys()]
            score = Score(len(rows) - len(alive), len(rows), len(made))
            return replace(evidence, mutants=score, survivors=tuple(made[at] for at in alive))
        found = strength(
            self.side,
            evidence.cases,
            evidence.expected,
            self.sandbox,
            seconds=self.effort.mutant_seconds,
            seed=self.effort.seed,
            cancelled=self.cancelled,
        )
        return replace(evidence, mutants=found.score, survivors=found.survivors)

    def _too_little(self, kept: Sequence[Case], found: Sequence[Expected]) -> str:
        enough = len(kept) >= ENOUGH or self._complete(kept)
        # One such input is enough, but where a language leaves results undefined: there it may be
        # the input that is at fault.
        lax = "strict" in table(self.side.language, "hints")
        if any(each.unstable for each in found) and not (enough and lax):
            return f"not deterministic: {UNSTABLE}"
        if enough:
            return ""
        opaque = [reason for each in found for reason in each.opaque]
        if opaque:
            return f"its results cannot be expressed: {opaque[0]}"
        told = ", ".join(
            f"{count} x {what}" for what, count in Counter(self.outside).most_common(3)
        )
        return f"{FEW} ({told or 'none was run'})"

    def _complete(self, kept: Sequence[Case]) -> bool:
        one_more = itertools.islice(inputs(self.domain, self.effort.seed), len(kept) + 1)
        return bool(kept) and len(kept) >= len(list(one_more))

    def _without(self, reason: str) -> Evidence:
        return Evidence(
            self.side, reason, outside=dict(self.outside), seconds=time.monotonic() - self.began
        )


def _further(rows: Sequence[frozenset[int]], count: int) -> list[int]:
    """Inputs behind the first `count` that notice mutants which those do not."""
    found: list[int] = []
    for row in rows:
        if row and min(row) >= count and not row & set(found):
            found.append(min(row))
    return found


def _odd(order: Sequence[Tried]) -> Callable[[int], tuple[bool, int]]:
    """Sorts odd inputs last."""
    return lambda at: (order[at].odd, at)


def _came_to(trace: Trace) -> str:
    if trace.end == "raised":
        return trace.error
    if trace.end == "returned":
        return "it reads from the end of a list by a negative index"
    if trace.end == "crashed":
        return f"it crashes: {trace.error}"
    return "it does not come to an end" if trace.end in ("endless", "timeout") else trace.end
