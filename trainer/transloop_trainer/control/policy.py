"""What a policy is."""

from __future__ import annotations

from typing import Protocol

from transloop_trainer.control.decision import Decision
from transloop_trainer.control.state import State


class Policy(Protocol):
    """Decides what is done next."""

    @property
    def name(self) -> str:
        """Such as `rules`."""
        ...

    def decide(self, state: State) -> Decision:
        """The next decision. Equal states give equal decisions; nothing is done yet."""
        ...
