"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from transloop_seeds.store import Store


@pytest.fixture
def told() -> list[str]:
    """What the store had to tell."""
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it is."""
    return tmp_path / "seeds"


@pytest.fixture
def store(folder: Path, told: list[str]) -> Iterator[Store]:
    """An empty store."""
    made = Store(folder, told.append)
    yield made
    made.close()
