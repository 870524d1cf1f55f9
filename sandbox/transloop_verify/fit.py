"""Which hypothesis about inputs fits: by how a few inputs of each ended.

The inputs are few and drawn by chance, so a later hypothesis must do clearly better than an earlier
one, which the code or a name speaks for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from transloop_verify.infer import Hypothesis, float_for_int
from transloop_verify.traced import Trace
from transloop_verify.type import Type

Types = tuple[Type, ...]

_MISUSES = frozenset({"TypeError", "AttributeError"})
"""Errors that say that a value is of the wrong type."""
_ENOUGH = 0.6
"""Of the branches that the best types reach: how many more is chance."""


def chosen(
    tried: Sequence[Hypothesis], traces: Sequence[Sequence[Trace]], intended: frozenset[str]
) -> tuple[Hypothesis, ...]:
    """The hypotheses that fit best; several where their inputs can be told apart by nothing.

    `traces` holds what a few inputs of each did; `intended` names errors raised on purpose.
    """
    values = [_fit(each, intended) for each in traces]
    against = _against(tried, traces, values, intended)
    before, scores = Counter[Types](), []
    for each, value in zip(tried, values, strict=True):
        scores.append(value - against[each.types] - 0.02 * before[each.types])
        before[each.types] += 1
    best = tried[max(range(len(tried)), key=lambda at: scores[at])]
    alike = [
        each
        for each, value in zip(tried, values, strict=True)
        if each.types == best.types and value > 0.97
    ]
    return tuple(alike[:2]) or (best,)


def _fit(traces: Sequence[Trace], intended: frozenset[str]) -> float:
    if not traces:
        return -1.0
    return sum(_worth(each, intended) for each in traces) / len(traces)


def _worth(trace: Trace, intended: frozenset[str]) -> float:
    """1 for an input inside of the domain, less for one that the code did not expect."""
    if trace.end == "returned" or trace.error in intended:
        return 0.3 if "negative index" in trace.notes else 1.0
    return -0.5 if trace.error in _MISUSES else 0.0


def _against(
    tried: Sequence[Hypothesis],
    traces: Sequence[Sequence[Trace]],
    values: Sequence[float],
    intended: frozenset[str],
) -> dict[Types, float]:
    """What speaks against types, whatever the relations between the values.

    Others are likelier; there are errors of type, which some relations only hide; little of the
    code is reached: wrong types, too, come back from where a function looks at nothing.
    """
    ends = defaultdict[Types, list[Trace]](list)
    for each, some in zip(tried, traces, strict=True):
        ends[each.types] += some
    runs = {each.types for each, value in zip(tried, values, strict=True) if value > 0}
    reached = {types: len(_reached(some, intended)) for types, some in ends.items()}
    most = max(reached.values())
    return {
        types: 0.05 * rank
        + 2 * _misused(ends[types])
        + 0.25 * (1 - min(1.0, reached[types] / (_ENOUGH * most) if most else 1.0))
        + (_whole(types, tried[0].types) in runs - {types})
        for rank, types in enumerate(ends)
    }


def _misused(traces: Sequence[Trace]) -> float:
    """The share of errors of type."""
    return sum(each.error in _MISUSES for each in traces) / max(1, len(traces))


def _reached(traces: Sequence[Trace], intended: frozenset[str]) -> frozenset[int]:
    """The branches on the way of inputs inside of the domain; none where nobody traces."""
    good = (each.hits for each in traces if _worth(each, intended) > 0)
    return frozenset[int]().union(*good)


def _whole(types: Types, likely: Types) -> Types:
    """The types with integers for floats, where the likeliest ones have them.

    Where these run, floats are not needed: a loop may end sooner with them, or never begin, which
    looks like a better fit.
    """
    return tuple(
        first if float_for_int(one, first) else one
        for one, first in zip(types, likely, strict=True)
    )
