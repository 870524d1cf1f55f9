"""Settings that are wrong in part: what is right holds, and nothing is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from transloop_settings.errors import SettingsError
from transloop_settings.settings import Settings, load, load_what_holds

DEFAULTS = Settings.model_construct()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"placement": "up"}, "placement"),
        ({"placement": 3}, "placement"),
        ({"targets": "go"}, "targets"),
        ({"targets": ["go", 3]}, "targets.1"),
        ({"engine": 3}, "engine"),
        ({"engine": {"threads": "many"}}, "engine.threads"),
        ({"sampling": {"alternatives": 99}}, "sampling.alternatives"),
        ({"verify": {"speed": 1}}, "verify.speed"),
        ({"trusted": [None]}, "trusted.0"),
    ],
)
def test_each_mistake_is_named_and_costs_only_itself(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {"keep_original": True, **wrong})
    assert f"{named}: " in str(caught.value)
    found = load_what_holds(None, {"keep_original": True, **wrong})
    assert found.keep_original is True
    assert found.learn.level == "off"
    assert found.model_copy(update={"keep_original": False, "learn": DEFAULTS.learn}) == DEFAULTS


def test_what_is_beside_a_mistake_holds() -> None:
    found = load_what_holds(None, {"sampling": {"temperature": 0.5, "alternatives": "x"}})
    assert found.sampling.temperature == 0.5
    assert found.sampling.alternatives == DEFAULTS.sampling.alternatives


def test_mistakes_of_several_sources_are_taken_out_together(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").mkdir()
    (home / "config/transloop.toml").write_text('targets = ["go"]\n[engine]\ncontext = 1\n')
    (tmp_path / ".transloop.toml").write_text('placement = "below"\nshape = "round"\n')
    monkeypatch.setenv("TRANSLOOP_SAMPLING__TOP_P", "7")
    monkeypatch.setenv("TRANSLOOP_ENGINE__THREADS", "3")
    found = load_what_holds(tmp_path, {"keep_original": True})
    assert (found.targets, found.placement, found.keep_original) == (("go",), "below", True)
    assert (found.engine.threads, found.engine.context) == (3, DEFAULTS.engine.context)
    assert found.sampling == DEFAULTS.sampling


@pytest.mark.parametrize("text", ["placement = [", 'placement = "below"\nmodel = "evil.gguf"'])
def test_a_file_that_is_broken_or_says_what_it_may_not_counts_for_nothing(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / ".transloop.toml").write_text(text)
    found = load_what_holds(tmp_path, {"targets": ["c"]})
    assert (found.targets, found.placement, found.model) == (("c",), "beside", DEFAULTS.model)
