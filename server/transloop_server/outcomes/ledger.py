"""Writing down what happened, on a thread of its own: the event loop waits for no disk.

`transloop_seeds` looks for secrets in what it writes, which takes time to load and to do; it is
loaded there, with the first thing that is written.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from transloop_seeds.event import About, Event
from transloop_server.outcomes.about import Maker, digests
from transloop_settings import directories
from transloop_settings.settings import Learn

if TYPE_CHECKING:
    from transloop_seeds.pending import Pending
    from transloop_seeds.permission import Permission
    from transloop_seeds.store import Recorder

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Scope:
    """What decides how much may be kept of a translation."""

    workspace: Path | None
    paths: tuple[Path, ...]
    """Of its source and of where it stands; each may be ignored."""
    learn: Learn
    this_run: bool = True
    """False: "do not learn from this"."""

    def permission(self) -> Permission:
        """How much that is now."""
        from transloop_seeds import consent
        from transloop_seeds.permission import permission

        return permission(
            self.workspace, self.paths, self.learn, consent.read(), this_run=self.this_run
        )


@dataclass(frozen=True)
class Held:
    """A translation that waits for its outcome, and where it stands."""

    about: About
    draft: str
    since: float
    uri: str
    start: int
    end: int
    text: str
    before: str
    after: str


class Ledger:
    """Writes in the order in which it is told; what cannot be written is said once."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._late = threading.Event()
        self._thread = ThreadPoolExecutor(1, "ledger")

    @cached_property
    def _recorder(self) -> Recorder:
        from transloop_seeds.store import Recorder, Store

        return Recorder(Store(told=self._tell), self._tell)

    def _tell(self, message: str) -> None:
        """From the thread to the event loop, if that still runs."""
        with suppress(RuntimeError):
            if self._loop:
                self._loop.call_soon_threadsafe(self._told, message)

    def write(self, event: Event, scope: Scope, maker: Maker | None = None) -> None:
        """Write an event."""

        def work() -> None:
            about = _made_by(event.about, maker)
            self._recorder.record(replace(event, about=about), scope.permission())

        self._later(work)

    def hold(self, held: Held, scope: Scope, maker: Maker | None) -> None:
        """Keep a translation that waits for its outcome, or where it stands by now."""

        def work() -> None:
            from transloop_seeds.pending import Pending, Place

            place = Place(held.uri, held.start, held.end, held.text, held.before, held.after)
            pending = Pending(_made_by(held.about, maker), held.draft, place, held.since)
            self._recorder.hold(pending, _room(scope), scope.permission())

        self._later(work)

    async def take_over(self, workspace: Path) -> list[Pending]:
        """What servers that ended have left waiting in a workspace."""

        def work() -> list[Pending]:
            from transloop_seeds.database import NAME

            there = (directories.seeds() / NAME).exists()  # none is made before there is something
            return self._recorder.take_over(workspace) if there else []

        return await asyncio.wrap_future(self._later(work))

    def unlearn(self, translations: Sequence[str]) -> None:
        """Drop what waits of some translations, and forget the seeds that they left."""
        self._later(lambda: self._recorder.unlearn(translations))

    async def close(self, seconds: float) -> None:
        """Write what is left; what is not written by then is still pending for the next server."""
        if self._closed:
            return
        self._closed = True
        last = self._thread.submit(self._close)
        try:
            await asyncio.wait_for(asyncio.wrap_future(last), seconds)
        except TimeoutError:
            log.warning("not everything that happened could be written down in time")
            self._late.set()
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if "_recorder" in self.__dict__:
            self._recorder.store.close()

    def _in_time(self, work: Callable[[], T]) -> T:
        if self._late.is_set():
            raise CancelledError
        return work()

    def _later(self, work: Callable[[], T]) -> Future[T]:
        self._loop = asyncio.get_running_loop()
        if self._closed:  # a job that is cancelled because the server ends
            future: Future[T] = Future()
            future.cancel()
            return future
        future = self._thread.submit(self._in_time, work)
        future.add_done_callback(_complain)
        return future


def _complain(future: Future[T]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None and not isinstance(error, CancelledError):
        log.error("the ledger has a bug", exc_info=error)


def _made_by(about: About, maker: Maker | None) -> About:
    """With the digests of what made it, which take a while to compute the first time."""
    if maker is None:
        return about
    model, adapter = digests(maker)
    return replace(about, model=model, adapter=adapter)


def _room(scope: Scope) -> Path:
    """What has no workspace waits for whoever opens its folder."""
    return scope.workspace or scope.paths[-1].parent
