"""The policies that there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transloop_settings.errors import UsageError
from transloop_trainer.control import study
from transloop_trainer.control.fixed import Fixed
from transloop_trainer.control.learned import Learned
from transloop_trainer.control.policy import Policy
from transloop_trainer.control.rules import Rules
from transloop_trainer.control.runlog import RunLog

POLICIES: Mapping[str, Callable[[RunLog | None], Policy]] = {
    "fixed": lambda log: Fixed(),
    "rules": lambda log: Rules(),
    "learned": lambda log: Learned(study.earlier(log) if log else ()),
}


def policy(name: str, log: RunLog | None = None) -> Policy:
    """The policy of this name, for the run that `log` is of.

    Where it learns, it knows what the runs before that one came to.

    Raises:
        UsageError: there is none; names those that there are.
    """
    if name not in POLICIES:
        raise UsageError(f"There is no policy called {name!r}.", f"Known: {', '.join(POLICIES)}.")
    return POLICIES[name](log)
