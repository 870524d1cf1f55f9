"""Checkpoints: all that a run needs to go on as if it had never been interrupted.

The order of the data, the learning rate and the randomness of a step follow from its number, so
the number is all that is kept. A file is replaced by rename: a killed run has the old one whole.
"""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from transloop_settings.errors import CheckpointMismatch, CheckpointUnwritable

NAME = "checkpoint.pt"


@dataclass
class State:
    """Where a run is."""

    fingerprint: str
    """Digest of examples, recipe and base weights: what makes it the same run."""
    step: int = 0
    """Steps that are done."""
    adapter: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    scores: dict[int, float] = field(default_factory=dict)
    """Executed validation by step."""


def save(folder: Path, state: State) -> None:
    """Replace the checkpoint of `folder`.

    Raises:
        CheckpointUnwritable: the old one stays.
    """
    content = io.BytesIO()
    torch.save(vars(state), content)
    new = folder / f"{NAME}.new"
    try:
        with new.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / NAME)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> CheckpointUnwritable:
    """The error of a disk that takes no more."""
    return CheckpointUnwritable(
        f"A checkpoint could not be written to {folder}: {error.strerror or error}.",
        "Make room and start the training again: it goes on from the last checkpoint.",
    )


def load(folder: Path, fingerprint: str) -> State:
    """The checkpoint of `folder`, or a fresh state where there is none.

    Raises:
        CheckpointMismatch: it is of another run, or damaged.
    """
    path = folder / NAME
    if not path.exists():
        return State(fingerprint)
    advice = "Give the training another folder, or remove this one."
    try:
        state = State(**torch.load(path, weights_only=True))
    except (OSError, RuntimeError, pickle.UnpicklingError, TypeError, ValueError) as error:
        raise CheckpointMismatch(f"{path} is damaged: {error}.", advice) from error
    if state.fingerprint != fingerprint:
        raise CheckpointMismatch(
            f"{path} was made with other examples, settings or weights.", advice
        )
    return state
