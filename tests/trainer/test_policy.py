"""What every policy must do: end, stay within its time, and never approve what got worse."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.trainer import synthetic_world
from tests.trainer.recorded_runs import JAVA, STATE, at, made, taught, verdict
from tests.trainer.synthetic_world import EASY, GO, GOOD, HARD, Ran, World

from transloop_settings.errors import UsageError
from transloop_trainer.control import costs
from transloop_trainer.control.decision import Stop, Synthesize, Train, Trained
from transloop_trainer.control.policies import POLICIES, policy
from transloop_trainer.control.signals import best
from transloop_trainer.control.state import State

NAMES = tuple(POLICIES)
PLACES = {
    (JAVA, "maps"): GOOD,
    (JAVA, "slices"): EASY,
    (JAVA, "classes"): HARD,
    (GO, "maps"): HARD,
    (GO, "slices"): EASY,
    (GO, "classes"): HARD,
}


def ran(name: str, seconds: float = 10800.0, seed: int = 1, **told: object) -> Ran:
    world = World(PLACES, seed=seed, **told)  # type: ignore[arg-type]
    return synthetic_world.run(world, policy(name), seconds, seed)


def test_a_policy_that_is_not_known_is_told_with_those_that_are() -> None:
    assert NAMES == ("fixed", "rules", "learned")
    with pytest.raises(UsageError, match=r"no policy called 'best'\. Known: fixed, rules, learned"):
        policy("best")
    assert [policy(name).name for name in NAMES] == list(NAMES)


@pytest.mark.parametrize("seconds", [60.0, 900.0, 3000.0, 10800.0, 30000.0])
@pytest.mark.parametrize("name", NAMES)
def test_it_ends_and_spends_no_more_than_it_has(name: str, seconds: float) -> None:
    for seed in range(3):
        found = ran(name, seconds, seed)
        assert found.spent <= seconds
        trainings = [each for each in found.outcomes if isinstance(each, Trained)]
        assert trainings or seconds < 900


@pytest.mark.parametrize("name", NAMES)
def test_equal_states_give_equal_decisions(name: str) -> None:
    found = ran(name, 20000.0)
    again = policy(name)
    assert [again.decide(state) for state in found.states] == list(found.decisions)
    assert {type(each) for each in found.decisions} == {Synthesize, Train, Stop}


SAME = """
import sys
from tests.trainer.test_policy import ran
from transloop_trainer.control import targets
places = [("python:java", name) for name in "abcdefgh"]
print(targets.within(dict.fromkeys(places, 9.0), 100, dict.fromkeys(places, 2)))
print(ran(sys.argv[1], 20000.0, sources=30).decisions)
"""


@pytest.mark.parametrize("name", NAMES)
def test_another_process_decides_the_same(name: str) -> None:
    """Sets are ordered anew in each process: no decision may depend on that."""
    root = str(Path(__file__).parents[2])
    told = {
        subprocess.run(
            [sys.executable, "-c", SAME, name],
            env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
    assert b"Synthesize(" in told.pop()


@pytest.mark.parametrize("name", NAMES)
def test_every_decision_says_why_in_one_sentence(name: str) -> None:
    for each in ran(name, 10800.0).decisions:
        assert each.reason.endswith(".")
        assert "\n" not in each.reason
        assert each.reason[0].isupper()


@pytest.mark.parametrize("name", NAMES)
def test_what_got_worse_is_never_approved(name: str) -> None:
    for planted in ({"guarded_fall": 0.3}, {"top": -0.2}, {"collapse": 1.0}):
        for seed in range(2):
            found = ran(name, 10800.0, seed, **planted)
            assert any(isinstance(each, Trained) for each in found.outcomes)
            assert not found.stop.approve
            assert found.stop.reason.endswith("what is in use stays.")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_approved_was_let_through_by_the_gate(name: str) -> None:
    approved = 0
    for seed in range(3):
        found = ran(name, 10800.0, seed)
        trainings = [each for each in found.outcomes if isinstance(each, Trained)]
        assert found.stop.approve == (best(trainings) is not None)
        approved += found.stop.approve
    assert approved


@pytest.mark.parametrize("name", NAMES)
def test_with_nothing_to_learn_from_it_stops(name: str) -> None:
    for state in (
        replace(STATE, sources={}),
        replace(STATE, directions=()),
        replace(STATE, seconds_left=0.0),
    ):
        decision = policy(name).decide(state)
        assert isinstance(decision, Stop)
        assert not decision.approve


@pytest.mark.parametrize("name", NAMES)
def test_pairs_of_people_are_trained_on_where_nothing_can_be_made(name: str) -> None:
    decision = policy(name).decide(replace(STATE, sources={}, pairs={JAVA: 60}, people=60))
    assert isinstance(decision, Train)


@pytest.mark.parametrize("name", NAMES)
def test_trainings_that_fail_end_the_run(name: str) -> None:
    failed = taught(failed="The loss is no number any more.", verdict=None, number=None, scores={})
    state = at(made(60), failed, failed, seconds_left=50000.0)
    decision = policy(name).decide(state)
    assert isinstance(decision, Stop)
    assert not decision.approve


# fixed


def test_fixed_is_one_plain_order_and_one_training_by_the_recipe() -> None:
    order, training, stop = ran("fixed", 60000.0).decisions
    assert isinstance(order, Synthesize)
    asked = order.order
    assert [(each.direction, each.construct) for each in asked.shares] == [(JAVA, None), (GO, None)]
    assert len({each.attempts for each in asked.shares}) == 1
    assert (asked.repairs, asked.invented, asked.reenter) == (0, 0.0, False)
    assert isinstance(training, Train)
    assert training.changes == {}
    assert isinstance(stop, Stop)


def test_fixed_tries_every_seed_at_most_once() -> None:
    decision = policy("fixed").decide(replace(STATE, seconds_left=1e6))
    assert isinstance(decision, Synthesize)
    assert [each.attempts for each in decision.order.shares] == [200, 200]


# When to stop, for rules and learned


def rounds(*trainings: object, left: float = 40000.0) -> State:
    """Orders and trainings in turns, with twice the pairs each time."""
    steps = []
    for at_round, told in enumerate(trainings):
        assert isinstance(told, dict)
        pairs = 100 * 2**at_round
        steps += [made(pairs), taught(pairs=pairs, number=at_round + 1, **told)]
    return at(*steps, seconds_left=left)


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_after_two_rounds_that_chance_explains_it_stops(name: str) -> None:
    sure, chance = {"gained": 8, "lost": 2}, {"gained": 5, "lost": 4}
    assert not isinstance(policy(name).decide(rounds(sure, chance)), Stop)
    decision = policy(name).decide(rounds(sure, chance, chance))
    assert isinstance(decision, Stop)
    assert "2 trainings in a row" in decision.reason
    assert decision.approve
    assert "Adapter 1 is the best" in decision.reason


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_after_the_collapse_it_stops_and_the_best_is_approved(name: str) -> None:
    decision = policy(name).decide(
        rounds({"gained": 8, "lost": 2}, {"gained": 20, "lost": 1}, {"gained": 2, "lost": 6})
    )
    assert isinstance(decision, Stop)
    assert "below the best of this run" in decision.reason
    assert "Adapter 2 is the best" in decision.reason


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_a_run_that_rises_and_falls_is_ended_in_its_fall(name: str) -> None:
    for seed in range(3):
        world = World(PLACES, top=0.3, collapse=700.0, sources=2000, units=400, seed=seed)
        found = synthetic_world.run(world, policy(name), 1e6, seed)
        points = [
            each.verdict.measured[0].after
            for each in found.outcomes
            if isinstance(each, Trained) and each.verdict
        ]
        assert found.spent < 0.5 * 1e6
        assert len(points) >= 2
        assert found.stop.approve


# The course that both share


def with_pairs(now: int, trained_on: int = 300, left: float = 60000.0) -> State:
    """After a training, and an order that left some pairs."""
    return at(
        made(60), taught(pairs=trained_on), made(60), pairs={JAVA: now}, seconds_left=left, rates={}
    )


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_the_next_training_waits_for_twice_the_pairs(name: str) -> None:
    assert isinstance(policy(name).decide(with_pairs(420)), Synthesize)
    assert isinstance(policy(name).decide(with_pairs(600)), Train)


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_where_too_few_more_can_be_made_none_are(name: str) -> None:
    after = at(made(60), taught(pairs=1000), pairs={JAVA: 1000}, seconds_left=5000.0)
    assert not isinstance(policy(name).decide(after), Synthesize)
    assert isinstance(policy(name).decide(replace(after, seconds_left=30000.0)), Synthesize)


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_an_order_takes_no_longer_than_its_attempts_should(name: str) -> None:
    decision = policy(name).decide(replace(STATE, seconds_left=1e6))
    assert isinstance(decision, Synthesize)
    attempts = sum(each.attempts for each in decision.order.shares)
    assert attempts == 600  # half of them leave a pair, and 300 are enough for a training
    assert decision.order.seconds == 1.5 * attempts * costs.ATTEMPT


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_when_nothing_new_is_admitted_no_more_is_made(name: str) -> None:
    dry = made(60)
    attempts = tuple(replace(each, admitted=()) for each in dry.outcome.attempts)  # type: ignore[union-attr]
    nothing = replace(dry, outcome=replace(dry.outcome, attempts=attempts, admitted=0, pairs=60))
    decision = policy(name).decide(at(made(60), nothing))
    assert isinstance(decision, Train)
    again = policy(name).decide(at(made(60), nothing, taught(pairs=60), seconds_left=40000.0))
    assert not isinstance(again, Synthesize)


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_the_last_verdict_keeps_what_is_in_use_where_a_guarded_direction_fell(name: str) -> None:
    fell = {"verdict": verdict(14, 2, guarded_lost=14)}
    decision = policy(name).decide(rounds(fell, fell, left=10.0))
    assert isinstance(decision, Stop)
    assert not decision.approve
