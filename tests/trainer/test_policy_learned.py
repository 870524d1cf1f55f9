"""The learned policy: what paid gets more, and what earlier runs showed is not forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.trainer import recorded_runs, synthetic_world
from tests.trainer.recorded_runs import FACTS, GO, JAVA, STATE, at, attempt, made, taught
from tests.trainer.synthetic_world import EASY, GOOD, HARD, Place, Uniform, World

from transloop_model.registry.card import Verdict
from transloop_synth.order import Attempt
from transloop_trainer.control import bandit, study
from transloop_trainer.control.decision import Stop, Synthesize, Train
from transloop_trainer.control.learned import Learned
from transloop_trainer.control.policies import policy
from transloop_trainer.control.state import State
from transloop_trainer.control.study import Trial
from transloop_trainer.recipe import recipe

PLACES = {
    (JAVA, "maps"): GOOD,
    (JAVA, "slices"): EASY,
    (JAVA, "classes"): HARD,
    (JAVA, "sets"): replace(GOOD, seconds=60.0),
    (GO, "maps"): HARD,
    (GO, "slices"): EASY,
    (GO, "classes"): GOOD,
    (GO, "sets"): HARD,
}


def taught_after(chosen: Any, orders: int, seed: int, places: dict[Any, Place] = PLACES) -> int:
    """Pairs that teach, after so many orders that take the same time each."""
    world, state = World(places, seed=seed, sources=1000), STATE
    state = replace(state, sources=world.counted(), seed=seed)
    steps: tuple[Any, ...] = ()
    for _ in range(orders):
        decision = chosen.decide(replace(state, steps=steps, seconds_left=20000.0))
        assert isinstance(decision, Synthesize)
        order = replace(decision.order, seconds=1500.0)
        steps = (*steps, synthetic_world.Step(decision, world.synthesize(order)))
    return world.taught


def times_uniform(name: str, places: dict[Any, Place]) -> list[float]:
    """What is taught within four orders, as a multiple of spreading them evenly; six seeds."""
    return [
        taught_after(policy(name), 4, seed, places) / taught_after(Uniform(), 4, seed, places)
        for seed in range(6)
    ]


def test_within_four_orders_it_finds_the_better_places() -> None:
    found = times_uniform("learned", PLACES)
    assert min(found) > 1.6
    assert sum(found) / len(found) > 1.9


def test_where_all_cost_the_same_the_rules_find_them_too() -> None:
    even = {where: replace(place, seconds=10.0) for where, place in PLACES.items()}
    found = times_uniform("rules", even)
    assert min(found) > 1.0
    assert sum(found) / len(found) > 1.15


def test_cheap_places_are_preferred_to_dear_ones() -> None:
    cheap = tuple(attempt(i, constructs=("maps",), greedy=False, seconds=5.0) for i in range(30))
    dear = tuple(attempt(i, constructs=("slices",), greedy=False, seconds=50.0) for i in range(30))
    found = bandit.sampled(after(*cheap, *dear), 0)
    assert found.get((JAVA, "maps"), 0) > 10 * found.get((JAVA, "slices"), 0)


def after(*attempts: Attempt, **told: Any) -> State:
    step = made(1)
    return at(replace(step, outcome=recorded_runs.synthesized(attempts)), **told)


def test_the_reward_is_what_was_taught() -> None:
    assert bandit.reward(attempt(1, greedy=False)) == 1.0
    assert bandit.reward(attempt(1, greedy=True)) == bandit.KNOWN
    assert bandit.reward(attempt(1, admitted=())) == 0.0
    assert bandit.reward(attempt(1, unusable="does not run", admitted=())) == 0.0


def test_what_was_not_tried_is_tried() -> None:
    some = tuple(attempt(i, constructs=("maps",), greedy=False) for i in range(12))
    assert bandit.sampled(after(*some), 0)[(GO, "maps")] > 0


def test_what_has_run_dry_since_gets_less() -> None:
    good = tuple(attempt(i, greedy=False, constructs=("maps",)) for i in range(30))
    bad = tuple(
        attempt(i, greedy=False, constructs=("maps",), admitted=(), right=0) for i in range(30)
    )
    steady = tuple(
        attempt(i, greedy=False, constructs=("slices",), admitted=("a",) if i % 2 else ())
        for i in range(60)
    )
    dried = bandit.sampled(orders_of((*good, *steady), bad), 0)
    rising = bandit.sampled(orders_of((*bad, *steady), good), 0)
    assert dried.get((JAVA, "maps"), 0) < 0.2 * rising[JAVA, "maps"]


def orders_of(*attempts: tuple[Attempt, ...]) -> State:
    """An order after another."""
    step = made(1)
    return at(*(replace(step, outcome=recorded_runs.synthesized(each)) for each in attempts))


def test_once_a_gate_has_spoken_directions_that_gain_get_more() -> None:
    both = (*many(JAVA), *many(GO))
    verdict = Verdict(
        True,
        "It was measured.",
        "",
        measured=(
            synthetic_world.measured(JAVA, 20.0, units=200),
            synthetic_world.measured(GO, -5.0, units=200),
        ),
    )
    before = after(*both)
    told = taught(verdict=verdict)
    later = replace(before, steps=(*before.steps, told), pairs={JAVA: 30, GO: 30})
    assert share(bandit.sampled(later, 0), JAVA) > share(bandit.sampled(before, 0), JAVA) + 0.2


def many(direction: str) -> tuple[Attempt, ...]:
    return tuple(attempt(i, direction, greedy=False) for i in range(30))


def share(weights: dict[Any, float], direction: str) -> float:
    ours = sum(each for (name, _), each in weights.items() if name == direction)
    return ours / sum(weights.values())


def test_equal_seeds_draw_the_same_and_others_do_not() -> None:
    state = after(*many(JAVA), *many(GO))
    assert bandit.sampled(state, 1) == bandit.sampled(state, 1) != bandit.sampled(state, 2)


# Numbers of trainings


def test_nothing_known_is_the_recipe() -> None:
    found = Learned().decide(at(made(60), sources={}))
    assert isinstance(found, Train)
    assert found.changes == {}
    assert "nothing is known yet" in found.reason


TOKENS = recipe("small").step_tokens


def peaked(rate: float) -> Trial:
    """Half the recipe's rate is the best, whatever else is done."""
    return Trial(
        {"learning_rate": rate, "epochs": 2, "step_tokens": TOKENS}, -abs(rate - 1e-4) * 1e5
    )


