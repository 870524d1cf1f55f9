"""What came of all units: plain data, by direction and by construct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from transloop_trainer.evaluate.judging import Judged
from transloop_trainer.evaluate.programs import Failure
from transloop_trainer.evaluate.record import Outcome
from transloop_trainer.evaluate.statistics import clustered, difference, interval, pass_at, share
from transloop_trainer.evaluate.task import Task
from transloop_trainer.gate import Paired

FEW = 5
"""A construct that fewer units use is not told: it would be noise."""
KS = (1, 2, 4, 8, 16)


def summary(tasks: Sequence[Task], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One arm, in shares of units; of the samples, unbiased estimates.

    Units that have no tests of their own are judged by running their source, which is less strict.
    """
    right = [each.greedy.right for each in outcomes]
    greedy = [each.greedy for each in outcomes]
    groups = [task.group for task in tasks]
    return {
        "units": len(outcomes),
        "problems": len(set(groups)),
        "by_own_tests": sum(bool(task.target.tests) for task in tasks),
        "pass_at_1_greedy": share(sum(right), len(right)),
        "interval": interval(sum(right), len(right)),
        "clustered_interval": clustered(right, groups),
        "compile_rate": _compile_rate(greedy),
        "failures": failures(greedy),
        "samples": _samples(outcomes, groups),
        "tokens": sum(each.tokens for each in outcomes),
        "constructs": {
            name: {"units": len(at), "right": sum(right[each] for each in at)}
            for name, at in by_construct(tasks).items()
        },
    }


def compared(
    tasks: Sequence[Task], ours: Sequence[Outcome], base: Sequence[Outcome]
) -> dict[str, Any]:
    """Two arms on the same units, in points of 100; also by construct."""
    mine, theirs = ([each.greedy.right for each in arm] for arm in (ours, base))
    groups = [task.group for task in tasks]
    return {
        **difference(mine, theirs, groups),
        "of_it_compiles": _points([each.greedy for each in ours], [each.greedy for each in base]),
        "constructs": {
            name: {
                "units": len(at),
                **_short(difference([mine[i] for i in at], [theirs[i] for i in at])),
            }
            for name, at in by_construct(tasks).items()
        },
    }


def paired(
    tasks: Sequence[Task], before: Sequence[Outcome], after: Sequence[Outcome]
) -> list[Paired]:
    """What the gate asks for: each unit, done by what is in use and by the new adapter."""
    return [
        Paired(task.id, task.direction, old.greedy.right, new.greedy.right)
        for task, old, new in zip(tasks, before, after, strict=True)
    ]


def failures(judged: Sequence[Judged]) -> dict[str, int]:
    """How many failed in which way; all ways are named."""
    counted = Counter(each.failure for each in judged if each.failure is not None)
    return {name: counted[name] for name in get_args(Failure)}


def by_construct(tasks: Sequence[Task]) -> dict[str, list[int]]:
    """The places of the tasks whose source uses each construct, if they are not too few."""
    found: dict[str, list[int]] = {}
    for at, task in enumerate(tasks):
        for name in task.constructs():
            found.setdefault(name, []).append(at)
    return {name: at for name, at in sorted(found.items()) if len(at) >= FEW}


def _compile_rate(judged: Sequence[Judged]) -> float | None:
    """Of all units: what has no code does not compile."""
    return share(sum(_compiles(each) for each in judged), len(judged))


def _compiles(judged: Judged) -> bool:
    return judged.failure not in ("no code", "compile")


def _points(ours: Sequence[Judged], base: Sequence[Judged]) -> float:
    """How much more often it compiles: the part of a gain that may be mere format."""
    gained = sum(map(_compiles, ours)) - sum(map(_compiles, base))
    return round(100 * gained / len(ours), 1)


def _samples(outcomes: Sequence[Outcome], groups: Sequence[str]) -> dict[str, Any] | None:
    """pass@k over the samples; the greedy answer is none of them."""
    count = min((len(each.samples) for each in outcomes), default=0)
    if not count:
        return None
    told: dict[str, Any] = {"samples": count}
    for k in [k for k in KS if k <= count]:
        found = [pass_at(k, count, sum(s.right for s in each.samples)) for each in outcomes]
        told[f"pass_at_{k}"] = round(sum(found) / len(found), 3)
        told[f"pass_at_{k}_interval"] = clustered(found, groups)
    drawn = [sample for each in outcomes for sample in each.samples]
    return {**told, "compile_rate": _compile_rate(drawn), "failures": failures(drawn)}


def _short(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in ("points", "only_ours", "only_the_baseline", "p_value")}
