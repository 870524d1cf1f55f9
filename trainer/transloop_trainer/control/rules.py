"""What is known to work, as rules: sample where it can be learned, believe what was run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transloop_trainer.control import targets
from transloop_trainer.control.costs import changed
from transloop_trainer.control.decision import Decision, Trained
from transloop_trainer.control.rounds import Aim, Tuning, following, last_changes, pairs
from transloop_trainer.control.sampling import hard
from transloop_trainer.control.signals import Cell, Where, fallen, peak
from transloop_trainer.control.state import State
from transloop_trainer.control.targets import siblings

PRIOR = 10
"""Sources that a guess from around a place counts as."""
LEAST = 0.02
"""Weight of what seems to teach nothing; it may have been chance."""
SIBLING = 0.25
"""Weight of a hard place, as a part of what its siblings harvest."""
NAMED = 3
"""Places that a reason names."""

EARLY, LATE = 1 / 3, 0.9
"""Of the steps: a peak before it came early, one behind it is no peak yet."""
BEHIND = 3
"""Steps behind the peak that the next training goes."""
MOST_EPOCHS = 4
LOWEST_RATE = 2e-5


class Rules:
    """Orders by pass@8 - pass@1 and by what siblings harvest; trainings by the last one's peak."""

    name = "rules"

    def decide(self, state: State) -> Decision:
        """The next decision, by the rules."""
        return following(state, self)

    def aim(self, state: State) -> Aim:
        """At what the model can do, and does not do at once."""
        cells = targets.cells(state)
        if not cells:
            return Aim(targets.evenly(state), "Looks around evenly: nothing has been tried yet")
        weights = {where: weight(cells, where) for where in targets.aims(state)}
        first = sorted(weights, key=lambda where: (-weights[where], str(where)))[:NAMED]
        told = ", ".join(f"{targets.told(where)} ({_learnable(cells, where)})" for where in first)
        return Aim(targets.broadened(state, weights), f"Aims first at {told}")

    def tune(self, state: State) -> Tuning:
        """By where the last training had its best step."""
        return tuned(state)


def weight(cells: Mapping[Where, Cell], where: Where) -> float:
    """What sources there are worth: pass@8 - pass@1, as far as what it finds is new.

    The fewer were tried, the more what is around the place counts.
    """
    around = _around(cells, where)
    found, sibling = cells.get(where), siblings(cells, where)
    if found is None or not found.tried:
        return max(LEAST, around)
    if hard(found):
        return max(LEAST, SIBLING * (sibling.harvest if sibling else 0.0))
    seen = found.tried * found.learnable + PRIOR * around
    return max(LEAST, found.new * seen / (found.tried + PRIOR))


def _around(cells: Mapping[Where, Cell], where: Where) -> float:
    """Of the whole direction, and of the same construct in its siblings."""
    near = (cells.get((where[0], None)), siblings(cells, where))
    found = [each.learnable for each in near if each is not None and each.tried]
    return sum(found) / len(found) if found else 0.0


def _learnable(cells: Mapping[Where, Cell], where: Where) -> str:
    found = cells.get(where)
    if found is None or not found.tried:
        return "untried"
    if hard(found):
        return "hard, but siblings succeed"
    return f"pass@8 is {100 * found.learnable:+.0f} points over pass@1"


# The numbers of a training -----------------------------------------------------------------------


def tuned(state: State) -> Tuning:
    """The recipe, corrected by what the trainings of this run showed."""
    if not state.trained:
        return Tuning({}, "by the recipe as it is")
    return corrected(state, last_changes(state), state.trained[-1])


def corrected(state: State, before: Mapping[str, Any], last: Trained) -> Tuning:
    """What to do otherwise than the last time."""
    recipe = changed(state.recipe, before)
    slower = {"learning_rate": max(LOWEST_RATE, recipe.learning_rate / 2)}
    told = f"at learning rate {slower['learning_rate']:g}"
    if last.failed:
        return Tuning({**before, **slower}, f"{told}, because the last training failed")
    growth = max(1.0, pairs(state) / max(1, last.pairs))
    if peak(last) < EARLY:
        # Half the rate goes the same way in twice the steps.
        steps = round(2 * growth * last.best_step) + BEHIND if last.best_step else last.steps
        changes = {**before, **slower, "max_steps": steps}
        return Tuning(changes, f"{told}, for {steps} steps: the peak came early, {_at(last)}")
    if fallen(last):
        return Tuning({**before, **slower}, f"{told}, because a guarded direction fell")
    if peak(last) < LATE:
        steps = round(growth * last.best_step) + BEHIND
        return Tuning(
            {**before, "max_steps": steps}, f"for {steps} steps: the peak was {_at(last)}"
        )
    if recipe.epochs >= MOST_EPOCHS:
        return Tuning(before, "as the last time, whose best step was its last")
    longer = {name: value for name, value in before.items() if name != "max_steps"}
    epochs = recipe.epochs + 1
    return Tuning(
        {**longer, "epochs": epochs}, f"for {epochs} epochs: it was still rising {_at(last)}"
    )


def _at(last: Trained) -> str:
    return f"at step {last.best_step} of {last.steps}"
