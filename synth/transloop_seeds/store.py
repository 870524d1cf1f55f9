"""The store: one for a person on a machine, used by every server and by the trainer at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transloop_seeds import forgetting, lineage, pending, views
from transloop_seeds.append import append, is_seed, was_forgotten
from transloop_seeds.database import Database
from transloop_seeds.event import Event
from transloop_seeds.forgetting import Forgotten
from transloop_seeds.lineage import Descent
from transloop_seeds.pending import Pending
from transloop_seeds.permission import Permission
from transloop_seeds.record import record
from transloop_seeds.seed import SHORT, Seed, seeds, seeds_named
from transloop_seeds.views import Logged
from transloop_settings import directories
from transloop_settings.errors import SeedsError, UsageError
from transloop_settings.settings import Level


@dataclass(frozen=True)
class Kept:
    """What was written of an event."""

    level: Level
    """`off`: nothing."""
    reason: str = ""
    """Why it is less than `all`."""
    number: int = 0
    """The event's number in the log."""
    seed: str | None = None
    """The seed that it left."""
    redacted: int = 0
    """Secrets that were taken out."""


@dataclass(frozen=True)
class Added:
    """What became of seeds that were to be added."""

    new: tuple[str, ...]
    known: int
    forgotten: int
    """Not stored, because they were forgotten once."""
    redacted: int


class Store:
    """Everything that can be done with the database. Safe to use from several threads.

    Every method may raise SeedsError; see `Recorder` for one that does not.
    """

    def __init__(
        self, folder: Path | None = None, told: Callable[[str], None] = lambda message: None
    ) -> None:
        self.database = Database(folder or directories.seeds(), told)

    def record(self, event: Event, permission: Permission) -> Kept:
        """Write an event. It is safe on the disk when this returns."""
        return self.record_all([event], permission)[0]

    def record_all(self, events: Sequence[Event], permission: Permission) -> list[Kept]:
        """Write events, all or none."""
        if permission.level == "off":
            return [Kept("off", permission.reason) for _ in events]
        # Redacting takes longer than writing, so it is done before others have to wait.
        learned = [record(each, permission) for each in events if each.about.learn]

        def work(connection: sqlite3.Connection) -> list[Kept]:
            return [self._kept(*append(connection, each), permission) for each in learned]

        written = iter(self.database.write(work) if learned else ())
        unlearned = Kept("off", "you said not to learn from this")
        return [next(written) if each.about.learn else unlearned for each in events]

    def add(self, events: Sequence[Event], permission: Permission) -> Added:
        """Write those events whose seed is not known yet, all or none.

        What was forgotten does not come back this way.
        """
        records = [record(each, permission) for each in events]

        def work(connection: sqlite3.Connection) -> Added:
            new: list[str] = []
            known = forgotten = 0
            for each in records:
                if was_forgotten(connection, each):
                    forgotten += 1
                elif each.seed is None or is_seed(connection, each.seed):
                    known += 1
                else:
                    append(connection, each)
                    new.append(each.seed)
            return Added(tuple(new), known, forgotten, sum(each.redacted for each in records))

        return self.database.write(work)

    @staticmethod
    def _kept(number: int, written: Any, permission: Permission) -> Kept:
        reason = permission.reason
        if written.level != permission.level:
            reason = "its code was forgotten, and stays so"
        return Kept(written.level, reason, number, written.seed, written.redacted)

    # Translations that have not settled

    def hold(self, held: Pending, workspace: Path | str, permission: Permission) -> Kept:
        """Store a translation that waits, or where it stands by now."""
        if permission.level != "all" or not held.about.learn:
            return Kept("off", permission.reason or "you said not to learn from this")
        owner = pending.owner_of_this_process()
        self.database.write(lambda each: pending.hold(each, held, str(workspace), owner))
        return Kept("all")

    def take_over(self, workspace: Path | str) -> list[Pending]:
        """The waiting translations of servers that have ended; this process follows them now."""
        owner = pending.owner_of_this_process()
        return self.database.write(lambda each: pending.take_over(each, str(workspace), owner))

    # Reading

    def seeds(self, after: int = 0) -> list[Seed]:
        """The seeds that were left after the event `after`, oldest first."""
        with self.database.reading() as connection:
            return list(seeds(connection, after))

    def seed(self, prefix: str) -> Seed:
        """The seed whose id begins so. Raises UsageError where none does, or several do."""
        with self.database.reading() as connection:
            found = seeds_named(connection, prefix) if prefix else []
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(each.id[:SHORT] for each in found[:5])
            raise UsageError(f"Several seeds begin with {prefix}: {names}.", "Give more of it.")
        raise UsageError(f"There is no seed {prefix}.", "See: transloop seeds list")

    def events(self, after: int = 0) -> list[Logged]:
        """The events after a number, oldest first."""
        with self.database.reading() as connection:
            return list(views.events(connection, after))

    def about(self, seed: str) -> dict[str, Any]:
        """Every row that is stored about a seed."""
        with self.database.reading() as connection:
            return views.about_seed(connection, seed)

    def counts(self) -> dict[str, Any]:
        """How much of what there is."""
        with self.database.reading() as connection:
            return views.counts(connection)

    # Lineage and removal

    def descend(self, steps: Iterable[Descent]) -> None:
        """Write down what was grown out of seeds."""
        every, now = list(steps), time.time()
        self.database.write(lambda each: lineage.descend(each, every, now))

    def descent(self, *, marked_only: bool = False) -> list[Descent]:
        """What was grown out of seeds, or what of it must not be used any more."""
        with self.database.reading() as connection:
            return lineage.descent(connection, marked_only=marked_only)

    def forget(self, seed: str) -> Forgotten:
        """Remove a seed's code everywhere and mark its descendants."""
        now = time.time()
        gone = self.database.write(lambda each: forgetting.forget(each, seed, now))
        return replace(gone, wiped=self.database.flush())

    def unlearn(self, translations: Sequence[str]) -> Forgotten:
        """Remove the code of translations that are not to be learned from, and their seeds."""
        now = time.time()
        gone = self.database.write(lambda each: forgetting.unlearn(each, translations, now))
        return replace(gone, wiped=self.database.flush())

    def expire(self, days: int | None = None) -> Forgotten:
        """Remove code that is past its time, at the latest `days` after it came."""
        now = time.time()
        gone = self.database.write(lambda each: forgetting.expire(each, now, days))
        return replace(gone, wiped=self.database.flush()) if gone.texts else gone

    def purge(self, days: int | None = None) -> Forgotten:
        """Remove what is past its time or belongs to nothing, and give its space back."""
        gone = self.expire(days)
        self.database.shrink()
        return gone

    def close(self) -> None:
        """Close the file."""
        self.database.close()


