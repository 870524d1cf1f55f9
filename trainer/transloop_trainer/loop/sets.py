"""What may be learned from, and what a training is measured on: by a fixed hash, never both.

A benchmark's rows are divided as `evaluate.divide` says. Without one, the units that ship measure,
and the person's own seeds are learned from; of those without a translation a part measures, too,
where there are many. A unit that is like one that is learned from measures nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transloop_seeds.seed import Seed
from transloop_settings.errors import UnitError, UsageError
from transloop_synth.barred import Call, Examined
from transloop_synth.source import SourceFunction, of_program
from transloop_trainer import units
from transloop_trainer.evaluate import rows as read_rows
from transloop_trainer.evaluate.choice import choose
from transloop_trainer.evaluate.divide import Set, divided, keys
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.rows import Row
from transloop_trainer.evaluate.task import Task, direction_of
from transloop_verify.value import from_json

MANY = 200
"""Seeds from which on the gate has some of its own: of fewer, all are needed to learn from."""


@dataclass(frozen=True)
class Sets:
    """All units of a run."""

    learn: tuple[Row, ...]
    validation: tuple[Row, ...]
    gate: tuple[Row, ...]
    barred: tuple[Row, ...]
    """Whatever measures anything, and what is like the final set: nothing may be learned of it."""

    def sources(self, directions: Iterable[str]) -> list[SourceFunction]:
        """What is translated, in the languages that these directions begin with."""
        languages = dict.fromkeys(each.partition(":")[0] for each in directions)
        found = (_source(row, each) for each in languages for row in self.learn)
        return [each for each in found if each is not None]

    def tasks(self, part: Set, direction: str, judge: Judge, limit: int) -> tuple[Task, ...]:
        """The units of a set that can be judged in a direction; empty where there are none."""
        rows = self.gate if part == "gate" else self.validation
        try:
            return choose(rows, direction, judge, limit).tasks
        except UsageError:
            return ()


def of_bench(path: Path) -> Sets:
    """A benchmark's. Its final set is never used. Raises UsageError where it cannot be read."""
    found = read_rows.read(path)
    return _sets(found, divided(found))


def of_seeds(seeds: Sequence[Seed]) -> Sets:
    """The person's own, and the units that ship."""
    own = {f"seed/{each.id}": _row(each) for each in seeds if each.names}
    found = [*own.values(), *units.rows()]
    taught = {f"seed/{each.id}" for each in seeds if each.translation or len(own) < MANY}
    said = {key for name, row in own.items() if name in taught for key in keys(row)}
    parts = divided(found)
    for row in found:
        if row["id"] in taught:
            parts[row["id"]] = "learn"
        elif said & keys(row):
            parts[row["id"]] = "unused"
        elif row["id"] not in own and parts[row["id"]] == "learn":
            parts[row["id"]] = "gate"
    return _sets(found, parts)


def guarded_of(directions: Sequence[str], configured: Sequence[str] = ()) -> tuple[str, ...]:
    """Directions that must not get worse: those that are wanted, or else the ways back."""
    back = [":".join(reversed(each.split(":"))) for each in directions]
    asked = [each for each in configured or back if each not in directions]
    return tuple(dict.fromkeys(asked))


def required(directions: Sequence[str]) -> tuple[str, ...]:
    """The directions with the ids of their languages. Raises UsageError for what is none."""
    known = (direction_of(each) for each in directions)
    return tuple(dict.fromkeys(f"{source.id}:{target.id}" for source, target in known))


def _sets(rows: Sequence[Row], parts: Mapping[str, Set]) -> Sets:
    def of(*wanted: Set) -> tuple[Row, ...]:
        return tuple(row for row in rows if parts[row["id"]] in wanted)

    barred = of("validation", "gate", "final")
    return Sets(of("learn"), of("validation"), of("gate"), barred)


def _row(seed: Seed) -> Row:
    side = {"code": seed.code, "entry_point": seed.names[0], "prelude": "\n".join(seed.needs)}
    return {"id": f"seed/{seed.id}", "split": "train", "languages": {seed.source_language: side}}


def examined(rows: Iterable[Row]) -> list[Examined]:
    """The rows as synthesis compares with them."""
    return [_examined(row) for row in rows]


def _examined(row: Row) -> Examined:
    """The first code has the first name."""
    sides = sorted(row["languages"].items(), key=lambda side: not side[1].get("code"))
    codes = {
        name: f"{each.get('prelude') or ''}\n{each['code']}".strip("\n")
        for name, each in sides
        if each.get("code")
    }
    names = dict.fromkeys(each["entry_point"] for _, each in sides if each.get("entry_point"))
    return Examined(row["id"], codes, tuple(names), _calls(row))


def _calls(row: Row) -> tuple[Call, ...]:
    """Those on record."""
    return tuple(
        (tuple(map(from_json, each["args"])), from_json(each["out"]))
        for each in row.get("cases") or ()
    )


def _source(row: Row, language: str) -> SourceFunction | None:
    """A row as a source; what a person has taught comes with the seeds themselves."""
    given = row["languages"].get(language) or {}
    if not given.get("code") or not given.get("entry_point") or row["id"].startswith("seed/"):
        return None
    signatures = {
        name: each["signature"] for name, each in row["languages"].items() if each.get("signature")
    }
    try:
        return of_program(
            given["code"],
            language,
            given["entry_point"],
            prelude=given.get("prelude") or "",
            signatures={name: each for name, each in signatures.items() if name != language},
            parents=(row["id"],),
        )
    except UnitError:
        return None
