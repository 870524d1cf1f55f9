"""A real model that is small, and an invented one that is tiny: for what needs no language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.trainer import tiny

from transloop_model.catalog import ModelFile
from transloop_model.llama.native import Model
from transloop_model.llama.tokens import Tokens
from transloop_trainer import base
from transloop_trainer.base import Base
from transloop_trainer.batches import Row, rows_of


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Two would wait for each other beside whatever else the machine does."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokens(smollm2: ModelFile) -> Tokens:
    return Tokens(Model(smollm2.path, vocabulary_only=True))


@pytest.fixture(scope="session")
def small(smollm2: ModelFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """SmolLM2 for torch; its weights are kept in a cache of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSLOOP_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield base.load(smollm2)


@pytest.fixture(scope="session")
def rows(tokens: Tokens) -> list[Row]:
    """Real prompts and answers, of SmolLM2's vocabulary."""
    found = rows_of(tiny.EXAMPLES, tokens, longest=512)
    assert len(found) == len(tiny.EXAMPLES)
    return found


@pytest.fixture
def invented(tmp_path: Path) -> Base:
    return tiny.base(tmp_path)
