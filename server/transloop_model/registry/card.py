"""What is known of a version of an adapter: values that know no folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODEL_ALONE = ""
"""Stands for the digest of an adapter where there was none."""


@dataclass(frozen=True)
class Measured:
    """The units of one direction, translated by what was in use and by the new adapter."""

    direction: str
    """Such as `python:java`."""
    units: int
    before: int
    """Right with what was in use."""
    after: int
    """Right with the new adapter."""
    gained: int = 0
    """Right with the new adapter alone."""
    lost: int = 0
    """Right with what was in use alone."""
    guarded: bool = False
    """It was not trained, and must not have become worse."""

    @property
    def points(self) -> float:
        """What pass@1 has gained, in points of percent."""
        return 100 * (self.after - self.before) / self.units

    def __str__(self) -> str:
        return f"{self.points:+.1f} points {self.direction.replace(':', ' -> ')}"


@dataclass(frozen=True)
class Verdict:
    """What the gate has decided."""

    promote: bool
    reason: str
    """One sentence."""
    against: str
    """Digest of the adapter that was in use. It holds for no other."""
    p: float = 1.0
    """Two-sided, of the exact McNemar test over the gate set."""
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class Story:
    """How an adapter came about, as the trainer tells it."""

    against: str = MODEL_ALONE
    """Digest of the adapter that it was measured against."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    """What it was trained on: counts and digests, no code."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[str, ...] = ()
    """Ids of all seeds that its examples were grown from."""
    corrections: int = 0
    """How many of them are translations that the person has corrected."""


@dataclass(frozen=True)
class Card:
    """What is known of a version; written once."""

    number: int
    sha256: str
    """Of the whole file."""
    bytes: int
    base_sha256: str
    prompt_version: int
    directions: tuple[str, ...]
    lineage_sha256: str
    made: float
    """Seconds since 1970."""
    story: Story = Story()
    imported: bool = False


def descendant(sha256: str) -> str:
    """What the lineage of seeds calls an adapter; the same on every machine."""
    return f"adapter:{sha256}"


@dataclass(frozen=True)
class Change:
    """One thing that was done about what is in use."""

    time: float
    action: str
    """promoted, rolled back, pinned or released"""
    number: int | None
    """In use afterwards; None: the model alone."""
    reason: str
    forced: bool = False
    """The gate had not said so."""


@dataclass(frozen=True)
class Standing:
    """Which version is in use, and how it came to that."""

    number: int | None = None
    before: tuple[int | None, ...] = ()
    """What was in use before it, the last one last: the way back."""
    pinned: bool = False
    """Nothing is promoted by itself."""
    changes: tuple[Change, ...] = ()
