"""A world whose yields and learning curves are known, in which policies can be run in no time.

Sources come from places (direction and construct) with known chances; an adapter gains by what its
pairs teach, up to a point, and by how it was trained: the score rises to a peak and then falls.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from transloop_model.registry.card import Measured
from transloop_synth.order import Attempt, Order
from transloop_trainer.control import targets
from transloop_trainer.control.costs import PAIR_TOKENS, changed
from transloop_trainer.control.decision import (
    Decision,
    Outcome,
    Stop,
    Synthesize,
    Synthesized,
    Train,
    Trained,
)
from transloop_trainer.control.policy import Policy
from transloop_trainer.control.rounds import Aim, Tuning, following
from transloop_trainer.control.state import State, Step
from transloop_trainer.gate import Paired, gate

JAVA, GO, GUARDED = "python:java", "python:go", "java:python"
BASE = 0.4
"""pass@1 of what is in use."""
GATE = 300.0
"""Seconds; earlier runs have shown it."""


@dataclass(frozen=True)
class Place:
    """Chances of a source, and what it takes."""

    greedy: float
    """The greedy candidate is right."""
    sample: float
    """A sample is right, where the greedy candidate is not."""
    seconds: float = 10.0


EASY = Place(0.9, 0.9)
"""The model does it at once: little to learn."""
HARD = Place(0.01, 0.002)
"""Neither at once nor by sampling."""
GOOD = Place(0.3, 0.3)
"""Often wrong at once, and right among eight."""


@dataclass
class World:
    """One world, with all that has happened in it."""

    places: Mapping[tuple[str, str], Place]
    sources: int = 400
    """Of each construct."""
    top: float = 0.15
    """What can be gained at best, as a share of units."""
    enough: float = 300.0
    """Pairs that teach, for two thirds of it."""
    collapse: float = 1e9
    """Pairs behind which more of them make it worse."""
    best_rate: float = 2e-4
    guarded_fall: float = 0.0
    """Of the guarded direction, whenever an adapter is trained."""
    units: int = 150
    seed: int = 0
    pairs: dict[str, int] = field(default_factory=dict)
    taught: int = 0
    seen: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Sources have one construct each."""
        self._draw = random.Random(self.seed)

    @property
    def directions(self) -> tuple[str, ...]:
        """That have places."""
        return tuple(dict.fromkeys(direction for direction, _ in self.places))

    def counted(self) -> dict[str, dict[str, int]]:
        """As `State.sources`."""
        constructs = {construct for _, construct in self.places}
        return {
            "python": {
                "": self.sources * len(constructs),
                **dict.fromkeys(sorted(constructs), self.sources),
            }
        }

    # Synthesis

    def synthesize(self, order: Order) -> Synthesized:
        """Each source at its place's chances, until the time is over."""
        attempts: list[Attempt] = []
        seconds = 0.0
        for share in self._shuffled(order):
            if seconds >= order.seconds:
                break
            attempts.append(self._attempt(share))
            seconds += attempts[-1].seconds
        admitted = sum(len(each.admitted) for each in attempts)
        return Synthesized(tuple(attempts), admitted, sum(self.pairs.values()), seconds)

    def _shuffled(self, order: Order) -> list[tuple[str, str]]:
        found = []
        for share in order.shares:
            names = sorted(name for direction, name in self.places if direction == share.direction)
            constructs = (
                share.construct or self._draw.choice(names) for _ in range(share.attempts)
            )
            found += [(share.direction, construct) for construct in constructs]
        self._draw.shuffle(found)
        return found

    def _attempt(self, where: tuple[str, str]) -> Attempt:
        direction, construct = where
        place = self.places[where]
        source = f"{construct} {self._draw.randrange(self.sources)}"
        greedy = self._draw.random() < place.greedy
        chance = place.greedy if greedy else place.sample
        right = sum(self._draw.random() < chance for _ in range(8))
        held, new = greedy or right > 0, (source, direction) not in self.seen
        if held:
            self.seen.add((source, direction))
        if held and new:
            self.pairs[direction] = self.pairs.get(direction, 0) + 1
            self.taught += not greedy
        return Attempt(
            source=source,
            direction=direction,
            constructs=(construct,),
            greedy=greedy,
            drawn=8,
            right=right,
            distinct=7,
            failures={"wrong": 9 - right - greedy},
            admitted=(f"{source} {direction}",) if held and new else (),
            rejected={"duplicate": 1} if held and not new else {},
            seconds=place.seconds,
        )

    # Training

    def train(self, asked: Train) -> Trained:
        """Score by step: up to a peak, and down again; then the gate."""
        recipe = changed(asked.recipe, asked.changes)
        pairs = sum(self.pairs.values())
        steps = max(1, round(pairs * recipe.epochs * PAIR_TOKENS / recipe.step_tokens))
        steps = min(steps, recipe.max_steps or steps)
        scores = {
            step: BASE + self._gain(step / steps * recipe.epochs, recipe.learning_rate)
            for step in sorted({0, steps // 4, steps // 2, 3 * steps // 4, steps})
        }
        best = max((step for step in scores if step), key=lambda step: scores[step])
        gained = scores[best] - BASE
        verdict = gate(
            [each for name in self.directions for each in self._paired(name, gained)],
            self._paired(GUARDED, -self.guarded_fall),
            against="",
        )
        seconds = 3.0 * steps * recipe.step_tokens / PAIR_TOKENS
        return Trained(pairs, steps, best, (1.0, 0.5), scores, 1, verdict, {}, seconds + GATE, GATE)

    def _gain(self, epochs: float, rate: float) -> float:
        """After so many epochs at a rate: 1 epoch at the best rate is the best there is."""
        pairs = sum(self.pairs.values())
        learned = self.top * (1 - math.exp(-self.taught / self.enough))
        learned -= self.top * max(0.0, pairs / self.collapse - 1)
        distance = epochs * rate / self.best_rate
        return learned * distance * (2 - distance) if learned > 0 else learned * distance

    def _paired(self, direction: str, gained: float) -> list[Paired]:
        found = []
        for at in range(self.units):
            before, moved = self._draw.random() < BASE, self._draw.random()
            if before:
                after = moved >= max(0.03, -gained / BASE)
            else:
                after = moved < max(0.03, gained / (1 - BASE))
            found.append(Paired(f"{direction} {at}", direction, before, after))
        return found


class Uniform:
    """The same course without aims, to compare with."""

    name = "uniform"

    def decide(self, state: State) -> Decision:
        return following(state, self)

    def aim(self, state: State) -> Aim:
        return Aim(dict.fromkeys(targets.aims(state), 1.0), "Everything alike")

    def tune(self, state: State) -> Tuning:
        return Tuning({}, "by the recipe")


@dataclass(frozen=True)
class Ran:
    """A run to its end."""

    states: tuple[State, ...]
    decisions: tuple[Decision, ...]
    steps: tuple[Step, ...]
    spent: float

    @property
    def stop(self) -> Stop:
        """The last decision."""
        last = self.decisions[-1]
        assert isinstance(last, Stop)
        return last

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of all steps."""
        return tuple(each.outcome for each in self.steps)


def run(world: World, policy: Policy, seconds: float, seed: int = 0, most: int = 60) -> Ran:
    """Let a policy decide until it stops; `most` decisions."""
    states: list[State] = []
    decisions: list[Decision] = []
    steps: tuple[Step, ...] = ()
    spent = 0.0
    while len(decisions) < most:
        state = State(
            directions=world.directions,
            guarded=(GUARDED,),
            sources=world.counted(),
            pairs=dict(world.pairs),
            people=0,
            seconds=spent,
            seconds_left=seconds - spent,
            steps=steps,
            seed=seed,
            rates={"gate": GATE},
        )
        decision = policy.decide(state)
        states.append(state)
        decisions.append(decision)
        match decision:
            case Synthesize():
                outcome: Outcome = world.synthesize(decision.order)
            case Train():
                outcome = replace(world.train(decision), number=len(steps))
            case Stop():
                return Ran(tuple(states), tuple(decisions), steps, spent)
        spent += outcome.seconds
        steps = (*steps, Step(decision, outcome))
    raise AssertionError(f"{policy.name} does not end: {decisions[-1]}")


def measured(direction: str, points: float, units: int = 100, guarded: bool = False) -> Measured:
    """So many points gained or lost, and nothing else."""
    count = round(abs(points) * units / 100)
    gained, lost = (count, 0) if points > 0 else (0, count)
    return Measured(direction, units, 40, 40 + gained - lost, gained, lost, guarded)
