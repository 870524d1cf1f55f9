"""A recorded run, seen by another policy: what it would have decided in the same states.

Nothing is trained and nothing sampled. So it cannot tell where the other policy would have led:
each state follows from what was really decided before it. What can be estimated is the yield of an
order, from the attempts of the whole run in the same places; with hindsight, and for both alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transloop_model.engine import seed_of
from transloop_synth.order import Attempt, Order
from transloop_trainer.control.decision import Decision, Stop, Synthesize, Synthesized, Train
from transloop_trainer.control.policy import Policy
from transloop_trainer.control.runlog import Recorded
from transloop_trainer.control.signals import Where

FEWEST = 5
"""Attempts of a place; from fewer nothing is estimated."""
DRAWS = 500
"""Of the bootstrap."""
ALIKE = 0.9
"""Overlap of two orders that are the same for people."""
SETTINGS = ("samples", "temperature", "repairs", "invented", "reenter", "cases", "mutants")
"""Fields of an order that change what an attempt comes to."""


@dataclass(frozen=True)
class Estimate:
    """What an order would have left, if its places had gone as they did in this run.

    Sources that are drawn twice leave a pair twice here, so it is rather too high.
    """

    pairs: float
    interval: tuple[float, float]
    """Of 95 %, by bootstrap over attempts."""
    taught: float
    """Sources among them whose greedy candidate was wrong."""
    seconds: float
    """That it would have taken."""
    told: float
    """Share of the order's attempts that the estimate is of."""
    untold: tuple[Where, ...]
    """Places with too few attempts: nothing is known of them."""

    @property
    def an_hour(self) -> float:
        """Pairs in an hour: orders of different sizes are compared by it."""
        return 3600 * self.pairs / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Compared:
    """One state, and two decisions in it."""

    recorded: Recorded
    other: Decision
    overlap: float
    """Of what is decided, from 0 to 1; of orders, the share of attempts in the same places."""
    estimates: tuple[Estimate | None, Estimate | None]
    """Of the recorded order and of the other one; None: no order, or nothing is known of it."""
    settings: tuple[str, ...] = ()
    """Of orders: fields that differ, so that the estimates are not of what was asked for."""

    @property
    def agrees(self) -> bool:
        """Whether both decided the same, as far as a person would say."""
        return self.overlap >= ALIKE and not self.settings


def replay(decisions: Sequence[Recorded], other: Policy, seed: int = 0) -> tuple[Compared, ...]:
    """What `other` would have decided in each recorded state."""
    pools = _pools(decisions)
    found = []
    for at, each in enumerate(decisions):
        decision = other.decide(each.state)
        drawn = seed_of(seed, at)
        estimates = (estimate(each.decision, pools, drawn), estimate(decision, pools, drawn))
        found.append(
            Compared(
                each,
                decision,
                overlap(each.decision, decision),
                estimates,
                _settings(each.decision, decision),
            )
        )
    return tuple(found)


def agreement(compared: Sequence[Compared]) -> float:
    """Share of the states in which both decided the same."""
    return sum(each.agrees for each in compared) / len(compared) if compared else 0.0


def overlap(one: Decision, other: Decision) -> float:
    """How much of two decisions is the same."""
    match one, other:
        case Synthesize(), Synthesize():
            return _common(_parts(one.order), _parts(other.order))
        case Train(), Train():
            mine, theirs = (one.recipe, dict(one.changes)), (other.recipe, dict(other.changes))
            return float(mine == theirs)
        case Stop(), Stop():
            return float(one.approve == other.approve)
        case _:
            return 0.0


def _parts(order: Order) -> dict[Where, float]:
    whole = sum(each.attempts for each in order.shares)
    found: dict[Where, float] = {}
    for each in order.shares:
        where = (each.direction, each.construct)
        found[where] = found.get(where, 0.0) + each.attempts / whole
    return found


def _common(one: Mapping[Where, float], other: Mapping[Where, float]) -> float:
    return sum(min(part, other.get(where, 0.0)) for where, part in one.items())


def _settings(one: Decision, other: Decision) -> tuple[str, ...]:
    if not isinstance(one, Synthesize) or not isinstance(other, Synthesize):
        return ()
    pairs = ((name, getattr(one.order, name), getattr(other.order, name)) for name in SETTINGS)
    return tuple(name for name, mine, theirs in pairs if mine != theirs)


# Estimates ---------------------------------------------------------------------------------------


def _pools(decisions: Sequence[Recorded]) -> dict[Where, list[Attempt]]:
    """The attempts of the run, by place."""
    found: dict[Where, list[Attempt]] = {}
    for each in decisions:
        if isinstance(each.outcome, Synthesized):
            for attempt in each.outcome.attempts:
                for construct in (None, *attempt.constructs):
                    found.setdefault((attempt.direction, construct), []).append(attempt)
    return found


def estimate(
    decision: Decision, pools: Mapping[Where, Sequence[Attempt]], seed: int
) -> Estimate | None:
    """What an order would have left, from attempts in the same places."""
    if not isinstance(decision, Synthesize):
        return None
    draw = np.random.default_rng(seed)
    sums = np.zeros((DRAWS, 3))  # pairs, taught, seconds
    told, untold = 0, []
    for share in decision.order.shares:
        pool = _usable(pools.get((share.direction, share.construct), ()))
        if pool is None:
            untold.append((share.direction, share.construct))
            continue
        told += share.attempts
        sums += pool[draw.integers(0, len(pool), (DRAWS, share.attempts))].sum(axis=1)
    whole = sum(each.attempts for each in decision.order.shares)
    if not told:
        return None
    # What does not fit into the order's time is not made.
    fits = np.minimum(1.0, decision.order.seconds / np.maximum(sums[:, 2], 1e-9))
    pairs, taught = sums[:, 0] * fits, sums[:, 1] * fits
    low, high = np.quantile(pairs, (0.025, 0.975))
    return Estimate(
        float(pairs.mean()),
        (float(low), float(high)),
        float(taught.mean()),
        float(np.minimum(sums[:, 2], decision.order.seconds).mean()),
        told / whole,
        tuple(untold),
    )


def _usable(attempts: Sequence[Attempt]) -> NDArray[np.float64] | None:
    """Pairs, whether they teach, and seconds of each; None: there are too few."""
    if len(attempts) < FEWEST:
        return None
    return np.array(
        [
            (len(each.admitted), bool(each.admitted) and not each.greedy, each.seconds)
            for each in attempts
        ],
        dtype=np.float64,
    )
