"""Facts, orders and outcomes as a run has them, for tests that need no model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from transloop_model.registry.card import Measured, Verdict
from transloop_synth.order import Attempt, Order, Share
from transloop_trainer.control.decision import Stop, Synthesize, Synthesized, Train, Trained
from transloop_trainer.control.recorded import Facts
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.control.state import State, Step

JAVA, GO = "python:java", "python:go"

FACTS = Facts(
    policy="rules",
    model="qwen2.5-coder-0.5b-instruct",
    base_sha256="a" * 64,
    against="",
    directions=(JAVA, GO),
    guarded=("java:python",),
    seconds=7200.0,
    recipe="small",
    seed=3,
    began=1_700_000_000.0,
)
STATE = State(
    directions=(JAVA, GO),
    guarded=("java:python",),
    sources={"python": {"": 200, "maps": 60, "slices": 50, "recursion": 3}},
    pairs={},
    people=0,
    seconds=0.0,
    seconds_left=7200.0,
    seed=3,
)


def attempt(at: int, direction: str = JAVA, **told: Any) -> Attempt:
    """One that left a pair, unless something else is told of it."""
    plain: dict[str, Any] = {
        "constructs": ("maps",) if at % 2 else ("slices",),
        "greedy": at % 3 == 0,
        "drawn": 8,
        "right": 4,
        "distinct": 6,
        "failures": {"wrong": 3, "compile": 2},
        "admitted": (f"pair {direction} {at}",),
        "seconds": 10.0,
    }
    return Attempt(source=f"source {at}", direction=direction, **{**plain, **told})


def synthesized(attempts: tuple[Attempt, ...], before: int = 0) -> Synthesized:
    """What an order with these attempts came to."""
    admitted = sum(len(each.admitted) for each in attempts)
    seconds = sum(each.seconds for each in attempts)
    return Synthesized(attempts, admitted, before + admitted, seconds)


def made(count: int = 20, before: int = 0) -> Step:
    """An order of so many sources in both directions, half of which leave a pair."""
    order = Order((Share(JAVA, None, count), Share(GO, "maps", count)), 1000.0)
    attempts = tuple(
        attempt(at, direction, admitted=(f"{direction} {at}",) if at % 2 else ())
        for direction in (JAVA, GO)
        for at in range(count)
    )
    return Step(Synthesize(order, "Nothing has been tried yet."), synthesized(attempts, before))


def verdict(gained: int, lost: int, guarded_lost: int = 1, units: int = 60) -> Verdict:
    """What the gate says of so many units gained and lost in each trained direction."""
    promote = gained > lost and guarded_lost < 8
    trained = tuple(
        Measured(each, units, 20, 20 + gained - lost, gained, lost) for each in (JAVA, GO)
    )
    guard = Measured("java:python", 40, 20, 21 - guarded_lost, 1, guarded_lost, guarded=True)
    return Verdict(promote, "It was measured.", "", 0.02, (*trained, guard))


def trained(
    gained: int = 12, lost: int = 2, number: int | None = 1, pairs: int = 100, **told: Any
) -> Trained:
    """A training whose best step was the last but one validation."""
    plain: dict[str, Any] = {
        "steps": 40,
        "best_step": 30,
        "losses": tuple(1.0 / (1 + at) for at in range(40)),
        "scores": {0: 0.3, 10: 0.32, 20: 0.35, 30: 0.4, 40: 0.38},
        "verdict": verdict(gained, lost),
        "failures": {JAVA: {"compile": (20, 9), "wrong": (18, 19)}},
        "seconds": 900.0,
        "gate_seconds": 300.0,
    }
    return Trained(pairs=pairs, number=number, **{**plain, **told})


def taught(**told: Any) -> Step:
    """A training by the recipe, and its outcome."""
    changes = told.pop("changes", {})
    return Step(Train("small", changes, "There are pairs enough."), trained(**told))


def at(*steps: Step, **told: Any) -> State:
    """The state after these steps."""
    spent = sum(each.outcome.seconds for each in steps)
    orders = [each.outcome for each in steps if isinstance(each.outcome, Synthesized)]
    pairs = {JAVA: orders[-1].pairs if orders else 0}
    plain = {"steps": steps, "seconds": spent, "seconds_left": STATE.seconds_left - spent}
    return replace(STATE, **{"pairs": pairs, **plain, **told})


def log(runs: Path, *steps: Step, stop: Stop | None = None, **facts: Any) -> RunLog:
    """A run on the disk that has done these steps."""
    found = RunLog.create(replace(FACTS, **facts), runs)
    for count, each in enumerate(steps):
        found.decided(replace(at(*steps[:count]), steps=found.steps), each.decision)
        found.done(each.outcome)
    if stop is not None:
        found.decided(replace(at(*steps), steps=found.steps), stop)
        found.end(1 if stop.approve else None, stop.reason)
    return found
