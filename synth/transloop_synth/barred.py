"""What must not be learned: everything that gives a unit of an evaluation set away.

A source or a translation is contaminated by its name, by its text (runs of tokens of the syntax
tree, own names left out), or by what it does: the same results on a unit's calls. The last finds
what was written anew, in other words and under another name.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transloop_synth.alike import Alike
from transloop_synth.dataset import Dropped
from transloop_synth.examined import Call, Calls, Examined
from transloop_synth.normal import shingles
from transloop_synth.source import SourceFunction
from transloop_synth.testable import Known, require_sound
from transloop_verify.case import Case
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
SECONDS = 10.0
"""For a source on the calls of all units that it could be."""
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
        self._texts: dict[str, Alike] = {}
        for unit in units:
            for spoken, code in unit.codes.items():
                texts = self._texts.setdefault(spoken, Alike(SAME_TEXT))
                texts.add(unit.id, shingles(code, spoken))

    def by_name(self, names: Iterable[str]) -> Contamination | None:
        """Has a unit's entry point one of these names, in whatever convention?"""
        found = [unit for name in names if (unit := self._names.get(_key(name)))]
        return Contamination("name", found[0]) if found else None

    def by_text(self, code: str, language_id: str) -> Contamination | None:
        """Is a unit's reference in this language nearly the same code?"""
        texts = self._texts.get(language_id)
        found = list(texts.of(shingles(code, language_id))) if texts else []
        return Contamination("text", found[0]) if found else None

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


@dataclass
class Screen:
    """Sources as they are tried, each looked at once."""

    barred: Barred
    sandbox: Runs
    _found: dict[str, Dropped | None] = field(default_factory=dict)

    async def of(self, source: SourceFunction, known: Known) -> Dropped | None:
        """Why a source must not be learned from; None where it may."""
        if source.id not in self._found:
            found = await asyncio.to_thread(contamination, source, known, self.barred, self.sandbox)
            self._found[source.id] = (
                Dropped(source.id, "contaminated", found.by, found.unit) if found else None
            )
        return self._found[source.id]


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
    """The units on all of whose calls the source returns the same; one program tries all."""
    numbered = [(name, *call) for name, each in calls.items() for call in each]
    cases = [Case(at, given, "examined") for at, (_, given, _) in enumerate(numbered)]
    if not cases:
        return []
    seen = observe(evidence.side, cases, sandbox, seconds=SECONDS)
    require_sound(seen.failure)
    other = {
        name
        for at, (name, _, wanted) in enumerate(numbered)
        if (did := seen.by_case.get(at)) is None
        or did.kind != "returned"
        or not same(wanted, did.value, _LOOSE)
    }
    return [name for name in calls if name not in other]


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
