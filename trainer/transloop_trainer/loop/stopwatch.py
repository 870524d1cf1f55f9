"""Seconds of work on one step of a run, over all the times that it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

EVERY = 5.0
"""Seconds that a killed process loses, at most."""


class Stopwatch:
    """Counts on what its file says."""

    def __init__(
        self, path: Path, worked: Callable[[], float], tell: Callable[[float], None]
    ) -> None:
        self._path, self._worked, self._tell = path, worked, tell
        self._before = _read(path)
        self._began = worked()

    @property
    def seconds(self) -> float:
        """Of work on the step so far."""
        return self._before + self._worked() - self._began

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Its file follows inside, and whoever is told."""
        writing = asyncio.create_task(self._write_often())
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            self._write()

    async def _write_often(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self._write()
            self._tell(self.seconds)

    def _write(self) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        with suppress(OSError):  # whoever needs the disk says so
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(str(self.seconds))
            new.replace(self._path)


def _read(path: Path) -> float:
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0
