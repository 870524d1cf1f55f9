"""Stops what computes while something else matters more, and lets it go on afterwards.

Children that compute for long (the training, the model) are suspended where they are; nothing of
them is lost. Programs in the sandbox are not: they end by themselves in seconds, and their time
limits would run on. This process itself begins nothing new meanwhile (`wait`, `waited`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

import psutil

from transloop_trainer.background import left
from transloop_trainer.background.hours import Hours

LOOK_SECONDS = 0.02
AGAIN_SECONDS = 0.2
"""In a pause, between two looks for children that have come since."""
SLOW_SECONDS = 1.0


class Supervisor:
    """A thread that watches over the children of one run.

    Args:
        why: why nothing should compute now; empty: something may.
        memory: bytes that all processes may take together.
        told: is given the reason of each pause, and nothing when it ends.
    """

    def __init__(
        self,
        why: Callable[[], str],
        hours: Hours,
        memory: int | None = None,
        told: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.paused = ""
        """Why nothing computes now."""
        self.exceeded = ""
        """What a child was ended for."""
        self._why, self._hours, self._memory, self._told = why, hours, memory, told
        self._children: dict[int, psutil.Process] = {}
        self._models: list[Callable[[], int | None]] = []
        self._suspended: dict[int, psutil.Process] = {}
        self._free = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._worked = 0.0
        self._since = time.monotonic()
        self._noted = 0.0
        self._suspended_at = 0.0
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        left.end()
        self._look()  # before anything begins
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._resume()
        self._count(last=True)
        left.note(())

    # What is watched over

    def follow(self, pid: int) -> None:
        """Suspend this child and its own children, too."""
        with suppress(psutil.NoSuchProcess), self._lock:
            self._children[pid] = psutil.Process(pid)

    def let_go(self, pid: int) -> None:
        """It is ending; a suspended one would not."""
        with self._lock:
            if root := self._children.pop(pid, None):
                for each in _tree(root):
                    self._suspended.pop(each.pid, None)
                    with suppress(psutil.Error):
                        each.resume()

    def follow_model(self, pid: Callable[[], int | None]) -> None:
        """A model's process comes and goes; `pid` tells it."""
        self._models.append(pid)

    # For whoever computes in this process

    def wait(self) -> None:
        """Return as soon as something may compute."""
        while not self._free.wait(0.1) and not self._ended.is_set():
            pass

    async def waited(self) -> None:
        """As `wait`, for a loop of events."""
        while not self._free.is_set() and not self._ended.is_set():  # noqa: ASYNC110 - of a thread
            await asyncio.sleep(0.05)

    def worked(self) -> float:
        """Seconds in which something could compute."""
        with self._lock:
            return self._worked + (0.0 if self.paused else time.monotonic() - self._since)

    # The thread

    def _watch(self) -> None:
        slowly = time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            self._look()
            if time.monotonic() - slowly >= SLOW_SECONDS:
                slowly = time.monotonic()
                self._count()
                self._require_memory()

    def _look(self) -> None:
        reason = self._why()
        if reason:
            self._free.clear()
            if not self.paused or time.monotonic() - self._suspended_at >= AGAIN_SECONDS:
                self._suspend()
        elif self.paused:
            self._resume()
        self._change(reason)
        if not reason:
            self._free.set()

    def _change(self, reason: str) -> None:
        if reason == self.paused:
            return
        with self._lock:
            now = time.monotonic()
            if not self.paused:
                self._worked += now - self._since
            self._since, self.paused = now, reason
        self._told(reason)

    def _suspend(self) -> None:
        """Also what has come since the pause began."""
        self._suspended_at = time.monotonic()
        with self._lock:
            fresh = [each for each in self._computing() if each.pid not in self._suspended]
            for each in fresh:
                with suppress(psutil.Error):
                    each.suspend()
                    self._suspended[each.pid] = each
            if fresh:
                left.note(self._suspended.values())

    def _resume(self) -> None:
        with self._lock:
            for each in self._suspended.values():
                with suppress(psutil.Error):
                    each.resume()
            if self._suspended:
                self._suspended.clear()
                left.note(())

    def _computing(self) -> Iterator[psutil.Process]:
        roots = list(self._children.values())
        for pid in filter(None, [each() for each in self._models]):
            with suppress(psutil.Error):
                roots.append(psutil.Process(pid))
        for root in roots:
            yield from _tree(root)

    def _count(self, last: bool = False) -> None:
        """Today's hours, now and then; rarely enough that the disk does not notice."""
        worked = self.worked()
        if last or worked - self._noted >= 10.0:
            self._hours.add(worked - self._noted)
            self._noted = worked

    def _require_memory(self) -> None:
        """End what takes too much; whoever waits for it reads `exceeded`."""
        if self._memory is None:
            return
        with self._lock:
            sizes = {each: _resident(each) for each in self._computing()}
        whole = sum(sizes.values()) + _resident(psutil.Process())
        if whole > self._memory and sizes:
            self.exceeded = (
                f"It took {whole >> 20} MB of memory, and may take {self._memory >> 20} MB."
            )
            with suppress(psutil.Error):
                max(sizes, key=lambda each: sizes[each]).kill()


def _tree(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
