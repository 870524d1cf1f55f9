"""What a policy sees: what was decided so far, what came of it, and what may still be spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transloop_trainer.control.decision import Decision, Outcome, Synthesized, Trained


@dataclass(frozen=True)
class Step:
    """One decision of this run and its outcome."""

    decision: Decision
    outcome: Outcome


@dataclass(frozen=True)
class State:
    """Everything that a decision may depend on. It is data: it can be stored and replayed."""

    directions: tuple[str, ...]
    """That are to be learned, such as `python:java`."""
    guarded: tuple[str, ...]
    """That must not get worse."""
    sources: Mapping[str, Mapping[str, int]]
    """Language to construct to how many seeds use it; `""` counts all of them."""
    pairs: Mapping[str, int]
    """Direction to pairs that can be trained on."""
    people: int
    """Pairs that people have accepted or corrected, of all directions."""
    seconds: float
    """Of work that this run has taken."""
    seconds_left: float
    """That it may still take."""
    steps: tuple[Step, ...] = ()
    """Of this run, in order."""
    seed: int = 0
    """For policies that draw; the same state gives the same decision."""
    recipe: str = "small"
    """What a person has asked to train by."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """What is known from earlier runs, as `costs.rates` tells it: seconds of an `attempt`, of a
    `pair` in one epoch, of a `gate` with its validations; pairs `admitted` of an attempt."""

    @property
    def synthesized(self) -> tuple[Synthesized, ...]:
        """What the orders of this run came to."""
        found = (each.outcome for each in self.steps)
        return tuple(each for each in found if isinstance(each, Synthesized))

    @property
    def trained(self) -> tuple[Trained, ...]:
        """What the trainings of this run came to."""
        found = (each.outcome for each in self.steps)
        return tuple(each for each in found if isinstance(each, Trained))
