"""What a run was asked for, beside what its log says; and which run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from transloop_model.registry import files
from transloop_settings.errors import RunDamaged
from transloop_trainer.control import runlog
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.loop.folders import writing

FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """What a person asks of a run."""

    directions: tuple[str, ...] = ()
    """Empty: what the seeds show."""
    guarded: tuple[str, ...] = ()
    """Empty: the ways back."""
    policy: str = "rules"
    recipe: str = "small"
    seconds: float = 10800.0
    """Of work."""
    bench: Path | None = None
    """Units with tests; None: the person's own, and those that ship."""
    seed: int = 0


_PLAN = TypeAdapter(Plan)


def write(run: Path, plan: Plan) -> None:
    """Beside the run's log."""
    with writing(run):
        files.replace(run / FILE, _PLAN.dump_json(plan))


def read(run: Path) -> Plan:
    """What the run was asked for. Raises RunDamaged where that cannot be read."""
    try:
        return _PLAN.validate_json((run / FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise RunDamaged(
            f"{run / FILE} does not say what the run was asked for.", "Delete the run's folder."
        ) from error


def unfinished(base_sha256: str, plan: Plan) -> RunLog | None:
    """The last run, if it is of this model, has not ended, and was asked for the same."""
    for name in reversed(runlog.names()):
        log = RunLog.open(name)
        if log.facts.base_sha256 != base_sha256:
            continue
        there = (log.folder / FILE).exists()  # one that was killed at its beginning has none
        return log if log.ended is None and there and read(log.folder) == plan else None
    return None
