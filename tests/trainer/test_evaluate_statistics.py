"""Statistics, against values known from elsewhere."""

from __future__ import annotations

import itertools

import pytest

from transloop_trainer.evaluate.statistics import (
    clustered,
    difference,
    interval,
    pass_at,
    share,
)
from transloop_trainer.gate import mcnemar


def test_pass_at_k_is_the_mean_over_all_ways_to_take_k_samples() -> None:
    for samples, right, k in ((5, 2, 1), (5, 2, 3), (8, 1, 4), (6, 0, 2), (6, 6, 6), (7, 5, 3)):
        taken = list(itertools.combinations([True] * right + [False] * (samples - right), k))
        assert pass_at(k, samples, right) == pytest.approx(sum(map(any, taken)) / len(taken))


def test_pass_at_k_needs_k_samples() -> None:
    for k, samples, right in ((3, 2, 1), (0, 2, 1), (1, 2, 3)):
        with pytest.raises(ValueError, match="cannot be told"):
            pass_at(k, samples, right)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (6, 0, 0.03125), (0, 6, 0.03125), (9, 2, 0.065430)],
)
def test_mcnemar_is_the_exact_two_sided_binomial_test(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, abs=1e-6)


def test_mcnemar_of_thousands_of_pairs_is_a_number() -> None:
    assert 0.9 < mcnemar(2000, 2001) <= 1.0
    assert mcnemar(2500, 1500) < 1e-50


def test_wilsons_interval() -> None:
    assert interval(50, 100) == (0.404, 0.596)
    assert interval(0, 10) == (0.0, 0.278)
    assert interval(0, 0) is None
    assert share(0, 0) is None


def test_a_difference_is_told_in_points_and_pairs() -> None:
    told = difference([True] * 6 + [False] * 4, [False] * 6 + [False] * 4)
    assert (told["points"], told["only_ours"], told["only_the_baseline"]) == (60.0, 6, 0)
    assert told["p_value"] == pytest.approx(0.03125)
    assert "clustered_interval" not in told


def test_the_bootstrap_of_lone_units_is_that_of_a_share() -> None:
    found = clustered([1.0] * 40 + [0.0] * 60, [str(i) for i in range(100)])
    assert found is not None
    assert found[0] == pytest.approx(0.4 - 1.96 * 0.049, abs=0.015)
    assert found[1] == pytest.approx(0.4 + 1.96 * 0.049, abs=0.015)


def test_units_of_one_problem_make_the_interval_wider() -> None:
    values = [1.0] * 40 + [0.0] * 60
    alone = clustered(values, [str(i) for i in range(100)])
    grouped = clustered(values, [str(i // 10) for i in range(100)])
    assert alone is not None
    assert grouped is not None
    assert grouped[1] - grouped[0] > 2 * (alone[1] - alone[0])
    assert clustered(values, ["one"] * 100) == (0.4, 0.4)
    assert clustered([], []) is None
    assert grouped == clustered(values, [str(i // 10) for i in range(100)])
