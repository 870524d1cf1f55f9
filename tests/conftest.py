"""What every room's tests share: the real models, and a home of its own for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transloop_model import catalog
from transloop_model.catalog import ModelFile
from transloop_settings import directories
from transloop_settings.errors import ModelError


def _resolve(name: str) -> ModelFile | str:
    try:
        return catalog.resolve(name)
    except ModelError as error:
        return str(error)


# Found before any test gets a home of its own.
_MODELS = {
    name: _resolve(name) for name in ("qwen2.5-coder-0.5b-instruct", "smollm2-135m-instruct")
}
_TOOLCHAINS = directories.toolchains()
_TOOLCHAINS.mkdir(parents=True, exist_ok=True)


def _model(name: str) -> ModelFile:
    """A model, or a failure: a missing one must not turn into a skipped test."""
    found = _MODELS[name]
    if isinstance(found, str):
        pytest.fail(f"{found} (`make test` does it.)")
    return found


@pytest.fixture(scope="session")
def smollm2() -> ModelFile:
    """The small model, for the mechanics of the engine; it cannot translate."""
    return _model("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def coder() -> ModelFile:
    """The default model."""
    return _model("qwen2.5-coder-0.5b-instruct")


def settle_in(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """An empty home in a folder, with the compilers that are installed; no other settings."""
    for name in [name for name in os.environ if name.startswith("TRANSLOOP_")]:
        patch.delenv(name)
    place = folder / "transloop-home"
    place.mkdir()
    (place / "toolchains").symlink_to(_TOOLCHAINS, target_is_directory=True)
    patch.setenv("TRANSLOOP_HOME", str(place))
    return place


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, models and state of this test alone; compilers are those that are installed."""
    return settle_in(tmp_path, monkeypatch)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only index that pip may ask."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder
