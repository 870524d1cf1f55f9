"""What is in the store, for people and for programs that learn from it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_EVENTS = """
    SELECT events.*, source_text.text AS source_text, draft_text.text AS draft_text,
        final_text.text AS final_text, details_text.text AS details_text
    FROM events
    LEFT JOIN content AS source_text ON source_text.digest = events.source
    LEFT JOIN content AS draft_text ON draft_text.digest = events.draft
    LEFT JOIN content AS final_text ON final_text.digest = events.final
    LEFT JOIN content AS details_text ON details_text.digest = events.details
"""
_TEXTS = ("source", "draft", "final", "details")


@dataclass(frozen=True)
class Logged:
    """An event as it is stored, with the code that is still there."""

    number: int
    row: Mapping[str, Any]
    """Every column, under its name."""
    texts: Mapping[str, Any] = field(default_factory=dict)
    """`source`, `draft`, `final` and `details`, where they are kept and not forgotten."""


def events(connection: sqlite3.Connection, after: int = 0) -> Iterator[Logged]:
    """The events after a number, oldest first: what a trainer has not seen yet."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    for row in cursor.execute(f"{_EVENTS} WHERE events.id > ? ORDER BY events.id", (after,)):
        yield _logged(row)


def about_seed(connection: sqlite3.Connection, seed: str) -> dict[str, Any]:
    """Every row that is stored about a seed: its own, its events, what was grown out of it."""
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    own = cursor.execute("SELECT * FROM seeds WHERE digest = ?", (seed,)).fetchone()
    rows = cursor.execute(
        f"{_EVENTS} WHERE events.seed = :seed"  # noqa: S608 - our own names
        " OR events.translation IN"
        " (SELECT translation FROM events WHERE seed = :seed AND translation != '')"
        " ORDER BY events.id",
        {"seed": seed},
    )
    logged = [_plain(_logged(row)) for row in rows]
    grown = cursor.execute("SELECT * FROM lineage WHERE seed = ?", (seed,))
    return {
        "seed": dict(own) if own else None,
        "events": logged,
        "descendants": [dict(row) for row in grown],
    }


def counts(connection: sqlite3.Connection) -> dict[str, Any]:
    """How much of what there is."""
    texts, size = connection.execute(
        "SELECT count(*), coalesce(sum(length(text)), 0) FROM content"
    ).fetchone()
    first, last = connection.execute("SELECT min(time), max(time) FROM events").fetchone()
    return {
        "events": _grouped(connection, "SELECT kind, count(*) FROM events GROUP BY kind"),
        "levels": _grouped(connection, "SELECT level, count(*) FROM events GROUP BY level"),
        "verdicts": _grouped(
            connection,
            "SELECT verdict || ' ' || kind, count(*) FROM events"
            " WHERE kind IN ('accepted', 'edited', 'rejected', 'reverted') GROUP BY 1 ORDER BY 1",
        ),
        "seeds": _grouped(
            connection,
            "SELECT origin, count(*) FROM seeds WHERE digest IN (SELECT seed FROM left_by)"
            " GROUP BY origin",
        ),
        "directions": _grouped(
            connection,
            "SELECT source_language || coalesce(' -> ' || target_language, ''), count(*)"
            " FROM seeds WHERE digest IN (SELECT seed FROM left_by) GROUP BY 1 ORDER BY 2 DESC",
        ),
        "pending": connection.execute("SELECT count(*) FROM pending").fetchone()[0],
        "descendants": connection.execute("SELECT count(*) FROM lineage").fetchone()[0],
        "marked": connection.execute("SELECT count(marked) FROM lineage").fetchone()[0],
        "redacted": connection.execute("SELECT coalesce(sum(redacted), 0) FROM events").fetchone()[
            0
        ],
        "texts": texts,
        "characters": size,
        "first": first,
        "last": last,
    }


def _grouped(connection: sqlite3.Connection, query: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in connection.execute(query)}


def _logged(row: sqlite3.Row) -> Logged:
    whole = dict(row)
    texts = {name: whole.pop(f"{name}_text") for name in _TEXTS}
    kept = {name: text for name, text in texts.items() if text is not None}
    if "details" in kept:
        kept["details"] = json.loads(kept["details"])
    return Logged(int(whole["id"]), whole, kept)


def _plain(logged: Logged) -> dict[str, Any]:
    return {**logged.row, "texts": dict(logged.texts)}
