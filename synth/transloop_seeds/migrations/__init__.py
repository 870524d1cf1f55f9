"""The steps that made the database what it is, in order; `user_version` says which were taken.

A step that was released is never changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from importlib import resources

from transloop_settings.errors import StoreNewer


def steps() -> list[str]:
    """The SQL of every step."""
    files = [each for each in resources.files(__name__).iterdir() if each.name.endswith(".sql")]
    return [each.read_text("utf-8") for each in sorted(files, key=lambda each: each.name)]


def version(connection: sqlite3.Connection) -> int:
    """How many steps a database has taken."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, every: Sequence[str]) -> None:
    """Take the steps that are missing, all or none. Raises StoreNewer when there are too many."""
    if version(connection) == len(every):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        taken = version(connection)
        if taken > len(every):
            raise StoreNewer(
                f"The store of seeds has version {taken}; this transloop knows {len(every)}.",
                "Use the transloop that made it, or set TRANSLOOP_HOME to another folder.",
            )
        for step in every[taken:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(every)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """A script's statements: `executescript` would commit before it began."""
    statement = ""
    for piece in re.split("(?<=;)", script):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
