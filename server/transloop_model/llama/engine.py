"""`LlamaEngine`: supervises the model's process and speaks with it.

The process is started by the first request, ended after `idle_seconds` without one, and started
again with growing pauses when it crashes; its last words are in the error.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict
from pathlib import Path

import psutil

from transloop_model.catalog import ModelFile
from transloop_model.engine import Activity, EngineState, Event, Request
from transloop_model.llama import wire
from transloop_model.llama.process import Conversation, Process
from transloop_model.turns import Turns
from transloop_settings.errors import EngineCrashed, EngineError, TransloopError

CANCEL_SECONDS = 5.0
"""A process that has not stopped this long after a cancel is killed."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


class LlamaEngine:
    """llama.cpp on this machine. One request computes at a time; the others wait in turn."""

    def __init__(
        self,
        model: ModelFile,
        *,
        context: int = 8192,
        threads: int | None = None,
        idle_seconds: float = 900.0,
        adapter: Path | None = None,
    ) -> None:
        self.model = model
        self.context = context
        self.threads = threads or physical_cores()
        self.idle_seconds = idle_seconds
        self.adapter = adapter
        self._turns = Turns()
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._failures = 0
        self._not_before = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_error = ""
        self._closed = False

    async def generate(self, request: Request) -> AsyncGenerator[Event]:
        """Stream the events of `request`; closing the iterator cancels it at the next token.

        Raises:
            ModelError: the file is missing, corrupt or of an unknown architecture.
            EngineCrashed: the process died; the next request starts it again.
            ContextOverflow: prompt too long.
        """
        await self._turns.take(request.owner)
        conversation: Conversation | None = None
        try:
            process = await self._running()
            conversation = process.ask(op="generate", request=asdict(request))
            async for message in conversation:
                if "event" in message:
                    for event in wire.read_events(message):
                        yield event
                    if message["event"] == "Done":
                        self._failures = 0
                        return
        except EngineCrashed:
            if conversation is not None:
                self._crashed()
            raise
        finally:
            self._after_turn(conversation)

    def _after_turn(self, conversation: Conversation | None) -> None:
        """Give the turn back once the process is free: at once, or when a cancel has worked."""
        if conversation is None or conversation.over:
            self._release()
            return
        conversation.cancel()
        task = asyncio.get_running_loop().create_task(self._drain(conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, conversation: Conversation) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await conversation.drained()
        except TimeoutError:
            await conversation.process.stop()
        finally:
            self._release()

    def _release(self) -> None:
        self._turns.give_back()
        self._rest()

    def _rest(self) -> None:
        """Begin to wait for the idle time anew."""
        if self._idle:
            self._idle.cancel()
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self.idle_seconds, self._unload)

    def _unload(self) -> None:
        if self._process and not self._process.asked and not self._turns.busy:
            task = asyncio.get_running_loop().create_task(self._process.stop())
            self._process = None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def count_tokens(self, text: str) -> int:
        """Length of `text` in tokens."""
        process = await self._running()
        answer = await process.ask(op="count", text=text).answer()
        self._rest()
        return int(answer["count"])

    async def context_size(self) -> int:
        """Tokens that prompt and answer may have together."""
        return int((await self._running()).facts["context"])

    async def use_adapter(self, path: Path | None) -> None:
        """Apply an adapter between two requests, or drop it. Refused: the old one stays.

        It is read while a request may still compute, so that none waits for that.
        """
        if path is not None and self._process and not self._process.ended:
            await self._process.ask(op="load", path=str(path)).answer()
        async with self._turns.of("adapter"):
            if self._process and not self._process.ended:
                await self._apply(self._process, path)
            self.adapter = path  # a process that is started later applies it first

    async def _apply(self, process: Process, path: Path | None) -> None:
        await process.ask(op="adapter", path=str(path) if path else None).answer()

    async def _running(self) -> Process:
        """The process, started if need be."""
        async with self._starting:
            if self._closed:
                raise EngineError("The engine is closed.")
            if self._process is None or self._process.ended:
                self._process = await self._start()
            return self._process

    async def _start(self) -> Process:
        await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
        self._last_error = ""
        digest = await asyncio.to_thread(self.model.digest) if self.adapter else self.model.sha256
        config = wire.Configuration(
            str(self.model.path.absolute()), self.context, self.threads, digest
        )
        try:
            process = await Process.start(config)
        except EngineCrashed:
            self._crashed()
            raise
        except TransloopError as error:
            self._last_error = str(error)
            raise
        if self.adapter:
            try:
                await self._apply(process, self.adapter)
            except TransloopError:
                await process.stop()
                raise
        return process

    def _crashed(self) -> None:
        """The next start waits, longer each time until a request succeeds."""
        self._not_before = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures)
        self._failures += 1

    def state(self) -> EngineState:
        """What the engine is doing now; never blocks."""
        process = self._process
        alive = process is not None and not process.ended
        return EngineState(
            backend="llama",
            model=self.model.id,
            adapter=self.adapter.name if self.adapter else None,
            state=self._activity(alive),
            detail=self._last_error,
            pid=process.pid if process and alive else None,
            waiting=len(self._turns),
            facts=dict(process.facts) if process else {},
        )

    def _activity(self, alive: bool) -> Activity:
        if self._starting.locked():
            return "loading"
        if self._turns.busy:
            return "busy"
        if alive:
            return "ready"
        return "failed" if self._failures or self._last_error else "idle"

    async def close(self) -> None:
        """End the process and free its memory."""
        self._closed = True
        if self._idle:
            self._idle.cancel()
        if self._process:
            await self._process.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def physical_cores() -> int:
    """Cores that this process may use; hyper-threads make llama.cpp slower."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return max(1, min(psutil.cpu_count(logical=False) or os.cpu_count() or 1, allowed or 1024))
