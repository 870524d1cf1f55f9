"""The engine alone: raw llama-cpp-python on the same prompt, batches, and the kept prefix."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import llama_cpp

from benchmarks.units import UNITS
from transloop_model import prompt
from transloop_model.catalog import ModelFile
from transloop_model.engine import (
    Done,
    Evaluated,
    Finished,
    Message,
    Piece,
    Request,
    Sampling,
    Started,
    seed_of,
)
from transloop_model.llama.engine import LlamaEngine, physical_cores
from transloop_model.llama.native import without_amx
from transloop_syntax.language import language
from transloop_syntax.unit import snippet

CONTEXT = 4096
MAX_TOKENS = 256


def request_for(code: str, **changes: Any) -> Request:
    """The request that transloop makes for a Python function on its way to JavaScript."""
    built = prompt.build(snippet(code, language("python")), language("javascript"))
    return Request(
        **{
            "messages": built.messages,
            "answer_prefix": built.answer_prefix,
            "stop": built.stop,
            "max_tokens": MAX_TOKENS,
            **changes,
        }
    )


@dataclass(frozen=True)
class Timing:
    """One generation: seconds to the first token, tokens a second from then on."""

    first_token: float
    tokens_per_second: float


class Raw:
    """The baseline: llama-cpp-python's own `Llama`, with the same prompt, context and threads."""

    def __init__(self, model: ModelFile) -> None:
        default = llama_cpp.llama_model_default_params  # `Llama` has no argument for what differs
        with patch.object(
            llama_cpp.llama_cpp, "llama_model_default_params", lambda: without_amx(default())
        ):
            self.llama = llama_cpp.Llama(
                str(model.path), n_ctx=CONTEXT, n_threads=physical_cores(), verbose=False
            )
        self.template = prompt.ChatTemplate(self.llama.metadata["tokenizer.chat_template"])

    def tokens(self, request: Request) -> list[int]:
        """The same prompt tokens that the engine reads."""
        return [
            token
            for segment in self.template.render(request.messages, request.answer_prefix)
            for token in self.llama.tokenize(
                segment.text.encode(), add_bos=False, special=segment.special
            )
        ]

    def run(self, request: Request) -> Timing:
        """One greedy generation."""
        began = time.perf_counter()
        first, count = 0.0, 0
        for _ in self.stream(request):
            count += 1
            first = first or time.perf_counter() - began
        return Timing(first, (count - 1) / (time.perf_counter() - began - first))

    def stream(self, request: Request) -> Iterator[Any]:
        """The chunks of a completion."""
        return iter(
            self.llama.create_completion(
                self.tokens(request),
                max_tokens=request.max_tokens,
                temperature=0.0,
                stop=list(request.stop),
                stream=True,
            )
        )


@dataclass(frozen=True)
class Ran:
    """One request on our engine."""

    timing: Timing
    started: Started
    done: Done
    read_seconds: float
    """Of reading the prompt."""
    text: str
    """Of the last candidate, without the prefix."""


async def run(engine: LlamaEngine, request: Request) -> Ran:
    """Let our engine answer."""
    began = time.perf_counter()
    first, count, read, text = 0.0, 0, 0.0, ""
    started, done = Started(0, 0), Done(0, 0, 0)
    async for event in engine.generate(request):
        match event:
            case Started():
                started = event
            case Evaluated():
                read = event.seconds
            case Piece() if len(event.text) > 0:
                first = first or time.perf_counter() - began
            case Finished():
                count += event.tokens
                text = event.text.removeprefix(request.answer_prefix)
            case Done():
                done = event
    elapsed = time.perf_counter() - began
    return Ran(Timing(first, (count - 1) / (elapsed - first)), started, done, read, text)


async def against_raw(model: ModelFile, rounds: int) -> dict[str, Any]:
    """Our engine against the raw library, in turns, on the same prompts."""
    raw, engine = Raw(model), LlamaEngine(model, context=CONTEXT)
    ours: list[Timing] = []
    theirs: list[Timing] = []
    try:
        raw.run(request_for(UNITS[0]))
        await run(engine, request_for(UNITS[0]))
        for _ in range(rounds):
            for code in UNITS[1:]:
                theirs.append(raw.run(request_for(code)))
                ours.append((await run(engine, request_for(code))).timing)
    finally:
        await engine.close()
    return compare(ours, theirs, "raw llama-cpp-python, same prompt")


