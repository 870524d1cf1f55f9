"""Signals: what attempts and trainings show, and what they cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from tests.trainer.recorded_runs import GO, JAVA, STATE, at, attempt, made, taught, trained, verdict

from transloop_synth.order import Attempt, Share
from transloop_trainer.control import costs, signals, targets
from transloop_trainer.control.decision import Train
from transloop_trainer.control.signals import cell, cells, fallen, gain_of
from transloop_trainer.evaluate.statistics import pass_at


def test_a_place_is_told_by_shares_of_its_sources() -> None:
    found = cell(
        [
            attempt(0, greedy=True, right=8, distinct=3),
            attempt(1, greedy=False, right=1, distinct=9, visible_only=3),
            attempt(2, greedy=False, right=0, distinct=6, admitted=(), failures={"timeout": 9}),
            attempt(3, unusable="it does not run", admitted=(), seconds=2.0),
        ]
    )
    assert (found.tried, found.unusable, found.admitted, found.taught) == (3, 1, 2, 1)
    assert found.pass_at_1 == pytest.approx(1 / 3)
    assert found.pass_at_8 == pytest.approx(2 / 3)
    assert found.learnable == pytest.approx(1 / 3)
    assert found.gap == pytest.approx(3 / 27)
    assert found.distinct == pytest.approx(18 / 27)
    assert found.failures == {"wrong": 6, "compile": 4, "timeout": 9}
    assert (found.harvest, found.seconds_per_pair) == (pytest.approx(2 / 3), 16.0)
    assert found.new == 1.0


def test_pass_at_8_is_unbiased_and_of_fewer_where_fewer_were_drawn() -> None:
    assert cell([attempt(0, drawn=16, right=2)]).pass_at_8 == pass_at(8, 16, 2)
    assert cell([attempt(0, drawn=4, right=1)]).pass_at_8 == 1.0
    unsampled = cell([attempt(0, greedy=False, drawn=0, right=0), attempt(0, greedy=True, drawn=0)])
    assert (unsampled.pass_at_1, unsampled.pass_at_8, unsampled.learnable) == (0.5, 1.0, 0.0)


def test_what_is_held_again_is_not_new() -> None:
    again = attempt(1, admitted=(), rejected={"duplicate": 1})
    assert cell([attempt(0), again, attempt(2, admitted=(), greedy=False, right=0)]).new == 0.5


def test_an_attempt_is_of_each_of_its_constructs_and_of_its_direction() -> None:
    found = cells([attempt(1, constructs=("maps", "slices")), attempt(2, GO, constructs=())])
    assert {where: each.tried for where, each in found.items()} == {
        (JAVA, None): 1,
        (JAVA, "maps"): 1,
        (JAVA, "slices"): 1,
        (GO, None): 1,
    }


def test_nothing_tried_shows_nothing() -> None:
    empty = cell([])
    assert (empty.tried, empty.harvest, empty.seconds_per_pair, empty.pass_at_8) == (0, 0, None, 0)


def test_a_gain_is_of_the_trained_directions_with_its_interval() -> None:
    found = gain_of(trained(12, 2))
    assert found is not None
    assert found.points == pytest.approx(100 * 20 / 120)
    assert found.error == pytest.approx(100 * (28 - 400 / 120) ** 0.5 / 120)
    assert found.sure
    assert not gain_of(trained(4, 3)).sure  # type: ignore[union-attr]
    assert gain_of(trained(verdict=None)) is None


def test_a_guarded_direction_that_fell_is_named() -> None:
    assert fallen(trained()) == ()
    (fell,) = fallen(trained(verdict=verdict(12, 2, guarded_lost=12)))
    assert fell.direction == "java:python"


def test_the_best_is_of_those_that_the_gate_let_through() -> None:
    kept_out = trained(30, 2, number=2, verdict=replace(verdict(30, 2), promote=False))
    unpublished = trained(40, 2, number=None)
    found = signals.best([trained(5, 2, number=1), kept_out, trained(9, 2, number=3), unpublished])
    assert found is not None
    assert found.number == 3
    assert signals.best([kept_out, unpublished]) is None


def test_what_was_worse_in_the_validation_is_not_the_best_whatever_the_gate_says() -> None:
    lucky = trained(9, 2, scores={0: 0.35, 10: 0.3, 20: 0.34}, best_step=20)
    assert signals.best([lucky]) is None
    assert signals.best([trained(9, 2, scores={})]) is not None


def test_where_a_guarded_direction_fell_no_gate_counts() -> None:
    lost = replace(verdict(12, 2, guarded_lost=14), promote=True)
    assert signals.best([trained(verdict=lost)]) is None


# Costs


def test_what_is_measured_counts_more_than_what_is_known_and_that_more_than_a_guess() -> None:
    guess = costs.costs(STATE)
    assert (guess.attempt, guess.pair) == (costs.ATTEMPT, costs.PAIR)
    told = costs.costs(replace(STATE, rates={"attempt": 40.0, "gate": 100.0, "other": 1.0}))
    assert (told.attempt, told.pair, told.gate) == (40.0, costs.PAIR, 100.0)
    seen = costs.costs(at(made(20), taught(), rates={"attempt": 40.0}))
    assert (seen.attempt, seen.admitted, seen.gate) == (10.0, 0.5, 300.0)
    assert seen.pair == 600.0 / (2 * 100)  # of two epochs


def test_what_was_not_done_has_no_rate() -> None:
    unusable = tuple(attempt(i, unusable="does not run", admitted=()) for i in range(3))
    step = made(1)
    nothing = replace(step, outcome=replace(step.outcome, attempts=unusable, admitted=0))
    assert costs.rates([nothing, taught(failed="diverged", steps=0, seconds=5.0)]) == {}
    assert costs.rates([]) == {}


def test_a_gate_is_guessed_by_what_it_measures_and_a_short_run_still_begins() -> None:
    long = replace(STATE, seconds_left=1e6)
    units = 2 * (costs.VALIDATIONS * 32 + 2 * 120) + 2 * 40  # two directions, and one guarded
    assert costs.costs(long).gate == units * costs.UNIT
    assert costs.costs(replace(long, recipe="smoke")).gate < 0.2 * units * costs.UNIT
    assert costs.costs(replace(STATE, seconds_left=300.0)).gate == 100.0


@pytest.mark.parametrize("left", [1000.0, 5000.0, 20000.0])
@pytest.mark.parametrize("recipe", ["smoke", "small", "full"])
def test_after_what_is_affordable_a_training_still_fits(left: float, recipe: str) -> None:
    state = replace(STATE, pairs={JAVA: 40}, seconds_left=left, recipe=recipe)
    seconds = costs.affordable(state, {})
    known = costs.costs(state)
    after = 40 + round(seconds / known.attempt * known.admitted)
    later = replace(state, pairs={JAVA: after}, seconds_left=left - max(0.0, seconds), rates={})
    asked = costs.changed(recipe, {})
    if seconds > 0:
        assert costs.training(known, asked, after) <= later.seconds_left
    assert seconds < left


def test_a_training_is_cut_to_the_time_that_is_left() -> None:
    assert costs.fitted(replace(STATE, pairs={JAVA: 100}), {}) == {}
    state = replace(STATE, pairs={JAVA: 1000}, rates={"gate": 600.0})
    assert costs.fitted(state, {"dropout": 0.1}) == {"dropout": 0.1, "epochs": 1}
    cut = costs.fitted(replace(state, seconds_left=2000.0), {})
    assert cut is not None
    assert cut["epochs"] == 1
    asked = costs.changed("small", cut)
    assert 1500 < costs.training(costs.costs(state), asked, 1000) <= 0.9 * 2000
    assert costs.fitted(replace(state, seconds_left=700.0), {}) is None


# Targets


def test_attempts_are_spread_to_the_last_one() -> None:
    weights = {(JAVA, "maps"): 2.0, (JAVA, "slices"): 1.0, (GO, None): 1.0}
    assert targets.spread(weights, 10) == (
        Share(JAVA, "maps", 5),
        Share(JAVA, "slices", 2),
        Share(GO, None, 3),
    )
    for count in range(1, 40):
        assert sum(each.attempts for each in targets.spread(weights, count)) == count
    assert targets.spread({}, 5) == targets.spread({(JAVA, None): 0.0}, 5) == ()


def test_what_a_place_has_no_room_for_goes_to_the_others() -> None:
    weights = {(JAVA, "maps"): 8.0, (JAVA, "slices"): 1.0, (GO, None): 1.0}
    found = targets.within(weights, 100, {(JAVA, "maps"): 40, (JAVA, "slices"): 25})
    assert found == {(JAVA, "maps"): 40.0, (JAVA, "slices"): 25.0, (GO, None): 35.0}
    assert targets.within({(JAVA, "maps"): 1.0}, 100, {(JAVA, "maps"): 40}) == {
        (JAVA, "maps"): 40.0
    }
    assert targets.within(weights, 100, {}) == {where: 10 * each for where, each in weights.items()}


def test_targets_are_constructs_with_sources_enough() -> None:
    assert targets.aims(STATE) == [
        (JAVA, "maps"),
        (JAVA, "slices"),
        (GO, "maps"),
        (GO, "slices"),
    ]
    rust = replace(STATE, directions=("rust:go", JAVA), sources={**STATE.sources, "rust": {"": 9}})
    assert ("rust:go", None) in targets.aims(rust)
    assert (JAVA, None) not in targets.aims(rust)
    assert targets.evenly(replace(STATE, sources={})) == {}


def test_room_is_what_was_not_tried() -> None:
    state = at(made(20))  # ten of each construct and direction
    assert targets.room(state)[(JAVA, "maps")] == 50
    assert targets.untried(state) == 2 * 200 - 40


def test_a_broad_part_stays_in_every_direction() -> None:
    found = targets.broadened(STATE, {(JAVA, "maps"): 4.0})
    assert found[(JAVA, "maps")] == pytest.approx(0.75)
    assert found[(GO, None)] == found[(JAVA, None)] == pytest.approx(0.125)


def test_a_sibling_is_the_same_construct_from_the_same_language() -> None:
    tried: list[Attempt] = [attempt(1, GO), attempt(1, "java:go"), attempt(2, JAVA)]
    found = targets.siblings(cells(tried), (JAVA, "maps"))
    assert found == cell([attempt(1, GO)])
    assert targets.siblings(cells(tried), (GO, "maps")) is None


def test_a_recipe_that_is_changed_is_still_a_recipe() -> None:
    asked = Train("small", {"learning_rate": 1e-4}, "")
    assert costs.changed(asked.recipe, asked.changes).learning_rate == 1e-4
    with pytest.raises(ValidationError):
        costs.changed("small", {"learning_raet": 1e-4})
