"""When a run begins by itself: enough new verified seeds, and nobody translates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from transloop_model import serving
from transloop_seeds.store import Store
from transloop_settings import directories
from transloop_trainer.loop.data import is_verified

LOOK_SECONDS = 60.0
"""Between two looks where the watch says nothing, or cannot be had."""
SETTLE_SECONDS = 0.5


class News:
    """The seeds that no run has seen yet."""

    def __init__(self, store: Store, path: Path | None = None) -> None:
        self.store = store
        self.path = path or directories.state() / "training-seen.json"

    def count(self) -> int:
        """New ones whose translation was seen to hold."""
        return sum(map(is_verified, self.store.seeds(self._last())))

    def seen(self) -> None:
        """A run has begun with all that there are now."""
        last = max((each.event for each in self.store.seeds()), default=0)
        new = self.path.with_name(f"{self.path.name}.new")
        with suppress(OSError):  # a full disk: the next run begins early
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(last))
            new.replace(self.path)

    def _last(self) -> int:
        try:
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return 0
        return found if isinstance(found, int) else 0


def idle_for(seconds: float) -> bool:
    """Has nobody translated anything for so long?"""
    since = serving.seconds_since()
    return since is None or since >= seconds


class Changes:
    """Tells when something is written to the store; looking into it writes nothing that counts."""

    def __init__(self, store: Path) -> None:
        self._files = (store, store.with_name(f"{store.name}-wal"))
        self._known = self._stamp()
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._observer = Observer()
        self._observer.daemon = True
        with suppress(OSError):  # too many watches: it looks now and then
            store.parent.mkdir(parents=True, exist_ok=True)
            self._observer.schedule(_Handler(self._look), str(store.parent))
            self._observer.start()

    async def wait(self, seconds: float = LOOK_SECONDS) -> None:
        """Until something is written, so long at most; what comes at once is one change."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
                await asyncio.sleep(SETTLE_SECONDS)
        self._event.clear()

    def close(self) -> None:
        """Stop watching."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def _look(self) -> None:
        found = self._stamp()
        if found != self._known:
            self._known = found
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._event.set)

    def _stamp(self) -> list[tuple[int, int]]:
        return [each for each in map(_stamp, self._files) if each[0]]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (0, 0)
    return (facts.st_size, facts.st_mtime_ns)


class _Handler(FileSystemEventHandler):
    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("created", "modified", "moved"):
            self._changed()
