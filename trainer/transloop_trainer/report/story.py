"""All that the page of a run tells, as values."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from transloop_model.registry.card import Measured
from transloop_settings.errors import UsageError
from transloop_trainer.control.decision import (
    Decision,
    Outcome,
    Stop,
    Synthesize,
    Synthesized,
    Train,
    Trained,
)
from transloop_trainer.control.policies import POLICIES, policy
from transloop_trainer.control.replay import Compared, Estimate, agreement, replay
from transloop_trainer.control.runlog import Recorded, RunLog
from transloop_trainer.control.signals import best, gain_of
from transloop_trainer.report import words

WORDS = {Synthesize: "synthesize", Train: "train", Stop: "stop"}


@dataclass(frozen=True)
class Entry:
    """One decision, in words."""

    number: int
    kind: str
    reason: str
    at: float
    outcome: str
    """Empty: there is none."""
    seconds: float | None


@dataclass(frozen=True)
class Replayed:
    """What another policy would have decided."""

    policy: str
    agreement: float
    rows: tuple[tuple[Entry, str, str], ...]
    """Decision, what the other would have done, and what is to be said of both."""


def state(log: RunLog) -> tuple[str, str]:
    """Where the run stands, in a word, and in a sentence."""
    ended = log.ended
    if ended is None:
        last = log.decisions[-1] if log.decisions else None
        told = f"Its last decision was to {WORDS[type(last.decision)]}." if last else ""
        return (
            "not ended",
            f"This run has not ended: it goes on, or was interrupted. {told}".strip(),
        )
    if ended.failed:
        return "failed", f"This run failed. {ended.reason}"
    if ended.promoted is None:
        return "kept", f"What was in use stays. {ended.reason}"
    return "promoted", f"Adapter {ended.promoted} came into use. {ended.reason}"


def headline(log: RunLog) -> str:
    """What the best adapter gained, in one sentence."""
    trainings = [each for each in _outcomes(log) if isinstance(each, Trained)]
    found = best(trainings)
    gained = gain_of(found) if found else None
    if found is None or gained is None:
        count = words.several(len(trainings), "training")
        return f"{count}, and no adapter that the gate let through." if trainings else ""
    units = sum(each.units for each in _trained(found))
    return (
        f"Adapter {found.number} gained {words.points(gained.points)} points of pass@1 over what "
        f"was in use (95 % interval {words.between(gained.interval)}), on {units} units of "
        f"{words.listed(words.direction(each) for each in log.facts.directions)}."
    )


def _trained(found: Trained) -> list[Measured]:
    measured = found.verdict.measured if found.verdict else ()
    return [each for each in measured if not each.guarded]


def spent(log: RunLog) -> dict[str, float]:
    """Seconds of work by what they were spent on; what is left of the budget too."""
    found = {"synthesis": 0.0, "training": 0.0, "validation and gate": 0.0}
    for each in _outcomes(log):
        if isinstance(each, Trained):
            found["training"] += each.seconds - each.gate_seconds
            found["validation and gate"] += each.gate_seconds
        else:
            found["synthesis"] += each.seconds
    left = max(0.0, log.facts.seconds - sum(found.values()))
    return {name: seconds for name, seconds in {**found, "not used": left}.items() if seconds}


def entries(log: RunLog) -> list[Entry]:
    """All decisions, in order."""
    return [
        Entry(
            number,
            WORDS[type(each.decision)],
            words.sentence(each.decision.reason),
            each.at,
            _came_to(each.outcome) if each.outcome else _open(each, log),
            each.outcome.seconds if each.outcome else None,
        )
        for number, each in enumerate(log.decisions, 1)
    ]


def _open(found: Recorded, log: RunLog) -> str:
    if isinstance(found.decision, Stop):
        return ""
    return "Not done: the run ended." if log.ended else "Not done yet."


def _came_to(outcome: Outcome) -> str:
    if isinstance(outcome, Synthesized):
        tried = words.several(len(outcome.attempts), "source")
        return f"{tried} left {words.several(outcome.admitted, 'pair')}; {outcome.pairs} in all."
    if outcome.failed:
        return f"It failed: {outcome.failed}"
    name = "No adapter" if outcome.number is None else f"Adapter {outcome.number}"
    told = outcome.verdict.reason if outcome.verdict else "The gate was not asked."
    return f"{name}, from step {outcome.best_step} of {outcome.steps}. {told}"


def _outcomes(log: RunLog) -> list[Outcome]:
    return [each.outcome for each in log.decisions if each.outcome is not None]


# Other policies ----------------------------------------------------------------------------------


def replayed(log: RunLog) -> list[Replayed]:
    """The run, seen by each of the other policies; by none, if it is of another transloop."""
    names = [name for name in POLICIES if name != log.facts.policy]
    try:
        return [_replayed(log, name) for name in names] if log.decisions else []
    except (UsageError, ValidationError):  # its recipe is no more, or has other fields
        return []


def _replayed(log: RunLog, name: str) -> Replayed:
    compared = replay(log.decisions, policy(name, log), log.facts.seed)
    rows: list[tuple[Entry, str, str]] = []
    before = None
    for entry, found in zip(entries(log), compared, strict=True):
        would = "as in the state before" if found.other == before else _would(found)
        rows.append((entry, would, _difference(found)))
        before = None if found.agrees else found.other
    return Replayed(name, agreement(compared), tuple(rows))


def _would(found: Compared) -> str:
    if found.agrees:
        return "the same"
    return f"{WORDS[type(found.other)]}: {words.sentence(found.other.reason)}"


def _difference(found: Compared) -> str:
    ours, theirs = found.estimates
    if isinstance(found.recorded.decision, Synthesize) and isinstance(found.other, Synthesize):
        told = [f"{found.overlap:.0%} of the attempts in the same places"]
        if found.settings:
            told.append(f"other {words.listed(found.settings)}")
        if ours and theirs:
            told.append(f"estimated {_pairs(theirs)} instead of {_pairs(ours)}")
        return "; ".join(told)
    if theirs:
        return f"estimated {_pairs(theirs)}"
    return "" if found.agrees else _unknown(found.other)


def _pairs(found: Estimate) -> str:
    low, high = found.interval
    told = f"{found.pairs:.0f} pairs ({low:.0f} to {high:.0f}), {found.an_hour:.0f} an hour"
    told += f", {found.taught:.0f} where greedy is wrong"
    return told if found.told == 1.0 else f"{told}, from {found.told:.0%} of its attempts"


def _unknown(other: Decision) -> str:
    if isinstance(other, Train):
        return "what it would have gained cannot be told without training"
    if isinstance(other, Synthesize):
        return "nothing like it was tried in this run"
    return ""
