"""When a run is over, and what is approved then. The same for every policy."""

from __future__ import annotations

import math

from transloop_trainer.control.decision import Stop, Synthesized, Trained
from transloop_trainer.control.signals import best, gain_of
from transloop_trainer.control.state import State

ROUNDS = 2
"""Trainings without a sure gain that end a run."""
FEW = 0.05
"""Pairs of a source, of an order: with fewer, sources have nothing new to give."""
TELLING = 10
"""Sources; fewer tell nothing about that."""
FALL = 2.0
"""Standard errors below the best adapter of the run: it has collapsed."""


def closing(state: State, why: str) -> Stop:
    """End the run. Only what the gate let through is approved."""
    found = best(state.trained)
    if found is None:
        return Stop(False, f"{why} The gate let no adapter through: what is in use stays.")
    gained = gain_of(found)
    told = f", {gained.points:+.1f} points" if gained else ""
    return Stop(True, f"{why} Adapter {found.number} is the best that the gate let through{told}.")


def enough(state: State) -> str | None:
    """Why more trainings would not help; None: they may."""
    last = state.trained[-ROUNDS:]
    if len(last) == ROUNDS and all(each.failed for each in last):
        return f"{ROUNDS} trainings failed in a row."
    if len(last) == ROUNDS and not any(map(_sure, last)):
        return f"{ROUNDS} trainings in a row gained nothing that chance does not explain."
    return _collapsed(state)


def exhausted(state: State) -> bool:
    """Whether the last order has shown that there is nothing new to be had."""
    last = state.steps[-1].outcome if state.steps else None
    if not isinstance(last, Synthesized):
        made = state.synthesized
        last = made[-1] if made else None
    if last is None:
        return False
    tried = sum(not each.unusable for each in last.attempts)
    return tried == 0 or (tried >= TELLING and last.admitted < FEW * tried)


def _sure(trained: Trained) -> bool:
    found = gain_of(trained)
    return found is not None and found.sure


def _collapsed(state: State) -> str | None:
    """Self-training rises and then falls: nothing is gained by going on then."""
    *before, last = state.trained or (None,)
    top = best(each for each in before if each)
    if top is None or last is None:
        return None
    high, now = gain_of(top), gain_of(last)
    if high is None or now is None:
        return None
    error = math.hypot(high.error, now.error)
    if high.points - now.points <= FALL * error:
        return None
    return f"The last adapter is {high.points - now.points:.1f} points below the best of this run."
