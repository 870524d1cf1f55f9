"""How an order is spread over directions and constructs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from transloop_synth.order import Share
from transloop_trainer.control import signals
from transloop_trainer.control.signals import Cell, Where
from transloop_trainer.control.state import State

FEWEST = 5
"""Sources; a construct of fewer is no target."""
BROAD = 0.25
"""Share of each order that asks for no construct: what is not aimed at is not forgotten."""


def number(state: State) -> int:
    """Of the next order: another one in each run and step, so that no two draw the same."""
    return state.seed * 1000 + len(state.synthesized)


def sources(state: State, where: Where) -> int:
    """Seeds that could be asked for there."""
    direction, construct = where
    return state.sources.get(direction.partition(":")[0], {}).get(construct or "", 0)


def places(state: State) -> list[Where]:
    """Directions, and constructs of them, that have sources enough."""
    found: list[Where] = []
    for direction in state.directions:
        known = state.sources.get(direction.partition(":")[0], {})
        found += [
            (direction, name or None)
            for name, count in sorted(known.items())
            if count >= (FEWEST if name else 1)
        ]
    return found


def aims(state: State) -> list[Where]:
    """Places with a construct; where a language has none that are known, the direction itself."""
    there = places(state)
    named = {direction for direction, construct in there if construct}
    return [each for each in there if each[1] or each[0] not in named]


def untried(state: State) -> int:
    """Seeds, each in each direction, that this run has not tried."""
    tried = {(each.source, each.direction) for each in signals.attempts(state)}
    return max(0, sum(sources(state, (each, None)) for each in state.directions) - len(tried))


def evenly(state: State) -> dict[Where, float]:
    """All directions alike, and no constructs: it shows what there is."""
    return {(each, None): 1.0 for each in state.directions if sources(state, (each, None))}


def broadened(state: State, weights: Mapping[Where, float]) -> dict[Where, float]:
    """With a part for what is not aimed at, spread evenly over the directions."""
    even, whole = evenly(state), sum(weights.values())
    if not whole or not even:
        return dict(even)
    found = {where: (1 - BROAD) * weight / whole for where, weight in weights.items()}
    for where in even:
        found[where] = found.get(where, 0.0) + BROAD / len(even)
    return found


def room(state: State) -> dict[Where, int]:
    """Seeds of each place that were not tried yet: an order for more would try old ones again."""
    tried: dict[Where, set[str]] = {}
    for each in signals.attempts(state):
        for construct in each.constructs:
            tried.setdefault((each.direction, construct), set()).add(each.source)
    return {
        where: max(FEWEST, sources(state, where) - len(tried.get(where, ())))
        for where in places(state)
        if where[1]
    }


def within(
    weights: Mapping[Where, float], attempts: int, most: Mapping[Where, int]
) -> dict[Where, float]:
    """Weights that ask for no more than there is room for; what is over goes to the others."""
    free = dict(weights)
    fixed: dict[Where, float] = {}
    while free:
        left = max(0.0, attempts - sum(fixed.values()))
        part = left / (sum(free.values()) or 1.0)
        full = [where for where, each in free.items() if each * part > most.get(where, math.inf)]
        if not full:
            return {**fixed, **{where: each * part for where, each in free.items()}}
        fixed |= {where: float(most[where]) for where in full}
        free = {where: each for where, each in free.items() if where not in full}
    return fixed


def spread(weights: Mapping[Where, float], attempts: int) -> tuple[Share, ...]:
    """That many attempts by weight, to the last one; the largest remainders get what is left."""
    whole = sum(weights.values())
    if whole <= 0 or attempts <= 0:
        return ()
    exact = {where: attempts * weight / whole for where, weight in weights.items()}
    counts = {where: math.floor(each) for where, each in exact.items()}
    by_rest = sorted(exact, key=lambda where: (counts[where] - exact[where], str(where)))
    for where in by_rest[: attempts - sum(counts.values())]:
        counts[where] += 1
    return tuple(Share(*where, count) for where, count in counts.items() if count)


def siblings(cells: Mapping[Where, Cell], where: Where) -> Cell | None:
    """The same construct in the other directions from the same language; None: nobody tried."""
    direction, construct = where
    language = direction.partition(":")[0] + ":"
    found = [
        cell
        for (other, same), cell in cells.items()
        if same == construct and other != direction and other.startswith(language) and cell.tried
    ]
    return max(found, key=lambda cell: cell.harvest, default=None)


def told(where: Where) -> str:
    """For people."""
    direction, construct = where
    name = direction.replace(":", " -> ")
    return f"{construct.replace('_', ' ')} in {name}" if construct else name


def cells(state: State) -> dict[Where, Cell]:
    """What this run has seen so far."""
    return signals.cells(signals.attempts(state))
