"""The gate: whether a new adapter replaces what is in use. A pure function of what both got right.

It asks two questions about the same units, translated by what is in use and by the new adapter:

1. Has it lost anything? No direction, trained or guarded, may fall by more than two standard errors
   of its paired difference, and the gate set as a whole may not fall.
2. Has it gained? Either significantly, by McNemar's exact test over the gate set; or by as little
   as one unit, if there is a guard set, in which nothing was lost.

So a gain in the directions that were trained never pays for a loss in those that were not, and
what is only different stays out: an adapter costs speed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transloop_model.registry.card import Measured, Verdict

SIGNIFICANT = 0.05
FALL = 2.0
"""Standard errors that a direction may fall by."""


@dataclass(frozen=True)
class Paired:
    """One unit in one direction, done in two ways."""

    unit: str
    direction: str
    """Such as `python:java`."""
    before: bool
    """Right with what is in use."""
    after: bool
    """Right with the new adapter."""


def gate(
    trained: Sequence[Paired],
    guarded: Sequence[Paired],
    against: str,
    significant: float = SIGNIFICANT,
) -> Verdict:
    """Promote, or keep what is in use; with one sentence of reason.

    Args:
        trained: the gate set, which nothing was trained or chosen on.
        guarded: units in directions that were not trained.
        against: digest of the adapter in use (`Registry.digest_in_use`).

    Raises:
        ValueError: a unit is there twice, or a guarded direction was trained.
    """
    _require_disjoint(trained, guarded)
    measured = (*_by_direction(trained, False), *_by_direction(guarded, True))
    gained = sum(each.after and not each.before for each in trained)
    lost = sum(each.before and not each.after for each in trained)
    p = mcnemar(gained, lost)
    promote, reason = _decided(measured, gained, lost, p, significant)
    return Verdict(promote, reason, against, p, measured)


def _decided(
    measured: Sequence[Measured], gained: int, lost: int, p: float, significant: float
) -> tuple[bool, str]:
    units = sum(each.units for each in measured if not each.guarded)
    if not units:
        return False, "Nothing was measured in the directions that were trained."
    if fallen := [each for each in measured if fell(each)]:
        return False, f"It lost {', '.join(map(_told, fallen))}: more than two standard errors."
    points = f"{100 * (gained - lost) / units:+.1f} points on {units} units (p = {p:.2g})"
    if gained <= lost:
        return False, f"It gained nothing: {points}."
    if p <= significant:
        return True, f"A significant gain: {points}."
    if not any(each.guarded for each in measured):
        return False, f"The gain may be chance, and nothing was guarded: {points}."
    return True, f"A gain that may be chance, and nothing that is guarded was lost: {points}."


def fell(measured: Measured) -> bool:
    """Whether a direction got worse by more than chance explains."""
    fall = measured.lost - measured.gained
    variance = measured.gained + measured.lost - fall**2 / measured.units
    return fall > 0 and fall > FALL * math.sqrt(max(0.0, variance))


def mcnemar(gained: int, lost: int) -> float:
    """How likely a difference at least this large is, in either way, if both are equally good."""
    count = gained + lost
    tail = sum(math.comb(count, i) for i in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / (1 << count))


def _by_direction(pairs: Iterable[Paired], guarded: bool) -> list[Measured]:
    found: dict[str, list[Paired]] = {}
    for each in pairs:
        found.setdefault(each.direction, []).append(each)
    return [_measured(name, each, guarded) for name, each in sorted(found.items())]


def _measured(direction: str, pairs: Sequence[Paired], guarded: bool) -> Measured:
    before, after = (sum(each.before for each in pairs), sum(each.after for each in pairs))
    gained = sum(each.after and not each.before for each in pairs)
    return Measured(
        direction, len(pairs), before, after, gained, gained - (after - before), guarded
    )


def _told(measured: Measured) -> str:
    kind = "guarded" if measured.guarded else "trained"
    return f"{measured} ({kind}, {measured.before} -> {measured.after} of {measured.units})"


def _require_disjoint(trained: Sequence[Paired], guarded: Sequence[Paired]) -> None:
    seen: set[tuple[str, str]] = set()
    for each in (*trained, *guarded):
        if (each.unit, each.direction) in seen:
            raise ValueError(f"{each.unit} is measured twice in {each.direction}")
        seen.add((each.unit, each.direction))
    directions = {each.direction for each in trained}
    if both := directions & {each.direction for each in guarded}:
        raise ValueError(f"{', '.join(sorted(both))} cannot be trained and guarded")
