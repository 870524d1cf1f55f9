"""Shares with their uncertainty, and what changes where the same units are done in two ways."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transloop_trainer.gate import mcnemar

Z = 1.96
"""Of a 95 % interval."""
DRAWS = 10_000
"""Of a bootstrap."""
Interval = tuple[float, float]


def share(part: int, whole: int) -> float | None:
    """A part of a whole, to three digits."""
    return round(part / whole, 3) if whole else None


def interval(part: int, whole: int) -> Interval | None:
    """Wilson's 95 % interval of a share; None of nothing."""
    if not whole:
        return None
    found, square = part / whole, Z * Z
    middle = (found + square / (2 * whole)) / (1 + square / whole)
    spread = math.sqrt(found * (1 - found) / whole + square / (4 * whole * whole))
    half = Z * spread / (1 + square / whole)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


def pass_at(k: int, samples: int, right: int) -> float:
    """How likely one of `k` samples is right, without bias from `right` of `samples`.

    1 - C(n - c, k) / C(n, k), as in arXiv 2107.03374. Raises ValueError for k above n.
    """
    if not 0 < k <= samples or not 0 <= right <= samples:
        raise ValueError(f"pass@{k} cannot be told from {right} of {samples} samples")
    return 1.0 - math.comb(samples - right, k) / math.comb(samples, k)


def clustered(values: Sequence[float], groups: Sequence[str], seed: int = 0) -> Interval | None:
    """The bootstrap's 95 % interval of a mean, drawing whole groups; None of nothing.

    Units of one problem succeed and fail together: drawing them one by one would make the interval
    too narrow.
    """
    if not values:
        return None
    names = sorted(set(groups))
    place = {name: at for at, name in enumerate(names)}
    sums, counts = np.zeros(len(names)), np.zeros(len(names))
    for value, group in zip(values, groups, strict=True):
        sums[place[group]] += value
        counts[place[group]] += 1
    low, high = np.quantile(_means(sums, counts, seed), (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


def _means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    draw = np.random.default_rng(seed)
    found = np.empty(DRAWS)
    for at in range(DRAWS):
        taken = draw.integers(0, len(sums), len(sums))
        found[at] = sums[taken].sum() / counts[taken].sum()
    return found


def difference(
    ours: Sequence[bool], base: Sequence[bool], groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """How much more often it is so with us, on the same units: McNemar's exact test.

    Points of 100. With `groups`, also the interval of a bootstrap that keeps them together.
    """
    pairs = list(zip(ours, base, strict=True))
    gained = sum(mine and not theirs for mine, theirs in pairs)
    lost = sum(theirs and not mine for mine, theirs in pairs)
    count = len(pairs)
    points = (gained - lost) / count
    half = Z * math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / count)) / count
    told: dict[str, Any] = {
        "points": round(100 * points, 1),
        "interval": (round(100 * (points - half), 1), round(100 * (points + half), 1)),
        "only_ours": gained,
        "only_the_baseline": lost,
        "p_value": round(mcnemar(gained, lost), 6),
    }
    if groups is not None:
        found = clustered([mine - theirs for mine, theirs in pairs], groups)
        told["clustered_interval"] = found and tuple(round(100 * each, 1) for each in found)
    return told
