"""The course of a run, which `rules` and `learned` share: sample, train, look, and again.

They differ in what an order aims at, and in the numbers of a training. Trainings start from the
model alone, on all pairs: one is worth its time only when there are many more of them than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from transloop_trainer.control import costs, stopping, targets
from transloop_trainer.control.decision import Decision, Stop, Synthesize, Synthesized, Train
from transloop_trainer.control.sampling import places_tried, sampling
from transloop_trainer.control.signals import Where
from transloop_trainer.control.state import State

ENOUGH = 300
"""Pairs that a first training waits for, if there is time to make them."""
MORE = 2.0
"""Times the pairs of the last training, that the next one waits for."""
LEAST = 1.25
"""Times those pairs, below which another training is not worth its time."""
FIRST = 1 / 3
"""Of the time that can be spent on sources: what the first order takes, to look around."""
LATER = 1 / 2
SMALL = 60
"""Attempts; time for fewer is added to the order before."""
LITTLE = 0.05
"""Pairs of an attempt, at least, where it is told how many attempts some pairs take."""
LONGER = 1.5
"""Times the seconds that an order's attempts should take: then it is over all the same."""
FEWEST = 8
"""Attempts; time for fewer is no order."""


@dataclass(frozen=True)
class Aim:
    """What an order is to be about."""

    weights: Mapping[Where, float]
    why: str


@dataclass(frozen=True)
class Tuning:
    """Fields of the recipe that differ from it."""

    changes: Mapping[str, Any]
    why: str


class Ways(Protocol):
    """What policies differ in."""

    def aim(self, state: State) -> Aim:
        """What the next order is about."""
        ...

    def tune(self, state: State) -> Tuning:
        """The numbers of the next training."""
        ...


def following(state: State, ways: Ways) -> Decision:
    """The next decision."""
    if why := stopping.enough(state):
        return stopping.closing(state, why)
    tuning = ways.tune(state)
    order = None if _due(state) else _order(state, ways, tuning)
    return order or _training(state, tuning)


def pairs(state: State) -> int:
    """All that can be trained on."""
    return sum(state.pairs.values())


# Orders ------------------------------------------------------------------------------------------


def _due(state: State) -> bool:
    """Whether there are pairs enough for a training, made since the last one."""
    last = state.steps[-1].outcome if state.steps else None
    return isinstance(last, Synthesized) and pairs(state) >= _wanted(state)


def _wanted(state: State) -> float:
    """Pairs that the next training waits for."""
    return max(ENOUGH, MORE * _before(state))


def _before(state: State) -> int:
    """Pairs that were trained on before; those that a run begins with are of earlier ones."""
    if state.trained:
        return state.trained[-1].pairs
    return max(0, pairs(state) - sum(each.admitted for each in state.synthesized))


def _order(state: State, ways: Ways, tuning: Tuning) -> Synthesize | None:
    if stopping.exhausted(state) or not targets.evenly(state):
        return None
    known = costs.costs(state)
    time = costs.affordable(state, tuning.changes)
    if state.trained and not _worth(state, time / known.attempt * known.admitted):
        return None
    part = LATER if state.synthesized else FIRST
    # A rest that is too small for an order of its own is used now.
    seconds = time * part if time * (1 - part) >= SMALL * known.attempt else time
    # Nor is more made than the next training waits for: what it shows may change the aim.
    missing = max(1.0, _wanted(state) - pairs(state)) / max(known.admitted, LITTLE)
    attempts = min(int(seconds / known.attempt), max(SMALL, round(missing)))
    if attempts < FEWEST:
        return None
    aim = ways.aim(state)
    weights = targets.within(aim.weights, attempts, targets.room(state))
    how = sampling(state, places_tried(targets.cells(state)), targets.untried(state), attempts)
    order = replace(
        how.order,
        shares=targets.spread(weights, attempts),
        seconds=min(seconds, attempts * known.attempt * LONGER),
        number=targets.number(state),
    )
    return Synthesize(order, f"{'; '.join((aim.why, *how.why))}.")


def _worth(state: State, expected: float) -> bool:
    return pairs(state) + expected >= LEAST * state.trained[-1].pairs


# Trainings ---------------------------------------------------------------------------------------


def _training(state: State, tuning: Tuning) -> Train | Stop:
    count = pairs(state)
    if not count:
        return stopping.closing(state, "There are no pairs to train on.")
    if why := _stale(state, tuning, count):
        return stopping.closing(state, why)
    changes = costs.fitted(state, tuning.changes)
    if changes is None:
        return stopping.closing(state, "A training and a gate do not fit into the time left.")
    cut = "" if changes == tuning.changes else "; cut to the time that is left"
    return Train(state.recipe, changes, f"Trains on {count} pairs, {tuning.why}{cut}.")


def _stale(state: State, tuning: Tuning, count: int) -> str | None:
    """Why another training would show nothing new; None: it may.

    The same pairs are trained on once more, if the last training asks for other numbers.
    """
    if not state.trained or count >= LEAST * state.trained[-1].pairs:
        return None
    again = len(state.trained) > 1 and count < LEAST * state.trained[-2].pairs
    if again or last_changes(state) == tuning.changes:
        return f"Of the {count} pairs {state.trained[-1].pairs} were trained on before."
    return None


def last_changes(state: State) -> Mapping[str, Any]:
    """What the last training had changed of its recipe."""
    asked = [each.decision for each in state.steps if isinstance(each.decision, Train)]
    return asked[-1].changes if asked else {}
