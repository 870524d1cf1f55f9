"""`EchoEngine`: answers without a model, for fast tests and for trying an editor's set-up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from transloop_model.engine import (
    Done,
    EngineState,
    Evaluated,
    Event,
    Finished,
    Piece,
    Reason,
    Request,
    Started,
)
from transloop_model.turns import Turns
from transloop_settings.errors import AdapterRefused, ContextOverflow

Answer = Callable[[Request, int], str]


def echo(request: Request, candidate: int) -> str:
    """The last code block of the prompt; alternatives say which one they are."""
    prompt = request.messages[-1].content
    blocks = re.findall(r"^(`{3,})[^\n]*\n(.*?)\n\1$", prompt, re.MULTILINE | re.DOTALL)
    code = blocks[-1][1] if blocks else prompt
    mark = f" (alternative {candidate})" if candidate else ""
    return f"echo{mark}:\n{code}"


class EchoEngine:
    """An engine whose answers are computed by `answer(request, candidate)`."""

    def __init__(
        self,
        answer: Answer = echo,
        *,
        seconds_per_token: float = 0.0,
        context: int = 8192,
    ) -> None:
        self.answer = answer
        self.seconds_per_token = seconds_per_token
        self.context = context
        self.requests: list[Request] = []
        self._turns = Turns()

    async def generate(self, request: Request) -> AsyncGenerator[Event]:
        """Stream the computed answers word by word."""
        async with self._turns.of(request.owner):
            self.requests.append(request)
            prompt = sum([await self.count_tokens(m.content) for m in request.messages])
            if prompt + 16 > self.context:
                raise ContextOverflow(
                    f"The prompt has {prompt} tokens and the context holds {self.context}.",
                    "Select less code or raise `engine.context`.",
                )
            yield Started(prompt, 0)
            yield Evaluated(prompt, 0.0)
            total = 0
            for candidate in range(len(request.candidates)):
                text = request.answer_prefix + self.answer(request, candidate)
                words = re.findall(r"\s*\S+\s*?|\s+", text)
                shown = words[: request.max_tokens]
                for word in shown:
                    await asyncio.sleep(self.seconds_per_token)
                    yield Piece(candidate, word)
                total += len(shown)
                reason: Reason = "stop" if len(shown) == len(words) else "length"
                logprobs = (0.0,) * len(shown) if request.logprobs else ()
                yield Finished(candidate, "".join(shown), reason, len(shown), logprobs)
            yield Done(0.0, total * self.seconds_per_token, total)

    async def count_tokens(self, text: str) -> int:
        """Words: there is no vocabulary."""
        return len(text.split())

    async def context_size(self) -> int:
        """As constructed."""
        return self.context

    async def use_adapter(self, path: Path | None) -> None:
        """There are no weights to adapt."""
        if path is not None:
            raise AdapterRefused("The echo engine has no weights to adapt.")

    def state(self) -> EngineState:
        """Ready, or busy while a request streams."""
        busy = self._turns.busy
        return EngineState(
            "echo", "echo", None, "busy" if busy else "ready", waiting=len(self._turns)
        )

    async def close(self) -> None:
        """Nothing to free."""
