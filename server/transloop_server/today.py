"""How many of today's translations do the same as their source, for a status line.

Counts of this session alone, in memory: nothing is kept that nobody has agreed to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date


class Today:
    """Counts that begin anew at midnight."""

    def __init__(self, day: Callable[[], date] = date.today) -> None:
        self._now = day
        self._day = day()
        self._translated = self._run = self._verified = 0

    def count(self, verdict: str | None) -> None:
        """A translation was delivered; None: it was not run."""
        self._begin()
        self._translated += 1
        self._run += verdict is not None
        self._verified += verdict == "verified"

    def told(self) -> dict[str, int]:
        """What the status command tells; the share is `verified` of `run`."""
        self._begin()
        return {"translated": self._translated, "run": self._run, "verified": self._verified}

    def _begin(self) -> None:
        if (now := self._now()) != self._day:
            self._day = now
            self._translated = self._run = self._verified = 0
