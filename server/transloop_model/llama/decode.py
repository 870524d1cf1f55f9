"""Decoding one request: a shared prefix, then all its candidates in one batch.

Requests run one at a time, so that the same request gives the same greedy text whatever else is
asked of the model: llama.cpp's sums depend on what shares a batch.
"""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from transloop_model.engine import (
    Done,
    Evaluated,
    Event,
    Finished,
    Piece,
    Reason,
    Request,
    Sampling,
    Started,
)
from transloop_model.llama.drafts import Drafts
from transloop_model.llama.native import MAX_SEQUENCES, Context, Entry, free_sampler, new_sampler
from transloop_settings.errors import ContextOverflow

Emit = Callable[[Event], None]
PREFIX = 0  # the sequence that keeps the last prompt
ROWS = MAX_SEQUENCES - 1
"""Rows of one step that give logits: one for each candidate, the rest for guesses."""


class Cancelled(Exception):
    """Somebody does not want this request any more."""


@dataclass
class Candidate:
    """One sequence being decoded."""

    number: int
    sequence: int
    sampler: Any
    text: str
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    shown: int = 0
    done: bool = False
    utf8: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )


@dataclass(frozen=True)
class Group:
    """Candidates that have drawn the same tokens so far, and a guess of what they draw next."""

    candidates: list[Candidate]
    guess: tuple[int, ...]

    def rows(self, start: int) -> list[Entry]:
        """The batch rows that continue it behind a prompt of `start` tokens."""
        tokens = self.candidates[0].tokens
        sequences = [each.sequence for each in self.candidates]
        first = start + len(tokens) - 1
        return [
            Entry(token, first + i, sequences, True)
            for i, token in enumerate((tokens[-1], *self.guess))
        ]


