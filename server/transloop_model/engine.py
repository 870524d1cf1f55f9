"""What an engine is: messages in, a stream of events out.

Three engines keep this protocol: `LlamaEngine` (llama.cpp in a child process), `RemoteEngine` (any
OpenAI-compatible endpoint) and `EchoEngine` (no model; for tests and for trying the editor side).
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Reason = Literal["stop", "length"]
Activity = Literal["idle", "loading", "ready", "busy", "failed"]


@dataclass(frozen=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Sampling:
    """How one candidate is drawn. Temperature 0 is greedy; then nothing else matters."""

    temperature: float = 0.0
    top_p: float = 0.95
    top_k: int = 40
    seed: int = 0
    """Derive it from an id (`seed_of`): one shared seed makes all requests fail together."""


GREEDY = Sampling()


@dataclass(frozen=True)
class Request:
    """One prompt and the candidates wanted for it, decoded in one batch from the shared prefix."""

    messages: tuple[Message, ...]
    answer_prefix: str = ""
    """How the answer must begin, where the engine can force it (llama.cpp). Part of the text."""
    candidates: tuple[Sampling, ...] = (GREEDY,)
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()
    """Strings that end a candidate; they are not part of its text."""
    logprobs: bool = False
    known: tuple[str, ...] = ()
    """Earlier answers to this prompt, without the prefix. What a candidate shares with them may be
    decoded in fewer steps; they never change what is drawn."""
    owner: str = ""
    """Requests of different owners take turns; within one owner they run in order."""


@dataclass(frozen=True)
class Started:
    """The request has reached the model."""

    prompt_tokens: int
    cached_tokens: int
    """Leading tokens whose KV state was still there."""


@dataclass(frozen=True)
class Evaluated:
    """The prompt is being read: `tokens` of `Started.prompt_tokens` are done."""

    tokens: int
    seconds: float


@dataclass(frozen=True)
class Piece:
    """Text was added to a candidate: one token, or less where a stop string may be starting."""

    candidate: int
    text: str


@dataclass(frozen=True)
class Finished:
    """A candidate is complete. `text` begins with the answer prefix and ends before the stop."""

    candidate: int
    text: str
    reason: Reason
    tokens: int
    logprobs: tuple[float, ...] = ()
    """One natural logarithm a generated token, if asked for; of the unscaled distribution."""


@dataclass(frozen=True)
class Done:
    """All candidates are complete; the last event of every request that was not cancelled."""

    prompt_seconds: float
    decode_seconds: float
    tokens: int
    """Generated tokens of all candidates."""


Event = Started | Evaluated | Piece | Finished | Done


@dataclass(frozen=True)
class EngineState:
    """What a status line shows."""

    backend: str
    model: str
    adapter: str | None
    state: Activity
    detail: str = ""
    pid: int | None = None
    waiting: int = 0
    facts: dict[str, float | str] = field(default_factory=dict)
    """Backend specific: threads, context, load seconds, resident bytes."""


class Engine(Protocol):
    """The one seam between transloop and a model."""

    def generate(self, request: Request) -> AsyncGenerator[Event]:
        """Stream the events of `request`; closing the iterator cancels it at the next token.

        Raises:
            ModelError, EngineError: with what to do about it.
        """
        ...

    async def count_tokens(self, text: str) -> int:
        """Length of `text` in tokens of this model (an upper estimate where it cannot know)."""
        ...

    async def context_size(self) -> int:
        """Tokens that prompt and answer may have together."""
        ...

    async def use_adapter(self, path: Path | None) -> None:
        """Apply a GGUF adapter between two requests, or drop the one in use.

        Raises:
            AdapterRefused: it belongs to another model or prompt version; the old one stays.
        """
        ...

    def state(self) -> EngineState:
        """What the engine is doing now; never blocks."""
        ...

    async def close(self) -> None:
        """Stop everything and free the memory. Idempotent."""
        ...


def seed_of(*parts: object) -> int:
    """A seed from ids: equal for equal parts, on every machine."""
    return zlib.crc32("\0".join(map(str, parts)).encode())