def test_numbers_come_near_to_what_was_best() -> None:
    known = [peaked(rate) for rate in (5.1e-5, 6e-5, 8e-5, 9e-5, 1e-4, 1.1e-4, 2e-4, 3e-4, 3.9e-4)]
    drawn = [study.suggested(known, "small", seed).get("learning_rate", 2e-4) for seed in range(12)]
    assert sum(abs(rate - 1e-4) < 4e-5 for rate in drawn) >= 9
    assert study.suggested(known, "small", 3) == study.suggested(known, "small", 3)


def test_numbers_stay_around_the_recipe() -> None:
    wild = Trial({"learning_rate": 1.0, "epochs": 90, "step_tokens": 5}, 50.0)
    for seed in range(8):
        found = study.suggested([wild, peaked(1e-4)], "small", seed)
        assert 5e-5 <= found.get("learning_rate", 2e-4) <= 4e-4
        assert found.get("epochs", 2) in range(1, 5)
        assert found.get("step_tokens", TOKENS) in range(TOKENS // 2, 2 * TOKENS + 1)
        assert set(found) <= set(study.NUMBERS)


def test_a_trial_is_its_validation_and_a_failure_is_one_too() -> None:
    steps = (
        taught(changes={"learning_rate": 1e-4}),
        taught(failed="diverged", verdict=None, number=None, changes={"epochs": 3}),
        taught(scores={}),
        taught(changes={"max_steps": 9}),
    )
    first, second = study.trials(steps)
    assert first.numbers == {"learning_rate": 1e-4, "epochs": 2, "step_tokens": TOKENS}
    assert first.points == pytest.approx(10.0)
    assert (second.numbers["epochs"], second.points) == (3, study.FAILED)


STOP = Stop(True, "It is enough.")


def test_what_earlier_runs_came_to_is_kept_even_without_them(tmp_path: Path) -> None:
    recorded_runs.log(tmp_path, made(2), taught(changes={"learning_rate": 1e-4}), stop=STOP)
    recorded_runs.log(tmp_path, made(2), taught(), stop=STOP, base_sha256="b" * 64)
    recorded_runs.log(tmp_path, made(2), taught(), stop=STOP, recipe="full")
    recorded_runs.log(tmp_path, made(2), taught())  # it has not ended
    now = recorded_runs.log(tmp_path, made(2))
    (trial,) = study.earlier(now)
    assert trial.numbers["learning_rate"] == pytest.approx(1e-4)
    assert trial.points == pytest.approx(10.0)
    (tmp_path / "1" / "run.jsonl").unlink()
    (tmp_path / "1").rmdir()
    assert study.earlier(now) == (trial,)
    decision = policy("learned", now).decide(replace(STATE, pairs={JAVA: 60}, sources={}))
    assert "as 1 training suggests" in decision.reason


def test_a_run_learns_nothing_from_itself_or_from_later_ones(tmp_path: Path) -> None:
    first = recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    assert study.earlier(first) == ()
    assert len(study.gathered(tmp_path, FACTS.base_sha256, "small")) == 2
    assert len(study.gathered(tmp_path, FACTS.base_sha256, "small")) == 2  # nothing twice


@pytest.mark.parametrize("harm", ["torn", "other", "bytes"])
def test_a_damaged_study_is_made_anew_from_the_runs(tmp_path: Path, harm: str) -> None:
    recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    now = recorded_runs.log(tmp_path)
    known = study.earlier(now)
    file = tmp_path / study.FILE
    content = {
        "torn": file.read_bytes()[:40] + b"\n" + file.read_bytes(),
        "other": json.dumps({"a": 1}).encode() + b"\n",
        "bytes": b"\xff\xfe\x00\n",
    }
    file.write_bytes(content[harm])
    assert study.earlier(now) == known
    assert len(known) == 1
    assert (tmp_path / f"{study.FILE}.damaged").exists()


def test_where_nothing_can_be_written_the_runs_teach_all_the_same(tmp_path: Path) -> None:
    recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    (tmp_path / study.FILE).mkdir()
    (trial,) = study.earlier(recorded_runs.log(tmp_path))
    assert trial.points == pytest.approx(10.0)


def test_a_run_whose_log_is_damaged_teaches_nothing(tmp_path: Path) -> None:
    broken = recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    (broken.folder / "run.jsonl").write_text("{}\n")
    assert study.earlier(recorded_runs.log(tmp_path)) == ()


def test_the_learning_rate_that_failed_is_left() -> None:
    failed = taught(failed="diverged", verdict=None, number=None, scores={})
    state = at(made(60), failed, sources={}, seconds_left=9000.0)
    found = Learned().decide(state)
    assert isinstance(found, Train)
    assert found.changes != {}
