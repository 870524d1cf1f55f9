"""A fair queue: owners take turns, requests of one owner keep their order."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One turn at a time. A directory of a hundred files delays a click by one file at most."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def busy(self) -> bool:
        """Whether somebody has the turn."""
        return self._busy

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Wait for a turn of `owner` and hold it."""
        await self.take(owner)
        try:
            yield
        finally:
            self.give_back()

    async def take(self, owner: str) -> None:
        """Wait for a turn; `give_back` must follow."""
        if not self._busy:
            self._busy = True
            return
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give_back()  # the turn came together with the cancellation
            else:
                self._leave(owner, granted)
            raise

    def give_back(self) -> None:
        """Pass the turn to the next owner."""
        while self._waiting:
            owner, line = self._waiting.popitem(last=False)
            granted = line.popleft()
            if line:
                self._waiting[owner] = line  # to the end: the other owners come first
            if not granted.done():
                granted.set_result(None)
                return
        self._busy = False

    def _leave(self, owner: str, granted: asyncio.Future[None]) -> None:
        line = self._waiting.get(owner)
        if line and granted in line:
            line.remove(granted)
            if not line:
                del self._waiting[owner]
