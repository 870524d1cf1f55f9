"""Can every function be called? References in seven languages, on inputs of the declared types.

Needs a folder with `dev/*.jsonl` of parallel functions. A reference counts as callable when a call
of it came back; whether it agrees with the Python one is told beside it, as a hint: these inputs
know nothing of what a function means.

    python -m benchmarks.sides --bench FOLDER [--limit N] [--language LANGUAGE]
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import machine
from transloop_sandbox.sandbox import Sandbox
from transloop_verify.case import Case, Entry, Observed, Side
from transloop_verify.compare import differs, rules_for
from transloop_verify.matching import NoCounterpart, matching, named
from transloop_verify.observe import observe
from transloop_verify.type import Type
from transloop_verify.value import MapValue, SetValue, Value, from_json

RESULT = Path(__file__).parent / "results" / "sides.json"
TYPED = ("java", "cpp", "rust", "go", "typescript")
"""Whose declarations say what a function is given, where Python's do not."""
_WORDS = ("abc", "hello world", "12")
_SHOWN = 30

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Called:
    """One reference, and what came of calling it."""

    unit: str
    language: str
    reason: str = ""
    """Why it could not be called; empty if it could."""
    disagrees: str = ""
    """With the Python reference."""
    seconds: float = 0.0


def main(
    bench: Annotated[Path, typer.Option(help="The folder with `dev/`.")],
    limit: Annotated[int, typer.Option(help="Units of each file; 0: all.")] = 0,
    language: Annotated[list[str] | None, typer.Option(help="Only these languages.")] = None,
) -> None:
    """Call every reference; print and write what could not be called, and why."""
    rows = list(_rows(bench, limit))
    with Sandbox(cache=False) as sandbox, ThreadPoolExecutor(3) as pool:
        found = [
            each
            for unit in pool.map(lambda row: _unit(row, sandbox, language), rows)
            for each in unit
        ]
    result = {"machine": machine.here(), **_summary(found)}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    typer.echo(json.dumps(result, indent=2))


def _rows(bench: Path, limit: int) -> Iterator[Row]:
    for path in sorted((bench / "dev").glob("*.jsonl")):
        lines = path.read_text("utf-8").splitlines()
        yield from (json.loads(line) for line in lines[: limit or None])


def _unit(row: Row, sandbox: Sandbox, only: Sequence[str] | None) -> list[Called]:
    """Call the references of one problem on the same inputs."""
    sides = {name: each for name, each in row["languages"].items() if each["code"]}
    python = _side(sides["python"], "python")
    cases = _cases(row, python.entry, sides)
    expected = observe(python, cases, sandbox)
    return [
        _called(row["id"], name, each, python, cases, expected, sandbox)
        for name, each in sides.items()
        if not only or name in only
    ]


def _called(
    unit: str,
    language: str,
    reference: Row,
    python: Side,
    cases: Sequence[Case],
    expected: Observed,
    sandbox: Sandbox,
) -> Called:
    started = time.monotonic()
    try:
        entry = matching(python.entry, reference["code"], language)
    except NoCounterpart as error:
        return Called(unit, language, f"no counterpart: {error}")
    side = Side(reference["code"], language, entry, reference["prelude"] or "")
    seen = observe(side, cases, sandbox)
    seconds = time.monotonic() - started
    if seen.failure:
        return Called(unit, language, f"{seen.failure}: {seen.detail}", "", seconds)
    if not any(each.kind in ("returned", "raised") for each in seen.by_case.values()):
        reasons = [*seen.unexpressed.values(), *(each.error for each in seen.by_case.values())]
        return Called(unit, language, f"no call: {reasons[0]}", "", seconds)
    rules = rules_for(python, side)
    both = [case.id for case in cases if case.id in expected.by_case and case.id in seen.by_case]
    told = (differs(expected.by_case[each], seen.by_case[each], rules) for each in both)
    return Called(unit, language, "", next(filter(None, told), ""), seconds)


def _side(reference: Row, language: str) -> Side:
    code = reference["code"]
    entry = named(reference["entry_point"], code, language)
    return Side(code, language, entry, reference["prelude"] or "")


def _cases(row: Row, python: Entry, sides: Mapping[str, Row]) -> list[Case]:
    """The inputs that the row has, or some of the types that one of its references declares."""
    if row.get("cases"):
        return [
            Case(at, tuple(map(from_json, each["args"])))
            for at, each in enumerate(row["cases"][:4])
        ]
    types = [each.type for each in python.parameters]
    if any(each.kind == "any" or _bare(each) for each in types):
        for typed in [name for name in TYPED if name in sides][:1]:
            entry = matching(python, sides[typed]["code"], typed)
            types = [each.type for each in entry.parameters]
    return [Case(at, tuple(_value(each, at) for each in types)) for at in range(3)]


def _bare(wanted: Type) -> bool:
    return any(each.kind == "any" for each in wanted.items)


def _value(wanted: Type, at: int) -> Value:
    """A plain value of the type; another one for each `at`."""
    inner = [_value(each, at) for each in wanted.items]
    match wanted.kind:
        case "bool":
            return at % 2 == 0
        case "int" | "any":
            return (4, 1, 7)[at]
        case "float":
            return (4.5, 1.25, 2.0)[at]
        case "char":
            return "axz"[at]
        case "string":
            return _WORDS[at]
        case "list":
            return [_value(wanted.items[0], each) for each in range(at + 1)]
        case "tuple":
            return tuple(inner)
        case "set":
            return SetValue(tuple(inner))
        case "map":
            return MapValue(((inner[0], inner[1]),))
        case "optional" | "union":
            return inner[0]
    return None


def _summary(found: Sequence[Called]) -> dict[str, Any]:
    """By language: how many, how many callable, and all that were not."""
    by_language: dict[str, list[Called]] = defaultdict(list)
    for each in found:
        by_language[each.language].append(each)
    return {
        language: {
            "references": len(called),
            "callable": sum(not each.reason for each in called),
            "callable_percent": round(
                100 * sum(not each.reason for each in called) / len(called), 1
            ),
            "agree_with_python": sum(not each.reason and not each.disagrees for each in called),
            "mean_seconds": round(sum(each.seconds for each in called) / len(called), 3),
            "not_callable": dict(
                Counter(f"{each.unit}: {each.reason}" for each in called if each.reason)
            ),
            "disagree": [f"{each.unit}: {each.disagrees}" for each in called if each.disagrees][
                :_SHOWN
            ],
        }
        for language, called in sorted(by_language.items())
    }


if __name__ == "__main__":
    typer.run(main)
