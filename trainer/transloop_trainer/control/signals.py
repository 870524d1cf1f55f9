"""What the outcomes of a run show: by direction and construct, and by training."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transloop_model.registry.card import Measured
from transloop_synth.order import Attempt
from transloop_trainer.control.decision import Trained
from transloop_trainer.control.state import State
from transloop_trainer.evaluate.statistics import Z, pass_at
from transloop_trainer.gate import fell

K = 8
"""Of pass@k."""
Where = tuple[str, str | None]
"""Direction and construct; None: whatever there is."""


@dataclass(frozen=True)
class Cell:
    """What the attempts of one direction and construct came to. Shares are of sources."""

    tried: int
    """Sources that could be translated and judged."""
    unusable: int
    pass_at_1: float
    """Of the greedy candidates."""
    pass_at_8: float
    """Of the samples, unbiased; of fewer, where fewer were drawn."""
    learnable: float
    """pass@8 - pass@1: what the model can do, and does not do at once."""
    admitted: int
    """Pairs."""
    taught: int
    """Sources that left a pair although the greedy candidate was wrong."""
    new: float
    """Of the sources that had a right candidate, those that left a pair: the rest is known."""
    gap: float
    """Share of the candidates that held in the visible cases, and not in the hidden ones."""
    distinct: float
    """Different texts, as a share of all candidates."""
    failures: Mapping[str, int]
    seconds: float

    @property
    def harvest(self) -> float:
        """Pairs of a source."""
        return self.admitted / self.tried if self.tried else 0.0

    @property
    def seconds_per_pair(self) -> float | None:
        """What a pair cost; None where there is none."""
        return self.seconds / self.admitted if self.admitted else None


def cell(attempts: Sequence[Attempt]) -> Cell:
    """What these attempts show together."""
    tried = [each for each in attempts if not each.unusable]
    # A right greedy candidate makes samples unnecessary; a wrong one without samples says nothing.
    told = [each for each in tried if each.drawn or each.greedy]
    sampled = [_sampled(each) for each in told]
    candidates = sum(1 + each.drawn for each in tried)
    held = [each for each in tried if each.greedy or each.right or each.admitted]
    failures: Counter[str] = Counter()
    for each in tried:
        failures.update(each.failures)
    return Cell(
        tried=len(tried),
        unusable=len(attempts) - len(tried),
        pass_at_1=_mean([each.greedy for each in tried]),
        pass_at_8=_mean(sampled),
        learnable=_mean(sampled) - _mean([each.greedy for each in told]),
        admitted=sum(len(each.admitted) for each in tried),
        taught=sum(bool(each.admitted) and not each.greedy for each in tried),
        new=_mean([bool(each.admitted) for each in held]) if held else 1.0,
        gap=sum(each.visible_only for each in tried) / candidates if candidates else 0.0,
        distinct=sum(each.distinct for each in tried) / candidates if candidates else 0.0,
        failures=dict(failures),
        seconds=sum(each.seconds for each in attempts),
    )


def cells(attempts: Iterable[Attempt]) -> dict[Where, Cell]:
    """By direction, and by direction and construct; an attempt is in each cell that it is of."""
    found: dict[Where, list[Attempt]] = {}
    for each in attempts:
        for construct in (None, *each.constructs):
            found.setdefault((each.direction, construct), []).append(each)
    return {where: cell(group) for where, group in found.items()}


def attempts(state: State) -> list[Attempt]:
    """All of this run."""
    return [each for made in state.synthesized for each in made.attempts]


def _sampled(attempt: Attempt) -> float:
    if not attempt.drawn:
        return float(attempt.greedy)
    return pass_at(min(K, attempt.drawn), attempt.drawn, attempt.right)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


# Of trainings ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gain:
    """What an adapter gained over what is in use, in points of 100, on the same units."""

    points: float
    error: float
    """Its standard error."""

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %."""
        return self.points - Z * self.error, self.points + Z * self.error

    @property
    def sure(self) -> bool:
        """Its interval excludes 0, upwards."""
        return self.interval[0] > 0


def gain(measured: Iterable[Measured]) -> Gain | None:
    """Of some directions together; None of nothing."""
    kept = [each for each in measured if each.units]
    units = sum(each.units for each in kept)
    if not units:
        return None
    gained, lost = sum(each.gained for each in kept), sum(each.lost for each in kept)
    variance = gained + lost - (gained - lost) ** 2 / units
    return Gain(100 * (gained - lost) / units, 100 * math.sqrt(max(0.0, variance)) / units)


def gain_of(trained: Trained) -> Gain | None:
    """In the directions that were trained."""
    measured = trained.verdict.measured if trained.verdict else ()
    return gain(each for each in measured if not each.guarded)


def fallen(trained: Trained) -> tuple[Measured, ...]:
    """Guarded directions that fell by more than two standard errors."""
    measured = trained.verdict.measured if trained.verdict else ()
    return tuple(each for each in measured if each.guarded and fell(each))


def peak(trained: Trained) -> float:
    """Where the best step was, as a share of the steps that were planned."""
    return trained.best_step / trained.steps if trained.steps else 0.0


def best(trainings: Iterable[Trained]) -> Trained | None:
    """The adapter that gained most, of those that may be promoted; None: nothing is better.

    The gate must have let it through, and it must not have been worse in the validation: a gate
    that asks for one unit lets some through by chance, and the two sets are independent. Where a
    guarded direction fell, no gate counts.
    """
    through = [
        each
        for each in trainings
        if each.number is not None and each.verdict is not None and each.verdict.promote
    ]
    kept = (each for each in through if _validated(each) and not fallen(each))
    return max(kept, key=_points, default=None)


def _validated(trained: Trained) -> bool:
    """At least as good as what is in use; what was not validated is not held against it."""
    in_use, chosen = trained.scores.get(0), trained.scores.get(trained.best_step)
    return in_use is None or chosen is None or chosen >= in_use


def _points(trained: Trained) -> tuple[float, int]:
    """With the later one of equals."""
    found = gain_of(trained)
    return (found.points if found else 0.0, trained.number or 0)
