"""Which translations that held become pairs: few of each item, and none twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from transloop_synth.alike import Alike
from transloop_synth.barred import Barred
from transloop_synth.candidates import Offer
from transloop_synth.dataset import Dropped
from transloop_synth.normal import canonical, shingles
from transloop_synth.pair import Pair
from transloop_synth.source import SourceFunction, digest
from transloop_synth.testable import Known

MOST = 2
"""Distinct solutions of an item; more of one say little that is new."""
SAME = 0.85
"""Share of token runs, of both sides, from which on two pairs of different items are one."""


@dataclass(frozen=True)
class Admitted:
    """What became of a source's offers."""

    pairs: tuple[Pair, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()


class Admission:
    """Knows the pairs that there are."""

    def __init__(self, pairs: Iterable[Pair], barred: Barred) -> None:
        self.barred = barred
        self._alike: dict[str, Alike] = {}
        self._solutions: dict[str, set[str]] = {}
        self._items: dict[str, str] = {}
        for pair in pairs:
            self.know(pair)

    def know(self, pair: Pair) -> None:
        """From now on, it is there."""
        alike = self._alike.setdefault(pair.direction, Alike(SAME))
        alike.add(pair.id, _of_both(pair))
        self._items[pair.id] = _item(pair)
        self._solutions.setdefault(_item(pair), set()).add(_solution(pair))

    def admit(self, pairs: Sequence[Pair]) -> Admitted:
        """Those of one item that are taken, in the order in which they were found."""
        kept: list[Pair] = []
        dropped: list[Dropped] = []
        distinct: dict[str, Pair] = {}
        for pair in pairs:
            distinct.setdefault(_solution(pair), pair)
        for solution, pair in distinct.items():
            if solution in self._solutions.get(_item(pair), ()):
                continue  # it is there, perhaps in other names
            why = self._against(pair)
            if why is None:
                self.know(pair)
                kept.append(pair)
            else:
                dropped.append(why)
        rejected = Counter(each.reason for each in dropped)
        return Admitted(tuple(kept), dict(rejected), tuple(dropped))

    def _against(self, pair: Pair) -> Dropped | None:
        """Why a pair is not taken."""
        if len(self._solutions.get(_item(pair), ())) >= MOST:
            return Dropped(pair.id, "surplus")
        found = self.barred.by_text(pair.translation, pair.target_language)
        if found is not None:
            return Dropped(pair.id, "contaminated", found.by, found.unit)
        alike = self._alike.get(pair.direction)
        likes = alike.of(_of_both(pair)) if alike else ()
        other = next((each for each in likes if self._items[each] != _item(pair)), None)
        return Dropped(pair.id, "duplicate", against=other) if other else None


def pair_of(
    source: SourceFunction, target: str, offer: Offer, known: Known, right: float, order: int
) -> Pair:
    """The pair that an offer would be; `right` as in `Pair.right`."""
    return Pair(
        id=digest(source.language, target, source.code, offer.code),
        source_language=source.language,
        target_language=target,
        code=source.code,
        needs=source.needs,
        names=source.unit.names,
        entry_point=source.functions[0],
        translation=offer.code,
        signature=source.signatures.get(target),
        origin="repaired" if offer.draft else "translated",
        draft=offer.draft,
        problem=offer.problem,
        parents=source.known_as,
        seeds=source.seeds,
        constructs=tuple(sorted(source.constructs)),
        cases=offer.cases,
        mutants=known.mutants,
        right=right,
        maker=offer.maker,
        order=order,
    )


def _item(pair: Pair) -> str:
    """What has few solutions: a source in a direction."""
    return digest(pair.direction, *pair.needs, pair.code)


def _solution(pair: Pair) -> str:
    return canonical(pair.translation, pair.target_language)


def _of_both(pair: Pair) -> frozenset[str]:
    source = shingles(pair.code, pair.source_language)
    target = shingles(pair.translation, pair.target_language)
    return frozenset({*(f"< {each}" for each in source), *(f"> {each}" for each in target)})
