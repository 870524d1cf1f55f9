"""Which units of a benchmark are used, by their data alone: before anything is translated."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import UsageError
from transloop_trainer.evaluate.divide import Set, divided
from transloop_trainer.evaluate.judging import Judge
from transloop_trainer.evaluate.programs import own_tests
from transloop_trainer.evaluate.rows import Row
from transloop_trainer.evaluate.task import Task, tasks


@dataclass(frozen=True)
class Choice:
    """The units of one direction."""

    tasks: tuple[Task, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many, by reason."""


def of_set(rows: Sequence[Row], wanted: Set) -> list[Row]:
    """Those of one set. Give all rows that there are: which are alike is seen among them only."""
    found = divided(rows)
    return [row for row in rows if found[row["id"]] == wanted]


def choose(rows: Sequence[Row], direction: str, judge: Judge, limit: int | None = None) -> Choice:
    """The first units that can be judged.

    Raises:
        UsageError: there are none, or it is no direction.
        SandboxError: programs cannot be run here.
    """
    found: list[Task] = []
    left_out = Counter[str]()
    by_id = {row["id"]: row for row in rows}
    for task in tasks(rows, direction):
        if limit is not None and len(found) >= limit:
            break
        if task.target.tests and contradicted(by_id[task.id], judge.sandbox):
            left_out["its tests refuse what its source does"] += 1
        elif reason := judge.unfit(task):
            left_out[reason.partition(":")[0]] += 1
        else:
            found.append(task)
    if not found:
        told = ", ".join(f"{count} x {why}" for why, count in left_out.most_common(3))
        raise UsageError(
            f"No unit can be judged in the direction {direction}{f' ({told})' if told else ''}.",
            "A unit needs code in the first language, and tests of the second or a source to run.",
        )
    return Choice(tuple(found), dict(left_out))


def contradicted(row: Row, sandbox: Sandbox) -> bool:
    """Do the unit's tests refuse what its source was recorded to do, and was no other seen to pass?

    The tests ask a program that answers from the record; its JavaScript ones, in any direction.
    """
    script = row["languages"].get("javascript") or {}
    cases = row.get("cases")
    if not cases or not script.get("tests") or script.get("verified"):
        return False
    answers = [[json.dumps(each["args"], separators=(",", ":")), each["out"]] for each in cases]
    code = (
        f"const ANSWERS = new Map({json.dumps(answers)});\n"
        f"function {script['entry_point']}(...given) {{\n"
        "  const key = JSON.stringify(given);\n"
        "  if (!ANSWERS.has(key)) process.exit(0);  // nothing is known of this one\n"
        "  return ANSWERS.get(key);\n}"
    )
    job = own_tests(code, "javascript", script["tests"], script.get("prelude") or "")
    return sandbox.run(job).verdict != "ok"
