"""How much was worked today: a ceiling a day, which a clock that is moved does not block for ever.

Durations are measured by a clock that nobody can move; only the day's name is the calendar's.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from transloop_settings import directories

KEPT = 7
"""Days that are remembered."""


class Hours:
    """The seconds of work of each day, in a file of the state folder."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or directories.state() / "training-hours.json"
        self._days = _read(self.path)

    def today(self) -> float:
        """Seconds that were worked today."""
        return self._days.get(_day(), 0.0)

    def add(self, seconds: float) -> None:
        """So much more was worked. Days that have not come yet are of a clock that was wrong."""
        day = _day()
        self._days[day] = self.today() + seconds
        past = sorted(each for each in self._days if each <= day)
        self._days = {each: self._days[each] for each in past[-KEPT:]}
        new = self.path.with_name(f"{self.path.name}.new")
        with suppress(OSError):  # a full disk: it counts on in memory
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(self._days))
            new.replace(self.path)


def _day() -> str:
    return time.strftime("%Y-%m-%d")


def _read(path: Path) -> dict[str, float]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(day): float(each) for day, each in found.items() if isinstance(each, int | float)}
