"""Rows of token ids, laid end to end without padding, in an order that only the seed decides.

Rows that are computed together share their beginning (the system prompt, or a whole prompt that has
two answers): it is computed once. So nothing is padded, and nothing has to be bucketed by length.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile

from transloop_model.engine import seed_of
from transloop_model.llama.tokens import Tokens
from transloop_trainer.examples import Example
from transloop_trainer.recipe import Recipe


@dataclass(frozen=True)
class Row:
    """One example as the model reads it."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    direction: str = ""
    weight: float = 1.0
    rival: Row | None = None
    """The same prompt with the answer that this one is preferred to. It weighs nothing."""

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """Prompt and answer."""
        return self.prompt + self.answer


def rows_of(
    examples: Sequence[Example], tokens: Tokens, longest: int, *, rivals: bool = False
) -> list[Row]:
    """Each example that is no longer than `longest`, split as llama.cpp splits it.

    Args:
        rivals: with what people have corrected, for a recipe that learns from that.
    """
    found = []
    for each in examples:
        prompt = tuple(tokens.of_prompt(each.messages, each.answer_prefix))
        answer = tuple(tokens.of_answer(each.completion))
        rival = None
        if rivals and each.worse:
            rival = Row(prompt, tuple(tokens.of_answer(each.worse)), each.direction, 0.0)
            rival = rival if len(rival.tokens) <= longest else None
        found.append(Row(prompt, answer, each.direction, each.weight, rival))
    return [row for row in found if len(row.tokens) <= longest]


def digest(rows: Sequence[Row]) -> str:
    """Digest of everything that is trained on."""
    content = [
        (row.prompt, row.answer, row.weight, row.rival.answer if row.rival else ()) for row in rows
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Batch:
    """Rows that are computed at once: what they share, then the rest of each."""

    rows: tuple[Row, ...]
    """Each is followed by its rival."""

    @cached_property
    def shared(self) -> int:
        """Tokens of the beginning that all rows share, less than any prompt has.

        A row keeps its last prompt token: its first answer token is predicted there.
        """
        if len(self.rows) == 1:
            return 0
        shortest = min(len(row.prompt) for row in self.rows) - 1
        columns = zip(*(row.prompt for row in self.rows), strict=False)
        alike = (len(set(column)) == 1 for column in columns)
        return sum(takewhile(bool, islice(alike, shortest)))

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each row behind what is shared."""
        return tuple(len(row.tokens) - self.shared for row in self.rows)

    @property
    def tokens(self) -> list[int]:
        """All token ids in the order of computation."""
        rest = (token for row in self.rows for token in row.tokens[self.shared :])
        return [*self.rows[0].tokens[: self.shared], *rest]

    @property
    def positions(self) -> list[int]:
        """The place of each token in its own row."""
        rest = (place for n in self.lengths for place in range(self.shared, self.shared + n))
        return [*range(self.shared), *rest]

    def answers(self) -> Iterator[tuple[int, int, float]]:
        """For each token to be learned: where it is predicted, which it is, and its weight."""
        begin = 0
        for row, length in zip(self.rows, self.lengths, strict=True):
            begin += length
            first = self.shared + begin - len(row.answer) - 1
            for i, token in enumerate(row.answer):
                yield first + i, token, row.weight

    def pairs(self) -> list[tuple[slice, slice]]:
        """Where in `answers` those of a row are that has a rival, and where its rival's."""
        found, begin = [], 0
        for row in self.rows:
            end = begin + len(row.answer)
            if row.rival:
                found.append((slice(begin, end), slice(end, end + len(row.rival.answer))))
            begin = end
        return found

    @property
    def weight(self) -> float:
        """Sum of the weights of all tokens to be learned."""
        return sum(row.weight * len(row.answer) for row in self.rows)


Step = tuple[Batch, ...]


def steps(rows: Sequence[Row], recipe: Recipe) -> list[Step]:
    """All steps of a run, at most `recipe.max_steps`. Equal for equal rows, recipe and seed."""
    found: list[Step] = []
    for epoch in range(recipe.epochs):
        found += _epoch(rows, recipe, random.Random(seed_of(recipe.seed, "epoch", epoch)))  # noqa: S311
    return found[: recipe.max_steps]


def _epoch(rows: Sequence[Row], recipe: Recipe, order: random.Random) -> Iterator[Step]:
    batches = list(_batches(rows, recipe.batch_tokens, order))
    order.shuffle(batches)
    step: list[Batch] = []
    size = 0
    for batch in batches:
        step.append(batch)
        size += sum(len(row.tokens) for row in batch.rows)
        if size >= recipe.step_tokens:
            yield tuple(step)
            step, size = [], 0
    if step:
        yield tuple(step)


def _batches(rows: Sequence[Row], budget: int, order: random.Random) -> Iterator[Batch]:
    """Rows of one direction share their system prompt; those of one prompt stay together."""
    rank = {row.prompt: order.random() for row in rows}
    ordered = sorted(rows, key=lambda row: (row.direction, rank[row.prompt]))
    together: list[Row] = []
    for row in ordered:
        new = (row, row.rival) if row.rival else (row,)
        grown = Batch((*together, *new))
        fits = grown.shared + sum(grown.lengths) <= budget
        if together and not (fits and row.direction == together[0].direction):
            yield Batch(tuple(together))
            together = []
        together += new
    if together:
        yield Batch(tuple(together))
