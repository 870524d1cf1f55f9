"""What was grown out of a seed, so that it can be told when the seed is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Descent:
    """One step: a row of a data set from a seed, or an adapter from such rows."""

    parent: str
    """A seed's id, or the name of another descendant."""
    descendant: str
    relation: str
    """How it was made: `translated`, `mutated`, `trained`, ..."""
    marked: str = ""
    """Why it must not be used any more: a parent was `forgotten`, or has `expired`."""


def descend(connection: sqlite3.Connection, steps: Iterable[Descent], time: float) -> None:
    """Write down where something comes from. What comes from something marked is marked too."""
    for step in steps:
        marked = _mark_of(connection, step.parent)
        connection.execute(
            "INSERT OR REPLACE INTO lineage VALUES (?, ?, ?, ?, ?)",
            (step.parent, step.descendant, step.relation, time, marked),
        )


def descent(connection: sqlite3.Connection, *, marked_only: bool = False) -> list[Descent]:
    """All steps, or those that lead to what must not be used."""
    rows = connection.execute(
        "SELECT seed, descendant, relation, marked FROM lineage"
        " WHERE NOT ? OR marked IS NOT NULL ORDER BY time, seed, descendant",
        (marked_only,),
    )
    return [Descent(parent, name, relation, why or "") for parent, name, relation, why in rows]


def _mark_of(connection: sqlite3.Connection, parent: str) -> str | None:
    row = connection.execute(
        "SELECT marked FROM lineage WHERE descendant = ? AND marked IS NOT NULL", (parent,)
    ).fetchone()
    if row is not None:
        return str(row[0])
    gone = connection.execute("SELECT 1 FROM forgotten WHERE digest = ?", (parent,)).fetchone()
    return "forgotten" if gone else None
