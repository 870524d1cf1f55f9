"""What a run works with: handed to it by whoever starts it, and closed by them."""

from __future__ import annotations

from dataclasses import dataclass

from transloop_model.catalog import ModelFile
from transloop_model.engine import Engine
from transloop_model.registry.registry import Registry
from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.store import Store
from transloop_trainer.background.status import Status
from transloop_trainer.background.supervisor import Supervisor


@dataclass(frozen=True)
class Desk:
    """The tools of a run."""

    engine: Engine
    model: ModelFile
    sandbox: Sandbox
    registry: Registry
    store: Store
    supervisor: Supervisor
    status: Status
    teacher: Engine | None = None
    """A stronger model for synthesis."""
