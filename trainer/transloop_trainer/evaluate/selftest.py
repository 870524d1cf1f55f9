"""The harness before it judges others: references pass, and references with a mistake fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from transloop_trainer.evaluate.judging import Judge, Judged
from transloop_trainer.evaluate.rows import hash_of
from transloop_trainer.evaluate.task import Task
from transloop_verify.mutants import mutants

MUTANTS = 2
"""Of each reference."""
LEAST = 0.5
"""Share of the mutants that must fail. Some behave as the reference does, so it is not 1; good
tests come to about 0.9, a harness that notices nothing to 0."""
_AT_ONCE = 3


@dataclass(frozen=True)
class SelfTest:
    """What it showed. Units without a reference take part with an empty translation alone."""

    references: int = 0
    passed: int = 0
    mutants: int = 0
    """Those of references that pass, less what does not compile."""
    noticed: int = 0
    blanks: int = 0
    blanks_passed: int = 0
    noticed_by: Mapping[str, int] = field(default_factory=dict)
    """How many mutants fail in which way."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """References that fail and empty programs that pass, by unit."""

    @property
    def sound(self) -> bool:
        """May the harness be believed?"""
        enough = not self.mutants or self.noticed >= LEAST * self.mutants
        return self.passed == self.references and not self.blanks_passed and enough

    def __str__(self) -> str:
        said = "sound" if self.sound else "NOT SOUND"
        return (
            f"{said}: {self.passed} of {self.references} references pass,"
            f" {self.noticed} of {self.mutants} mutants fail,"
            f" {self.blanks_passed} of {self.blanks} empty programs pass"
        )


@dataclass(frozen=True)
class _Plan:
    task: Task
    kind: str
    code: str


def selftest(tasks: Sequence[Task], judge: Judge) -> SelfTest:
    """Try the harness on these units. Raises SandboxError."""
    plans = [plan for task in tasks for plan in _plans(task)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda plan: _judged(plan, judge), plans))
    return _counted(list(zip(plans, found, strict=True)))


def _judged(plan: _Plan, judge: Judge) -> Judged:
    return judge.judged(plan.task, plan.code)


def _plans(task: Task) -> Iterator[_Plan]:
    """A unit without tests has its source as a reference: it does as it does itself."""
    yield _Plan(task, "blank", "")
    known = task if task.target.tests else replace(task, target=task.source)
    given = known.target
    if not given.code or not given.verified:
        return
    yield _Plan(known, "reference", given.code)
    name = given.entry_point.rpartition(".")[2]
    made = mutants(given.code, given.language, within=name or None, seed=hash_of(task.id))
    for each in [each for each in made if each.mistake == "operator"][:MUTANTS]:
        yield _Plan(known, "mutant", each.code)


def _counted(told: Sequence[tuple[_Plan, Judged]]) -> SelfTest:
    references = {plan.task.id: found for plan, found in told if plan.kind == "reference"}
    passed = {unit for unit, found in references.items() if found.right}
    blanks = {plan.task.id: found for plan, found in told if plan.kind == "blank"}
    changed = [
        found
        for plan, found in told
        if plan.kind == "mutant" and plan.task.id in passed and found.failure != "compile"
    ]
    problems = {unit: found.reason for unit, found in references.items() if not found.right}
    empty = [unit for unit, found in blanks.items() if found.right]
    return SelfTest(
        len(references),
        len(passed),
        len(changed),
        sum(not each.right for each in changed),
        len(blanks),
        len(empty),
        dict(Counter(each.failure for each in changed if each.failure is not None)),
        {**problems, **dict.fromkeys(empty, "an empty program passes")},
    )
