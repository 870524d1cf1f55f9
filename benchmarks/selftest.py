"""The sandbox on programs whose outcome is known: references pass their own tests, mutants fail.

Needs the same folder as `benchmarks.verify`; each language's reference and tests are put together
as that folder says. Nothing of transloop's own cases is used here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.parallel import rows
from transloop_sandbox.sandbox import Sandbox
from transloop_trainer.evaluate import programs
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.selftest import selftest as tried
from transloop_trainer.evaluate.statistics import share
from transloop_trainer.evaluate.task import itself


def selftest(bench: Path, language: str, limit: int | None) -> dict[str, Any]:
    """References that pass, and mutants of them that fail; what does not compile is not counted."""
    some = [task for row in rows(bench) if (task := itself(row, language)) is not None][:limit]
    with Sandbox() as sandbox:
        found = tried(some, Judge(sandbox))
    return {
        "references": found.references,
        "references_pass_share": share(found.passed, found.references),
        "mutants": found.mutants,
        "mutants_fail_share": share(found.noticed, found.mutants),
        "empty_programs_that_pass": found.blanks_passed,
        "references_that_fail": dict(found.problems),
        "mutants_fail_by": dict(found.noticed_by),
    }


def languages() -> tuple[str, ...]:
    """Those whose tests can be put together."""
    return programs.languages()
