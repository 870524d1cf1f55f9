"""The policies that there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transloop_settings.errors import UsageError
from transloop_trainer.control.fixed import Fixed
from transloop_trainer.control.policy import Policy

POLICIES: Mapping[str, Callable[[], Policy]] = {"fixed": Fixed}


def policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        UsageError: there is none; names those that there are.
    """
    if name not in POLICIES:
        known = ", ".join(POLICIES)
        raise UsageError(f"There is no policy called {name!r}.", f"Known: {known}.")
    return POLICIES[name]()
