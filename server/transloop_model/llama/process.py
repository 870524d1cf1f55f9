"""The model's process as its supervisor sees it: a pipe, conversations, and last words."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from transloop_model.llama import wire
from transloop_settings.errors import EngineCrashed, TransloopError

SPINS = "3000"
"""Rounds that llama.cpp's threads wait for each other before they sleep (libgomp's default is
300,000). With one busy process beside it on two cores the default fell to 2 tokens/s; this kept 13,
and costs about 2 % on a quiet machine. The user's own setting wins."""


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
            env={"GOMP_SPINCOUNT": SPINS, **os.environ},
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

    @property
    def asked(self) -> bool:
        """Whether an answer is still owed."""
        return bool(self._conversations)

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
