"""Why nothing should be computed now: somebody is served, the battery, a person, the day's hours.

`look` is cheap and asked some fifty times a second; what is slow to find out is looked at less
often.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from transloop_model import serving, training
from transloop_trainer.background.hours import Hours

QUIET_SECONDS = 3.0
"""After a request was served: who translates once often does so again at once."""
SLOW_SECONDS = 2.0
BUSY = 0.5
"""Share of the cores that others compute on, above which the machine is not idle."""
SERVED, ASKED = "a translation is being served", "you have paused it (transloop train --resume)"


class _Load:
    """What others than low-priority processes compute: training runs at the lowest priority."""

    def __init__(self) -> None:
        self._before = psutil.cpu_times()

    def others(self) -> float:
        """Their share of the cores since the last question; 0 where the system cannot tell."""
        before, now = self._before, psutil.cpu_times()
        self._before = now
        if not hasattr(now, "nice"):
            return 0.0
        whole = sum(now) - sum(before)
        return float((now.user - before.user) / whole) if whole > 0 else 0.0


@dataclass
class Reasons:
    """What speaks against computing."""

    hours: Hours
    day_hours: float = 24.0
    on_battery: bool = True
    idle_only: bool = False
    """Others that compute are a reason, too: nobody has asked for this run just now."""
    quiet_seconds: float = QUIET_SECONDS
    clock: Callable[[], float] = time.monotonic
    _served: float | None = None
    _looked: float | None = None
    _slow: str = ""
    _load: _Load = field(default_factory=_Load)

    def look(self) -> str:
        """The reason that counts first; empty: none."""
        now = self.clock()
        if serving.busy():
            self._served = now
        if self._served is not None and now - self._served < self.quiet_seconds:
            return SERVED
        if training.is_paused():
            return ASKED
        if self._looked is None or now - self._looked >= SLOW_SECONDS:
            self._looked, self._slow = now, self._look_slowly()
        return self._slow

    def _look_slowly(self) -> str:
        others = self._load.others()
        if not self.on_battery and _discharging():
            return "the machine runs on its battery"
        if self.hours.today() >= 3600 * self.day_hours:
            return f"the {self.day_hours:g} hours of today are used up"
        if self.idle_only and others > BUSY:
            return "the machine is busy otherwise"
        return ""


def _discharging() -> bool:
    found = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return found is not None and found.power_plugged is False
