"""What was synthesized in a run, and what was not taken, as values for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transloop_synth.order import Attempt
from transloop_trainer.control.decision import Synthesized
from transloop_trainer.control.runlog import Recorded
from transloop_trainer.control.signals import Cell, cells

FEW = 3
"""Sources; a construct that fewer use is not shown, as it would be noise."""


@dataclass(frozen=True)
class Made:
    """All attempts in one direction."""

    direction: str
    cell: Cell
    rejected: Mapping[str, int]
    unusable: Mapping[str, int]


@dataclass(frozen=True)
class Construct:
    """One construct, in each direction."""

    name: str
    cells: tuple[Cell | None, ...]
    """In the order of the directions; None: too few were tried."""


def attempts(decisions: Sequence[Recorded]) -> list[Attempt]:
    """All of the run."""
    made = [each.outcome for each in decisions if isinstance(each.outcome, Synthesized)]
    return [attempt for each in made for attempt in each.attempts]


def by_direction(found: Sequence[Attempt]) -> list[Made]:
    """In the order of their names."""
    told = cells(found)
    return [
        Made(
            name,
            told[name, None],
            _summed([each.rejected for each in found if each.direction == name]),
            Counter(each.unusable for each in found if each.direction == name and each.unusable),
        )
        for name in directions(found)
    ]


def by_construct(found: Sequence[Attempt]) -> list[Construct]:
    """Those that were tried most first."""
    told, names = cells(found), directions(found)
    tried: Counter[str] = Counter()
    for (_, construct), cell in told.items():
        if construct is not None and cell.tried >= FEW:
            tried[construct] += cell.tried
    return [
        Construct(name, tuple(_enough(told.get((each, name))) for each in names))
        for name, _ in sorted(tried.items(), key=lambda each: (-each[1], each[0]))
    ]


def directions(found: Sequence[Attempt]) -> list[str]:
    """That were tried."""
    return sorted({each.direction for each in found})


def _enough(cell: Cell | None) -> Cell | None:
    return cell if cell is not None and cell.tried >= FEW else None


def _summed(counts: Sequence[Mapping[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in counts:
        found.update(each)
    return found
