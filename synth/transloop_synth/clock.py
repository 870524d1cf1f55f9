"""Time that was worked, which is not the time that has passed: people come first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Paused = Callable[[], bool]
"""Must we not work now? Asked some times a second."""

BEAT = 0.05
LONGEST = 1.0
"""Seconds between two beats that count; after more of them the process itself was stopped."""


class Clock:
    """Counts seconds of work, and holds up those who ask it while a pause lasts."""

    def __init__(self, paused: Paused, before: float = 0.0) -> None:
        """`before`: seconds that were worked earlier."""
        self.paused = paused
        self._worked = before
        self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        """Worked so far."""
        now = time.monotonic()
        if not self.paused():
            self._worked += min(now - self._last, LONGEST)
        self._last = now
        return self._worked

    async def ready(self) -> None:
        """Wait until the pause, if there is one, is over."""
        while self.paused():  # noqa: ASYNC110  # it is another process that pauses us
            await asyncio.sleep(BEAT)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Clock]:
        """The clock runs inside."""
        beating = asyncio.create_task(self._beats())
        try:
            yield self
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            _ = self.seconds
