"""Pairs that come from people: translations that they accepted, corrected or imported.

They are always kept, however alike, with three exceptions. One whose evidence fails is no
translation, whoever says so: a poisoned seed set must not get in. One that is in an evaluation set
would make a bad adapter pass. And one that cannot be run is kept only if a person has accepted or
corrected it here; it has no cases then, and is to be trusted less. A name alone does not bar it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from transloop_seeds.seed import Seed
from transloop_settings.errors import UnitError
from transloop_settings.settings import Sampling
from transloop_syntax.constructs import constructs
from transloop_syntax.language import language
from transloop_synth import lines
from transloop_synth.barred import Barred
from transloop_synth.dataset import Dataset, Dropped
from transloop_synth.order import Order
from transloop_synth.pair import Pair, PairOrigin
from transloop_synth.source import SourceFunction, digest, of_seed
from transloop_synth.testable import SECONDS, Known, known, require_sound
from transloop_translate.jury import judged
from transloop_translate.translation import Work
from transloop_translate.verified import problem_of
from transloop_verify.judge import Verdict
from transloop_verify.observe import Runs

ORIGINS: Mapping[str, PairOrigin] = {
    "corrected": "corrected",
    "accepted": "accepted",
    "imported": "imported",
}
REFUTED, CONTAMINATED, UNCHECKED = "refuted", "contaminated", "unchecked"
_ORDER = Order((), 0.0, mutants=0.0)
"""A person's pair needs cases that it holds in; how many mutants they notice is told with it."""


@dataclass(frozen=True)
class Adopted:
    """What became of the seeds that were looked at this time."""

    pairs: tuple[Pair, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)


def adopt(
    seeds: Iterable[Seed],
    sandbox: Runs,
    dataset: Dataset,
    barred: Barred | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Adopted:
    """Take the pairs of seeds into the data set; those that were decided before stay decided.

    Blocks while programs run.

    Raises:
        SandboxError: the sandbox itself failed.
        PairsUnusable, SeedsError: nothing can be written down.
    """
    path = dataset.folder / "people.jsonl"
    decided = {each["seed"] for each in lines.read(path)}
    found: list[_Decision] = []
    for seed in seeds:
        if seed.translation and seed.target_language and seed.id not in decided:
            if cancelled():
                break
            found.append(_decision(seed, sandbox, barred or Barred(), cancelled))
    pairs = tuple(each.pair for each in found if each.pair)
    dataset.keep(pairs, f"people-{digest(*(pair.id for pair in pairs))}")
    dataset.drop([each.dropped for each in found if each.dropped])
    for each in found:
        if each.final:
            lines.append(path, {"seed": each.seed})
    return Adopted(pairs, dict(Counter(each.dropped.reason for each in found if each.dropped)))


@dataclass(frozen=True)
class _Decision:
    """On one seed."""

    seed: str
    pair: Pair | None = None
    dropped: Dropped | None = None
    final: bool = True
    """False: it could not be run, and perhaps another time it can."""


def _decision(
    seed: Seed, sandbox: Runs, barred: Barred, cancelled: Callable[[], bool]
) -> _Decision:
    try:
        source = of_seed(seed)
    except UnitError as error:
        return _unchecked(seed, str(error))
    evidence = known(source, _ORDER, sandbox, cancelled)
    found = _contamination(source, evidence, seed, barred, sandbox)
    if found is not None:
        return _Decision(seed.id, dropped=found)
    verdict = _verdict(source, evidence, seed, seed.translation, sandbox, cancelled)
    match verdict.verdict:
        case "verified":
            problem = _problem(source, evidence, seed, sandbox, cancelled)
            return _Decision(seed.id, _pair(seed, source, verdict.cases, evidence.mutants, problem))
        case "unchecked":
            require_sound(verdict.reason)
            return _unchecked(seed, verdict.reason, source)
    return _Decision(seed.id, dropped=Dropped(seed.id, REFUTED, against=verdict.reason))


def _unchecked(seed: Seed, reason: str, source: SourceFunction | None = None) -> _Decision:
    """What nobody can run now. The server may have run it; of what was imported that is a claim."""
    if seed.origin not in ("accepted", "corrected"):
        dropped = Dropped(seed.id, UNCHECKED, against=reason)
        return _Decision(seed.id, dropped=dropped, final=False)
    if seed.verdict in ("failed", "compile_error"):
        return _Decision(seed.id, dropped=Dropped(seed.id, REFUTED, against=reason), final=False)
    cases = seed.evidence.get("cases", 0) if seed.verdict == "verified" else 0
    return _Decision(seed.id, _pair(seed, source, int(cases), None, ""), final=False)


def _contamination(
    source: SourceFunction, evidence: Known, seed: Seed, barred: Barred, sandbox: Runs
) -> Dropped | None:
    target = seed.target_language or ""
    found = barred.by_text(source.code, source.language)
    found = found or barred.by_text(seed.translation, target)
    for each in evidence.evidence if not evidence.reason else ():
        found = found or barred.by_behaviour(each, sandbox)
    return Dropped(seed.id, CONTAMINATED, found.by, found.unit) if found else None


def _verdict(
    source: SourceFunction,
    evidence: Known,
    seed: Seed,
    code: str,
    sandbox: Runs,
    cancelled: Callable[[], bool],
) -> Verdict:
    work = Work(source.unit, language(seed.target_language or ""), Sampling())
    if evidence.reason:
        return Verdict("unchecked", evidence.reason)
    return judged(work, evidence.evidence, code, sandbox, SECONDS, cancelled)


def _problem(
    source: SourceFunction,
    evidence: Known,
    seed: Seed,
    sandbox: Runs,
    cancelled: Callable[[], bool],
) -> str:
    """What was wrong with the draft that a person corrected, where running it shows that."""
    if not seed.draft:
        return ""
    verdict = _verdict(source, evidence, seed, seed.draft, sandbox, cancelled)
    return problem_of(verdict, source.unit) or ""


def _pair(
    seed: Seed, source: SourceFunction | None, cases: int, mutants: float | None, problem: str
) -> Pair:
    return Pair(
        id=digest(seed.source_language, seed.target_language or "", seed.code, seed.translation),
        source_language=seed.source_language,
        target_language=seed.target_language or "",
        code=seed.code,
        needs=seed.needs,
        names=seed.names,
        entry_point=source.functions[0] if source else next(iter(seed.names), ""),
        translation=seed.translation,
        signature=None,
        origin=ORIGINS[seed.origin],
        draft=seed.draft,
        problem=problem,
        parents=(seed.id,),
        seeds=(seed.id,),
        constructs=tuple(sorted(constructs(seed.code, seed.source_language))),
        cases=cases,
        mutants=mutants,
    )
