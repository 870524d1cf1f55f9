"""Taking functions out of a code base: those that stand on their own and always give the same.

A function is kept when running it in the sandbox has shown inputs that it accepts, results that
differ with them, and that mistakes in it would be noticed.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transloop.folder import SKIPPED
from transloop_seeds.event import About, Harvested, new_id
from transloop_seeds.harvest import Function, functions
from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from transloop_sandbox.sandbox import Sandbox
    from transloop_seeds.ignore import Ignore
    from transloop_verify.case import Case, Observation
    from transloop_verify.evidence import Effort, Evidence

_TESTS = frozenset({"test", "tests", "testing"})
LARGEST = 1_000_000
"""Bytes of a file; larger ones were made by a program."""
REACHED = 0.6
"""The least share of branches that the cases must reach, where that is measured."""
_DETAIL = re.compile(r"\s*(?:[:(`]|for its parameter|for one of its).*", re.DOTALL)
"""What makes a reason one of its own, and is of no use in a count."""
NOTICED = 0.5
"""The least share of mutants that the cases must notice."""


@dataclass
class Harvest:
    """What was looked at so far, and what came of it."""

    files: int = 0
    functions: int = 0
    run: int = 0
    """Functions that looked fit, and were run."""
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why the others were not kept."""
    seconds: float = 0.0

    def plain(self) -> dict[str, Any]:
        """For programs."""
        rounded = round(self.seconds, 1)
        reasons = dict(self.reasons.most_common())
        return {**self.__dict__, "reasons": reasons, "seconds": rounded}


def candidates(root: Path, workspace: Path, ignore: Ignore, state: Harvest) -> Iterator[Function]:
    """The functions that look fit, file by file in a mixed but stable order."""
    from transloop_syntax.language import language_for

    for path in _files(root):
        language = language_for(path)
        if language is None:
            continue
        if reason := ignore.reason([path.resolve()]):
            state.reasons[f"file: {reason if ignore.problem else 'ignored'}"] += 1
            continue
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            state.reasons["file: cannot be read as UTF-8"] += 1
            continue
        state.files += 1
        for each in functions(text, language, _relative(path, workspace)):
            state.functions += 1
            if each.refused:
                state.reasons[each.refused] += 1
            else:
                yield each


def harvest(
    found: Iterator[Function],
    sandbox: Sandbox,
    state: Harvest,
    *,
    kept: Callable[[Harvested], bool],
    told: Callable[[str], None],
    limit: int,
    seconds: float,
    effort: Effort,
) -> None:
    """Run what was found until so many are kept (`kept` says whether one is new), or time is up."""
    began = time.monotonic()
    for each in found:
        state.seconds = time.monotonic() - began
        if state.kept >= limit or state.seconds >= seconds:
            return
        told(f"{state.kept} kept, {state.run} run, {state.files} files: {each.source.names[0]}")
        event, reason = judged(each, sandbox, effort)
        state.run += 1
        if event is None:
            state.reasons[reason] += 1
        elif kept(event):
            state.kept += 1
        else:
            state.reasons["it is known, or was forgotten"] += 1
    state.seconds = time.monotonic() - began


def judged(function: Function, sandbox: Sandbox, effort: Effort) -> tuple[Harvested | None, str]:
    """The event that it leaves, or why it does not."""
    from transloop_verify.evidence import derive
    from transloop_verify.matching import NoCounterpart
    from transloop_verify.program import side

    source = function.source
    try:
        tested = side(function.program, source.language, source.names[0])
    except NoCounterpart:
        return None, "it cannot be called from outside"
    if not tested.entry.parameters:
        return None, "it has no parameters"
    evidence = derive(tested, sandbox, effort=effort)
    if reason := evidence.reason or _weak(evidence):
        return None, _DETAIL.sub("", reason)
    about = About(
        new_id(), source, origin="harvest", verdict="testable", evidence=summary(evidence)
    )
    return Harvested(about), ""


def summary(evidence: Evidence) -> dict[str, Any]:
    """The numbers of some evidence; the cases themselves can be derived again."""
    told: dict[str, Any] = {
        "cases": len(evidence.cases),
        "held_out": sum(each.held_out for each in evidence.cases),
        "seconds": round(evidence.seconds, 2),
    }
    if evidence.coverage is not None:
        found = evidence.coverage
        told["coverage"] = {"reached": found.reached, "branches": found.branches}
    if evidence.mutants is not None:
        score = evidence.mutants
        told["mutants"] = {"killed": score.killed, "run": score.run, "made": score.made}
    return told


def _weak(evidence: Evidence) -> str:
    if len({_effect(each, evidence.expected[each.id]) for each in evidence.cases}) < 2:
        return "it gives the same for all inputs that were tried"
    reached = evidence.coverage
    if reached is not None and reached.reached < REACHED * reached.branches:
        return "too little of it was reached"
    score = evidence.mutants
    if score is not None and score.run and score.killed / score.run < NOTICED:
        return "mistakes in it would not be noticed"
    return ""


def _effect(case: Case, seen: Observation) -> str:
    """What a call gave, printed, and changed of its arguments."""
    changed = seen.after if repr(seen.after) != repr(case.arguments) else ()
    return repr((seen.kind, seen.value, seen.error, seen.printed, changed))


def _files(root: Path) -> Iterator[Path]:
    """In a mixed but stable order, so that a short run has seen a bit of everything."""
    if root.is_file():
        return iter([root])
    if not root.is_dir():
        raise UsageError(f"There is no file or folder {root}.")
    found = []
    for here, folders, names in os.walk(root):
        folders[:] = [
            name for name in folders if name not in SKIPPED | _TESTS and not name.startswith(".")
        ]
        found += [Path(here) / name for name in names]
    sized = [each for each in found if each.is_file() and each.stat().st_size <= LARGEST]
    return iter(sorted(sized, key=lambda each: (zlib.crc32(_relative(each, root).encode()), each)))


def _relative(path: Path, root: Path) -> str:
    """Never an absolute path: that would tell a person's name."""
    inside = path.resolve().is_relative_to(root.resolve())
    return path.resolve().relative_to(root.resolve()).as_posix() if inside else path.name
