"""The folders of a run, and how much all runs may take."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transloop_settings import directories
from transloop_settings.errors import CeilingReached, CheckpointUnwritable
from transloop_trainer.control import runlog


def pairs() -> Path:
    """Of what was made out of the person's own code, by all runs."""
    return directories.state() / "pairs"


def own_pairs(run: Path) -> Path:
    """Of what a run on a benchmark has made: no other run may profit, or they say nothing."""
    return run / "data"


def all_pairs() -> list[Path]:
    """Wherever there are pairs."""
    return [pairs(), *(own_pairs(runlog.root() / each) for each in runlog.names())]


def step_folder(run: Path, number: int) -> Path:
    """Of what the run's decision `number` does."""
    return run / "steps" / f"{number:03}"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What goes wrong inside is told as what it is.

    Raises:
        CheckpointUnwritable: the disk is full or read-only; what was there before stays.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise CheckpointUnwritable(
            f"Nothing could be written to {folder}: {error.strerror or error}.",
            "Make room and start the training again: it goes on where it was.",
        ) from error


def tidy(run: Path) -> None:
    """Remove what only a resumed run needs: checkpoints, examples, and answers with their code."""
    for name in ("steps", "evaluations"):
        shutil.rmtree(run / name, ignore_errors=True)
    (run / "examined.jsonl").unlink(missing_ok=True)


def require_room(runs: Path, most: int) -> None:
    """Raises CeilingReached where all runs together take more than `most` bytes already."""
    used = sum(each.lstat().st_size for each in runs.rglob("*") if each.is_file())
    if used > most:
        raise CeilingReached(
            f"The runs in {runs} take {used >> 20} MB, and may take {most >> 20} MB.",
            "Delete old ones, or raise train.disk_mb.",
        )
