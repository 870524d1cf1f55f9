"""A pair: source and translation that were seen to do the same, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from transloop_syntax.language import language
from transloop_syntax.unit import Unit, snippet

PairOrigin = Literal["corrected", "accepted", "imported", "translated", "repaired"]
"""The first three come with their translation, from people; the others were made by a model."""


@dataclass(frozen=True)
class Pair:
    """One row of the data that is trained on, stored as parquet."""

    id: str
    """Digest of both codes and languages."""
    source_language: str
    target_language: str
    code: str
    """The source function."""
    needs: tuple[str, ...]
    """Lines of its file that the prompt shows, as in `Unit.needs`."""
    names: tuple[str, ...]
    entry_point: str
    """`Owner.name` for a method; of several functions the first."""
    translation: str
    signature: str | None
    """The target's declaration, where the prompt gave it."""
    origin: PairOrigin
    draft: str = ""
    """The answer that was wrong, of a repaired or corrected pair."""
    problem: str = ""
    """What the model was told about the draft (`transloop_model.prompt.repair`)."""
    parents: tuple[str, ...] = ()
    """Ids of what it was made of: a seed, a pair that re-entered, an invented source."""
    seeds: tuple[str, ...] = ()
    """Ids of the seeds that all of it goes back to."""
    constructs: tuple[str, ...] = ()
    """Of the source."""
    cases: int = 0
    """Cases that both sides agreed on, held-out ones included. 0: a person accepted or corrected
    it, and it could not be run; trust it less."""
    mutants: float | None = None
    """Share of the source's mutants that the cases notice."""
    right: float | None = None
    """Share of the model's own answers that held, when it was made; None: it was not asked."""
    maker: str = ""
    """The model and adapter that wrote the translation; empty: a person."""
    order: int = 0
    """`Order.number` of the order that made it."""

    @property
    def direction(self) -> str:
        """Such as `python:java`."""
        return f"{self.source_language}:{self.target_language}"

    @property
    def unit(self) -> Unit:
        """The source as the model is asked to translate it."""
        return unit_of(self.code, self.source_language, self.needs)

    @property
    def person(self) -> bool:
        """Whether a person stands behind it. Such pairs are always kept."""
        return self.origin in ("corrected", "accepted", "imported")


def unit_of(code: str, language_id: str, needs: tuple[str, ...]) -> Unit:
    """A unit from what is stored of it. What is made with it is also trained on with it."""
    return replace(snippet(code, language(language_id)), needs=needs)
