"""From a job and one of its translations to what an event says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transloop_model import catalog, prompt
from transloop_seeds.event import About, Source, new_id
from transloop_server.documents import path_of
from transloop_server.jobs import Job
from transloop_settings.errors import TransloopError
from transloop_settings.settings import Settings
from transloop_translate.translation import Stats, Translation

if TYPE_CHECKING:
    from transloop_verify.evidence import Evidence
    from transloop_verify.judge import Counterexample, Verdict


@dataclass(frozen=True)
class Maker:
    """What wrote a translation, as far as the event loop can tell without reading files."""

    model: str
    """What the settings call it."""
    adapter: Path | None
    local: bool
    """A file on this machine, which has a digest."""


def maker(settings: Settings, adapter: Path | None) -> Maker:
    """What writes with these settings, and with the adapter that is in use."""
    match settings.engine.backend:
        case "llama":
            return Maker(settings.model, adapter, local=True)
        case "remote":
            return Maker(settings.remote.model, None, local=False)
    return Maker(settings.engine.backend, None, local=False)


@cache
def digests(maker: Maker) -> tuple[str, str]:
    """Of the model and of the adapter; the name where there is no file, nothing for no adapter."""
    adapter = ""
    try:
        model = catalog.resolve(maker.model).digest() if maker.local else maker.model
        adapter = catalog.digest(maker.adapter) if maker.adapter else ""
    except (TransloopError, OSError):  # it was there when it wrote this, and is gone
        model = maker.model
    return model, adapter


def about(job: Job, workspace: Path | None, found: Translation | None = None) -> About:
    """What is known of one translation; without one, of the source alone. With a new id."""
    unit = job.work.unit
    source = Source(
        unit.code,
        unit.language,
        unit.names,
        unit.signature,
        unit.needs,
        _relative(path_of(job.uri), workspace),
    )
    made = About(
        new_id(),
        source,
        job.work.target.id,
        prompt=str(prompt.VERSION),
        latency=_latency(found.stats) if found else {},
    )
    return judged(made, found.verdict, job.evidence) if found else made


def judged(
    made: About,
    verdict: Verdict | None,
    derived: Sequence[Evidence] = (),
    *,
    reason: str = "it was not run",
) -> About:
    """With a verdict and what it rests on; without one, with the reason why there is none."""
    if verdict is None:
        return replace(made, verdict="unchecked", evidence={"reason": reason})
    latency = {**made.latency, "verdict": verdict.seconds}
    cases = [case for each in derived for case in each.cases]
    found = evidence(verdict, sum(case.held_out for case in cases))
    return replace(made, verdict=verdict.verdict, evidence=found, latency=latency)


def evidence(verdict: Verdict, held_out: int = 0) -> dict[str, Any]:
    """What a verdict rests on, as plain JSON."""
    found: dict[str, Any] = {
        "cases": verdict.cases,
        "agreed": verdict.agreed,
        "held_out": held_out,
    }
    if verdict.reason:
        found["reason"] = verdict.reason
    if verdict.coverage is not None:
        reached, branches = verdict.coverage.reached, verdict.coverage.branches
        found["coverage"] = {"reached": reached, "branches": branches}
    if verdict.mutants is not None:
        found["mutants"] = {"killed": verdict.mutants.killed, "run": verdict.mutants.run}
    if verdict.counterexample is not None:
        found["counterexample"] = _counterexample(verdict.counterexample)
    return found


def _counterexample(example: Counterexample) -> dict[str, Any]:
    from transloop_translate.verdicts import outcome
    from transloop_verify.value import encode

    return {
        "arguments": [encode(each) for each in example.arguments],  # type: ignore[arg-type]
        "expected": outcome(example.expected),
        "got": outcome(example.got),
        "difference": example.difference,
        "held_out": example.held_out,
    }


def _latency(stats: Stats) -> dict[str, float]:
    return {"first_token": stats.first_token_seconds, "code": stats.seconds}


def _relative(path: Path | None, workspace: Path | None) -> str | None:
    """An absolute path would tell where somebody's home is."""
    if path is None or workspace is None or not path.is_relative_to(workspace):
        return path.name if path else None
    return path.relative_to(workspace).as_posix()
