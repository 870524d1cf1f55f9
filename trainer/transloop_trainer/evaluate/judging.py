"""Is a translation right? By its unit's own tests, else by what its source does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from transloop_sandbox.job import Job, Result
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import SandboxError
from transloop_trainer.evaluate.programs import Failure, failure, own_tests, said
from transloop_trainer.evaluate.task import Task
from transloop_verify import judge as verification
from transloop_verify.case import Case, Entry, Side
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.matching import NoCounterpart, named
from transloop_verify.mined import intended
from transloop_verify.oracle import expected
from transloop_verify.value import from_json

EFFORT = Effort(cases=24, seconds=10.0, mutants=False)
_NOTHING = Entry("", ())


@dataclass(frozen=True)
class Judged:
    """What came of one translation."""

    failure: Failure | None = None
    """None: it is right."""
    reason: str = ""

    @property
    def right(self) -> bool:
        """Did it pass?"""
        return self.failure is None


@dataclass
class Judge:
    """Judges translations; what a source does is found out once."""

    sandbox: Sandbox
    _evidence: dict[str, Evidence] = field(default_factory=dict)

    def unfit(self, task: Task) -> str:
        """Why no translation of this unit can be judged, as its source shows; else nothing."""
        return "" if task.target.tests else self._known(task).reason

    def judged(self, task: Task, code: str) -> Judged:
        """What running the translation shows.

        Raises:
            SandboxError: programs cannot be run here, or the sandbox failed: that is no outcome.
        """
        if not task.target.tests:
            return self._compared(task, code)
        result = self.sandbox.run(self.job(task, task.fitted(code)))
        _require_sound(result)
        return Judged(failure(result), said(result))

    def job(self, task: Task, code: str) -> Job:
        """A program with the unit's own tests."""
        target = task.target
        return own_tests(code, target.language, target.tests, target.prelude)

    def _compared(self, task: Task, code: str) -> Judged:
        evidence = self._known(task)
        target = task.target
        found = verification.judge(
            evidence, code, target.language, self.sandbox, prelude=target.prelude
        )
        match found.verdict:
            case "verified":
                return Judged()
            case "compile_error":
                return Judged("compile", found.reason)
            case "unchecked":  # such as no function that answers to the source's
                return Judged("wrong", found.reason)
        seen = found.counterexample.got.kind if found.counterexample else ""
        kinds: Mapping[str, Failure] = {
            "timeout": "timeout",
            "crashed": "runtime",
            "memory": "runtime",
            "raised": "runtime",
        }
        return Judged(kinds.get(seen, "wrong"), found.reason)

    def _known(self, task: Task) -> Evidence:
        key = repr((task.source, task.cases))
        if key not in self._evidence:
            self._evidence[key] = self._derived(task)
        return self._evidence[key]

    def _derived(self, task: Task) -> Evidence:
        source = task.source
        try:
            entry = named(source.entry_point, source.code, source.language)
        except NoCounterpart as error:
            return Evidence(Side(source.code, source.language, _NOTHING), str(error))
        side = Side(source.code, source.language, entry, source.prelude)
        if task.cases:
            return self._told(task, side)
        return derive(side, self.sandbox, effort=EFFORT)

    def _told(self, task: Task, side: Side) -> Evidence:
        """The unit's own calls; the source is run on them, and what it says counts."""
        cases = [
            Case(number, tuple(map(from_json, case["args"])), "given")
            for number, case in enumerate(task.cases)
        ]
        meant = intended(side.code, side.language)
        found = expected(side, cases, self.sandbox, meant)
        kept = tuple(case for case in cases if case.id in found.by_case)
        reason = "" if kept else f"the source does not run: {found.failure or 'no case is left'}"
        return Evidence(side, reason, kept, found.by_case, intended=meant, complete=True)


def _require_sound(result: Result) -> None:
    if result.verdict == "internal_error":
        raise SandboxError(
            f"The sandbox failed: {result.reason}.", "Run it again; it goes on where it was."
        )
