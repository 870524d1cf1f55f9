"""A recorded run replayed against other policies, without training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.trainer import recorded_runs, synthetic_world
from tests.trainer.recorded_runs import GO, JAVA, STATE, attempt, made, synthesized, taught
from tests.trainer.synthetic_world import EASY, GOOD, HARD, Ran, Uniform, World

from transloop_synth.order import Attempt, Order, Share
from transloop_trainer.control.decision import Decision, Stop, Synthesize, Train
from transloop_trainer.control.policies import POLICIES, policy
from transloop_trainer.control.replay import agreement, estimate, overlap, replay
from transloop_trainer.control.runlog import Recorded, RunLog
from transloop_trainer.control.state import Step

PLACES = {
    (JAVA, "maps"): GOOD,
    (JAVA, "slices"): EASY,
    (GO, "maps"): HARD,
    (GO, "slices"): GOOD,
}


def ran(name: str, seed: int = 2) -> Ran:
    return synthetic_world.run(World(PLACES, seed=seed), policy(name), 10800.0, seed)


def recorded(run: Ran) -> tuple[Recorded, ...]:
    outcomes = [*run.outcomes, None]
    return tuple(
        Recorded(0.0, state, decision, outcome)
        for state, decision, outcome in zip(run.states, run.decisions, outcomes, strict=True)
    )


@pytest.mark.parametrize("name", tuple(POLICIES))
def test_a_policy_agrees_with_its_own_run(name: str) -> None:
    found = replay(recorded(ran(name)), policy(name))
    assert [each.other for each in found] == [each.recorded.decision for each in found]
    assert agreement(found) == 1.0


def test_a_run_from_the_disk_is_replayed_as_it_was(tmp_path: Path) -> None:
    run = ran("rules")
    log = RunLog.create(replace(recorded_runs.FACTS, directions=(JAVA, GO)), tmp_path)
    for state, decision, outcome in zip(run.states, run.decisions, run.outcomes, strict=False):
        log.decided(state, decision)
        log.done(outcome)
    log.decided(run.states[-1], run.stop)
    read = RunLog.open(log.name, tmp_path)
    assert agreement(replay(read.decisions, policy("rules"))) == 1.0
    assert replay(read.decisions, policy("learned")) == replay(log.decisions, policy("learned"))


def test_policies_differ_where_they_aim_and_agree_where_they_look_around() -> None:
    found = replay(recorded(ran("rules")), policy("learned"))
    assert found[0].agrees
    assert found[0].overlap == 1.0
    targeted = [each for each in found[1:] if isinstance(each.recorded.decision, Synthesize)]
    assert targeted
    assert any(0 < each.overlap < 1 for each in targeted)
    assert agreement(found) < 1.0


@pytest.mark.parametrize("name", ["rules", "learned"])
def test_a_better_aim_is_estimated_to_teach_more(name: str) -> None:
    """From a run's own attempts, in each of several worlds: nothing is sampled or trained."""
    for seed in range(4):
        found = replay(recorded(ran(name, seed)), Uniform())
        both = [each.estimates for each in found if len(each.recorded.state.synthesized)]
        told = [(ours.taught, theirs.taught) for ours, theirs in both if ours and theirs]
        assert told
        assert sum(ours for ours, _ in told) > 1.1 * sum(theirs for _, theirs in told)


# Estimates


def order(*shares: Share, seconds: float = 1e6) -> Synthesize:
    return Synthesize(Order(shares, seconds), "It is wanted.")


def many(count: int, every: int, **told: Any) -> list[Attempt]:
    """Each `every`th leaves a pair."""
    return [
        attempt(i, admitted=("a pair",) if i % every == 0 else (), greedy=i % 2 == 0, **told)
        for i in range(count)
    ]


