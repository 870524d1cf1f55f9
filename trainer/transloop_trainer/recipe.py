"""Recipes: the numbers of a training run, as data in `recipes/`."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from transloop_settings.errors import UsageError, problems

Module = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Recipe:
    """How to train. Each file in `recipes/` says what turning a number does."""

    modules: tuple[Module, ...]
    """Layers that get low-rank factors. Head and embeddings are never touched."""
    rank: int = Field(ge=1)
    alpha: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    epochs: int = Field(ge=1)
    step_tokens: int = Field(ge=1)
    """Tokens of the examples of one step, at least; every process has its share of them."""
    batch_tokens: int = Field(ge=1)
    """Tokens that are computed at once, at most, if more than one example is."""
    longest: int = Field(ge=16)
    """Tokens of the longest example that is taken."""
    max_steps: int | None = Field(default=None, ge=1)
    warmup: float = Field(default=0.1, ge=0, le=1)
    """Share of the steps."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    clip: float = Field(default=1.0, gt=0)
    """Longest gradient."""
    checkpoint_steps: int = Field(default=10, ge=1)
    validate_steps: int = Field(default=10, ge=1)
    patience: int = Field(default=3, ge=1)
    """Validations without a better score that end the run."""
    recompute: bool = False
    """Compute activations again in the backward pass: a third slower, for long examples."""
    preference: float = Field(default=0.0, ge=0)
    """How much it counts that a correction is likelier than what was corrected; 0: not at all."""
    beta: float = Field(default=0.1, gt=0)
    """Of that: the larger, the sooner a pair counts as told apart."""
    seed: int = 0


def recipe(name: str) -> Recipe:
    """The recipe called `name`.

    Raises:
        UsageError: there is none, or its file is wrong; names all that is wrong at once.
    """
    files = {each.name: each for each in resources.files(__package__).joinpath("recipes").iterdir()}
    try:
        found = files[f"{name}.toml"]
    except KeyError:
        known = ", ".join(sorted(file.removesuffix(".toml") for file in files))
        raise UsageError(f"There is no recipe called {name!r}.", f"Known: {known}.") from None
    return parse(found.read_text("utf-8"), name)


def parse(text: str, name: str) -> Recipe:
    """The recipe that a TOML text describes.

    Raises:
        UsageError: names all that is wrong at once.
    """
    try:
        return TypeAdapter(Recipe).validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The recipe {name} is wrong: {error}.") from None
    except ValidationError as error:
        raise UsageError(f"The recipe {name} is wrong: {problems(error)}.") from None
