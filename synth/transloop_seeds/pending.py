"""Translations that are shown and not settled, kept so that the next server can go on with them."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import psutil

from transloop_seeds.event import About, Source
from transloop_seeds.record import digest
from transloop_seeds.redaction import redact


@dataclass(frozen=True)
class Place:
    """Where a translation stands, and what stands around it, to find it again."""

    uri: str
    start: int
    end: int
    """Code point offsets in the document."""
    text: str
    """What stood there when it was last seen."""
    before: str = ""
    after: str = ""
    """The lines around it."""


@dataclass(frozen=True)
class Pending:
    """A translation that waits for what becomes of it."""

    about: About
    draft: str
    """What was shown."""
    place: Place
    since: float = field(default_factory=time.time)


def owner_of_this_process() -> str:
    """Who follows a translation: a process id, and when that process started."""
    return f"{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(owner: str) -> bool:
    """Does that process still run? Another one may have its id by now."""
    try:
        number, started = owner.split(":")
        return abs(psutil.Process(int(number)).create_time() - float(started)) < 1.0
    except (ValueError, psutil.Error):
        return False


def hold(connection: sqlite3.Connection, pending: Pending, workspace: str, owner: str) -> None:
    """Store it, or what is new about it. It holds code, so the level must be `all`."""
    body = redact(asdict(pending)).plain
    names = (digest(body["about"]["source"]["code"]), digest(body["draft"]))
    known = connection.execute("SELECT 1 FROM forgotten WHERE digest IN (?, ?)", names)
    if known.fetchone() is not None:
        return
    connection.execute(
        "INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?)",
        (pending.about.translation, workspace, owner, pending.since, *names, json.dumps(body)),
    )


def take_over(
    connection: sqlite3.Connection,
    workspace: str,
    owner: str,
    alive: Callable[[str], bool] = is_alive,
) -> list[Pending]:
    """What nobody follows any more in a workspace, oldest first; from now on `owner` does."""
    rows = connection.execute(
        "SELECT translation, owner, body FROM pending WHERE workspace = ? ORDER BY time",
        (workspace,),
    ).fetchall()
    free = [(name, body) for name, held_by, body in rows if not alive(held_by)]
    connection.executemany(
        "UPDATE pending SET owner = ? WHERE translation = ?", [(owner, name) for name, _ in free]
    )
    return [_pending(json.loads(body)) for _, body in free]


def _pending(body: dict[str, Any]) -> Pending:
    about = body["about"]
    source = about["source"]
    tuples = {key: tuple(source[key]) for key in ("names", "needs")}
    made = About(**{**about, "source": Source(**{**source, **tuples})})
    return Pending(made, body["draft"], Place(**body["place"]), body["since"])
