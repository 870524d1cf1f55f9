"""What an order leaves on the disk: attempts, pairs, invented sources, and what was dropped.

A folder. Attempts are lines of JSON, appended and synced: one that is there is done, with all that
belongs to it. Pairs are parquet, a file for each attempt, joined to one for each order at its end.
Where a row comes from is told to the seed store before the row is written, and rows that go back to
a forgotten seed are left out at every reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from transloop_seeds.lineage import Descent
from transloop_seeds.store import Store
from transloop_synth import lines, table
from transloop_synth.order import Attempt
from transloop_synth.pair import Pair
from transloop_synth.source import SourceFunction, digest


@dataclass(frozen=True)
class Recorded:
    """An attempt as it is stored."""

    attempt: Attempt
    order: str
    """The key of the order that it was made for."""
    pick: str
    """The key of what was picked: each is tried once in an order."""
    cases: int
    mutants: float
    """`Order.cases` and `Order.mutants` that it was judged by."""
    clock: float
    """Seconds of work on the order so far."""


@dataclass(frozen=True)
class Dropped:
    """What was not used, and why."""

    name: str
    """Id of the source or of the pair."""
    reason: str
    """`contaminated`, `duplicate`, `unchecked`, ..."""
    by: str = ""
    """Of what is contaminated: `name`, `text` or `behaviour`."""
    against: str = ""
    """The evaluation unit or the pair that it is like; or more on the reason."""


@dataclass
class Dataset:
    """A folder that synthesis fills and a training reads."""

    folder: Path
    store: Store | None = None
    """Where the seeds are; without it there is no lineage, and nothing is ever forgotten."""
    _known: dict[Path, tuple[int, list[Pair]]] = field(default_factory=dict, repr=False)

    # Reading -------------------------------------------------------------------------------------

    def recorded(self) -> list[Recorded]:
        """All attempts, in the order in which they were made."""
        return [_recorded(line) for line in self._lines("attempts")]

    def attempts(self) -> list[Attempt]:
        """As `recorded`, without what only synthesis needs."""
        return [each.attempt for each in self.recorded()]

    def pairs(self) -> list[Pair]:
        """All pairs that may be trained on, each once.

        Raises:
            PairsUnusable: a file cannot be read.
        """
        marked, found = self.marked(), dict[str, Pair]()
        for path in self._files():
            for pair in self._rows(path):
                if pair.id not in marked:
                    found.setdefault(pair.id, pair)
        return list(found.values())

    def invented(self) -> list[SourceFunction]:
        """The sources that were written anew."""
        marked = self.marked()
        found = [_source(line) for line in self._lines("invented")]
        return list({each.id: each for each in found if each.id not in marked}.values())

    def dropped(self) -> list[Dropped]:
        """The report on what was not used."""
        return [Dropped(**line) for line in self._lines("dropped")]

    def marked(self) -> frozenset[str]:
        """Names of all that goes back to a forgotten seed."""
        found = self.store.descent(marked_only=True) if self.store else ()
        return frozenset(each.descendant for each in found)

    # Writing -------------------------------------------------------------------------------------

    def add(
        self, recorded: Recorded, pairs: Sequence[Pair] = (), dropped: Sequence[Dropped] = ()
    ) -> None:
        """Write an attempt and what belongs to it. It is done when its line is there.

        Raises:
            PairsUnusable: the disk is full or read-only. What was written before stays.
            SeedsError: the lineage cannot be written.
        """
        self.keep(pairs, self._shard(recorded.order, recorded.pick))
        self.drop(dropped)
        self._append("attempts", asdict(recorded))

    def keep(self, pairs: Sequence[Pair], name: str) -> None:
        """Write pairs to a file of their own, after their lineage."""
        if pairs:
            self._descend(pairs)
            table.write(self.folder / "pairs" / f"{name}.parquet", pairs)

    def drop(self, dropped: Sequence[Dropped]) -> None:
        """Add to the report."""
        for each in dropped:
            self._append("dropped", asdict(each))

    def invent(self, source: SourceFunction) -> None:
        """Write a source that is in no file of anybody's."""
        if self.store:
            self.store.descend([Descent(seed, source.id, "invented") for seed in source.parents])
        self._append("invented", _plain(source))

    def begin(self, order: str) -> None:
        """Remove what an attempt that was not finished has left, and what is forgotten."""
        done = {self._shard(each.order, each.pick) for each in self.recorded()}
        for path in self._files(f"{order}-*"):
            if path.stem not in done:
                _remove(path)
        self.forget()

    def forget(self) -> None:
        """Remove from the disk what goes back to a forgotten seed."""
        marked = self.marked()
        for path in self._files():
            rows = self._rows(path)
            kept = [pair for pair in rows if pair.id not in marked]
            if not kept:
                _remove(path)
            elif len(kept) < len(rows):
                table.write(path, kept)
        if marked & {_source(line).id for line in self._lines("invented")}:
            kept_lines = [_plain(each) for each in self.invented()]
            lines.replace(self.folder / "invented.jsonl", kept_lines)

    def join(self, order: str) -> None:
        """Put an order's pairs into one file."""
        paths = self._files(f"{order}-*")
        if not paths:
            return
        whole = self.folder / "pairs" / f"{order}.parquet"
        before = self._rows(whole) if whole.exists() else []
        rows = {pair.id: pair for pair in (*before, *self._of(order))}
        table.write(whole, list(rows.values()))
        for path in paths:
            _remove(path)

    # The files -----------------------------------------------------------------------------------

    @staticmethod
    def _shard(order: str, pick: str) -> str:
        return f"{order}-{digest(pick)}"

    def _files(self, pattern: str = "*") -> list[Path]:
        return sorted((self.folder / "pairs").glob(f"{pattern}.parquet"))

    def _of(self, order: str) -> Iterator[Pair]:
        """The rows of an order's own files, in the order of its attempts."""
        by_name = {path.stem: path for path in self._files(f"{order}-*")}
        for each in self.recorded():
            if path := by_name.get(self._shard(each.order, each.pick)):
                yield from self._rows(path)

    def _rows(self, path: Path) -> list[Pair]:
        """The rows of a file, which is read again only when it was replaced."""
        stamp = path.stat().st_mtime_ns
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = (stamp, table.read(path))
        return known[1]

    def _descend(self, pairs: Sequence[Pair]) -> None:
        if self.store:
            self.store.descend(
                Descent(parent, pair.id, pair.origin) for pair in pairs for parent in pair.parents
            )

    def _lines(self, name: str) -> list[dict[str, Any]]:
        return lines.read(self.folder / f"{name}.jsonl")

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        lines.append(self.folder / f"{name}.jsonl", line)


def _recorded(line: Mapping[str, Any]) -> Recorded:
    given = dict(line["attempt"])
    for name in ("constructs", "admitted"):
        given[name] = tuple(given[name])
    return Recorded(**{**line, "attempt": Attempt(**given)})


def _source(line: Mapping[str, Any]) -> SourceFunction:
    lists = ("functions", "needs", "parents", "seeds")
    return SourceFunction(**{**line, **{name: tuple(line[name]) for name in lists}})


def _plain(source: SourceFunction) -> dict[str, Any]:
    changed = replace(source, signatures={})  # a read-only mapping cannot be copied
    return {**asdict(changed), "signatures": dict(source.signatures)}


def _remove(path: Path) -> None:
    with lines.writing(path):
        path.unlink(missing_ok=True)
