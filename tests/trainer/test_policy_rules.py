"""The rules: where an order aims, how it samples, and what a training does otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.trainer.recorded_runs import GO, JAVA, STATE, at, attempt, made, synthesized, taught

from transloop_synth.order import Attempt, Order, Share
from transloop_trainer.control.decision import Synthesize, Train
from transloop_trainer.control.rules import Rules, weight
from transloop_trainer.control.sampling import sampling
from transloop_trainer.control.signals import cell, cells
from transloop_trainer.control.state import Step


def many(count: int, direction: str = JAVA, **told: Any) -> tuple[Attempt, ...]:
    return tuple(attempt(i, direction, **told) for i in range(count))


def ordered(*attempts: Attempt, **order: Any) -> Step:
    """An order that came to these attempts."""
    return Step(Synthesize(Order((), 100.0, **order), "r."), synthesized(attempts))


LEARNABLE: dict[str, Any] = {"constructs": ("maps",), "greedy": False, "right": 3}
KNOWN: dict[str, Any] = {"constructs": ("slices",), "greedy": True, "right": 8}
BEYOND: dict[str, Any] = {"greedy": False, "right": 0, "admitted": ()}


def decided(*steps: Step, **told: Any) -> Synthesize:
    found = Rules().decide(at(*steps, **told))
    assert isinstance(found, Synthesize)
    return found


def attempts_of(decision: Synthesize) -> dict[tuple[str, str | None], int]:
    return {(each.direction, each.construct): each.attempts for each in decision.order.shares}


def test_first_it_looks_around_evenly() -> None:
    decision = decided()
    assert set(attempts_of(decision)) == {(JAVA, None), (GO, None)}
    assert decision.order.seconds < STATE.seconds_left / 3
    assert decision.reason == "Looks around evenly: nothing has been tried yet."


def test_it_aims_at_what_sampling_finds_and_greedy_does_not() -> None:
    tried = (*many(20, **LEARNABLE), *many(20, **KNOWN))
    decision = decided(ordered(*tried))
    found = attempts_of(decision)
    assert found[JAVA, "maps"] > 2 * found[JAVA, "slices"]
    assert "maps in python -> java (pass@8 is +" in decision.reason
    assert min(found[JAVA, None], found[GO, None]) > 0


def test_an_untried_direction_is_guessed_from_its_siblings() -> None:
    seen = cells([*many(20, **LEARNABLE), *many(20, **KNOWN)])
    assert weight(seen, (GO, "maps")) > weight(seen, (GO, "slices"))


def test_where_more_samples_find_nothing_siblings_decide_and_repairs_are_tried() -> None:
    hopeless = many(20, GO, constructs=("recursion",), **BEYOND)
    promising = many(20, GO, constructs=("maps",), **BEYOND)
    seen = cells([*many(20, **LEARNABLE), *hopeless, *promising])
    assert weight(seen, (GO, "maps")) > 5 * weight(seen, (GO, "recursion"))
    decision = decided(ordered(*many(20, **LEARNABLE), *hopeless, *promising))
    assert decision.order.repairs == 2
    assert "repairs" in decision.reason
    assert decided(ordered(*many(20, **LEARNABLE))).order.repairs == 1


def test_nothing_is_repaired_where_it_was_in_vain() -> None:
    def repairs(*tried: Attempt, after: tuple[Step, ...] = ()) -> int:
        hopeless = [cell(many(20, **BEYOND))]
        return sampling(at(ordered(*tried), *after), hopeless, 1000, 100).order.repairs

    vain = many(20, drafts=1, **BEYOND)
    assert sampling(at(ordered(*vain)), [], 1000, 100).why[-1] == (
        "no repairs: 0 of 20 wrong answers came right"
    )
    assert repairs(*vain) == 0
    assert repairs(*vain, after=(ordered(*many(20, **LEARNABLE), repairs=0),)) == 0
    assert repairs(*vain[1:]) == 2, "fewer tell nothing"
    assert repairs(*vain, attempt(20, drafts=1, mended=True)) == 0
    assert repairs(*vain, *many(2, drafts=1, mended=True)) == 2


def test_what_is_found_again_is_worth_less() -> None:
    new, old = many(20, **LEARNABLE), many(20, GO, **{**LEARNABLE, "admitted": ()})
    seen = cells([*new, *old])
    assert weight(seen, (JAVA, "maps")) > 5 * weight(seen, (GO, "maps"))


@pytest.mark.parametrize(
    ("told", "temperature"),
    [
        ({"distinct": 2}, 0.9),
        ({"distinct": 9, "greedy": True, "right": 8}, 0.7),
        ({"distinct": 6, "greedy": False, "right": 0, "admitted": ()}, 0.9),
        ({"distinct": 6, "greedy": False, "right": 4}, 0.8),
    ],
    ids=["repeats", "wanders", "finds nothing", "is right"],
)
def test_the_temperature_is_picked_anew(told: dict[str, Any], temperature: float) -> None:
    step = ordered(*many(20, **told))
    found = sampling(at(step), [], 1000, 100)
    assert found.order.temperature == temperature
    assert bool(found.why) == (temperature != 0.8)
    few = sampling(at(ordered(*many(3, **told))), [], 1000, 100)
    assert few.order.temperature == 0.8


def test_the_temperature_has_bounds() -> None:
    step = ordered(*many(20, distinct=2), temperature=1.2)
    assert sampling(at(step), [], 1000, 100).order.temperature == 1.2


def test_tests_are_hardened_where_hidden_cases_fail_what_visible_ones_let_through() -> None:
    soft, fine = many(20, visible_only=1), many(20, visible_only=0)
    assert sampling(at(ordered(*soft)), [], 1000, 100).order.cases == 36
    assert sampling(at(ordered(*fine)), [], 1000, 100).order.cases == 24
    twice = sampling(at(ordered(*fine, cases=36)), [], 1000, 100)
    assert twice.order.cases == 36
    assert sampling(at(ordered(*soft, cases=64)), [], 1000, 100).order.cases == 64


def test_sources_are_invented_where_seeds_run_out() -> None:
    assert sampling(STATE, [], 100, 100).order.invented == 0.0
    assert sampling(STATE, [], 70, 100).order.invented == 0.3
    assert sampling(STATE, [], 0, 100).order.invented == 0.5


def test_no_two_orders_draw_the_same() -> None:
    first, second = decided(), decided(made(20))
    other = Rules().decide(replace(STATE, seed=4))
    assert isinstance(other, Synthesize)
    assert len({first.order.number, second.order.number, other.order.number}) == 3


def test_no_cell_of_a_few_sources_decides_alone() -> None:
    lucky = many(1, **LEARNABLE)
    assert weight(cells(lucky), (JAVA, "maps")) <= cell(lucky).learnable
    poor = (*many(30, **{**KNOWN, "constructs": ("maps",)}), *lucky)
    assert weight(cells(poor), (JAVA, "maps")) < 0.2


# Trainings


def retrained(**told: Any) -> Train:
    """What follows a training, with as many pairs again and no time for more of them."""
    pairs = told.pop("now", 200)
    state = at(made(60), taught(**told), pairs={JAVA: pairs}, sources={}, seconds_left=9000.0)
    found = Rules().decide(state)
    assert isinstance(found, Train)
    return found


def test_the_first_training_is_by_the_recipe() -> None:
    found = Rules().decide(at(made(60), sources={}))
    assert isinstance(found, Train)
    assert (found.recipe, found.changes) == ("small", {})


def test_a_peak_in_the_middle_sets_the_steps_a_little_behind_it() -> None:
    found = retrained(steps=40, best_step=25)
    assert found.changes == {"max_steps": 2 * 25 + 3}  # there are twice the pairs
    assert "the peak was at step 25 of 40" in found.reason


def test_a_peak_that_came_early_lowers_the_learning_rate() -> None:
    found = retrained(steps=40, best_step=10)
    assert found.changes == {"learning_rate": 1e-4, "max_steps": 2 * 2 * 10 + 3}
    assert "came early" in found.reason
    again = retrained(steps=40, best_step=0, changes={"learning_rate": 1e-4})
    assert again.changes == {"learning_rate": 5e-5, "max_steps": 40}


def test_what_was_still_rising_is_trained_for_longer() -> None:
    assert retrained(steps=40, best_step=40).changes == {"epochs": 3}
    assert retrained(steps=40, best_step=40, changes={"epochs": 4}).changes == {"epochs": 4}


def test_a_guarded_direction_that_fell_or_a_failure_lowers_the_learning_rate() -> None:
    from tests.trainer.recorded_runs import verdict

    fell = retrained(steps=40, best_step=30, verdict=verdict(14, 2, guarded_lost=14))
    assert fell.changes["learning_rate"] == 1e-4
    assert "guarded" in fell.reason
    failed = retrained(failed="diverged", verdict=None, number=None)
    assert failed.changes == {"learning_rate": 1e-4}


def test_the_same_pairs_are_trained_on_once_more_and_only_with_other_numbers() -> None:
    assert retrained(steps=40, best_step=10, now=100).changes["learning_rate"] == 1e-4
    same = at(
        made(60),
        taught(steps=40, best_step=40, changes={"epochs": 4}),
        pairs={JAVA: 100},
        sources={},
        seconds_left=9000.0,
    )
    assert not isinstance(Rules().decide(same), Train)
    second = taught(gained=14, steps=40, best_step=10, number=2, changes={"learning_rate": 1e-4})
    twice = at(made(60), taught(), second, pairs={JAVA: 100}, sources={}, seconds_left=9000.0)
    assert not isinstance(Rules().decide(twice), Train)


def test_shares_name_constructs_that_there_are() -> None:
    for each in decided(made(20)).order.shares:
        assert isinstance(each, Share)
        assert each.construct in (None, "maps", "slices")