def test_an_estimate_is_the_yield_of_the_same_places() -> None:
    pools = {(JAVA, "maps"): many(100, 2), (JAVA, "slices"): many(100, 10)}
    good = estimate(order(Share(JAVA, "maps", 40)), pools, 0)
    poor = estimate(order(Share(JAVA, "slices", 40)), pools, 0)
    assert good is not None
    assert poor is not None
    assert good.pairs == pytest.approx(20, abs=1)
    assert poor.pairs == pytest.approx(4, abs=0.5)
    assert good.interval[0] < 20 < good.interval[1]
    assert poor.interval[1] < good.interval[0]
    assert (good.told, good.untold) == (1.0, ())
    assert good.seconds == pytest.approx(400.0)
    assert good.an_hour == pytest.approx(9 * good.pairs)


def test_an_estimate_is_cut_to_the_time_of_the_order() -> None:
    pools = {(JAVA, "maps"): many(100, 2)}
    found = estimate(order(Share(JAVA, "maps", 40), seconds=100.0), pools, 0)
    assert found is not None
    assert found.pairs == pytest.approx(5, abs=0.5)  # ten of forty


def test_what_was_hardly_tried_is_not_estimated() -> None:
    pools = {(JAVA, "maps"): many(100, 2), (GO, None): many(4, 2)}
    found = estimate(order(Share(JAVA, "maps", 30), Share(GO, None, 10)), pools, 0)
    assert found is not None
    assert found.told == 0.75
    assert found.untold == ((GO, None),)
    assert estimate(order(Share(GO, None, 10)), pools, 0) is None
    assert estimate(Stop(True, ""), pools, 0) is None


def test_the_interval_holds_what_such_orders_really_come_to() -> None:
    """Ninety-five of a hundred, about; here the world is sampled again and again."""
    inside = 0
    for seed in range(40):
        world = World(PLACES, seed=seed, sources=100000)
        tried = world.synthesize(Order((Share(JAVA, "maps", 400),), 1e6))
        asked = order(Share(JAVA, "maps", 400))
        found = estimate(asked, {(JAVA, "maps"): tried.attempts}, seed)
        assert found is not None
        really = world.synthesize(asked.order).admitted
        # Both the pool and the new order vary: the difference has twice the variance.
        half = (found.interval[1] - found.interval[0]) / 2 * 2**0.5
        inside += abs(really - found.pairs) <= half
    assert inside >= 34


# Overlaps


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (order(Share(JAVA, "maps", 3)), order(Share(JAVA, "maps", 90)), 1.0),
        (order(Share(JAVA, None, 3)), order(Share(JAVA, "maps", 3)), 0.0),
        (order(Share(JAVA, None, 1), Share(GO, None, 1)), order(Share(GO, None, 9)), 0.5),
        (Train("small", {}, "a"), Train("small", {}, "b"), 1.0),
        (Train("small", {}, "a"), Train("small", {"epochs": 3}, "a"), 0.0),
        (Stop(True, "a"), Stop(True, "b"), 1.0),
        (Stop(True, "a"), Stop(False, "a"), 0.0),
        (Stop(True, "a"), Train("small", {}, "a"), 0.0),
    ],
)
def test_overlaps(one: Decision, other: Decision, same: float) -> None:
    assert overlap(one, other) == same == overlap(other, one)


class Warmer:
    """Decides as recorded, and samples otherwise."""

    name = "warmer"

    def decide(self, state: Any) -> Decision:
        return Synthesize(replace(ORDER, temperature=1.0, cases=48), "It is warmer.")


ORDER = Order((Share(JAVA, None, 10),), 100.0)


def test_other_settings_are_named_and_are_no_agreement() -> None:
    step = Step(Synthesize(ORDER, "."), synthesized(tuple(many(10, 2))))
    (found,) = replay([Recorded(0.0, STATE, step.decision, step.outcome)], Warmer())
    assert found.overlap == 1.0
    assert found.settings == ("temperature", "cases")
    assert not found.agrees


def test_an_interrupted_run_and_an_empty_one_are_replayed_too(tmp_path: Path) -> None:
    assert replay((), policy("rules")) == ()
    assert agreement(()) == 0.0
    log = recorded_runs.log(tmp_path, made(20), taught())
    log.decided(log.decisions[-1].state, Train("small", {}, "Again."))
    assert len(replay(log.decisions, policy("rules"))) == 3