def compare(ours: list[Timing], theirs: list[Timing], baseline: str) -> dict[str, Any]:
    """Medians, and the median of the ratios pair by pair; above 1 is better than the baseline."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "baseline": baseline,
        "pairs": len(pairs),
        "first_token_seconds": _median(each.first_token for each in ours),
        "first_token_seconds_baseline": _median(each.first_token for each in theirs),
        "first_token_speed_ratio": _median(b.first_token / a.first_token for a, b in pairs),
        "tokens_per_second": _median(each.tokens_per_second for each in ours),
        "tokens_per_second_baseline": _median(each.tokens_per_second for each in theirs),
        "tokens_per_second_ratio": _median(
            a.tokens_per_second / b.tokens_per_second for a, b in pairs
        ),
    }


async def batch(model: ModelFile, rounds: int, size: int) -> dict[str, Any]:
    """`size` sampled candidates in one batch against the same ones, one after another.

    Both know the greedy answer, as they do in an editor: it was shown first.
    """
    engine = LlamaEngine(model, context=CONTEXT)
    together: list[float] = []
    single: list[float] = []
    try:
        await run(engine, request_for(UNITS[0]))
        for number in range(rounds):
            code = UNITS[number % len(UNITS)]
            greedy = (await run(engine, request_for(code))).text
            drawn = tuple(Sampling(0.8, seed=seed_of(number, i)) for i in range(size))
            asked = request_for(code, candidates=drawn, known=(greedy,))
            done = (await run(engine, asked)).done
            together.append(done.tokens / (done.prompt_seconds + done.decode_seconds))
            seconds, tokens = 0.0, 0
            for each in drawn:
                done = (await run(engine, request_for(code, candidates=(each,)))).done
                seconds += done.prompt_seconds + done.decode_seconds
                tokens += done.tokens
            single.append(tokens / seconds)
    finally:
        await engine.close()
    return {
        "baseline": f"the same {size} candidates one after another, prefix kept",
        "rounds": rounds,
        "tokens_per_second": _median(together),
        "tokens_per_second_baseline": _median(single),
        "ratio": _median(a / b for a, b in zip(together, single, strict=True)),
    }


async def prefix(model: ModelFile, rounds: int) -> dict[str, Any]:
    """Reading a prompt whose prefix is kept against reading it whole."""
    engine = LlamaEngine(model, context=CONTEXT)
    cold: list[float] = []
    warm: list[float] = []
    kept: list[float] = []
    other = Request((Message("user", "Say hello."),), max_tokens=2)
    try:
        for number in range(rounds):
            code = UNITS[number % len(UNITS)]
            follow_up = UNITS[(number + 1) % len(UNITS)]
            await run(engine, other)  # nothing of the prompt is kept
            cold.append((await run(engine, request_for(code, max_tokens=2))).read_seconds)
            warm.append((await run(engine, request_for(code, max_tokens=2))).read_seconds)
            related = (await run(engine, request_for(follow_up, max_tokens=2))).started
            kept.append(related.cached_tokens / related.prompt_tokens)
    finally:
        await engine.close()
    return {
        "baseline": "the same prompt, nothing kept",
        "rounds": rounds,
        "prompt_seconds": _median(warm),
        "prompt_seconds_baseline": _median(cold),
        "times_shorter": _median(a / b for a, b in zip(cold, warm, strict=True)),
        "kept_share_for_another_unit_of_the_same_direction": _median(kept),
    }


def _median(values: Any) -> float:
    return round(statistics.median(list(values)), 3)


def measure(model: ModelFile, rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    yield "engine_against_raw", asyncio.run(against_raw(model, rounds))
    yield "batch_of_8", asyncio.run(batch(model, rounds, 8))
    yield "batch_of_16", asyncio.run(batch(model, rounds, 16))
    yield "kept_prefix", asyncio.run(prefix(model, rounds))
