"""Writing to the log, and what follows from it: the seeds, and which translation left which."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from transloop_seeds.event import Harvested, Imported, Rejected, Reverted, Superseded
from transloop_seeds.record import Record, word
from transloop_seeds.seed import ORIGINS

_WITHDRAWN = (Rejected, Reverted, Superseded)
"""Whatever had been learned from it before: the person does not want it after all."""


def append(connection: sqlite3.Connection, record: Record) -> tuple[int, Record]:
    """Write a record; its event's number, and what of it was written.

    Code that was forgotten is not stored again: of its event, only what happened is.
    """
    if was_forgotten(connection, record):
        record = _without_code(record)
    number = _log(connection, record)
    rows = list(record.content.items())
    connection.executemany("INSERT OR IGNORE INTO content VALUES (?, ?)", rows)
    _derive(connection, number, record)
    connection.execute(
        "DELETE FROM pending WHERE translation = ? AND ? != 'shown'",
        (record.event.about.translation, record.event.kind),
    )
    return number, record


def was_forgotten(connection: sqlite3.Connection, record: Record) -> bool:
    """Was some of its code forgotten?"""
    names = (record.source, record.draft, record.final, record.seed)
    known = connection.execute("SELECT 1 FROM forgotten WHERE digest IN (?, ?, ?, ?)", names)
    return known.fetchone() is not None


def is_seed(connection: sqlite3.Connection, seed: str) -> bool:
    """Is there a translation that leaves it?"""
    found = connection.execute("SELECT 1 FROM left_by WHERE seed = ?", (seed,))
    return found.fetchone() is not None


def note(connection: sqlite3.Connection, kind: str, seed: str, time: float) -> None:
    """Write down that a seed is gone (`forgotten`, `expired`)."""
    connection.execute(
        "INSERT INTO events (time, kind, translation, level, origin, source_language, model,"
        " adapter, prompt, verdict, latency, measures, explicit, redacted, seed)"
        " VALUES (?, ?, '', 'no-code', 'command', '', '', '', '', '', '{}', '{}', 1, 0, ?)",
        (time, kind, seed),
    )


def _without_code(record: Record) -> Record:
    return replace(
        record,
        level="no-code",
        source=None,
        draft=None,
        final=None,
        details=None,
        seed=None,
        content={},
    )


def _log(connection: sqlite3.Connection, record: Record) -> int:
    event, about = record.event, record.event.about
    row = {
        "time": event.time,
        "kind": event.kind,
        "translation": about.translation,
        "level": record.level,
        "origin": about.origin,
        "source_language": about.source.language,
        "target_language": about.target,
        "model": word(about.model),
        "adapter": word(about.adapter),
        "prompt": word(about.prompt),
        "verdict": word(about.verdict),
        "latency": json.dumps({word(key): float(each) for key, each in about.latency.items()}),
        "measures": json.dumps(dict(record.measures)),
        "explicit": int(getattr(event, "explicit", False)),
        "superseded_by": getattr(event, "by", None) or None,
        "redacted": record.redacted,
        "expires": record.expires,
        "source": record.source,
        "draft": record.draft,
        "final": record.final,
        "details": record.details,
        "seed": record.seed,
    }
    places = ", ".join("?" * len(row))
    done = connection.execute(
        f"INSERT INTO events ({', '.join(row)}) VALUES ({places})",  # noqa: S608 - our own names
        list(row.values()),
    )
    return int(done.lastrowid or 0)


def _derive(connection: sqlite3.Connection, number: int, record: Record) -> None:
    event, translation = record.event, record.event.about.translation
    if isinstance(event, _WITHDRAWN):
        connection.execute("DELETE FROM left_by WHERE translation = ?", (translation,))
    if record.seed is None:
        return
    about = event.about
    connection.execute(
        "INSERT INTO seeds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (digest) DO UPDATE SET event = excluded.event,"
        " time = max(time, excluded.time), verdict = excluded.verdict,"
        " measures = excluded.measures, details = excluded.details,"
        " origin = iif(excluded.draft IS NULL, origin, excluded.origin),"
        " draft = coalesce(excluded.draft, draft),"
        " expires = CASE WHEN expires IS NULL OR excluded.expires IS NULL THEN NULL"
        " ELSE max(expires, excluded.expires) END",
        (
            record.seed,
            number,
            event.time,
            ORIGINS[event.kind],
            about.source.language,
            about.target if record.final else None,
            word(about.verdict),
            json.dumps(dict(record.measures)),
            record.redacted,
            None if isinstance(event, Harvested | Imported) else record.expires,
            record.source,
            record.draft,
            record.final,
            record.details,
        ),
    )
    connection.execute("INSERT OR REPLACE INTO left_by VALUES (?, ?)", (translation, record.seed))
