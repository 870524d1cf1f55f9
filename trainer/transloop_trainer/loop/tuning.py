"""Training as the loop sees it: a child process, which can be suspended, killed and begun again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transloop_model.catalog import ModelFile
from transloop_model.llama.engine import physical_cores
from transloop_settings import errors
from transloop_settings.errors import TrainerEnded, TrainingError, TransloopError
from transloop_trainer.background.supervisor import Supervisor
from transloop_trainer.recipe import Recipe

LINE_LIMIT = 1 << 24
WORDS = 2000
"""Characters of its last words that are told."""

Validate = Callable[[int, Path], Awaitable[float]]
"""Step and GGUF file of a checkpoint to its score."""
Report = Callable[[dict[str, Any]], None]
"""Is given the fields of a `finetune.Progress`."""


@dataclass(frozen=True)
class Tuning:
    """What is to be trained, and where."""

    model: ModelFile
    examples: Path
    recipe: Recipe
    folder: Path
    """For checkpoints; an earlier run in it goes on."""
    adapter: Path
    """Where the GGUF adapter goes."""

    def order(self, validate: bool) -> dict[str, Any]:
        """For the child."""
        return {
            "model": self.model.id,
            "path": str(self.model.path.absolute()),
            "sha256": self.model.digest(),
            "examples": str(self.examples),
            "recipe": asdict(self.recipe),
            "folder": str(self.folder),
            "adapter": str(self.adapter),
            "threads": physical_cores(),
            "validate": validate,
        }


@dataclass(frozen=True)
class Tuned:
    """What came of it."""

    step: int
    """That the adapter is from."""
    steps: int
    """That were done."""
    losses: tuple[float, ...]
    scores: dict[int, float]
    rows: int
    """Examples that were short enough."""
    cosine: float
    """How far llama.cpp and torch agree on the adapter."""


async def tune(
    tuning: Tuning,
    supervisor: Supervisor,
    validate: Validate | None,
    report: Report = lambda progress: None,
) -> Tuned:
    """Train in a child until the adapter is exported.

    Raises:
        TrainingError: as the child says it, or TrainerEnded: it was killed, or has a bug.
        TransloopError: whatever `validate` raises; the child is ended, its checkpoint stays.
    """
    order = await asyncio.to_thread(tuning.order, validate is not None)
    tuning.folder.mkdir(parents=True, exist_ok=True)
    log = tuning.folder / "log.txt"
    with log.open("wb") as words:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "transloop_trainer.loop.tuner",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=words,
            limit=LINE_LIMIT,
        )
    supervisor.follow(child.pid)
    try:
        done = await _conversation(child, order, validate, report)
        if done is None:
            await child.wait()
            raise _ended(child.returncode, log, supervisor)
    finally:
        supervisor.let_go(child.pid)
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    scores = {int(step): float(score) for step, score in done.pop("scores").items()}
    return Tuned(scores=scores, losses=tuple(done.pop("losses")), **done)


async def _conversation(
    child: asyncio.subprocess.Process,
    order: dict[str, Any],
    validate: Validate | None,
    report: Report,
) -> dict[str, Any] | None:
    """What the child ended with; None: it said nothing."""
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the child was started without pipes")

    def say(message: dict[str, Any]) -> None:
        if child.stdin:
            child.stdin.write(json.dumps(message).encode() + b"\n")

    say(order)
    while line := await child.stdout.readline():
        match json.loads(line):
            case {"progress": progress}:
                report(progress)
            case {"validate": {"step": step, "adapter": adapter}} if validate:
                say({"score": await validate(step, Path(adapter))})
            case {"failed": failed}:
                raise _said(failed)
            case {"done": done}:
                return dict(done)
    return None


def _said(failed: dict[str, Any]) -> TransloopError:
    """The child's error, as it was raised there."""
    kind = getattr(errors, failed["kind"], TrainingError)
    made: TransloopError = kind(failed["said"], failed["advice"])
    return made


def _ended(code: int | None, log: Path, supervisor: Supervisor) -> TrainerEnded:
    if supervisor.exceeded:
        return TrainerEnded(
            supervisor.exceeded, "Raise train.memory_mb, or take a smaller batch_tokens."
        )
    how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
    words = log.read_text("utf-8", "replace")[-WORDS:].strip() or "no last words"
    return TrainerEnded(
        f"The process that trains ended ({how}): {words}", "What it had done is kept."
    )