class Decoder:
    """Decodes requests on one context and remembers the last prompt's KV state."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.model = context.model
        self.cached: list[int] = []

    def forget(self) -> None:
        """Drop the remembered prompt; needed when the weights change."""
        self.context.clear()
        self.cached = []

    def run(self, request: Request, prompt: list[int], cancel: threading.Event, emit: Emit) -> None:
        """Decode all candidates of `request`, whose rendered prompt is `prompt` (token ids).

        Raises:
            Cancelled: `cancel` was set; the KV state of what was read is kept.
            ContextOverflow: the prompt leaves no room for an answer.
        """
        room = self.context.size - len(prompt)
        if room < 16:
            raise ContextOverflow(
                f"The prompt has {len(prompt)} tokens and the context holds {self.context.size}.",
                "Select less code or raise `engine.context`.",
            )
        self.context.abort(False)
        limit = min(request.max_tokens, room)
        wave = min(ROWS, max(1, (room - ROWS) // limit))  # that many fit side by side
        began = time.perf_counter()
        prompt_seconds, total = 0.0, 0
        try:
            for first in range(0, len(request.candidates), wave):
                entry = self._read(prompt, cancel, emit if first == 0 else _ignore)
                if first == 0:
                    prompt_seconds = time.perf_counter() - began
                samplings = request.candidates[first : first + wave]
                total += self._decode(request, first, samplings, entry, limit, cancel, emit)
        finally:
            self.context.abort(False)
        emit(Done(prompt_seconds, time.perf_counter() - began - prompt_seconds, total))

    def _read(self, prompt: list[int], cancel: threading.Event, emit: Emit) -> int:
        """Bring the prompt into the KV memory; the batch entry that carries its last logits."""
        common = _common_prefix(self.cached, prompt)
        done = min(common, len(prompt) - 1)  # the last token is read again for its logits
        self.context.keep(PREFIX, done)
        self.cached = prompt[:done]
        emit(Started(len(prompt), done))
        began = time.perf_counter()
        size = 0
        while done < len(prompt):
            if cancel.is_set():
                raise Cancelled
            chunk = prompt[done : done + self.context.batch_size]
            size = len(chunk)
            last = len(prompt) - 1
            entries = [Entry(t, done + i, (PREFIX,), done + i == last) for i, t in enumerate(chunk)]
            if not self.context.decode(entries):
                self.context.keep(PREFIX, done)
                raise Cancelled
            done += size
            self.cached = prompt[:done]
            emit(Evaluated(done, time.perf_counter() - began))
        return size - 1

    def _decode(
        self,
        request: Request,
        first: int,
        samplings: tuple[Sampling, ...],
        entry: int,
        limit: int,
        cancel: threading.Event,
        emit: Emit,
    ) -> int:
        """Decode `samplings` together; each leaves the batch as it finishes. Tokens generated."""
        everyone = [
            Candidate(first + i, PREFIX + 1 + i, new_sampler(sampling), request.answer_prefix)
            for i, sampling in enumerate(samplings)
        ]
        start = len(self.cached)
        drafts = Drafts(self.model.tokenize(text, special=False) for text in request.known)
        try:
            for candidate in everyone:
                self.context.share(PREFIX, candidate.sequence)
            groups = self._step_all(request, [Group(everyone, ())], entry, limit, drafts, emit)
            while groups:
                if cancel.is_set():
                    raise Cancelled
                if not self.context.decode([row for group in groups for row in group.rows(start)]):
                    raise Cancelled
                groups = self._step_all(request, groups, 0, limit, drafts, emit)
                self._drop_guesses(groups, start)
        finally:
            for candidate in everyone:
                self.context.keep(candidate.sequence, 0)
                free_sampler(candidate.sampler)
        return sum(len(candidate.tokens) for candidate in everyone)

    def _step_all(
        self,
        request: Request,
        groups: list[Group],
        entry: int,
        limit: int,
        drafts: Drafts,
        emit: Emit,
    ) -> list[Group]:
        """Sample for every candidate; those that still say the same stay one group.

        Equal histories have equal logits, so a group costs the rows of one candidate however many
        it holds, and each of its candidates still draws by its own sampler.
        """
        after: list[list[Candidate]] = []
        for group in groups:
            by_tokens: dict[tuple[int, ...], list[Candidate]] = {}
            for candidate in group.candidates:
                before = len(candidate.tokens)
                self._follow(request, candidate, entry, group.guess, limit, emit)
                if not candidate.done:
                    by_tokens.setdefault(tuple(candidate.tokens[before:]), []).append(candidate)
            entry += 1 + len(group.guess)
            for tokens, candidates in by_tokens.items():
                drafts.learn(candidates[0].tokens, len(tokens))
                after.append(candidates)
        # One row alone is read so fast, by other code in llama.cpp, that no guess pays.
        spare = ROWS - len(after) if len(after) > 1 else 0
        guesses = drafts.guess([candidates[0].tokens for candidates in after], spare)
        return [Group(*each) for each in zip(after, map(tuple, guesses), strict=True)]

    def _follow(
        self,
        request: Request,
        candidate: Candidate,
        entry: int,
        guess: tuple[int, ...],
        limit: int,
        emit: Emit,
    ) -> None:
        """Sample behind batch entry `entry`, and on behind each guessed token that was drawn."""
        for guessed in (*guess, None):
            if not self._step(request, candidate, entry, limit, emit):
                candidate.done = True
                return
            if candidate.tokens[-1] != guessed:
                return
            entry += 1

    def _drop_guesses(self, groups: list[Group], start: int) -> None:
        """Forget the KV cells of guessed tokens that were not drawn."""
        for group in groups:
            for candidate in group.candidates:
                self.context.keep(candidate.sequence, start + len(candidate.tokens) - 1)

    def _step(
        self, request: Request, candidate: Candidate, entry: int, limit: int, emit: Emit
    ) -> bool:
        """Sample one token, show what is safe to show; False when the candidate is complete."""
        token = self.context.sample(candidate.sampler, entry)
        if request.logprobs:
            candidate.logprobs.append(self.context.logprob(entry, token))
        candidate.tokens.append(token)
        if self.model.is_end(token):
            return self._finish(candidate, "stop", emit)
        candidate.text += candidate.utf8.decode(self.model.piece(token))
        stop = min(_found(candidate.text, request.stop, candidate.shown), default=-1)
        if stop >= 0:
            candidate.text = candidate.text[:stop]
            return self._finish(candidate, "stop", emit)
        self._show(candidate, len(candidate.text) - _held_back(candidate.text, request.stop), emit)
        if len(candidate.tokens) >= limit:
            return self._finish(candidate, "length", emit)
        return True

    def _show(self, candidate: Candidate, end: int, emit: Emit) -> None:
        if end > candidate.shown:
            emit(Piece(candidate.number, candidate.text[candidate.shown : end]))
            candidate.shown = end

    def _finish(self, candidate: Candidate, reason: Reason, emit: Emit) -> bool:
        candidate.text += candidate.utf8.decode(b"", True) if reason == "length" else ""
        self._show(candidate, len(candidate.text), emit)
        emit(
            Finished(
                candidate.number,
                candidate.text,
                reason,
                len(candidate.tokens),
                tuple(candidate.logprobs),
            )
        )
        return False


def _ignore(_event: Event) -> None:
    """Later waves read the prompt again from the cache; nobody needs to hear of it."""


def _common_prefix(a: list[int], b: list[int]) -> int:
    for i, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return i
    return min(len(a), len(b))


def _found(text: str, stops: tuple[str, ...], begin: int) -> Iterator[int]:
    for stop in stops:
        at = text.find(stop, begin)
        if at >= 0:
            yield at


def _held_back(text: str, stops: tuple[str, ...]) -> int:
    """Length of the longest end of `text` that may be the beginning of a stop string."""
    return max(
        (
            length
            for stop in stops
            for length in range(min(len(stop) - 1, len(text)), 0, -1)
            if text.endswith(stop[:length])
        ),
        default=0,
    )
