"""The plain baseline, rejection-sampling SFT: sample once, keep what holds, train, ask the gate."""

from __future__ import annotations

from transloop_synth.order import Order, Share
from transloop_trainer.control import costs
from transloop_trainer.control.decision import Decision, Synthesize, Train
from transloop_trainer.control.state import State
from transloop_trainer.control.stopping import closing
from transloop_trainer.control.targets import number, sources


class Fixed:
    """One order, spread evenly over directions; one training by the recipe as it is."""

    name = "fixed"

    def decide(self, state: State) -> Decision:
        """The next of its three steps; it looks at no outcome, except for whether there is one."""
        if state.trained:
            return closing(state, "One order and one training: the schedule is done.")
        order = None if state.synthesized else _order(state)
        if order is not None:
            return Synthesize(order, "The schedule begins with one order, evenly over directions.")
        pairs = sum(state.pairs.values())
        if not pairs:
            return closing(state, "There are no pairs to train on.")
        changes = costs.fitted(state, {})
        if changes is None:
            return closing(state, "A training and a gate do not fit into the time that is left.")
        how = "its recipe, cut to the time that is left" if changes else "its recipe"
        return Train(
            state.recipe,
            changes,
            f"The schedule trains once, on {pairs} pairs, by {how}.",
        )


def _order(state: State) -> Order | None:
    """Every seed at most once: a second time would draw what is near-equal."""
    seconds = costs.affordable(state, {})
    wanted = seconds / costs.costs(state).attempt / max(1, len(state.directions))
    shares = tuple(
        Share(each, None, min(int(wanted), sources(state, (each, None))))
        for each in state.directions
    )
    kept = tuple(each for each in shares if each.attempts)
    if not kept:
        return None
    return Order(kept, seconds, repairs=0, invented=0.0, reenter=False, number=number(state))
