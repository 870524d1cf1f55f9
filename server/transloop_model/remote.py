"""An engine at the other end of HTTP: any OpenAI-compatible endpoint (llama-server, vLLM, ...).

What the protocol of `engine` promises and an endpoint cannot do:

* `answer_prefix` is not forced: chat completions have no such field. The text simply lacks it.
* Each candidate is a request of its own, since each has its own sampling. They run at the same
  time and share a prefix only if the endpoint caches it. Turns between owners are its business.
* `top_k` is not sent: OpenAI's own service refuses requests that have it.
* Token counts are estimates, see `count_tokens`; `Evaluated` is never heard; log-probabilities are
  of whatever distribution the endpoint reports.

The code of the request leaves this machine for `url`. Proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import math
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from transloop_model.engine import (
    Done,
    EngineState,
    Event,
    Finished,
    Piece,
    Request,
    Started,
)
from transloop_settings.errors import (
    AdapterRefused,
    ContextOverflow,
    EndpointFailed,
    EngineError,
    TransloopError,
)

CONNECT_SECONDS = 10.0
CHARACTERS_A_TOKEN = 3
OVERFLOW_WORDS = (
    "context_length",
    "exceed_context",
    "context length",
    "context size",
    "context window",
)


class RemoteEngine:
    """Streams candidates from `url` (which ends in `/v1`), one request each."""

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str = "",
        timeout_seconds: float = 120.0,
        context: int = 8192,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """
        Args:
            url: where `/chat/completions` is found.
            model: what the endpoint calls the model; empty if it serves only one.
            api_key: sent as a bearer token, unless empty.
            timeout_seconds: longest silence of the endpoint that is endured.
            context: tokens that prompt and answer may have there; it cannot be asked.
            transport: how requests travel; HTTP if None.
        """
        self.url, self.model = url.rstrip("/"), model
        self._api_key, self._seconds, self._context = api_key, timeout_seconds, context
        self._transport = transport
        self._running = 0
        self._closed = False
        self._worked = False
        self._last_error = ""

    async def generate(self, request: Request) -> AsyncGenerator[Event]:
        """As `Engine.generate`. Closing the iterator closes its connections at once."""
        heard: asyncio.Queue[Event | None] = asyncio.Queue()
        running = asyncio.create_task(self._all(request, heard))
        running.add_done_callback(lambda task: heard.put_nowait(None))
        self._running += 1
        try:
            while (event := await heard.get()) is not None:
                yield event
            await running
            self._worked, self._last_error = True, ""
        except TransloopError as error:
            self._last_error = str(error)
            raise
        finally:
            self._running -= 1
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def count_tokens(self, text: str) -> int:
        """An estimate, as the endpoint's tokenizer is unknown: a token for each three characters.

        Code has 3 to 4 characters a token in today's vocabularies; text in other scripts than Latin
        may have more tokens than this.
        """
        return math.ceil(len(text) / CHARACTERS_A_TOKEN)

    async def context_size(self) -> int:
        """What the settings say; the endpoint has the last word (`ContextOverflow`)."""
        return self._context

    async def use_adapter(self, path: Path | None) -> None:
        """Adapters are the endpoint's business.

        Raises:
            AdapterRefused: for anything but None.
        """
        if path is not None:
            raise AdapterRefused(
                f"The endpoint {self.url} loads its adapters itself; {path.name} cannot be used.",
                "Load it there and name it in remote.model, or set engine.backend to llama.",
            )

    def state(self) -> EngineState:
        """`ready` means that the last request was answered; before the first it is `idle`."""
        rest: Literal["failed", "ready", "idle"] = "ready" if self._worked else "idle"
        if self._last_error:
            rest = "failed"
        return EngineState(
            "remote",
            self.model or self.url,
            None,
            "busy" if self._running else rest,
            self._last_error,
            waiting=max(0, self._running - 1),
            facts={"url": self.url, "context": float(self._context)},
        )

    async def close(self) -> None:
        """Close all connections."""
        if not self._closed:
            self._closed = True
            await self._client.aclose()

    @functools.cached_property
    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
            timeout=httpx.Timeout(self._seconds, connect=min(CONNECT_SECONDS, self._seconds)),
            transport=self._transport or httpx.AsyncHTTPTransport(retries=2),
        )

    async def _all(self, request: Request, heard: asyncio.Queue[Event | None]) -> None:
        """All candidates at once. The first failure ends the others."""
        if self._closed:
            raise EngineError("The engine is closed.")
        clock = _Clock(heard, await self._prompt_tokens(request))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._candidate(number, request, clock))
                    for number in range(len(request.candidates))
                ]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None  # the others say the same
        heard.put_nowait(clock.done(sum(task.result() for task in tasks)))

    async def _prompt_tokens(self, request: Request) -> int:
        return sum([await self.count_tokens(message.content) for message in request.messages])

    async def _candidate(self, number: int, request: Request, clock: _Clock) -> int:
        """Stream one candidate into the queue; the number of its tokens."""
        pieces: list[_Delta] = []
        url, body = f"{self.url}/chat/completions", _body(self.model, request, number)
        with self._on_the_way():
            async with self._client.stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    raise self._refused(response.status_code, (await response.aread()).decode())
                clock.start()
                async with contextlib.aclosing(self._deltas(response)) as deltas:
                    async for delta in deltas:
                        pieces.append(delta)
                        if delta.text:
                            clock.hear(Piece(number, delta.text))
        if not any(delta.reason for delta in pieces):
            raise self._ended_early(clock.prompt_tokens, bool(pieces))
        finished = _finished(number, pieces)
        clock.hear(finished)
        return finished.tokens

    async def _deltas(self, response: httpx.Response) -> AsyncGenerator[_Delta, None]:
        """What a stream of server-sent events says."""
        async for line in response.aiter_lines():
            if not line.startswith("data:"):
                continue
            if (data := line.removeprefix("data:").strip()) == "[DONE]":
                return
            try:
                delta = _Delta.of(json.loads(data))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._failed(
                    f"does not speak the OpenAI protocol: {data[:80]!r}",
                    "Does remote.url end in /v1?",
                ) from error
            if delta.error:
                raise self._refused(500, data)
            yield delta

    def _ended_early(self, prompt_tokens: int, began: bool) -> EngineError:
        """llama-cpp-python's server ends the stream without a word when the prompt is too long."""
        if not began and prompt_tokens > self._context:
            return ContextOverflow(
                f"{self.url} gave no answer; the prompt has about {prompt_tokens:,} tokens.",
                "Select less code, or give the endpoint a larger context.",
            )
        return self._failed(
            "ended before the answer was complete", "It may be busy or out of memory: see its log."
        )

    @contextlib.contextmanager
    def _on_the_way(self) -> Iterator[None]:
        """What can happen between here and the endpoint, said to the user."""
        try:
            yield
        except httpx.ConnectTimeout as error:
            raise self._failed("does not answer", "Is remote.url right?") from error
        except httpx.TimeoutException as error:
            silence = f"sent nothing for {self._seconds:g} seconds"
            raise self._failed(silence, "Wait longer: remote.timeout_seconds.") from error
        except httpx.ConnectError as error:
            advice = "Start it, or correct remote.url."
            raise self._failed(f"cannot be reached: {error}", advice) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise self._failed(f"has no valid address: {error}", "Correct remote.url.") from error
        except httpx.HTTPError as error:
            advice = "Try again; its log may say why."
            raise self._failed(f"broke off: {error or type(error).__name__}", advice) from error

    def _refused(self, status: int, text: str) -> EngineError:
        """The error for an answer that is not 200, or for an error within a stream."""
        if any(words in text.lower() for words in OVERFLOW_WORDS):
            return ContextOverflow(
                f"Prompt and answer do not fit the context of {self.url}: {_message(text)}.",
                "Select less code, or give the endpoint a larger context.",
            )
        match status:
            case 401 | 403:
                advice = "Set remote.api_key."
            case 404:
                advice = f"Is remote.model {self.model!r} right, and does remote.url end in /v1?"
            case 429:
                advice = "It has too much to do, or a quota is used up. Try again later."
            case _ if status >= 500:
                advice = "Its log says why."
            case _:
                advice = "Does it accept the settings of remote and sampling?"
        return self._failed(f"refused ({status}): {_message(text)}", advice)

    def _failed(self, what: str, advice: str) -> EndpointFailed:
        return EndpointFailed(f"The endpoint {self.url} {what.rstrip('.')}.", advice)


