"""What must not be learned: everything that gives a unit of an evaluation set away.

A source or a translation is contaminated by its name, by its text (runs of tokens of the syntax
tree, own names left out), or by what it does: the same results on a unit's calls. The last finds
what was written anew, in other words and under another name.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transloop_sandbox.job import Limits
from transloop_synth import lines
from transloop_synth.alike import Alike
from transloop_synth.dataset import Dropped
from transloop_synth.examined import Call, Calls, Examined
from transloop_synth.normal import shingles
from transloop_synth.pair import Pair
from transloop_synth.source import SourceFunction, digest
from transloop_synth.testable import Known, require_sound
from transloop_verify.case import Case, Observation
from transloop_verify.compare import Rules, same
from transloop_verify.evidence import Evidence
from transloop_verify.literals import bare
from transloop_verify.observe import Runs, observe
from transloop_verify.value import Value

__all__ = ["Barred", "Call", "Contamination", "Examined", "Screen", "contamination"]

SAME_TEXT = 0.6
"""Share of token runs in common from which on two codes are one problem solved in one way."""
SCREENED = 2
"""Calls of each unit that a source is tried on first."""
SECONDS, LIMITS = 5.0, Limits(cpu_seconds=0.5, memory_mb=512)
"""For a source on the calls of all units that it could be."""
ROUNDS = 3
"""Calls of other units may never end; what lies behind them is tried again without them."""
SAYS_NOTHING = frozenset(
    ("solution", "solve", "main", "run", "test", "func", "function", "answer", "result", "compute")
)
"""Names that different problems share."""
_LOOSE = Rules(any_number=True, letters=True)


@dataclass(frozen=True)
class Contamination:
    """What a code gives away."""

    by: str
    """`name`, `text` or `behaviour`."""
    unit: str


class Barred:
    """The units of all evaluation sets, ready to be compared with."""

    def __init__(self, units: Sequence[Examined] = (), folder: Path | None = None) -> None:
        """`folder`: where it is kept what units return that have no calls on record."""
        self._calls, self._lock = Calls(units, folder), threading.Lock()
        names = [(_key(name), unit.id) for unit in units for name in unit.names]
        self._names = {name: unit for name, unit in reversed(names) if name}
        self._units = tuple(units)
        self._texts: dict[str, Alike] = {}

    @property
    def key(self) -> str:
        """Digest of the units: what was found about a source holds for these."""
        parts = (part for each in self._units for part in (each.id, *each.codes.values()))
        return digest(*sorted(parts))

    def prepare(self, languages: Iterable[str]) -> None:
        """Read the references in these languages, which takes seconds where there are many."""
        for each in languages:
            self._references(each)

    def _references(self, language_id: str) -> Alike:
        with self._lock:
            if language_id not in self._texts:
                self._texts[language_id] = Alike(SAME_TEXT)
                for unit in self._units:
                    if code := unit.codes.get(language_id):
                        self._texts[language_id].add(unit.id, shingles(code, language_id))
            return self._texts[language_id]

    def by_name(self, names: Iterable[str]) -> Contamination | None:
        """Has a unit's entry point one of these names, in whatever convention?"""
        found = [unit for name in names if (unit := self._names.get(_key(name)))]
        return Contamination("name", found[0]) if found else None

    def by_text(self, code: str, language_id: str) -> Contamination | None:
        """Is a unit's reference in this language nearly the same code?"""
        if not any(language_id in each.codes for each in self._units):
            return None
        found = next(self._references(language_id).of(shingles(code, language_id)), None)
        return Contamination("text", found) if found else None

    def of_pair(self, pair: Pair) -> Contamination | None:
        """Is a pair that was made earlier like a unit that measures by now? What a person has
        translated is not barred by a name alone."""
        return (
            (None if pair.person else self.by_name(pair.names))
            or self.by_text(pair.code, pair.source_language)
            or self.by_text(pair.translation, pair.target_language)
        )

    def by_behaviour(self, evidence: Evidence, sandbox: Runs) -> Contamination | None:
        """Does a source return on a unit's calls what the unit does?

        Raises:
            SandboxError: the sandbox itself failed.
        """
        wanted = _kinds([case.arguments for case in evidence.cases])
        with self._lock:
            calls = self._calls.of(len(wanted), sandbox)
        fitting = {
            name: each
            for name, each in calls.items()
            if _may_be(_kinds([given for given, _ in each]), wanted)
        }
        screen = {name: each[:SCREENED] for name, each in fitting.items()}
        close = _agreeing(evidence, screen, sandbox)
        found = _agreeing(evidence, {name: fitting[name] for name in close}, sandbox)
        return Contamination("behaviour", found[0]) if found else None


