"""`transloop verify`: whether two programs behave the same, as far as running both shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transloop import plain
from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from transloop_sandbox.sandbox import Sandbox
    from transloop_verify.case import Case, Entry, Observation
    from transloop_verify.evidence import Effort, Evidence
    from transloop_verify.judge import Verdict

VERIFIED, FAILED, UNCHECKED = 0, 1, 7
_SHOWN = 12
"""Cases of a table."""
_WIDTH = 60
"""Characters of a value in it."""
_WORST_LAST = ("verified", "unchecked", "compile_error", "failed")


def verify(
    source: Annotated[Path, typer.Argument(metavar="A", help="The original.")],
    target: Annotated[Path, typer.Argument(metavar="B", help="The translation.")],
    function: Annotated[
        str | None, typer.Option(metavar="F", help="Of A; default: each that B has, too.")
    ] = None,
    target_function: Annotated[
        str | None, typer.Option(metavar="G", help="Of B; default: the one named alike.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    seconds: Annotated[float, typer.Option(metavar="S", help="Time to spend, about.")] = 20.0,
    cases: Annotated[int, typer.Option(metavar="N", help="Inputs to try.")] = 24,
    seed: Annotated[int, typer.Option(metavar="N", help="Other inputs.")] = 0,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="Run them without any protection.")
    ] = False,
) -> None:
    """Run both in the sandbox on inputs made for A, and compare what they do.

    The exit code is 0 if they did the same, 1 if not, and 7 if that could not be checked.
    """
    from transloop_sandbox.sandbox import Sandbox
    from transloop_settings import settings
    from transloop_verify.evidence import Effort

    if seconds <= 0 or cases < 1:
        raise UsageError("--seconds and --cases must be more than 0.")
    pair = Pair(_file(source), _file(target), target_function)
    effort = Effort(cases=cases, seconds=seconds, mutant_seconds=min(5.0, seconds / 4), seed=seed)
    chosen = settings.load(Path.cwd()).sandbox
    console = _console(stderr=True)
    with Sandbox(chosen.workers, chosen.min_level, unsafe, told=console.print) as sandbox:
        found = [
            _compared(pair, name, sandbox, effort, console)
            for name in _functions(pair, function, target_function)
        ] or [_nothing(pair.source)]
    if as_json:
        typer.echo(json.dumps(_plain(found, seed), indent=2, ensure_ascii=False))
    else:
        for each in found:
            _show(each, _console())
    raise typer.Exit(_exit_code(_worst(found).verdict))


# What is compared --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Code:
    """A file's text and its language's id."""

    name: str
    text: str
    language: str


@dataclass(frozen=True)
class Pair:
    """Two files, and what of the second is meant, if that was said."""

    source: Code
    target: Code
    target_function: str | None = None


@dataclass(frozen=True)
class Compared:
    """One function and what came of it."""

    function: str
    evidence: Evidence
    verdict: Verdict
    outcomes: dict[int, str | None] = field(default_factory=dict)
    """Of each case that ran on both sides: what the target did otherwise, if anything."""


def _file(path: Path) -> Code:
    from transloop.selection import Place, read
    from transloop_syntax.language import language_for

    found = language_for(path)
    if found is None:
        raise UsageError(f"The suffix of {path} tells no known language.")
    return Code(path.name, read(Place(str(path))).replace("\r\n", "\n"), found.id)


def _functions(pair: Pair, function: str | None, target_function: str | None) -> list[str]:
    """What of the source is compared: what was asked for, else all that the target has as well.

    A function that only helps another one is compared with it. Empty where there is none at all.
    """
    from transloop_verify.entry import entries

    if function:
        return [function]
    every = entries(pair.source.text, pair.source.language)
    if target_function:
        return [_label(each) for each in every[-1:]]
    calls = [each for each in every if not _helps(each.name, pair.source)] or list(every)
    common = [each for each in calls if _answered(each, pair.target)]
    return [_label(each) for each in common or calls]


def _answered(entry: Entry, target: Code) -> bool:
    from transloop_verify.matching import NoCounterpart, matching

    try:
        matching(entry, target.text, target.language)
    except NoCounterpart:
        return False
    return True


def _label(entry: Entry) -> str:
    return f"{entry.owner}.{entry.name}" if entry.owner else entry.name


def _helps(name: str, code: Code) -> bool:
    """Does another function of the file use this one?"""
    from transloop_syntax.declarations import names_of, top_level
    from transloop_syntax.language import language
    from transloop_syntax.resolution import uses_of
    from transloop_syntax.source import Source

    spoken = language(code.language)
    items = top_level(Source(code.text, spoken).root, spoken)
    others = [
        each.node
        for each in items
        if each.part == "function" and name not in names_of(each, spoken)
    ]
    return name in uses_of(others, spoken).names


def _compared(
    pair: Pair, name: str, sandbox: Sandbox, effort: Effort, console: Console
) -> Compared:
    from transloop_verify.evidence import derive
    from transloop_verify.judge import judge
    from transloop_verify.matching import NoCounterpart
    from transloop_verify.program import side

    outcomes: dict[int, str | None] = {}

    def judged(case: Case, difference: str | None) -> None:
        outcomes[case.id] = difference
        tell(f"{name}: {len(outcomes)} cases ran on both sides")

    try:
        source = side(pair.source.text, pair.source.language, name)
    except NoCounterpart as error:
        raise UsageError(f"{pair.source.name}: {error}.") from None
    with _progress(console) as tell:
        tell(f"{name}: looking for cases")
        evidence = derive(source, sandbox, effort=effort)
        verdict = judge(
            evidence,
            pair.target.text,
            pair.target.language,
            sandbox,
            function=pair.target_function,
            seconds=effort.seconds,
            on_judged=judged,
        )
    return Compared(name, verdict.evidence or evidence, verdict, outcomes)


def _nothing(source: Code) -> Compared:
    """A source without a function to compare."""
    from transloop_verify.case import Entry, Side
    from transloop_verify.evidence import Evidence
    from transloop_verify.judge import Verdict

    reason = f"{source.name} has no function that could be called"
    side = Side(source.text, source.language, Entry("", ()))
    return Compared("", Evidence(side, reason), Verdict("unchecked", reason))


def _worst(found: Sequence[Compared]) -> Verdict:
    return max((each.verdict for each in found), key=lambda each: _WORST_LAST.index(each.verdict))


def _exit_code(word: str) -> int:
    return {"verified": VERIFIED, "unchecked": UNCHECKED}.get(word, FAILED)


# For programs ------------------------------------------------------------------------------------


def _plain(found: Sequence[Compared], seed: int) -> dict[str, Any]:
    """The worst verdict, with every function's own below it."""
    worst = _worst(found)
    functions = [_plain_one(each) for each in found]
    first = next(
        function for function, each in zip(functions, found, strict=True) if each.verdict is worst
    )
    return {
        "verdict": worst.verdict,
        "reason": worst.reason,
        "cases": sum(each.verdict.cases for each in found),
        "agreed": sum(each.verdict.agreed for each in found),
        "line": worst.line,
        "counterexample": first["counterexample"],
        "isolation": plain.isolation(worst),
        "seed": seed,
        "functions": functions,
    }