@dataclass(frozen=True)
class _Delta:
    """What one server-sent event adds to a candidate."""

    text: str = ""
    reason: str | None = None
    logprobs: tuple[float, ...] = ()
    tokens: int = 0
    """Of the whole candidate, where the endpoint says it."""
    error: bool = False

    @classmethod
    def of(cls, chunk: dict[str, Any]) -> _Delta:
        """Raises one of several built-in errors if `chunk` is not a chat completion chunk."""
        if "error" in chunk:
            return cls(error=True)
        tokens = int((chunk.get("usage") or {}).get("completion_tokens") or 0)
        if not chunk["choices"]:
            return cls(tokens=tokens)
        choice = chunk["choices"][0]
        scored = (choice.get("logprobs") or {}).get("content") or []
        return cls(
            str(choice["delta"].get("content") or ""),
            choice.get("finish_reason"),
            tuple(float(token["logprob"]) for token in scored),
            tokens,
        )


class _Clock:
    """The queue of a request's events, and when they came."""

    def __init__(self, heard: asyncio.Queue[Event | None], prompt_tokens: int) -> None:
        self._heard, self.prompt_tokens = heard, prompt_tokens
        self._begun = time.monotonic()
        self._started = False
        self._first: float | None = None

    def start(self) -> None:
        """An endpoint has taken the request: said once, for all candidates."""
        if not self._started:
            self._started = True
            self._heard.put_nowait(Started(self.prompt_tokens, 0))

    def hear(self, event: Event) -> None:
        self._first = self._first or time.monotonic()
        self._heard.put_nowait(event)

    def done(self, tokens: int) -> Done:
        now = time.monotonic()
        first = self._first or now
        return Done(first - self._begun, now - first, tokens)


