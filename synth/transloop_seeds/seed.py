"""A seed: code that can be learned from, with its translation where there is one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SeedOrigin = Literal["accepted", "corrected", "harvested", "imported"]
ORIGINS: Mapping[str, SeedOrigin] = {
    "accepted": "accepted",
    "edited": "corrected",
    "harvested": "harvested",
    "imported": "imported",
}
"""By the kind of event that left it."""
SHORT = 12
"""Digits of an id that are shown."""


@dataclass(frozen=True)
class Seed:
    """One seed as it is stored."""

    id: str
    """Digest of its code and languages."""
    event: int
    """The event that left it; grows from seed to seed."""
    time: float
    origin: SeedOrigin
    source_language: str
    code: str
    needs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    signature: str | None = None
    path: str | None = None
    target_language: str | None = None
    translation: str = ""
    """Empty where there is none."""
    draft: str = ""
    """What the model had written, where somebody corrected it."""
    verdict: str = "unchecked"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    redacted: int = 0
    """Secrets that were taken out: the code may no longer do what it did."""
    expires: float | None = None


_SEEDS = """
    SELECT seeds.*, code.text AS code, details.text AS details_text, draft.text AS draft_text,
        final.text AS final_text
    FROM seeds
    JOIN content AS code ON code.digest = seeds.source
    JOIN content AS details ON details.digest = seeds.details
    LEFT JOIN content AS draft ON draft.digest = seeds.draft
    LEFT JOIN content AS final ON final.digest = seeds.final
    WHERE seeds.digest IN (SELECT seed FROM left_by)
        AND (seeds.final IS NULL OR final.text IS NOT NULL)
"""


def seeds(connection: sqlite3.Connection, after: int = 0) -> Iterator[Seed]:
    """The seeds that events after `after` left, oldest first."""
    rows = _rows(connection, f"{_SEEDS} AND seeds.event > ? ORDER BY seeds.event", after)
    yield from map(_seed, rows)


def seeds_named(connection: sqlite3.Connection, prefix: str) -> list[Seed]:
    """The seeds whose id begins so."""
    rows = _rows(connection, f"{_SEEDS} AND substr(seeds.digest, 1, ?) = ?", len(prefix), prefix)
    return [_seed(row) for row in rows]


def _rows(connection: sqlite3.Connection, query: str, *values: Any) -> sqlite3.Cursor:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, values)


def _seed(row: sqlite3.Row) -> Seed:
    details = json.loads(row["details_text"])
    return Seed(
        id=row["digest"],
        event=row["event"],
        time=row["time"],
        origin=row["origin"],
        source_language=row["source_language"],
        code=row["code"],
        needs=tuple(details["needs"]),
        names=tuple(details["names"]),
        signature=details["signature"],
        path=details["path"],
        target_language=row["target_language"],
        translation=row["final_text"] or "",
        draft=row["draft_text"] or "",
        verdict=row["verdict"],
        evidence=details["evidence"],
        redacted=row["redacted"],
        expires=row["expires"],
    )
