"""What the background trainer says of itself, for whoever shows it: one small file.

It is replaced by rename some times a second at most. A trainer that has died leaves its last words;
whether it still runs is the process's to say.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil
from pydantic import TypeAdapter, ValidationError

from transloop_settings import directories

Phase = Literal["waiting", "deciding", "synthesizing", "training", "measuring", "ended"]


@dataclass(frozen=True)
class Training:
    """Where the trainer is."""

    pid: int
    born: float
    """When its process began, as the system has it: a pid may be another's by now."""
    phase: Phase = "deciding"
    run: str = ""
    directions: tuple[str, ...] = ()
    round: int = 0
    """Decisions that were made so far."""
    decision: str = ""
    """`synthesize`, `train` or `stop`."""
    reason: str = ""
    step: int = 0
    """Of what is being done: attempts, steps or units."""
    steps: int = 0
    loss: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    """Executed pass@1: `in use`, `validation`, ..."""
    paused: str = ""
    """Why nothing computes now; empty: something does."""
    said: str = ""
    """What came last, in a sentence."""
    seconds: float = 0.0
    """Of work in this run."""
    seconds_left: float = 0.0
    updated: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        with suppress(psutil.Error):
            return abs(psutil.Process(self.pid).create_time() - self.born) < 1
        return False

    def __str__(self) -> str:
        if not self.alive:
            return "not running"
        if self.paused:
            return f"paused: {self.paused}"
        done = f" {self.step}/{self.steps}" if self.steps else ""
        return f"{self.phase}{done}"


_TRAINING = TypeAdapter(Training)


def read() -> Training | None:
    """What was said last; None: nothing ever."""
    try:
        return _TRAINING.validate_json(_file().read_bytes())
    except (OSError, ValidationError):  # of another version: it is replaced soon
        return None


def write(training: Training) -> None:
    """Say it. A full disk says nothing: that stops nobody from working."""
    new = _file().with_name(f"{_file().name}.{os.getpid()}.new")
    with suppress(OSError):
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(_TRAINING.dump_json(training))
        new.replace(_file())


def told() -> str:
    """For a status line: what a running trainer does; empty where there is none."""
    found = read()
    return str(found) if found is not None and found.alive else ""


def pause(wanted: bool) -> None:
    """What a person says holds until they say otherwise. Raises OSError."""
    if wanted:
        _wish().parent.mkdir(parents=True, exist_ok=True)
        _wish().write_text(str(time.time()))
    else:
        _wish().unlink(missing_ok=True)


def is_paused() -> bool:
    """Whether a person has paused training."""
    return _wish().exists()


def _file() -> Path:
    return directories.state() / "training.json"


def _wish() -> Path:
    return directories.state() / "training.paused"
