"""The trainings of a run, as values for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from pydantic import ValidationError

from transloop_model.registry.card import Measured
from transloop_settings.errors import UsageError
from transloop_trainer.control.costs import changed
from transloop_trainer.control.decision import Train, Trained
from transloop_trainer.control.runlog import Recorded
from transloop_trainer.control.signals import Gain, gain, gain_of
from transloop_trainer.evaluate.programs import Failure
from transloop_trainer.evaluate.statistics import interval

CLASSES: tuple[str, ...] = get_args(Failure)
FORMAT = ("no code", "compile")
"""Classes of failures of the form alone; the others are of what the code does."""


@dataclass(frozen=True)
class Row:
    """A direction, before and after."""

    measured: Measured
    gain: Gain

    @property
    def before(self) -> float:
        """Share of units that were right with what was in use."""
        return self.measured.before / self.measured.units

    @property
    def after(self) -> float:
        """Share of units that are right with the new adapter."""
        return self.measured.after / self.measured.units

    @property
    def around(self) -> tuple[float, float]:
        """The 95 % interval of what is right with the new adapter."""
        return interval(self.measured.after, self.measured.units) or (0.0, 1.0)


@dataclass(frozen=True)
class Round:
    """One training, with what the gate said."""

    number: int
    asked: Train
    made: Trained

    @property
    def title(self) -> str:
        """What people call it."""
        name = f"adapter {self.made.number}" if self.made.number is not None else "no adapter"
        return f"Round {self.number}: {name}"

    @property
    def rows(self) -> list[Row]:
        """The directions, those that were trained first."""
        measured = self.made.verdict.measured if self.made.verdict else ()
        told = ((each, gain([each])) for each in sorted(measured, key=lambda each: each.guarded))
        return [Row(each, found) for each, found in told if found is not None]

    @property
    def gain(self) -> Gain | None:
        """In the directions that were trained, together."""
        return gain_of(self.made)

    @property
    def units(self) -> int:
        """That the gate measured in the directions that were trained."""
        return sum(row.measured.units for row in self.rows if not row.measured.guarded)


def rounds(decisions: Sequence[Recorded]) -> list[Round]:
    """All trainings that were done."""
    done = [
        (each.decision, each.outcome)
        for each in decisions
        if isinstance(each.decision, Train) and isinstance(each.outcome, Trained)
    ]
    return [Round(number, asked, made) for number, (asked, made) in enumerate(done, 1)]


# Failures ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failures:
    """How the units of one direction failed, before and after a training."""

    direction: str
    counts: Mapping[str, tuple[int, int]]
    """All classes."""

    @property
    def of_form(self) -> tuple[int, int]:
        """How many failed for the form of their code alone, before and after."""
        return self._sum(name for name in self.counts if name in FORMAT)

    @property
    def of_behaviour(self) -> tuple[int, int]:
        """How many failed for what their code does, before and after."""
        return self._sum(name for name in self.counts if name not in FORMAT)

    def _sum(self, names: Iterable[str]) -> tuple[int, int]:
        found = [self.counts[name] for name in names]
        return sum(before for before, _ in found), sum(after for _, after in found)


def failures(found: Round) -> list[Failures]:
    """By direction, in the order of the directions."""
    return [
        Failures(name, {each: counts.get(each, (0, 0)) for each in (*CLASSES, *_others(counts))})
        for name, counts in sorted(found.made.failures.items())
    ]


def together(found: Sequence[Failures]) -> Failures:
    """Of all directions."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for each in found:
        for name, (old, new) in each.counts.items():
            before[name] += old
            after[name] += new
    return Failures("", {name: (before[name], after[name]) for name in before})


def _others(counts: Mapping[str, Any]) -> list[str]:
    return [name for name in counts if name not in CLASSES]


# The numbers of trainings ------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """One field of the recipe, over all trainings."""

    name: str
    values: tuple[str, ...]
    changed: tuple[bool, ...]
    """Is it another one than the recipe's?"""


def numbers(found: Sequence[Round]) -> list[Number]:
    """The recipes as they were trained by, field by field."""
    used = [_numbers(each.asked) for each in found]
    names = dict.fromkeys(name for each in used for name in each)
    return [
        Number(
            name.replace("_", " "),
            tuple(_shown(each.get(name)) for each in used),
            tuple(name in each.asked.changes for each in found),
        )
        for name in names
    ]


def _numbers(asked: Train) -> dict[str, Any]:
    try:
        return {**asdict(changed(asked.recipe, asked.changes))}
    except (UsageError, ValidationError):  # of another version of transloop
        return dict(asked.changes)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(each).removesuffix("_proj") for each in value)
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
