"""Cases that a target can be given, where its declarations say what the source left open.

A Python function may take lists of anything, and its translation declares lists of text. Types are
all that is taken from the target: what is expected comes from running the source, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from transloop_verify.case import Case, Side
from transloop_verify.evidence import ENOUGH, Evidence, derive
from transloop_verify.harness import program
from transloop_verify.inputs import Domain, drawable, kept
from transloop_verify.observe import Runs
from transloop_verify.type import ANY, Type

_T = TypeVar("_T")


def fitting(
    evidence: Evidence,
    target: Side,
    dropped: frozenset[int],
    sandbox: Runs,
    cancelled: Callable[[], bool] = lambda: False,
) -> Evidence:
    """The evidence; or other evidence of the same source, if the target can be given more of it.

    `dropped` are the arguments that the target does without.
    """
    evidence = _measured(evidence, evidence.domain, dropped)
    told = _told(evidence.cases, target, dropped)
    if (told >= ENOUGH and 2 * told >= len(evidence.cases)) or evidence.complete:
        return evidence
    types = _types(evidence, target, dropped)
    if not all(map(drawable, types)):
        return evidence
    domain = replace(
        evidence.domain,
        types=types,
        relations=(),
        constants=replace(evidence.domain.constants, only=""),
        smallest=None,
        largest=None,
    )
    found = derive(
        evidence.side, sandbox, effort=evidence.effort, domain=domain, cancelled=cancelled
    )
    found = _measured(found, evidence.domain, dropped)
    return found if _told(found.cases, target, dropped) > told else evidence


def without(values: Sequence[_T], dropped: frozenset[int]) -> tuple[_T, ...]:
    """The values but those at the dropped places."""
    return tuple(each for at, each in enumerate(values) if at not in dropped)


def narrowed(one: Type, other: Type) -> Type:
    """What both accept, as far as they are known; where they contradict each other, the first."""
    match one.kind, other.kind:
        case _, "any" | "unsupported":
            return one
        case "any" | "unsupported", _:
            return other
        case _, "optional":
            return narrowed(one, other.items[0])
        case "optional", _:
            return narrowed(one.items[0], other)
        case "union", _:
            fits = (each for each in one.items if _alike(each, other))
            return narrowed(next(fits, one.items[0]), other)
        case "int", "int":
            return min(one, other, key=lambda each: (each.bits or 64) - (not each.signed))
        case ("float", "int") | ("string", "char"):
            return other
    if _alike(one, other) and len(one.items) == len(other.items):
        items = tuple(map(narrowed, one.items, other.items))
        return replace(one, items=items)
    return one


def _measured(evidence: Evidence, domain: Domain, dropped: frozenset[int]) -> Evidence:
    """The evidence without cases in which a dropped argument is not the length it stands for."""
    lengths = [each for each in domain.relations if each.parameter in dropped]
    only = replace(domain, relations=tuple(lengths))
    if not lengths:
        return evidence
    cases = [each for each in evidence.cases if kept(each.arguments, only) == each.arguments]
    return replace(evidence, cases=tuple(cases))


def _alike(one: Type, other: Type) -> bool:
    return one.kind == other.kind or any(
        {one.kind, other.kind} <= each for each in ({"int", "float"}, {"list", "tuple"})
    )


def _types(evidence: Evidence, target: Side, dropped: frozenset[int]) -> tuple[Type, ...]:
    """For each parameter what both sides declare, then what was found out about it."""
    mine = [each.type for each in evidence.side.entry.parameters]
    places = [at for at in range(len(mine)) if at not in dropped]
    theirs = dict(zip(places, target.entry.parameters, strict=False))
    said = [
        narrowed(kind, theirs[at].type if at in theirs else ANY) for at, kind in enumerate(mine)
    ]
    return tuple(map(narrowed, said, evidence.domain.types or said))


def _told(cases: Sequence[Case], target: Side, dropped: frozenset[int]) -> int:
    """How many of the cases can be written in the target's language, for its types."""
    short = [replace(each, arguments=without(each.arguments, dropped)) for each in cases]
    return len(program(target, short).cases)
