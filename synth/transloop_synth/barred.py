"""What must not be learned: everything that gives a unit of an evaluation set away.

A source or a translation is contaminated by its name, by its text (runs of tokens of the syntax
tree, own names left out), or by what it does: the same results on a unit's calls. The last finds
what was written anew, in other words and under another name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transloop_synth import lines
from transloop_synth.alike import Alike
from transloop_synth.dataset import Dropped
from transloop_synth.normal import shingles
from transloop_synth.source import SourceFunction, digest
from transloop_synth.testable import Known, require_sound
from transloop_verify.case import Case
from transloop_verify.compare import Rules, same
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.literals import bare
from transloop_verify.matching import NoCounterpart
from transloop_verify.observe import Runs, observe
from transloop_verify.program import side
from transloop_verify.value import Value, decode, encode

Call = tuple[tuple[Value, ...], Value]
"""Arguments, and what was returned for them."""

SAME_TEXT = 0.6
"""Share of token runs in common from which on two codes are one problem solved in one way."""
LEAST_CALLS = 4
"""Agreeing on fewer calls, or on calls that all return one value, is no sign."""
SCREENED = 2
"""Calls of each unit that a source is tried on first."""
EFFORT = Effort(cases=12, seconds=5.0, mutants=False)
"""For calls of a unit that has none on record."""
SAYS_NOTHING = frozenset(
    ("solution", "solve", "main", "run", "test", "func", "function", "answer", "result", "compute")
)
"""Names that different problems share."""
_LOOSE = Rules(any_number=True, letters=True)


@dataclass(frozen=True)
class Examined:
    """A unit of an evaluation set."""

    id: str
    codes: Mapping[str, str]
    """Language to a reference, imports included."""
    names: tuple[str, ...]
    """Of its entry points, `Owner.name` for methods; the first code has the first."""
    calls: tuple[Call, ...] = ()
    """On record; where there are none, they are found by running the first reference."""


@dataclass(frozen=True)
class Contamination:
    """What a code gives away."""

    by: str
    """`name`, `text` or `behaviour`."""
    unit: str


@dataclass
class Barred:
    """The units of all evaluation sets, ready to be compared with."""

    units: Sequence[Examined] = ()
    folder: Path | None = None
    """Where calls that were found by running are kept; None: they are found again."""
    _names: dict[str, str] = field(default_factory=dict, repr=False)
    _texts: dict[str, Alike] = field(default_factory=dict, repr=False)
    _calls: dict[str, tuple[Call, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for unit in self.units:
            for name in unit.names:
                self._names.setdefault(_key(name), unit.id)
            for spoken, code in unit.codes.items():
                texts = self._texts.setdefault(spoken, Alike(SAME_TEXT))
                texts.add(unit.id, shingles(code, spoken))
        self._names.pop("", None)

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
        calls = {unit.id: self._calls_of(unit, len(wanted), sandbox) for unit in self.units}
        fitting = {
            name: each
            for name, each in calls.items()
            if _may_be(_kinds([a for a, _ in each]), wanted)
        }
        screen = {name: each[:SCREENED] for name, each in fitting.items()}
        close = _agreeing(evidence, screen, sandbox)
        found = _agreeing(evidence, {name: fitting[name] for name in close}, sandbox)
        return Contamination("behaviour", found[0]) if found else None

    def _calls_of(self, unit: Examined, count: int, sandbox: Runs) -> tuple[Call, ...]:
        """The unit's calls, if they say something and have so many arguments."""
        calls = unit.calls or self._found(unit, count, sandbox)
        returned = {encode(value) for _, value in calls}
        telling = len(calls) >= LEAST_CALLS and len(returned) > 1
        return calls if telling and all(len(each) == count for each, _ in calls) else ()

    def _found(self, unit: Examined, count: int, sandbox: Runs) -> tuple[Call, ...]:
        """Found by running the reference, once."""
        if not unit.codes or not unit.names:
            return ()
        spoken, code = next(iter(unit.codes.items()))
        key = digest(spoken, code, unit.names[0])
        if not self._calls and self.folder is not None:
            self._calls = {each["of"]: _read(each["calls"]) for each in lines.read(self._path())}
        if key not in self._calls:
            try:
                called = side(code, spoken, unit.names[0])
            except NoCounterpart:
                return ()
            if len(called.entry.parameters) != count:
                return ()
            evidence = derive(called, sandbox, effort=EFFORT)
            require_sound(evidence.reason)
            self._keep(key, _calls(evidence))
        return self._calls[key]

    def _keep(self, key: str, calls: tuple[Call, ...]) -> None:
        self._calls[key] = calls
        if self.folder is not None:
            plain = [[encode(list(given)), encode(returned)] for given, returned in calls]
            lines.append(self._path(), {"of": key, "calls": plain})

    def _path(self) -> Path:
        return (self.folder or Path()) / "examined.jsonl"


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


def _calls(evidence: Evidence) -> tuple[Call, ...]:
    seen = [(case, evidence.expected[case.id]) for case in evidence.cases]
    return tuple((case.arguments, did.value) for case, did in seen if did.kind == "returned")


def _read(plain: Iterable[tuple[str, str]]) -> tuple[Call, ...]:
    found = []
    for given, returned in plain:
        arguments = decode(given)
        if isinstance(arguments, list):
            found.append((tuple(arguments), decode(returned)))
    return tuple(found)


def _agreeing(evidence: Evidence, calls: Mapping[str, Sequence[Call]], sandbox: Runs) -> list[str]:
    """The units on all of whose calls the source returns the same; one program tries all."""
    numbered = [(name, *call) for name, each in calls.items() for call in each]
    cases = [Case(at, given, "examined") for at, (_, given, _) in enumerate(numbered)]
    if not cases:
        return []
    seen = observe(evidence.side, cases, sandbox, seconds=EFFORT.seconds * 2)
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
