"""`LlamaEngine`: supervises the model's process and speaks with it.

The process is started by the first request, ended after `idle_seconds` without one, and started
again with growing pauses when it crashes; its last words are in the error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from transloop_model.catalog import ModelFile
from transloop_model.engine import Activity, EngineState, Event, Request
from transloop_model.llama import wire
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

    async def generate(self, request: Request) -> AsyncIterator[Event]:
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
                    event = wire.read_event(message)
                    yield event
                    if message["event"] == "Done":
                        self._failures = 0
                        return
        except EngineCrashed:
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
        if self._idle:
            self._idle.cancel()
        if not self._turns.busy and not self._closed:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self.idle_seconds, self._unload)

    def _unload(self) -> None:
        if not self._turns.busy and self._process:
            task = asyncio.get_running_loop().create_task(self._process.stop())
            self._process = None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def count_tokens(self, text: str) -> int:
        """Length of `text` in tokens."""
        process = await self._running()
        answer = await process.ask(op="count", text=text).answer()
        return int(answer["count"])

    async def context_size(self) -> int:
        """Tokens that prompt and answer may have together."""
        return int((await self._running()).facts["context"])

    async def use_adapter(self, path: Path | None) -> None:
        """Apply an adapter between two requests, or drop it. Refused: the old one stays."""
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
            await self._apply(process, self.adapter)
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


class Process:
    """A running model process and the conversations with it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self.pid = child.pid
        self.facts: dict[str, Any] = {}
        self.ended = False
        self._last_words: deque[str] = deque(maxlen=12)
        self._conversations: dict[int, Conversation] = {}
        self._number = 0
        self._tasks = [asyncio.create_task(self._hear())]

    @classmethod
    async def start(cls, config: wire.Configuration) -> Process:
        """Start the process and wait until the model is loaded."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # the user's folder may hold a module of our name
            "-m",
            "transloop_model.llama.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=wire.LINE_LIMIT,
        )
        process = cls(child)
        loading = process._converse(0)
        process._write(wire.pack(**asdict(config)))
        try:
            process.facts = (await loading.answer())["facts"]
        except BaseException:
            await process.stop()
            raise
        return process

    def ask(self, **fields: Any) -> Conversation:
        """Send a message; what comes back is read from the conversation."""
        self._number += 1
        conversation = self._converse(self._number)
        self._write(wire.pack(id=self._number, **fields))
        return conversation

    def _converse(self, number: int) -> Conversation:
        conversation = Conversation(self, number)
        self._conversations[number] = conversation
        if self.ended:
            conversation.hear(self._death())
        return conversation

    def _write(self, line: bytes) -> None:
        if self.child.stdin and not self.ended:
            with contextlib.suppress(ConnectionError):  # its end is heard on stdout
                self.child.stdin.write(line)

    def send_cancel(self, number: int) -> None:
        """Ask it to stop request `number`."""
        self._write(wire.pack(op="cancel", id=number))

    async def _hear(self) -> None:
        """Deliver messages until the process ends, then tell everybody who waits."""
        words = asyncio.create_task(self._hear_stderr())
        try:
            while line := await _pipe(self.child.stdout).readline():
                message = wire.unpack(line)
                number = message.get("id") or 0
                if conversation := self._conversations.get(number):
                    conversation.hear(message)
            await self.child.wait()
            await words
        finally:
            words.cancel()
            self.ended = True
            for conversation in list(self._conversations.values()):
                conversation.hear(self._death())

    async def _hear_stderr(self) -> None:
        while line := await _pipe(self.child.stderr).readline():
            self._last_words.append(line.decode("utf-8", "replace").strip())

    def _death(self) -> EngineCrashed:
        code = self.child.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        words = " ".join(self._last_words) or "no last words"
        return EngineCrashed(
            f"The model's process ended ({how}; {words}).",
            "Try again: it is started anew. If it keeps happening, run `transloop doctor`.",
        )

    def forget(self, number: int) -> None:
        """A conversation is over."""
        self._conversations.pop(number, None)

    async def stop(self) -> None:
        """End the process: politely, then not."""
        if self.child.stdin:
            self.child.stdin.close()
        try:
            async with asyncio.timeout(1.0):
                await self.child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.child.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Conversation:
    """The answers to one message."""

    def __init__(self, process: Process, number: int) -> None:
        self.process = process
        self.number = number
        self.over = False
        self._heard: asyncio.Queue[dict[str, Any] | TransloopError] = asyncio.Queue()

    def hear(self, message: dict[str, Any] | TransloopError) -> None:
        """The process said something, or died."""
        self._heard.put_nowait(message)

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self._messages()

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        while not self.over:
            yield await self._next()

    async def _next(self) -> dict[str, Any]:
        heard = await self._heard.get()
        if isinstance(heard, TransloopError) or "error" in heard:
            self._end()
            raise heard if isinstance(heard, TransloopError) else wire.read_error(heard)
        if heard.get("event", "Done") == "Done":  # everything that is not an event is an answer
            self._end()
        return heard

    def _end(self) -> None:
        self.over = True
        self.process.forget(self.number)

    async def answer(self) -> dict[str, Any]:
        """The one answer to a message that has one."""
        return await self._next()

    def cancel(self) -> None:
        """Ask for an early end; `drained` waits for it."""
        self.process.send_cancel(self.number)

    async def drained(self) -> None:
        """Wait until the process has nothing more to say here."""
        with contextlib.suppress(TransloopError):
            while not self.over:
                await self._next()


def _pipe(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream


def physical_cores() -> int:
    """Cores that this process may use; hyper-threads make llama.cpp slower."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return max(1, min(psutil.cpu_count(logical=False) or os.cpu_count() or 1, allowed or 1024))
