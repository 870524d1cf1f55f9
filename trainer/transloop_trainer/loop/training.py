"""One training, as a policy asks for it: examples, an adapter, what it is worth, a version.

What goes wrong with the training itself is its outcome (`Trained.failed`), and the policy's to deal
with. What a person has to mend first, such as a full disk, is raised: then it goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from transloop_model.registry import files
from transloop_model.registry.card import MODEL_ALONE, Story, Verdict
from transloop_settings.errors import (
    AdapterDisagrees,
    AdapterRefused,
    CeilingReached,
    CheckpointMismatch,
    Diverged,
    ExamplesUnusable,
    TrainerEnded,
)
from transloop_synth.pair import Pair
from transloop_trainer import examples as stored
from transloop_trainer.control.costs import changed
from transloop_trainer.control.decision import Train, Trained
from transloop_trainer.examples import Example
from transloop_trainer.gate import gate
from transloop_trainer.loop import data
from transloop_trainer.loop.desk import Desk
from transloop_trainer.loop.folders import writing
from transloop_trainer.loop.measuring import Measuring, failures, share
from transloop_trainer.loop.tuning import Tuned, Tuning, tune
from transloop_trainer.publish import publish
from transloop_trainer.recipe import Recipe

OUTCOMES = (
    AdapterDisagrees,
    AdapterRefused,
    CeilingReached,
    CheckpointMismatch,
    Diverged,
    ExamplesUnusable,
    TrainerEnded,
)
"""What can go wrong with a training, so that another one may do better."""
_TUNED = TypeAdapter(Tuned)


@dataclass(frozen=True)
class Taught:
    """What a training's examples go back to. It is kept: a seed that is forgotten meanwhile must be
    known to have been seen."""

    pairs: dict[str, int]
    """By direction."""
    lineage_sha256: str
    seeds: tuple[str, ...]
    corrections: int


_TAUGHT = TypeAdapter(Taught)


@dataclass(frozen=True)
class Asked:
    """One training."""

    decision: Train
    pairs: Sequence[Pair]
    directions: tuple[str, ...]
    guarded: tuple[str, ...]
    folder: Path
    """Of this step of the run."""

    @property
    def recipe(self) -> Recipe:
        """With the changes that the policy wants."""
        return changed(self.decision.recipe, self.decision.changes)

    @property
    def examples(self) -> Path:
        """The file of what is trained on."""
        return self.folder / "examples.parquet"


async def train(desk: Desk, asked: Asked, measuring: Measuring) -> Trained:
    """Do it, or go on with it.

    Raises:
        TransloopError: what a person has to mend; it goes on from there.
    """
    try:
        return await _trained(desk, asked, measuring)
    except OUTCOMES as error:
        desk.status.say(f"The training failed: {error}")
        shutil.rmtree(asked.folder / "checkpoints", ignore_errors=True)
        return Trained(len(asked.pairs), 0, 0, (), {}, None, None, failed=str(error))


async def _trained(desk: Desk, asked: Asked, measuring: Measuring) -> Trained:
    # 1. What is trained on is decided once: pairs may come and go, a resumed training must not.
    given, taught = _examples(desk, asked)

    # 2. What is in use, for the comparison with each checkpoint.
    in_use = desk.registry.current()
    against = in_use.card.sha256 if in_use else MODEL_ALONE
    before = in_use.path if in_use else None
    clock = _Clock(desk)
    desk.status.update(phase="measuring", scores={})
    with clock:
        score = share(await measuring.outcomes(before, "validation", asked.directions))
    desk.status.update(phase="training", scores=_known({"in use": score}), step=0, steps=0)

    # 3. The training, in a process of its own.
    tuned = await _tuned(desk, asked, measuring, clock, score)

    # 4. The gate: the same units, with what is in use and with the new one.
    best = _known({"in use": score, "validation": tuned.scores.get(tuned.step)})
    desk.status.update(phase="measuring", scores=best, step=0, steps=0)
    adapter = asked.folder / "adapter.gguf"
    with clock:
        trained = await measuring.paired(before, adapter, asked.directions)
        guarded = await measuring.paired(before, adapter, asked.guarded, guarded=True)
    verdict = gate(trained[0], guarded[0], against)

    # 5. A version, with all that is known of it; one that is there already is not made again.
    story = _story(asked, taught, tuned, against, verdict)
    version = publish(desk.registry, desk.store, adapter, story, verdict)
    desk.status.say(f"Adapter {version.number}: {verdict.reason}")
    scores = tuned.scores if score is None else {0: score, **tuned.scores}
    return Trained(
        len(given),
        tuned.steps,
        tuned.step,
        tuned.losses,
        scores,
        version.number,
        verdict,
        failures(*trained[1:]),
        gate_seconds=clock.seconds,
    )


def _examples(desk: Desk, asked: Asked) -> tuple[list[Example], Taught]:
    """As they were decided on when this training began; anew where one was forgotten since."""
    about = asked.folder / "taught.json"
    if asked.examples.exists():
        given, taught = stored.read(asked.examples), _TAUGHT.validate_json(about.read_bytes())
        marked = {each.descendant for each in desk.store.descent(marked_only=True)}
        if not marked & {each.lineage for each in given}:
            return given, taught
        desk.status.say("A seed was forgotten: the training begins again without it.")
        shutil.rmtree(asked.folder)
    given = data.examples(asked.pairs, asked.directions)
    if not given:
        raise ExamplesUnusable(
            "There are no pairs in the directions that are to be learned.",
            "Gather more seeds first, or give it more time.",
        )
    taught = _taught(asked, given)
    with writing(asked.folder):
        files.replace(about, _TAUGHT.dump_json(taught))
        stored.write(asked.examples, given)
    return given, taught


def _taught(asked: Asked, given: Sequence[Example]) -> Taught:
    used = {each.lineage for each in given}
    pairs = [each for each in asked.pairs if each.id in used]
    corrected = {seed for each in pairs if each.origin == "corrected" for seed in each.seeds}
    return Taught(
        data.by_direction(pairs),
        stored.lineage_digest(given),
        data.seeds_of(pairs),
        len(corrected),
    )


async def _tuned(
    desk: Desk, asked: Asked, measuring: Measuring, clock: _Clock, in_use: float | None
) -> Tuned:
    """The adapter, trained now or before the last interruption."""
    adapter, done = asked.folder / "adapter.gguf", asked.folder / "tuned.json"
    if adapter.exists() and done.exists():
        return _TUNED.validate_json(done.read_bytes())

    async def validate(step: int, checkpoint: Path) -> float:
        with clock:
            desk.status.update(phase="measuring")
            found = share(await measuring.outcomes(checkpoint, "validation", asked.directions))
            desk.status.update(
                phase="training", scores=_known({"in use": in_use, "validation": found})
            )
            return found or 0.0

    def report(progress: dict[str, Any]) -> None:
        told = {key: progress[key] for key in ("step", "steps", "loss")}
        desk.status.update(phase="training", **told)

    tuning = Tuning(desk.model, asked.examples, asked.recipe, asked.folder / "checkpoints", adapter)
    found = await tune(tuning, desk.supervisor, validate if in_use is not None else None, report)
    with writing(asked.folder):
        files.replace(done, _TUNED.dump_json(found))
    shutil.rmtree(asked.folder / "checkpoints", ignore_errors=True)
    return found


def _story(asked: Asked, taught: Taught, tuned: Tuned, against: str, verdict: Verdict) -> Story:
    return Story(
        against,
        {
            "validation": {str(step): round(score, 4) for step, score in tuned.scores.items()},
            "best_step": tuned.step,
            "loss": round(tuned.losses[-1], 4) if tuned.losses else None,
            "cosine": round(tuned.cosine, 6),
            "p": verdict.p,
        },
        {"pairs": taught.pairs, "lineage_sha256": taught.lineage_sha256},
        {"recipe": asked.decision.recipe, **asdict(asked.recipe)},
        taught.seeds,
        taught.corrections,
    )


def _known(scores: Mapping[str, float | None]) -> dict[str, float]:
    return {name: score for name, score in scores.items() if score is not None}


class _Clock:
    """Seconds of work inside of it, without pauses."""

    def __init__(self, desk: Desk) -> None:
        self.seconds = 0.0
        self._worked = desk.supervisor.worked
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = self._worked()

    def __exit__(self, *raised: object) -> None:
        self.seconds += self._worked() - self._began
