"""The units of evaluation sets, and what they return: on record, or found by running them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from transloop_synth import lines
from transloop_synth.source import digest
from transloop_synth.testable import require_sound
from transloop_verify.case import Side
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.matching import NoCounterpart
from transloop_verify.observe import Runs
from transloop_verify.program import side
from transloop_verify.value import Value, decode, encode

Call = tuple[tuple[Value, ...], Value]
"""Arguments, and what was returned for them."""

LEAST = 4
"""Agreeing on fewer calls, or on calls that all return one value, is no sign."""
EFFORT = Effort(cases=12, seconds=5.0, mutants=False)
"""For calls of a unit that has none on record."""
AT_ONCE = 2


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


class Calls:
    """The calls of units, by how many arguments they have."""

    def __init__(self, units: Sequence[Examined], folder: Path | None) -> None:
        """`folder`: where calls that were found are kept; None: they are found again."""
        self.path = folder / "examined.jsonl" if folder else None
        kept = lines.read(self.path) if self.path else []
        self._found = {each["of"]: _read(each["calls"]) for each in kept}
        self._said: dict[str, tuple[Call, ...]] = {each.id: each.calls for each in units}
        self._silent: dict[str, Side] = {}
        for unit in units:
            if not unit.calls and (called := _side(unit)) is not None:
                self._silent[unit.id] = called

    def of(self, count: int, sandbox: Runs) -> dict[str, tuple[Call, ...]]:
        """Calls with so many arguments, of those units whose calls say something.

        Raises:
            SandboxError: the sandbox itself failed.
        """
        self._run(
            {
                name: called
                for name, called in self._silent.items()
                if len(called.entry.parameters) == count
            },
            sandbox,
        )
        return {name: each for name, each in self._said.items() if _tells(each, count)}

    def _run(self, silent: Mapping[str, Side], sandbox: Runs) -> None:
        """Let units say what they return; it is not asked of them again."""
        new = {name: each for name, each in silent.items() if _key(each) not in self._found}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ran = pool.map(lambda each: derive(each, sandbox, effort=EFFORT), new.values())
            for called, evidence in zip(new.values(), ran, strict=True):
                require_sound(evidence.reason)
                self._keep(_key(called), _calls(evidence))
        for name, called in silent.items():
            self._said[name] = self._found[_key(called)]
            del self._silent[name]

    def _keep(self, key: str, calls: tuple[Call, ...]) -> None:
        self._found[key] = calls
        if self.path is not None:
            plain = [[encode(list(given)), encode(returned)] for given, returned in calls]
            lines.append(self.path, {"of": key, "calls": plain})


def _side(unit: Examined) -> Side | None:
    if not unit.codes or not unit.names:
        return None
    spoken, code = next(iter(unit.codes.items()))
    try:
        return side(code, spoken, unit.names[0])
    except NoCounterpart:
        return None


def _key(called: Side) -> str:
    return digest(called.language, called.code, called.entry.name)


def _tells(calls: Sequence[Call], count: int) -> bool:
    if len(calls) < LEAST or any(len(given) != count for given, _ in calls):
        return False
    return len({encode(returned) for _, returned in calls}) > 1


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
