"""Shares with their uncertainty, and what changes where the same units are done in two ways."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Z = 1.96
"""Of a 95 % interval."""


def interval(part: int, whole: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share; None of nothing."""
    if not whole:
        return None
    share, square = part / whole, Z * Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    spread = math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    half = Z * spread / (1 + square / whole)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


def difference(ours: Sequence[bool], base: Sequence[bool]) -> dict[str, Any]:
    """How much more often it is so with us, on the same units: McNemar's exact test."""
    pairs = list(zip(ours, base, strict=True))
    gained = sum(mine and not theirs for mine, theirs in pairs)
    lost = sum(theirs and not mine for mine, theirs in pairs)
    count = len(pairs)
    points = (gained - lost) / count
    half = Z * math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / count)) / count
    return {
        "points": round(100 * points, 1),
        "interval": (round(100 * (points - half), 1), round(100 * (points + half), 1)),
        "only_ours": gained,
        "only_the_baseline": lost,
        "p_value": round(_mcnemar(gained, lost), 6),
    }


def _mcnemar(gained: int, lost: int) -> float:
    """How likely a difference this large is if both are as good."""
    count = gained + lost
    tail = sum(math.comb(count, each) for each in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**count)
