"""What earlier outcomes teach: numbers of trainings by TPE, budgets by Thompson sampling."""

from __future__ import annotations

from collections.abc import Sequence

from transloop_model.engine import seed_of
from transloop_trainer.control import bandit, study, targets
from transloop_trainer.control.decision import Decision
from transloop_trainer.control.rounds import Aim, Tuning, following
from transloop_trainer.control.state import State
from transloop_trainer.control.study import Trial

NAMED = 3
"""Places that a reason names."""


class Learned:
    """What it learned in earlier runs is given to it; so equal states give equal decisions."""

    name = "learned"

    def __init__(self, earlier: Sequence[Trial] = ()) -> None:
        """What trainings of earlier runs came to (`study.earlier`)."""
        self._earlier = tuple(earlier)

    def decide(self, state: State) -> Decision:
        """The next decision, by what paid."""
        return following(state, self)

    def aim(self, state: State) -> Aim:
        """At what has taught most for its time, and at what may yet."""
        if not state.synthesized:
            return Aim(targets.evenly(state), "Looks around evenly: nothing has been tried yet")
        weights = bandit.sampled(state, _seed(state, "budget"))
        whole = sum(weights.values())
        first = sorted(weights, key=lambda where: (-weights[where], str(where)))[:NAMED]
        told = ", ".join(
            f"{targets.told(where)} ({weights[where] / whole:.0%} likely the best)"
            for where in first
        )
        return Aim(targets.broadened(state, weights), f"Aims first at {told}")

    def tune(self, state: State) -> Tuning:
        """Numbers that TPE suggests, from earlier runs and this one."""
        known = (*self._earlier, *study.trials(state.steps))
        changes = study.suggested(known, state.recipe, _seed(state, "numbers"))
        if not known:
            return Tuning({}, "by the recipe as it is: nothing is known yet")
        top = max(each.points for each in known)
        told = ", ".join(f"{name.replace('_', ' ')} {each:g}" for name, each in changes.items())
        seen = f"{len(known)} training{'s' if len(known) > 1 else ''}"
        why = f"as {seen} suggest{'' if len(known) > 1 else 's'}, the best at {top:+.1f} points"
        return Tuning(changes, f"with {told or 'the numbers of the recipe'}, {why}")


def _seed(state: State, what: str) -> int:
    return seed_of(state.seed, len(state.steps), what)
