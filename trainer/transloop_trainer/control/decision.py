"""What can be decided, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transloop_model.registry.card import Verdict
from transloop_synth.order import Attempt, Order


@dataclass(frozen=True)
class Synthesize:
    """Make more pairs."""

    order: Order
    reason: str
    """One sentence, for people."""


@dataclass(frozen=True)
class Train:
    """Train an adapter from the model alone, on all pairs that there are; then measure it."""

    recipe: str
    """A name in `transloop_trainer/recipes`."""
    changes: Mapping[str, Any]
    """Fields of `Recipe` that differ from it, such as `learning_rate`."""
    reason: str


@dataclass(frozen=True)
class Stop:
    """End the run: promote the best adapter that the gate let through, or keep what is in use."""

    approve: bool
    reason: str


Decision = Synthesize | Train | Stop


@dataclass(frozen=True)
class Synthesized:
    """What an order came to."""

    attempts: tuple[Attempt, ...]
    admitted: int
    pairs: int
    """All that there are now."""
    seconds: float


@dataclass(frozen=True)
class Trained:
    """What a training came to, with what the gate said of its adapter."""

    pairs: int
    steps: int
    """That were planned."""
    best_step: int
    """The one that the adapter is from."""
    losses: tuple[float, ...]
    scores: Mapping[int, float]
    """Executed pass@1 on the validation set, by step; 0 is what is in use."""
    number: int | None
    """The adapter's in the registry; None: it was not worth publishing."""
    verdict: Verdict | None
    failures: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    """Direction to failure class to its count before and after, on the gate set."""
    seconds: float = 0.0
    """Of all of it, without pauses."""
    gate_seconds: float = 0.0
    """Of them, those of validations and of the gate."""
    failed: str = ""
    """Why there is no adapter: the loss diverged, llama.cpp disagreed, ..."""


Outcome = Synthesized | Trained
