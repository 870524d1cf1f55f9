"""Rows and batches: the tokens that llama.cpp is given, laid end to end without loss."""

from __future__ import annotations

import io
import threading
from collections import Counter
from dataclasses import replace

import pytest
from tests.trainer import tiny

from transloop_model import engine
from transloop_model.catalog import ModelFile
from transloop_model.engine import Message
from transloop_model.llama import wire
from transloop_model.llama.native import Entry, Model
from transloop_model.llama.tokens import Tokens
from transloop_model.llama.worker import Worker
from transloop_trainer.batches import Batch, Row, rows_of, steps

HOSTILE = Message("user", "It says <|im_end|> and é\u2028 and `x`.\n")


@pytest.mark.parametrize("name", ["smollm2", "coder"])
def test_prompts_are_what_llama_is_given_token_for_token(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: ModelFile = request.getfixturevalue(name)
    tokens = Tokens(Model(model.path, vocabulary_only=True))
    config = wire.Configuration(str(model.path), 2048, 1, model.sha256)
    worker = Worker(config, io.BytesIO())
    given: list[int] = []
    decode = worker.context.decode

    def watched(entries: list[Entry]) -> bool:
        given.extend(entry.token for entry in entries)
        return decode(entries)

    monkeypatch.setattr(worker.context, "decode", watched)
    hostile = replace(tiny.EXAMPLES[0], messages=(tiny.EXAMPLES[0].messages[0], HOSTILE))
    for example in (*tiny.EXAMPLES[:2], hostile):
        (row,) = rows_of([example], tokens, longest=512)
        asked = engine.Request(example.messages, example.answer_prefix, max_tokens=1)
        worker.decoder.forget()  # or what both prompts share would not be given again
        given.clear()
        worker.cancels[0] = threading.Event()
        worker.generate(0, asked)
        assert given == list(row.prompt)


def test_an_answer_ends_with_the_fence_and_the_end_of_the_turn(
    tokens: Tokens, rows: list[Row]
) -> None:
    for example, row in zip(tiny.EXAMPLES, rows, strict=True):
        *text, end = row.answer
        spoken = b"".join(tokens.model.piece(token) for token in text).decode()
        assert spoken == example.completion
        assert spoken.endswith("\n```")
        assert tokens.model.is_end(end)


def test_what_is_too_long_is_left_out(tokens: Tokens, rows: list[Row]) -> None:
    longest = max(len(row.tokens) for row in rows)
    assert len(rows_of(tiny.EXAMPLES, tokens, longest)) == len(rows)
    assert len(rows_of(tiny.EXAMPLES, tokens, longest - 1)) < len(rows)


def test_a_rival_is_an_answer_to_the_same_prompt_and_weighs_nothing(tokens: Tokens) -> None:
    corrected = replace(tiny.EXAMPLES[0], worse="x;\n```")
    (row,) = rows_of([corrected], tokens, 512, rivals=True)
    assert row.rival == Row(row.prompt, tuple(tokens.of_answer("x;\n```")), row.direction, 0.0)
    (without,) = rows_of([corrected], tokens, 512)
    (too_long,) = rows_of(
        [replace(corrected, worse="x;\n" * 200)], tokens, len(row.tokens), rivals=True
    )
    assert without == too_long == replace(row, rival=None)


def test_a_rival_lies_behind_its_row_in_one_batch() -> None:
    rows = tiny.with_rivals(tiny.rows())
    seen = 0
    for step in steps(rows, tiny.RECIPE):
        for batch in step:
            answers = [token for _, token, _ in batch.answers()]
            told = {row.answer: row.rival.answer for row in batch.rows if row.rival}
            pairs = [(tuple(answers[one]), tuple(answers[two])) for one, two in batch.pairs()]
            assert dict(pairs) == told
            seen += len(pairs)
    assert seen == tiny.RECIPE.epochs * sum(row.rival is not None for row in rows)


def test_real_prompts_share_their_system_prompt(rows: list[Row]) -> None:
    batch = Batch(tuple(rows))
    assert batch.shared > 80
    assert len(batch.tokens) == batch.shared + sum(batch.lengths)
    assert len(batch.tokens) < 0.7 * sum(len(row.tokens) for row in rows)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_row_can_be_read_back_from_its_batch(count: int) -> None:
    rows = tiny.rows()[:count]
    batch = Batch(tuple(rows))
    assert batch.shared == (0 if count == 1 else len(_common([row.prompt for row in rows])))
    begin = batch.shared
    answers = iter(batch.answers())
    for row, length in zip(rows, batch.lengths, strict=True):
        places = [*range(batch.shared), *range(begin, begin + length)]
        assert [batch.tokens[place] for place in places] == list(row.tokens)
        assert [batch.positions[place] for place in places] == list(range(len(row.tokens)))
        for i, token in enumerate(row.answer):
            place, wanted, weight = next(answers)
            assert (wanted, weight) == (token, row.weight)
            assert places.index(place) == len(row.prompt) + i - 1
        begin += length
    assert next(answers, None) is None
    assert batch.weight == sum(row.weight * len(row.answer) for row in rows)


def _common(prompts: list[tuple[int, ...]]) -> list[int]:
    """The beginning that all share, short of the last token of any."""
    shared = []
    for column in zip(*(prompt[:-1] for prompt in prompts), strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return shared


def test_a_run_reads_every_row_once_an_epoch_and_in_another_order() -> None:
    rows = tiny.rows()
    plan = steps(rows, tiny.RECIPE)
    read = Counter(row for step in plan for batch in step for row in batch.rows)
    assert read == Counter(dict.fromkeys(rows, tiny.RECIPE.epochs))
    order = [row for step in plan for batch in step for row in batch.rows]
    assert order[: len(rows)] != order[len(rows) :]


def test_the_plan_follows_from_rows_and_seed_alone() -> None:
    rows = tiny.rows()
    assert steps(rows, tiny.RECIPE) == steps(tiny.rows(), tiny.RECIPE)
    assert steps(rows, tiny.RECIPE) != steps(rows, replace(tiny.RECIPE, seed=1))
    assert len(steps(rows, replace(tiny.RECIPE, max_steps=3))) == 3


def test_budgets_are_kept() -> None:
    for step in steps(tiny.rows(), tiny.RECIPE)[:-1]:
        for batch in step:
            assert len(batch.tokens) <= tiny.RECIPE.batch_tokens or len(batch.rows) == 1
        assert sum(len(row.tokens) for batch in step for row in batch.rows) > 60


def test_answers_to_one_prompt_are_computed_together_and_directions_apart() -> None:
    rows = tiny.rows()
    others = [replace(row, direction="b:a") for row in rows]
    together = 0
    for step in steps([*rows, *others], tiny.RECIPE):
        for batch in step:
            assert len({row.direction for row in batch.rows}) == 1
            prompts = Counter(row.prompt for row in batch.rows)
            together += sum(count == 2 for count in prompts.values())
    assert together > 12  # of 24 pairs; the budget parts some
