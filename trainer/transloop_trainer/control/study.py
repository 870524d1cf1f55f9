"""Numbers of trainings and what they came to, kept from run to run; and which to try next.

What is aimed for is the executed validation score, in points over what was in use. The gate set is
for promotion alone: numbers that were chosen by it would fit it after some runs.

The study is a journal of optuna's beside the runs, gathered from the logs of runs that have ended,
whatever policy decided in them. It outlives them; if it is damaged, they make it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transloop_settings.errors import RunDamaged
from transloop_trainer.control import runlog
from transloop_trainer.control.costs import changed
from transloop_trainer.control.decision import Train, Trained
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.control.state import Step
from transloop_trainer.recipe import recipe

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study as OptunaStudy

FILE = "study.log"
NUMBERS = ("learning_rate", "epochs", "step_tokens")
"""Fields of a recipe that are learned. The rank stays: it is paid for at each request."""
FAILED = -10.0
"""Points of a training that failed, most often because it diverged."""
RANDOM = 3
"""Trials before there is anything to model."""
DAMAGED = (ValueError, KeyError, TypeError)
"""What optuna raises of a journal that it did not write."""


@dataclass(frozen=True)
class Trial:
    """A training's numbers, and its points."""

    numbers: Mapping[str, Any]
    points: float


@dataclass(frozen=True)
class Told:
    """A trial of a run that has ended."""

    run: int
    """Its number."""
    key: str
    """Of run and step: nothing is told twice."""
    trial: Trial


def trials(steps: Iterable[Step]) -> list[Trial]:
    """What these steps tell. A training that was cut short tells nothing of its numbers."""
    found = []
    for each in steps:
        asked, made = each.decision, each.outcome
        if not isinstance(asked, Train) or not isinstance(made, Trained):
            continue
        points = _points(made)
        if points is not None and "max_steps" not in asked.changes:
            whole = changed(asked.recipe, asked.changes)
            found.append(Trial({name: getattr(whole, name) for name in NUMBERS}, points))
    return found


def _points(made: Trained) -> float | None:
    if made.failed:
        return FAILED
    before = made.scores.get(0)
    after = [score for step, score in made.scores.items() if step]
    return None if before is None or not after else 100 * (max(after) - before)


# Which to try next -------------------------------------------------------------------------------


def suggested(known: Sequence[Trial], name: str, seed: int) -> dict[str, Any]:
    """Numbers that are worth trying, by TPE; of nothing known, those of the recipe called `name`.

    Equal trials and an equal seed suggest the same.
    """
    if not known:
        return {}
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = _space(name)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    own = recipe(name)
    for each in known:
        _add(study, each, space, {})
    drawn = study.ask(dict(space)).params
    drawn["learning_rate"] = float(f"{drawn['learning_rate']:.2g}")
    return {field: value for field, value in drawn.items() if value != getattr(own, field)}


def _space(name: str) -> dict[str, BaseDistribution]:
    """Around a recipe, which somebody has chosen with care."""
    from optuna.distributions import FloatDistribution, IntDistribution

    own = recipe(name)
    rate, tokens = own.learning_rate, own.step_tokens
    return {
        "learning_rate": FloatDistribution(rate / 4, rate * 2, log=True),
        "epochs": IntDistribution(1, 4),
        "step_tokens": IntDistribution(tokens // 2, tokens * 2, step=tokens // 2),
    }


def _add(
    study: OptunaStudy,
    trial: Trial,
    space: Mapping[str, BaseDistribution],
    attributes: Mapping[str, Any],
) -> None:
    """Tell optuna of a trial, if it is of this space."""
    from optuna.trial import create_trial

    try:
        made = create_trial(
            params={name: trial.numbers[name] for name in space},
            distributions=dict(space),
            value=trial.points,
            user_attrs=dict(attributes),
        )
    except ValueError:
        return
    study.add_trial(made)


# What is kept ------------------------------------------------------------------------------------


def earlier(log: RunLog) -> tuple[Trial, ...]:
    """What the runs before this one showed, of the same model and recipe."""
    facts = log.facts
    told = gathered(log.folder.parent, facts.base_sha256, facts.recipe)
    return tuple(each.trial for each in told if each.run < int(log.name))


def gathered(runs: Path, base_sha256: str, name: str) -> list[Told]:
    """Everything that is known of a model and a recipe, after what has ended since was added.

    Where nothing can be written, the runs that are there tell it.
    """
    path = runs / FILE
    try:
        return _gathered(path, runs, base_sha256, name)
    except OSError:
        return list(_ended(runs, base_sha256, name))
    except DAMAGED:  # what it knew of runs that are still there comes back
        path.replace(path.with_name(f"{FILE}.damaged"))
        return _gathered(path, runs, base_sha256, name)


def _gathered(path: Path, runs: Path, base_sha256: str, name: str) -> list[Told]:
    study = _opened(path, f"{name} {base_sha256}")
    known = {trial.user_attrs["key"] for trial in study.trials}
    space = _space(name)
    for told in _ended(runs, base_sha256, name):
        if told.key not in known:
            _add(study, told.trial, space, {"key": told.key, "run": told.run})
    return [
        Told(trial.user_attrs["run"], trial.user_attrs["key"], Trial(trial.params, trial.value))
        for trial in study.trials
        if trial.value is not None
    ]


def _opened(path: Path, name: str) -> OptunaStudy:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(path)))
    return optuna.create_study(
        study_name=name, storage=storage, direction="maximize", load_if_exists=True
    )


def _ended(runs: Path, base_sha256: str, name: str) -> Iterable[Told]:
    for each in runlog.names(runs):
        try:
            log = RunLog.open(each, runs)
        except RunDamaged:
            continue  # its own report says so
        facts = log.facts
        if log.ended is None or (facts.base_sha256, facts.recipe) != (base_sha256, name):
            continue
        for at, trial in enumerate(trials(log.steps)):
            yield Told(int(each), f"{each} {facts.began} {at}", trial)
