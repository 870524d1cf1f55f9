"""What things cost, and how much can be made so that a training and a gate still fit.

A rate is measured in this run where it can be, known from earlier ones (`State.rates`), or else one
of the figures below: measured on two cores with the model of 0.5B.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from transloop_trainer.control.decision import Synthesized, Train, Trained
from transloop_trainer.control.state import State, Step
from transloop_trainer.evaluate.sizes import SIZES
from transloop_trainer.recipe import Recipe, recipe

ATTEMPT = 15.0
"""Seconds of a source: a greedy and eight sampled translations, and what runs them."""
PAIR = 3.0
"""Seconds of a pair in one epoch: forward and backward."""
UNIT = 4.5
"""Seconds of a unit that is measured: a greedy translation, and what runs its tests."""
VALIDATIONS = 5
"""Of a training, that of what is in use among them."""
MOST = 1 / 3
"""Of the whole run: what a gate is guessed to take, at most; a short run would never begin."""
ADMITTED = 0.5
"""Pairs of an attempt."""
PAIR_TOKENS = 400
"""Of a prompt and its answer."""
SLACK = 0.9
"""Of what is left: estimates are off."""
FEWEST_STEPS = 3
"""A training that only fits with fewer is none."""


@dataclass(frozen=True)
class Costs:
    """Of this machine, this model and these sources."""

    attempt: float
    pair: float
    gate: float
    admitted: float


def costs(state: State) -> Costs:
    """What is known best."""
    guess = {"attempt": ATTEMPT, "pair": PAIR, "gate": _gate(state), "admitted": ADMITTED}
    return Costs(**{**guess, **_known(state.rates), **rates(state.steps)})


def _gate(state: State) -> float:
    """A guess: all units that are measured, with what is in use and with the new adapter."""
    sizes = SIZES.get(state.recipe, SIZES["small"])
    units = len(state.directions) * (VALIDATIONS * sizes.validation + 2 * sizes.gate)
    units += len(state.guarded) * 2 * sizes.guarded
    return min(units * UNIT, (state.seconds + state.seconds_left) * MOST)


def rates(steps: Iterable[Step]) -> dict[str, float]:
    """What these steps have shown, in the form of `State.rates`; nothing of what was not done."""
    orders, trainings = [], []
    for each in steps:
        match each.decision, each.outcome:
            case _, Synthesized() as made if made.attempts:
                orders.append(made)
            case Train() as asked, Trained(failed="") as trained if trained.pairs:
                trainings.append((asked, trained))
    found: dict[str, float] = {}
    # What could not be used takes time, too, and counts as no attempt of a share.
    if tried := sum(not each.unusable for made in orders for each in made.attempts):
        found["attempt"] = sum(each.seconds for each in orders) / tried
        found["admitted"] = sum(each.admitted for each in orders) / tried
    if trainings:
        asked, trained = trainings[-1]
        of_pairs = seen(changed(asked.recipe, asked.changes), trained.pairs)
        found["gate"] = trained.gate_seconds
        found["pair"] = max(0.0, trained.seconds - trained.gate_seconds) / of_pairs
    return _known(found)


def _known(given: Mapping[str, float]) -> dict[str, float]:
    """A rate of nothing was not measured; that nothing is admitted may well have been."""
    names = ("attempt", "pair", "gate", "admitted")
    return {
        name: given[name]
        for name in names
        if given.get(name, 0.0) > 0 or (name == "admitted" and name in given)
    }


def changed(name: str, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with some of its fields changed."""
    return replace(recipe(name), **changes)


def seen(asked: Recipe, pairs: int) -> float:
    """Pairs that a training sees, each epoch anew."""
    whole = float(pairs * asked.epochs)
    if asked.max_steps is None:
        return max(1.0, whole)
    return max(1.0, min(whole, asked.max_steps * asked.step_tokens / PAIR_TOKENS))


def training(known: Costs, asked: Recipe, pairs: int) -> float:
    """Seconds of a training with its gate."""
    return seen(asked, pairs) * known.pair + known.gate


def fitted(state: State, changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """Changes of the recipe that make a training fit into what is left; None: nothing does."""
    known, pairs = costs(state), sum(state.pairs.values())
    asked = changed(state.recipe, changes)
    left = state.seconds_left * SLACK
    for epochs in range(asked.epochs, 0, -1):
        if training(known, replace(asked, epochs=epochs), pairs) <= left:
            return {**changes, "epochs": epochs} if epochs != asked.epochs else dict(changes)
    steps = int((left - known.gate) / known.pair * PAIR_TOKENS / asked.step_tokens)
    if steps < FEWEST_STEPS:
        return None
    return {**changes, "epochs": 1, "max_steps": steps}


def affordable(state: State, changes: Mapping[str, Any]) -> float:
    """Seconds of synthesis after which all pairs, the new ones too, can still be trained on."""
    known, pairs = costs(state), sum(state.pairs.values())
    asked = changed(state.recipe, changes)
    left = state.seconds_left * SLACK - training(known, asked, pairs)
    made = known.admitted / known.attempt  # pairs a second
    if asked.max_steps is None:
        return left / (1 + made * asked.epochs * known.pair)
    capped = training(known, asked, 1_000_000)
    return max(left / (1 + made * asked.epochs * known.pair), state.seconds_left * SLACK - capped)
