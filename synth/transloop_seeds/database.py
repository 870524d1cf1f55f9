"""The SQLite file behind the store: opened safely, written by one connection a process.

WAL mode: readers never wait, several processes may write in turn. A committed transaction is on the
disk (`synchronous = FULL`), and what is deleted is overwritten (`secure_delete`). A damaged file is
moved aside and never deleted.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

from filelock import FileLock, Timeout

from transloop_seeds.migrations import migrate, steps, version
from transloop_settings.errors import SeedsError, StoreUnwritable

T = TypeVar("T")
NAME = "seeds.db"
BUSY_SECONDS = 10.0
"""How long a write waits for those of other processes."""
_FLUSH_SECONDS = 1.0
"""How long emptying the write-ahead log waits for readers."""
_CHECKED_BYTES = 64_000_000
"""A file up to this size is checked as a whole when it is opened; 0.2 s at most."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Database:
    """One file. Safe to use from several threads and from several processes."""

    def __init__(self, folder: Path, told: Callable[[str], None] = lambda message: None) -> None:
        self.path = folder / NAME
        self._told = told
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._opened: tuple[int, int] = (0, 0)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work in one transaction. It is on the disk when this returns.

        Raises:
            StoreUnwritable: disk full, read-only, or another process writes for too long.
            StoreNewer: made by a newer version.
        """
        with self._lock:
            try:
                return self._transaction(work)
            except sqlite3.Error as error:
                self.close()
                if _code(error) not in _DAMAGED:
                    self._give_up(error)
            try:
                return self._transaction(work)  # opening it again moves a damaged file aside
            except sqlite3.Error as error:
                self.close()
                self._give_up(error)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database and cannot change it.

        Where there is no database, and none can be made, it sees an empty one.
        """
        try:
            with closing(self._reader()) as connection:
                connection.execute("BEGIN")
                yield connection
        except sqlite3.Error as error:
            self.close()
            if _code(error) in _DAMAGED:
                raise SeedsError(
                    f"{self.path} is damaged: {error}.",
                    "The next translation that is kept moves it aside and begins a new one.",
                ) from error
            self._give_up(error)

    def shrink(self) -> None:
        """Give back the space of what was deleted, in the file and in its log."""
        with self._lock:
            try:
                connection = self._ready()
                connection.execute("VACUUM")
                self._flush(connection)
            except sqlite3.Error as error:
                self.close()
                self._give_up(error)

    def flush(self) -> bool:
        """Leave no old page in the write-ahead log; False while a reader still needs one."""
        with self._lock:
            try:
                return self._flush(self._ready())
            except sqlite3.Error as error:
                self.close()
                self._give_up(error)

    def damaged(self) -> list[Path]:
        """Copies that were moved aside."""
        return sorted(self.path.parent.glob("seeds.damaged-*"))

    def close(self) -> None:
        """Close the writing connection; the next write opens it again."""
        with self._lock:
            if self._writer is not None:
                with suppress(sqlite3.Error):
                    self._writer.close()
                self._writer = None

    # Opening

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._ready()
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return done

    def _ready(self) -> sqlite3.Connection:
        """The writing connection; opened anew where somebody has moved its file away."""
        if self._writer is not None and _identity(self.path) != self._opened:
            self.close()
        if self._writer is None:
            self._writer = self._open()
            self._opened = _identity(self.path)
        return self._writer

    def _open(self) -> sqlite3.Connection:
        try:
            self._make_file()
            with FileLock(self.path.with_suffix(".lock"), timeout=BUSY_SECONDS, mode=0o600):
                try:
                    return self._connect()
                except sqlite3.DatabaseError as error:
                    if _code(error) not in _DAMAGED:
                        raise
                    self._move_aside(error)
                    self._make_file()
                    return self._connect()
        except Timeout as error:
            raise StoreUnwritable(f"Another process holds {self.path} for too long.") from error
        except OSError as error:
            raise StoreUnwritable(
                f"{self.path.parent} cannot be written ({error.strerror}), so nothing is learned."
            ) from error

    def _make_file(self) -> None:
        """Only its owner may read it; SQLite gives its companions the same mode."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        for path in (self.path.parent, self.path):
            mode = path.stat().st_mode
            if mode & 0o077:
                path.chmod(mode & 0o700)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _check(connection, self.path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            migrate(connection, steps())
        except BaseException:
            connection.close()
            raise
        return connection

    def _move_aside(self, error: sqlite3.Error) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"seeds.damaged-{stamp}-{os.getpid()}.db")
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                self.path.with_name(f"{NAME}{suffix}").replace(f"{aside}{suffix}")
        self._told(
            f"The store of seeds was damaged ({error}). It is kept as {aside}; a new one is begun."
        )

    def _reader(self) -> sqlite3.Connection:
        """Of a file that is not there yet, or not up to date, the writer makes what is missing."""
        try:
            connection = self._connect_to_read()
            if version(connection) == len(steps()):
                return connection
            connection.close()
        except sqlite3.DatabaseError:
            pass  # not there, or damaged
        try:
            with self._lock:
                self._ready()
            return self._connect_to_read()
        except (StoreUnwritable, sqlite3.OperationalError):
            if self.path.exists():
                connection = self._connect_to_read("immutable=1")
                if version(connection) == len(steps()):
                    return connection
                connection.close()  # it was never finished
        empty = sqlite3.connect(":memory:", isolation_level=None)
        migrate(empty, steps())
        return empty

    def _connect_to_read(self, option: str = "mode=ro") -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{option}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            version(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _flush(connection: sqlite3.Connection) -> bool:
        connection.execute(f"PRAGMA busy_timeout = {int(_FLUSH_SECONDS * 1000)}")
        try:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return not busy

    def _give_up(self, error: sqlite3.Error) -> NoReturn:
        reason = _REASONS.get(_code(error), str(error))
        raise StoreUnwritable(f"{self.path}: {reason}, so nothing is learned.") from error


_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk does not take it (is it full?)",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_BUSY: "other processes write for too long",
}


def _code(error: sqlite3.Error) -> int:
    """The primary result code; the extended one says more than anybody asks here."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise what SQLite raises for a damaged file, before it is written to."""
    check = "quick_check(1)" if path.stat().st_size <= _CHECKED_BYTES else "schema_version"
    (found,) = connection.execute(f"PRAGMA {check}").fetchone()
    if isinstance(found, str) and found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