def _plain_one(each: Compared) -> dict[str, Any]:
    evidence, verdict = each.evidence, each.verdict
    return {
        "function": each.function,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "cases": verdict.cases,
        "agreed": verdict.agreed,
        "line": verdict.line,
        "counterexample": plain.counterexample(verdict.counterexample),
        "isolation": plain.isolation(verdict),
        "coverage": plain.coverage(evidence),
        "mutants": plain.mutants(evidence),
        "outside": dict(evidence.outside),
        "unchecked": dict(verdict.unchecked),
        "not_checked": list(verdict.not_checked),
        "first_case_seconds": plain.rounded(evidence.first_seconds),
        "seconds": plain.rounded(evidence.seconds + verdict.seconds),
        "case_list": [_plain_case(case, each) for case in evidence.cases],
    }


def _plain_case(case: Case, each: Compared) -> dict[str, Any]:
    difference = each.outcomes.get(case.id)
    return {
        "id": case.id,
        "origin": case.origin,
        "held_out": case.held_out,
        "arguments": [plain.value(argument) for argument in case.arguments],
        "expected": plain.observation(each.evidence.expected[case.id]),
        "agrees": difference is None if case.id in each.outcomes else None,
        "difference": difference,
        "notes": list(each.evidence.notes.get(case.id, ())),
    }


# For people --------------------------------------------------------------------------------------


def _show(each: Compared, console: Console) -> None:
    evidence, verdict = each.evidence, each.verdict
    if each.outcomes:
        console.print(_table(each))
    if verdict.counterexample is not None:
        shown = ", ".join(_text(value) for value in verdict.counterexample.arguments)
        console.print(f"Counterexample: {each.function}({shown})")
        console.print(f"  {verdict.counterexample.difference}")
    place = f" (line {verdict.line})" if verdict.line else ""
    word = verdict.verdict.replace("_", " ")
    console.print(f"{each.function or evidence.side.language}: {word}: {verdict.reason}{place}")
    for line in _strength(evidence):
        console.print(f"  {line}")
    for why, count in verdict.unchecked.items():
        console.print(f"  {count} cases did not count: {why}")
    if verdict.isolation is not None:
        console.print(f"  isolation: {verdict.isolation}")


def _table(each: Compared) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("input", each.evidence.side.language, "the other", title=each.function)
    cases = sorted(each.evidence.cases, key=lambda case: each.outcomes.get(case.id) is None)
    ran = [case for case in cases if case.id in each.outcomes]
    for case in ran[:_SHOWN]:
        same = each.outcomes[case.id] is None
        shown = ", ".join(_text(value) for value in case.arguments)
        table.add_row(
            Text(shown[:_WIDTH]),
            Text(_outcome(each.evidence.expected[case.id])[:_WIDTH]),
            Text("same" if same else "differs", style="green" if same else "red"),
        )
    if len(ran) > _SHOWN:
        table.caption = f"and {len(ran) - _SHOWN} more"
    return table


def _outcome(seen: Observation) -> str:
    return _text(seen.value) if seen.kind == "returned" else f"{seen.kind} {seen.error}".strip()


def _text(value: Any) -> str:
    return json.dumps(plain.value(value), ensure_ascii=False)


def _strength(evidence: Evidence) -> Iterator[str]:
    if evidence.coverage is not None:
        found = evidence.coverage
        missed = (
            f", not line {', '.join(map(str, found.missed_lines))}" if found.missed_lines else ""
        )
        yield f"branches reached: {found.reached} of {found.branches}{missed}"
    elif evidence.cases:
        yield f"branches reached: not measured for {evidence.side.language}"
    if evidence.mutants is not None and evidence.mutants.run:
        found_mutants = evidence.mutants
        yield f"mutants noticed: {found_mutants.killed} of {found_mutants.run}"
    if evidence.outside:
        told = ", ".join(f"{count} x {what}" for what, count in evidence.outside.items())
        yield f"inputs that the original does not accept: {told}"


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def _progress(console: Console) -> Iterator[Any]:
    """Shows how far it is, where a person sees it."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield status.update
