"""Removing code: on request, or because it is too old. The log keeps only that it happened.

Forgetting a seed forgets its code wherever it stands, and with it what hangs on that code: other
translations of the same source, their drafts, translations that are still pending. Everything that
was grown out of these seeds is marked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from transloop_seeds.append import is_seed, note
from transloop_seeds.record import DAY

PENDING_DAYS = 30
"""A translation that has not settled after this long never will."""
_OF_EVENTS = ("source", "draft", "final", "details")
_OF_SEEDS = " UNION ".join(
    f"SELECT {each} FROM seeds WHERE {each} IS NOT NULL"  # noqa: S608 - our own names
    for each in _OF_EVENTS
)


@dataclass(frozen=True)
class Forgotten:
    """What is gone."""

    seeds: tuple[str, ...]
    texts: int
    marked: tuple[str, ...]
    """Descendants that must not be used any more."""
    wiped: bool = True
    """False: a reader held up the wiping of the write-ahead log; the next `purge` does it."""


def forget(connection: sqlite3.Connection, seed: str, time: float) -> Forgotten:
    """Remove a seed and all that holds its code, and never store that code again."""
    found = connection.execute(
        "SELECT source, draft, final FROM seeds WHERE digest = ?", (seed,)
    ).fetchone()
    code = _reached(connection, {each for each in found or () if each})
    seeds = _seeds_with(connection, code) | {seed}
    rows = [(each, time) for each in (*code, *seeds)]
    connection.executemany("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", rows)
    names = code | _details_beside(connection, code)
    connection.executemany("DELETE FROM content WHERE digest = ?", [(each,) for each in names])
    for column in ("source", "draft"):
        connection.executemany(
            f"DELETE FROM pending WHERE {column} = ?",  # noqa: S608 - our own names
            [(each,) for each in code],
        )
    marked = _remove(connection, seeds, "forgotten", time)
    return Forgotten(tuple(sorted(seeds)), len(names), marked)


def unlearn(connection: sqlite3.Connection, translations: Iterable[str], time: float) -> Forgotten:
    """Forget the seeds that some translations left, and whatever else is kept of these alone.

    The same code may come again: it is this run that nothing is learned from.
    """
    every = {"these": json.dumps(list(translations))}
    these = "IN (SELECT value FROM json_each(:these))"
    left = connection.execute(f"SELECT seed FROM left_by WHERE translation {these}", every)  # noqa: S608
    seeds = {seed for (seed,) in left}
    for table in ("pending", "left_by"):
        connection.execute(f"DELETE FROM {table} WHERE translation {these}", every)  # noqa: S608
    seeds = {each for each in seeds if not is_seed(connection, each)}
    marked = _remove(connection, seeds, "forgotten", time)
    theirs, others = (
        " UNION ".join(
            f"SELECT {column} FROM events WHERE {column} IS NOT NULL"  # noqa: S608 - our own names
            f" AND translation {which} {these}"
            for column in _OF_EVENTS
        )
        for which in ("", "NOT")
    )
    done = connection.execute(
        f"DELETE FROM content WHERE digest IN ({theirs})"  # noqa: S608 - our own names
        f" AND digest NOT IN ({others} UNION {_OF_SEEDS})",
        every,
    )
    return Forgotten(tuple(sorted(seeds)), done.rowcount, marked)


def expire(connection: sqlite3.Connection, time: float, days: int | None = None) -> Forgotten:
    """Remove code that is past its time, at the latest `days` after it came, if that is given."""
    oldest = time - days * DAY if days is not None else 0.0
    old = connection.execute(
        "SELECT digest FROM seeds WHERE expires IS NOT NULL AND (expires < ? OR time < ?)",
        (time, oldest),
    )
    seeds = {digest for (digest,) in old}
    marked = _remove(connection, seeds, "expired", time)
    unsettled = max(oldest, time - PENDING_DAYS * DAY)
    connection.execute("DELETE FROM pending WHERE time < ?", (unsettled,))
    kept = " UNION ".join(
        [
            f"SELECT {column} FROM events WHERE {column} IS NOT NULL"  # noqa: S608 - our own names
            " AND (expires IS NULL OR (expires >= :now AND time >= :oldest))"
            for column in _OF_EVENTS
        ]
        + [_OF_SEEDS]
    )
    done = connection.execute(
        f"DELETE FROM content WHERE digest NOT IN ({kept})",  # noqa: S608 - our own names
        {"now": time, "oldest": oldest},
    )
    return Forgotten(tuple(sorted(seeds)), done.rowcount, marked)


def _reached(connection: sqlite3.Connection, start: set[str]) -> set[str]:
    """The code itself, what was made of it by translating, what was made of that, and so on."""
    reached, fresh = set(start), set(start)
    while fresh:
        made: set[str] = set()
        for each in fresh:
            rows = connection.execute("SELECT draft, final FROM events WHERE source = ?", (each,))
            made.update(name for row in rows for name in row if name)
        fresh = made - reached
        reached |= fresh
    return reached


def _seeds_with(connection: sqlite3.Connection, code: Iterable[str]) -> set[str]:
    return {
        digest
        for each in code
        for (digest,) in connection.execute(
            "SELECT digest FROM seeds WHERE source = :code OR draft = :code OR final = :code",
            {"code": each},
        )
    }


def _details_beside(connection: sqlite3.Connection, code: Iterable[str]) -> set[str]:
    return {
        details
        for each in code
        for (details,) in connection.execute(
            "SELECT details FROM events WHERE details IS NOT NULL AND source = ?", (each,)
        )
    }


def _remove(
    connection: sqlite3.Connection, seeds: Collection[str], why: str, time: float
) -> tuple[str, ...]:
    """Take seeds out of the derived tables; their descendants are marked and returned."""
    marked: dict[str, None] = {}
    for seed in sorted(seeds):
        connection.execute("DELETE FROM seeds WHERE digest = ?", (seed,))
        connection.execute("DELETE FROM left_by WHERE seed = ?", (seed,))
        rows = connection.execute(
            "WITH RECURSIVE below (name) AS (SELECT descendant FROM lineage WHERE seed = ?"
            " UNION SELECT descendant FROM lineage JOIN below ON lineage.seed = below.name)"
            " SELECT name FROM below ORDER BY name",
            (seed,),
        ).fetchall()
        marked.update(dict.fromkeys(name for (name,) in rows))
        note(connection, why, seed, time)
    connection.executemany(
        "UPDATE lineage SET marked = ? WHERE descendant = ?", [(why, each) for each in marked]
    )
    return tuple(marked)
