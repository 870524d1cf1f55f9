"""Recipes: data that is read strictly."""

from __future__ import annotations

from importlib import resources

import pytest

from transloop_settings.errors import UsageError
from transloop_trainer.recipe import parse, recipe


def test_every_recipe_is_whole() -> None:
    folder = resources.files("transloop_trainer").joinpath("recipes")
    names = [each.name.removesuffix(".toml") for each in folder.iterdir()]
    assert sorted(names) == ["full", "preferences", "small", "smoke"]
    assert [name for name in names if recipe(name).preference] == ["preferences"]
    sizes = [recipe(name).rank for name in ("smoke", "small", "full")]
    assert sizes == sorted(sizes)


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="full, preferences, small, smoke"):
        recipe("huge")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError) as told:
        parse('modules = ["lm_head"]\nrank = 0\nepochs = 1\nlerning_rate = 1.0', "mine")
    for word in ("mine", "modules", "rank", "lerning_rate", "learning_rate", "alpha"):
        assert word in str(told.value)
    with pytest.raises(UsageError, match="mine"):
        parse("rank = ", "mine")