def _finished(number: int, pieces: list[_Delta]) -> Finished:
    """The whole candidate. Tokens are counted from the pieces where the endpoint does not say."""
    logprobs = tuple(value for delta in pieces for value in delta.logprobs)
    said = next((delta.tokens for delta in reversed(pieces) if delta.tokens), 0)
    return Finished(
        number,
        "".join(delta.text for delta in pieces),
        "length" if any(delta.reason == "length" for delta in pieces) else "stop",
        said or len(logprobs) or sum(bool(delta.text) for delta in pieces),
        logprobs,
    )


def _body(model: str, request: Request, number: int) -> dict[str, Any]:
    """The JSON of a chat completion for one candidate."""
    sampling = request.candidates[number]
    body: dict[str, Any] = {
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
        "max_tokens": request.max_tokens,
        "stream": True,
        "temperature": sampling.temperature,
    }
    if model:
        body["model"] = model
    if sampling.temperature > 0:  # greedy needs neither
        body |= {"top_p": sampling.top_p, "seed": sampling.seed % 2**31}
    if request.stop:
        body["stop"] = list(request.stop)
    if request.logprobs:
        body |= {"logprobs": True, "top_logprobs": 1}
    return body


def _message(text: str) -> str:
    """What an error's body says, in one short line."""
    try:
        said = json.loads(text)
        said = said.get("error", said.get("detail", said))
        said = said.get("message", said) if isinstance(said, dict) else said
    except (ValueError, AttributeError):
        said = text
    return " ".join(str(said).split())[:300].rstrip(".") or "no reason given"
