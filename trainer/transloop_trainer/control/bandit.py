"""Thompson sampling of what an order is about: by what sources have taught, for their time.

The reward of a source is 1 if it left a pair that the greedy candidate had wrong; `KNOWN` if it
left one that the model does at once, which teaches little; 0 otherwise. It is divided by the
seconds that sources of its place take. Once a gate has spoken, it is also weighed by what the
direction gained for its pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transloop_synth.order import Attempt
from transloop_trainer.control import targets
from transloop_trainer.control.signals import Where, gain
from transloop_trainer.control.state import State

KNOWN = 0.2
"""Reward of a pair whose greedy candidate was right."""
PRIOR = 4.0
"""Sources that the mean of the whole run counts as, in each place."""
FORGET = 0.7
"""What the sources of an order count for one order later: places run dry."""
DRAWS = 512
"""The weights of places are how often each was the best."""
LEAST = 0.1
"""What a direction is worth that gained nothing, as a part of one that gained as usual."""


@dataclass
class Sums:
    """Of the sources of one place."""

    count: float = 0.0
    reward: float = 0.0
    seconds: float = 0.0

    def add(self, attempt: Attempt, weight: float) -> None:
        """One more."""
        self.count += weight
        self.reward += weight * reward(attempt)
        self.seconds += weight * attempt.seconds


def reward(attempt: Attempt) -> float:
    """What a source has taught."""
    if attempt.unusable or not attempt.admitted:
        return 0.0
    return KNOWN if attempt.greedy else 1.0


def sampled(state: State, seed: int) -> dict[Where, float]:
    """How often each place was the best of a draw. Equal states and seeds draw the same."""
    places = targets.aims(state)
    sums, whole = _sums(state)
    draw = np.random.default_rng(seed)
    found = [sums.get(where, Sums()) for where in places]
    values = _rewards(found, whole, draw) / _seconds(found, whole)
    values *= _worth(state, [direction for direction, _ in places], draw)
    best = np.bincount(values.argmax(axis=1), minlength=len(places))
    return {where: float(count) for where, count in zip(places, best, strict=True) if count}


def _sums(state: State) -> tuple[dict[Where, Sums], Sums]:
    found: dict[Where, Sums] = {}
    whole = Sums()
    for age, made in enumerate(reversed(state.synthesized)):
        for each in made.attempts:
            whole.add(each, FORGET**age)
            for construct in (None, *each.constructs):
                found.setdefault((each.direction, construct), Sums()).add(each, FORGET**age)
    return found, whole


def _rewards(places: Sequence[Sums], whole: Sums, draw: np.random.Generator) -> NDArray[np.float64]:
    """Draws of each place's mean reward, from a beta distribution around what was seen."""
    mean = (whole.reward + 0.5) / (whole.count + 1)
    good = np.array([PRIOR * mean + each.reward for each in places])
    bad = np.array([PRIOR * (1 - mean) + each.count - each.reward for each in places])
    return draw.beta(good, bad, size=(DRAWS, len(places)))


def _seconds(places: Sequence[Sums], whole: Sums) -> NDArray[np.float64]:
    """Of a source in each place."""
    mean = whole.seconds / whole.count if whole.seconds else 1.0
    return np.array([(PRIOR * mean + each.seconds) / (PRIOR + each.count) for each in places])


def _worth(
    state: State, directions: Sequence[str], draw: np.random.Generator
) -> NDArray[np.float64]:
    """Draws of what a pair of each direction gained at the last gate, 1 on the average."""
    names = sorted(set(directions))
    last = next((each for each in reversed(state.trained) if each.verdict), None)
    if last is None or last.verdict is None:
        return np.ones((DRAWS, len(directions)))
    found = np.ones((DRAWS, len(names)))
    for at, name in enumerate(names):
        gained = gain(each for each in last.verdict.measured if each.direction == name)
        if gained is not None:
            points = draw.normal(gained.points, gained.error, DRAWS)
            found[:, at] = np.maximum(points, 0.0) / max(1, state.pairs.get(name, 0))
    mean = found.mean()
    scaled = np.maximum(found / mean, LEAST) if mean else np.ones_like(found)
    return scaled[:, [names.index(each) for each in directions]]