class Screen:
    """Sources as they are tried, each looked at once; a file remembers what was found."""

    def __init__(self, barred: Barred, sandbox: Runs, path: Path) -> None:
        self.barred, self.sandbox, self.path = barred, sandbox, path
        self._key = barred.key
        self._found = {
            line["source"]: Contamination(line["by"], line["unit"]) if line["by"] else None
            for line in lines.read(path)
            if line["barred"] == self._key
        }

    async def of(self, source: SourceFunction, known: Known) -> Dropped | None:
        """Why a source must not be learned from; None where it may."""
        if source.id not in self._found:
            found = await asyncio.to_thread(contamination, source, known, self.barred, self.sandbox)
            self._found[source.id] = found
            by, unit = (found.by, found.unit) if found else ("", "")
            line = {"source": source.id, "barred": self._key, "by": by, "unit": unit}
            lines.append(self.path, line)
        why = self._found[source.id]
        return Dropped(source.id, "contaminated", why.by, why.unit) if why else None


def contamination(
    source: SourceFunction, known: Known, barred: Barred, sandbox: Runs
) -> Contamination | None:
    """What a source gives away: by its names, its text, or what it does."""
    found = barred.by_name(source.functions) or barred.by_text(source.code, source.language)
    if found is not None or source.origin == "reentered":  # that does what its source did
        return found
    behaving = (barred.by_behaviour(each, sandbox) for each in known.evidence)
    return next(filter(None, behaving), None)


def _key(name: str) -> str:
    found = bare(name.rpartition(".")[2])
    return "" if len(found) < 3 or found in SAYS_NOTHING else found


def _agreeing(evidence: Evidence, calls: Mapping[str, Sequence[Call]], sandbox: Runs) -> list[str]:
    """The units on all of whose calls the source returns the same; one program tries all.

    A call that never ends costs seconds; its unit is not tried again. If there are many of them,
    what lies behind is not compared, and counts as another program.
    """
    numbered = [(name, *call) for name, each in calls.items() for call in each]
    seen: dict[int, Observation] = {}
    other: set[str] = set()
    for _ in range(ROUNDS):
        left = [
            Case(at, given, "examined")
            for at, (name, given, _) in enumerate(numbered)
            if at not in seen and name not in other
        ]
        if not left:
            break
        found = observe(evidence.side, left, sandbox, limits=LIMITS, seconds=SECONDS)
        require_sound(found.failure)
        seen |= found.by_case
        seen |= dict.fromkeys(found.unexpressed, Observation("unexpressed"))
        other |= {numbered[at][0] for at, did in seen.items() if not _same(did, numbered[at][2])}
    other |= {name for at, (name, _, _) in enumerate(numbered) if at not in seen}
    return [name for name in calls if name not in other]


def _same(did: Observation, wanted: Value) -> bool:
    return did.kind == "returned" and same(wanted, did.value, _LOOSE)


def _kinds(calls: Sequence[Sequence[Value]]) -> list[set[str]]:
    """For each argument, what is given for it."""
    width = min((len(each) for each in calls), default=0)
    return [{_kind(each[at]) for each in calls} for at in range(width)]


def _kind(value: Value) -> str:
    match value:
        case bool() | None:
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return f"list {_kind(value[0])}" if value else "list"
    return type(value).__name__


def _may_be(given: Sequence[set[str]], taken: Sequence[set[str]]) -> bool:
    """Could calls with these arguments be meant for whoever takes those?"""
    if not given or len(given) != len(taken):
        return False
    return all(
        any(a == b or ("list" in (a, b) and a[:4] == b[:4]) for a in mine for b in yours)
        for mine, yours in zip(given, taken, strict=True)
    )
