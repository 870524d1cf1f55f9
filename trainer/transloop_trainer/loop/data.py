"""From pairs to what is trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from transloop_seeds.seed import Seed
from transloop_settings.errors import ExamplesUnusable
from transloop_syntax.language import language
from transloop_synth.pair import Pair
from transloop_synth.source import SourceFunction
from transloop_trainer.examples import WEIGHTS, Example, of_repair, of_translation

SURE = 0.1
"""Of the weight of a pair that the model's answers never miss."""
NOT_RUN = 0.5
"""Of the weight of what people have accepted or corrected, where it could not be run."""


def examples(pairs: Iterable[Pair], directions: Sequence[str]) -> list[Example]:
    """What the pairs teach in these directions. Those that would break the prompt are left out."""
    found: list[Example] = []
    for pair in pairs:
        if pair.direction in directions:
            try:
                found.append(_example(pair))
            except ExamplesUnusable:
                continue
    return found


def _example(pair: Pair) -> Example:
    target = language(pair.target_language)
    if pair.origin == "repaired":
        return of_repair(
            pair.unit, target, pair.draft, pair.problem, pair.translation, lineage=pair.id
        )
    return of_translation(
        pair.unit,
        target,
        pair.translation,
        lineage=pair.id,
        signature=pair.signature,
        weight=weight(pair),
        draft=pair.draft,
    )


def weight(pair: Pair) -> float:
    """How much a pair counts: one of a model, the more the seldomer the model is right there.

    What it answers right nearly always teaches nearly nothing, and there is most of it. With the
    share p of right answers, 1 - p is what a right one counts in a policy gradient, too.
    """
    match pair.origin:
        case "translated" | "repaired":
            return 1.0 if pair.right is None else max(SURE, 1.0 - pair.right)
        case origin:
            return WEIGHTS[origin] * (1.0 if pair.cases else NOT_RUN)


def by_direction(pairs: Iterable[Pair]) -> dict[str, int]:
    """How many pairs there are of each direction."""
    return dict(Counter(each.direction for each in pairs))


def constructs_of(sources: Iterable[SourceFunction]) -> Mapping[str, Mapping[str, int]]:
    """Language to construct to how many sources use it; `""` counts all."""
    found: dict[str, Counter[str]] = {}
    for each in sources:
        counts = found.setdefault(each.language, Counter())
        counts.update(("", *sorted(each.constructs)))
    return {name: dict(counts) for name, counts in found.items()}


def seeds_of(pairs: Iterable[Pair]) -> tuple[str, ...]:
    """Ids of all seeds that the pairs go back to."""
    return tuple(sorted({seed for pair in pairs for seed in pair.seeds}))


def directions_of(seeds: Iterable[Seed]) -> tuple[str, ...]:
    """What the person translates, the most frequent first."""
    counts = Counter(
        f"{each.source_language}:{each.target_language}" for each in seeds if each.target_language
    )
    return tuple(name for name, _ in counts.most_common())


def is_verified(seed: Seed) -> bool:
    """Does it count as new material? A translation that was seen to hold."""
    return bool(seed.translation) and seed.verdict == "verified"
