"""How an order's sources are sampled and tested, from what the last order showed.

Exploration decays: what was the right temperature a round ago repeats itself now. So it is picked
anew each time, with a sentence of why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from transloop_synth.order import Attempt, Order
from transloop_trainer.control.decision import Synthesize, Synthesized
from transloop_trainer.control.signals import Cell, Where, attempts, cell
from transloop_trainer.control.state import State

STEP = 0.1
COLDEST, HOTTEST = 0.4, 1.2
"""Temperatures."""
ALIKE, APART = 0.35, 0.95
"""Distinct texts among candidates: with fewer, samples repeat; with more, they wander."""
FLAT = 0.05
"""pass@8 - pass@1: with less, sampling finds little that the greedy candidate does not."""
HARD = 0.05
"""pass@8: where it is lower, more samples find nothing."""
TELLING = 8
"""Sources; fewer do not tell that a place is hard."""
MANY = 0.25
"""Share of hard places that makes repairs worth their time."""
FUTILE = 20
"""Wrong answers that were shown what is wrong with them; fewer do not tell that it is in vain."""
SELDOM = 0.05
"""Share of them that held then: with less, their time makes more pairs of other sources."""
GAP = 0.02
"""Candidates that held in the visible cases alone: with more, the tests are too soft."""
MOST_CASES = 64
INVENTED = 0.5
"""Share of the sources, at most."""


@dataclass(frozen=True)
class Sampling:
    """Fields of an order, and why they are not what they were."""

    order: Order
    """Without shares and seconds."""
    why: tuple[str, ...] = ()


def sampling(state: State, cells: Iterable[Cell], untried: int, wanted: int) -> Sampling:
    """How the next order is to be made."""
    order, last = _last(state)
    found = Sampling(order)
    if last is not None:
        found = _tempered(found, last)
        found = _hardened(found, last)
    found = _repaired(found, list(cells), attempts(state))
    return _invented(found, untried, wanted)


def hard(cell: Cell) -> bool:
    """Whether more samples would find nothing there."""
    return cell.tried >= TELLING and cell.pass_at_8 < HARD


def _last(state: State) -> tuple[Order, Cell | None]:
    for each in reversed(state.steps):
        if isinstance(each.decision, Synthesize) and isinstance(each.outcome, Synthesized):
            order = replace(each.decision.order, shares=(), seconds=0.0, repairs=1, reenter=True)
            tried = cell(each.outcome.attempts)
            return order, tried if tried.tried >= TELLING else None
    return Order((), 0.0), None


def _tempered(found: Sampling, last: Cell) -> Sampling:
    now = found.order.temperature
    if last.distinct < ALIKE:
        wanted = min(HOTTEST, now + STEP)
        why = f"samples repeat ({last.distinct:.0%} distinct)"
    elif last.learnable < FLAT and last.distinct > APART:
        wanted = max(COLDEST, now - STEP)
        why = f"samples wander ({last.distinct:.0%} distinct, {_points(last)} points over greedy)"
    elif last.learnable < FLAT and last.harvest < 1.0:
        wanted = min(HOTTEST, now + STEP)
        why = f"sampling finds little ({_points(last)} points over greedy)"
    else:
        return found
    wanted = round(wanted, 2)
    if wanted == now:
        return found
    return _with(found, f"temperature {wanted:g}: {why}", temperature=wanted)


def _hardened(found: Sampling, last: Cell) -> Sampling:
    if last.gap <= GAP or found.order.cases >= MOST_CASES:
        return found
    cases = min(MOST_CASES, found.order.cases * 3 // 2)
    why = f"{cases} cases: {100 * last.gap:.1f} % of the candidates held in the visible ones alone"
    return _with(found, why, cases=cases)


def _repaired(found: Sampling, cells: list[Cell], tried: list[Attempt]) -> Sampling:
    drafts, mended = sum(each.drafts for each in tried), sum(each.mended for each in tried)
    if drafts >= FUTILE and mended < SELDOM * drafts:
        return _with(found, f"no repairs: {mended} of {drafts} wrong answers came right", repairs=0)
    told = [each for each in cells if each.tried >= TELLING]
    share = sum(map(hard, told)) / len(told) if told else 0.0
    if share < MANY:
        return found
    why = f"2 repairs: in {share:.0%} of the places more samples find nothing"
    return _with(found, why, repairs=2)


def _invented(found: Sampling, untried: int, wanted: int) -> Sampling:
    missing = 1 - untried / wanted if wanted else 0.0
    share = round(min(INVENTED, max(0.0, missing)), 2)
    if share == 0.0:
        return _with(found, "", invented=0.0)
    return _with(found, f"{share:.0%} invented: {untried} seeds are untried", invented=share)


def _with(found: Sampling, why: str, **fields: Any) -> Sampling:
    told = (*found.why, why) if why else found.why
    return Sampling(replace(found.order, **fields), told)


def _points(cell: Cell) -> str:
    return f"{100 * cell.learnable:+.0f}"


def places_tried(cells: dict[Where, Cell]) -> list[Cell]:
    """Those with a construct; where there is none, the directions."""
    named = [cell for (_, construct), cell in cells.items() if construct]
    return named or list(cells.values())
