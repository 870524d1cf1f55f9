"""What synthesis is asked for, and what came of each source that it tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Share:
    """A part of an order: sources that use a construct, translated in one direction."""

    direction: str
    """Such as `python:java`."""
    construct: str | None
    """A name of `transloop_syntax.constructs`; None: whatever there is."""
    attempts: int
    """Sources that are tried."""


@dataclass(frozen=True)
class Order:
    """How much is to be made, of what, and how. Equal orders with equal seeds make equal pairs."""

    shares: tuple[Share, ...]
    seconds: float
    """Of work; pauses do not count. What is done by then is kept."""
    samples: int = 8
    """Candidates of a source besides the greedy one, in one batch."""
    temperature: float = 0.8
    repairs: int = 1
    """Turns in which a wrong candidate is shown what is wrong with it."""
    invented: float = 0.0
    """Share of the sources that are written anew, in the manner of the seeds."""
    reenter: bool = True
    """Translations that hold become sources of other directions."""
    cases: int = 24
    """Of a source, at first; more harden the tests. About a quarter of them is held out."""
    mutants: float = 0.9
    """Share of the source's mutants that its cases must notice."""
    number: int = 0
    """Sets orders that are otherwise equal apart; sampling seeds follow from it."""


@dataclass(frozen=True)
class Attempt:
    """What came of one source in one direction. No code: it may be logged for ever."""

    source: str
    """Id of the source function."""
    direction: str
    constructs: tuple[str, ...]
    greedy: bool
    """The greedy candidate held in all cases."""
    drawn: int = 0
    """Samples besides it."""
    right: int = 0
    """Samples that held in all cases; equal ones count each."""
    distinct: int = 0
    """Different texts among all candidates."""
    visible_only: int = 0
    """Candidates that held in the visible cases, and not in those that were held out."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """Of the candidates, by `transloop_trainer.evaluate.programs.Failure`'s words."""
    admitted: tuple[str, ...] = ()
    """Ids of the pairs that it left."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Pairs that held and were not taken, by why: `duplicate`, `contaminated`, ..."""
    drafts: int = 0
    """Wrong answers that were shown what is wrong with them."""
    mended: bool = False
    """One of them then held."""
    unusable: str = ""
    """Why the source could not be tried at all: it does not run, has no testable behaviour, ..."""
    seconds: float = 0.0
    """Of work, without pauses."""

    @property
    def held(self) -> float:
        """Share of the candidates that held in all cases."""
        return (self.greedy + self.right) / (1 + self.drawn)
