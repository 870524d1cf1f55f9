"""Keeps a running engine to the adapter that is in use, without a restart and without a wait.

The registry says which one that is. A watch on its folder brings the news at once; before each
request a look at one file brings it also where no watch is to be had. What is refused is said once,
and what was in use before stays.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from transloop_model import adapter
from transloop_model.catalog import ModelFile
from transloop_model.engine import Engine
from transloop_model.registry.registry import CURRENT, Registry
from transloop_server.adapter_news import news
from transloop_settings.errors import AdapterRefused, TransloopError
from transloop_settings.settings import NO_ADAPTER

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger(__name__)

Tell = Callable[[str, lsp.MessageType], None]
Stamp = tuple[int, int, int] | None


class Swapping:
    """The adapter of one engine."""

    def __init__(self, engine: Engine, model: ModelFile | None, tell: Tell) -> None:
        self.engine = engine
        self.model = model
        self.used: Path | None = None
        """What the engine computes with."""
        self._before: Path | None = None
        self._tell = tell
        self._lock = asyncio.Lock()
        self._given: Path | None = None
        """What the settings say."""
        self._handled: object = ()
        """What was looked at last, whatever came of it."""
        self._begun = False
        """The registry has been followed before: whatever comes now is seen to happen."""
        self._registry: Registry | None = None
        self._model_stamp = _stamp(model.path) if model else None
        self._observer: BaseObserver | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def prepare(self, given: Path | None) -> None:
        """Before a request: compute with what the settings or the registry say.

        A request that is cancelled meanwhile does not leave a swap half done.

        Raises:
            TransloopError: the engine does not start.
        """
        await asyncio.shield(self._begin(self._prepare(given)))

    def model_replaced(self) -> bool:
        """Whether the model's file is another one than that which was loaded."""
        return self.model is not None and _stamp(self.model.path) != self._model_stamp

    async def close(self) -> None:
        """Stop watching. The engine is closed by whoever made it."""
        if self._observer is not None:
            self._observer.stop()
            await asyncio.to_thread(self._observer.join)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _prepare(self, given: Path | None) -> None:
        async with self._lock:
            self._given = given
            await self._follow()
            await self._require_start()

    # What should be in use

    async def _follow(self) -> None:
        """Swap if there is something new; hold the lock."""
        if self._given is not None or self.model is None:
            if self._handled != self._given:
                await self._use_given(None if self._given == NO_ADAPTER else self._given)
                self._handled = self._given
            return
        registry = await self._opened(self.model)
        stamp = _stamp(registry.folder / CURRENT)
        if self._handled != ("registry", stamp):
            await self._use_registered(registry)
            self._handled = ("registry", stamp)
        self._begun = True

    async def _use_given(self, path: Path | None) -> None:
        try:
            if path is not None and self.model is not None:
                await asyncio.to_thread(_require_fit, path, self.model)
            await self._swap(path)
        except AdapterRefused as error:
            self._refused(error)

    async def _use_registered(self, registry: Registry) -> None:
        try:
            found = await asyncio.to_thread(registry.current)
            if not await self._swap(found.path if found else None):
                return
            told = await asyncio.to_thread(news, registry, found)
        except AdapterRefused as error:
            self._refused(error)
            return
        if told and (self._begun or not told.known):
            self._tell(told.text, lsp.MessageType.Info)

    async def _swap(self, path: Path | None) -> bool:
        """Whether anything has changed."""
        if path == self.used:
            return False
        if path is not None and self.model is not None:
            await self.engine.context_size()  # what does not run yet could not refuse it
        await self.engine.use_adapter(path)
        self.used, self._before = path, self.used
        return True

    def _refused(self, error: AdapterRefused) -> None:
        self._tell(f"{error} The one before stays in use.", lsp.MessageType.Warning)

    async def _require_start(self) -> None:
        """An adapter that was damaged since it was loaded must not fail the engine's next start."""
        if self.used is None or self.engine.state().pid is not None:
            return
        for other in (self._before, None):
            try:
                await self.engine.context_size()
            except AdapterRefused as error:
                what = "The one before" if other else "The model alone"
                self._tell(f"{error} {what} is used instead.", lsp.MessageType.Warning)
                await self.engine.use_adapter(other)
                self.used, self._before = other, None
            else:
                return

    # Watching

    async def _opened(self, model: ModelFile) -> Registry:
        if self._registry is None:
            registry = Registry(await asyncio.to_thread(model.digest))
            loop = asyncio.get_running_loop()
            self._observer = await asyncio.to_thread(_watch, registry.folder, self._changed, loop)
            self._registry = registry
        return self._registry

    def _changed(self) -> None:
        """The watch has seen something."""
        self._begin(self._follow_now())

    async def _follow_now(self) -> None:
        """Swap at once; an engine that does not run is not woken, its next request does it."""
        async with self._lock:
            if self.engine.state().pid is None or self._given is not None:
                return
            try:
                await self._follow()
            except TransloopError as error:  # it has died meanwhile: the next request tries again
                log.warning("not swapped: %s", error)


def _require_fit(path: Path, model: ModelFile) -> None:
    """The model's process does not know the digest of a model that is in no catalog."""
    adapter.require_whole(path)
    said = adapter.said(path)
    adapter.require_fit(path.name, said.base_sha256, said.prompt_version, model.digest())


def _stamp(path: Path) -> Stamp:
    """Changes with a file; None: there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def _watch(
    folder: Path, changed: Callable[[], None], loop: asyncio.AbstractEventLoop
) -> BaseObserver | None:
    """Call `changed` in the loop when another version comes into use; None: it cannot be had."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            names = {Path(os.fsdecode(each)).name for each in (event.src_path, event.dest_path)}
            if CURRENT in names and event.event_type in ("created", "modified", "moved", "deleted"):
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(changed)

    observer = Observer()
    observer.daemon = True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        observer.schedule(Handler(), str(folder))
        observer.start()
    except OSError as error:  # a read-only home, or too many watches
        log.warning("the registry of adapters is not watched: %s", error)
        return None
    return observer
