"""The gate: what is better gets through, and what got worse anywhere does not."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.model.small_adapters import small_adapter
from tests.seeds.samples import ALL, JAVASCRIPT, about

from transloop_model.registry.card import Measured, Story, descendant
from transloop_model.registry.promotion import promote
from transloop_model.registry.registry import Registry
from transloop_seeds.event import Accepted
from transloop_seeds.store import Store
from transloop_settings.errors import UsageError
from transloop_trainer.gate import Paired, fell, gate, mcnemar
from transloop_trainer.publish import publish

BASE = "a" * 64


def units(direction: str, both: int, gained: int, lost: int, neither: int) -> list[Paired]:
    """So many units of each kind."""
    kinds = [(True, True)] * both + [(False, True)] * gained
    kinds += [(True, False)] * lost + [(False, False)] * neither
    return [Paired(f"unit {i}", direction, *kind) for i, kind in enumerate(kinds)]


STEADY = units("go:rust", 20, 2, 2, 20)
"""A guarded direction that stays as it was."""


def test_a_significant_gain_is_promoted() -> None:
    found = gate(units("python:java", 34, 12, 2, 27), STEADY, "before")
    assert found.promote
    assert found.reason == "A significant gain: +13.3 points on 75 units (p = 0.013)."
    assert found.against == "before"
    assert found.measured == (
        Measured("python:java", 75, 36, 46, 12, 2),
        Measured("go:rust", 44, 22, 22, 2, 2, guarded=True),
    )


def test_a_gain_that_may_be_chance_is_promoted_only_beside_a_guard_set() -> None:
    small = units("python:java", 34, 5, 2, 34)
    assert gate(small, STEADY, "").promote
    alone = gate(small, [], "")
    assert not alone.promote
    assert "nothing was guarded" in alone.reason


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (3, 3), (2, 4), (0, 1)], ids=["equal", "other", "worse", "one"]
)
def test_what_gained_nothing_is_kept_out(gained: int, lost: int) -> None:
    found = gate(units("python:java", 40, gained, lost, 31), STEADY, "")
    assert not found.promote
    assert found.reason.startswith("It gained nothing")


def test_no_gain_pays_for_a_loss_in_a_guarded_direction() -> None:
    found = gate(units("python:java", 20, 40, 0, 15), units("go:rust", 30, 0, 8, 6), "")
    assert found.p < 1e-9
    assert not found.promote
    assert found.reason == (
        "It lost -18.2 points go -> rust (guarded, 38 -> 30 of 44): more than two standard errors."
    )


def test_one_trained_direction_does_not_pay_for_another() -> None:
    both = units("python:java", 20, 40, 0, 15) + units("python:go", 30, 0, 12, 8)
    found = gate(both, STEADY, "")
    assert not found.promote
    assert "python -> go (trained" in found.reason


def test_a_fall_within_two_standard_errors_is_chance() -> None:
    assert not fell(Measured("a:b", 44, 24, 21, 2, 5))
    assert fell(Measured("a:b", 44, 24, 12, 1, 13))
    assert fell(Measured("a:b", 3, 3, 0, 0, 3))  # all of them: no chance about that
    assert not fell(Measured("a:b", 44, 20, 30, 10, 0))


def test_nothing_measured_promotes_nothing() -> None:
    assert not gate([], STEADY, "").promote
    assert not gate([], [], "").promote


def test_a_gate_that_cannot_be_right_is_a_mistake() -> None:
    one = units("python:java", 1, 0, 0, 0)
    with pytest.raises(ValueError, match="twice"):
        gate([*one, *one], STEADY, "")
    with pytest.raises(ValueError, match="trained and guarded"):
        gate(one, [Paired("another", "python:java", True, True)], "")


def test_mcnemar_agrees_with_counting_all_outcomes() -> None:
    for gained, lost in _small_counts():
        count = gained + lost
        as_far = [
            outcome
            for outcome in range(1 << count)
            if abs(2 * outcome.bit_count() - count) >= abs(gained - lost)
        ]
        assert mcnemar(gained, lost) == pytest.approx(len(as_far) / (1 << count))


def _small_counts() -> Iterator[tuple[int, int]]:
    for count in range(9):
        for gained in range(count + 1):
            yield gained, count - gained


def test_equally_good_adapters_rarely_pass_for_significant() -> None:
    draw = random.Random(5)
    passed = 0
    for _ in range(400):
        pairs = [Paired(str(i), "a:b", draw.random() < 0.5, draw.random() < 0.5) for i in range(60)]
        passed += gate(pairs, [], "").promote
    assert passed <= 0.05 * 400


# With the registry


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(BASE)


def test_an_adapter_that_got_worse_is_kept_but_not_promoted(
    registry: Registry, home: Path, tmp_path: Path
) -> None:
    store = Store()
    good = small_adapter(tmp_path / "good.gguf", BASE, 1)
    better = gate(units("python:java", 30, 14, 2, 29), STEADY, registry.digest_in_use())
    publish(registry, store, good, Story(), better)
    promote(registry, 1, automatic=True)

    planted = small_adapter(tmp_path / "worse.gguf", BASE, 2)
    worse = gate(units("python:java", 30, 2, 14, 29), STEADY, registry.digest_in_use())
    publish(registry, store, planted, Story(), worse)
    with pytest.raises(UsageError, match=r"It lost -16\.0 points python -> java"):
        promote(registry, 2, automatic=True)
    assert registry.standing().number == 1
    assert registry.numbers() == [1, 2]


def test_forgetting_a_seed_marks_the_adapters_that_saw_it(
    registry: Registry, home: Path, tmp_path: Path
) -> None:
    store = Store()
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    (seed,) = store.seeds()
    path = small_adapter(tmp_path / "a.gguf", BASE)
    made = publish(registry, store, path, Story(seeds=(seed.id,)))
    assert store.forget(seed.id).marked == (descendant(made.card.sha256),)