class Recorder:
    """The store as a server uses it: what goes wrong is told once, and nothing else stops."""

    def __init__(self, store: Store, told: Callable[[str], None]) -> None:
        self.store = store
        self._told = told
        self._known: set[str] = set()
        self._expired = False

    def record(self, event: Event, permission: Permission) -> Kept:
        """Write an event, or say why not. The first one of a process removes what is too old."""

        def work() -> Kept:
            kept = self.store.record(event, permission)
            if kept.number and not self._expired:
                self.store.expire()
                self._expired = True
            return kept

        return self._tried(work)

    def hold(self, held: Pending, workspace: Path, permission: Permission) -> Kept:
        """Store a translation that waits, or say why not."""
        return self._tried(lambda: self.store.hold(held, workspace, permission))

    def unlearn(self, translations: Sequence[str]) -> Kept:
        """Remove the code of translations, or say why it stays."""

        def work() -> Kept:
            self.store.unlearn(translations)
            return Kept("off")

        return self._tried(work)

    def take_over(self, workspace: Path) -> list[Pending]:
        """The waiting translations of servers that have ended; none where they cannot be read."""
        found: list[Pending] = []

        def work() -> Kept:
            found.extend(self.store.take_over(workspace))
            return Kept("all")

        self._tried(work)
        return found

    def _tried(self, work: Callable[[], Kept]) -> Kept:
        try:
            kept = work()
        except SeedsError as error:
            if str(error) not in self._known:
                self._known.add(str(error))
                self._told(f"{error} Everything else works.")
            return Kept("off", str(error))
        return kept
