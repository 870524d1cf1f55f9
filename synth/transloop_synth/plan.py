"""What is tried next: sources by direction and construct, those first that tell most.

A plan is told what came of each pick and says the next one. Told the same, it says the same: an
order that was killed is planned again from its attempts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from transloop_model.engine import seed_of
from transloop_settings.errors import UnitError
from transloop_synth.dataset import Recorded
from transloop_synth.order import Attempt, Order, Share
from transloop_synth.pair import Pair
from transloop_synth.source import SourceFunction, digest, of_pair
from transloop_synth.testable import WEAK

MODELS = 2
"""Sources in whose manner another one is written."""
SEEDS = 2**32
"""What `seed_of` is below."""


@dataclass(frozen=True)
class Pick:
    """One source to be tried in one direction, or one to be written anew first."""

    share: Share
    source: SourceFunction | None
    """None: it is to be written in the manner of `models`."""
    models: tuple[SourceFunction, ...] = ()
    number: int = 0
    """Of those that are written anew, in this share."""

    @property
    def target(self) -> str:
        """The language to translate to."""
        return self.share.direction.partition(":")[2]

    @property
    def key(self) -> str:
        """No other pick of the order has the same."""
        what = self.source.id if self.source else f"{self.share.construct} {self.number}"
        return f"{self.share.direction} {what}"


class Plan:
    """The picks of one order."""

    def __init__(self, order: Order, sources: Iterable[SourceFunction]) -> None:
        self.order = order
        self.shares = [each for each in order.shares if each.attempts > 0]
        self.pool = {each.id: each for each in sources}
        self._picked: set[str] = set()
        self._under_way = Counter[Share]()
        self._done = Counter[Share]()
        self._invented = Counter[Share]()
        self._tried: dict[tuple[str, str], list[Attempt]] = {}
        self._unusable: set[str] = set()
        self._pairs: set[str] = set()

    @property
    def planned(self) -> int:
        """Attempts that are asked for."""
        return sum(each.attempts for each in self.shares)

    @property
    def counted(self) -> int:
        """Of them, those that are done; a source that could not be used was none."""
        return sum(self._done.values())

    def know(self, recorded: Recorded) -> None:
        """What was tried before: what cannot be used is not tried again."""
        attempt = recorded.attempt
        if not attempt.unusable:
            self._tried.setdefault((attempt.source, attempt.direction), []).append(attempt)
        elif not self._may_do_now(recorded):
            self._unusable.add(attempt.source)

    def _may_do_now(self, recorded: Recorded) -> bool:
        """Was it refused for being told from its mutants too seldom, by an order unlike this?"""
        asked = (recorded.mutants, -recorded.cases)
        now = (self.order.mutants, -self.order.cases)
        return recorded.attempt.unusable.startswith(WEAK) and (
            now[0] < asked[0] or now[1] < asked[1]
        )

    def reenter(self, pairs: Iterable[Pair]) -> None:
        """Translations that hold are sources as well, where the order says so.

        Translations of translations are not: they would only come back to where they began.
        """
        new = list(pairs)
        self._pairs.update(pair.id for pair in new)
        for pair in new if self.order.reenter else ():
            seen_to_run = pair.cases > 0
            if seen_to_run and self._pairs.isdisjoint(pair.parents):
                with suppress(UnitError):
                    self.add(of_pair(pair))

    def add(self, source: SourceFunction) -> None:
        """One more source."""
        self.pool.setdefault(source.id, source)

    def next(self) -> Pick | None:
        """The next one; None where there is none, for what is known by now."""
        for share in sorted(self.shares, key=self._filled):
            if self._filled(share) < 1 and (found := self._of(share)) is not None:
                self._picked.add(found.key)
                self._under_way[share] += 1
                self._invented[share] += found.source is None
                return found
        return None

    def done(self, pick: Pick, recorded: Recorded) -> None:
        """What came of it. A source that could not be used does not count; a failed idea does."""
        self._under_way[pick.share] -= 1
        self._done[pick.share] += not recorded.attempt.unusable or pick.source is None
        self.know(recorded)

    def _filled(self, share: Share) -> float:
        return (self._done[share] + self._under_way[share]) / share.attempts

    def _of(self, share: Share) -> Pick | None:
        language = share.direction.partition(":")[0]
        fitting = [
            each
            for each in self.pool.values()
            if each.language == language
            and each.id not in self._unusable
            and (share.construct is None or share.construct in each.constructs)
        ]
        if self._wants_new(share) and (
            models := self._models(share, fitting or self.pool.values())
        ):
            return Pick(share, None, models, self._invented[share])
        ranked = [(rank, each) for each in fitting if (rank := self._rank(each, share)) is not None]
        best = min(ranked, key=lambda found: found[0], default=None)
        return Pick(share, best[1]) if best else None

    def _wants_new(self, share: Share) -> bool:
        """Spread evenly: of 0.25, each fourth."""
        count = self._done[share] + self._under_way[share] + 1
        return self._invented[share] < int(count * self.order.invented)

    def _models(
        self, share: Share, fitting: Iterable[SourceFunction]
    ) -> tuple[SourceFunction, ...]:
        language = share.direction.partition(":")[0]
        given = [each for each in fitting if each.language == language]
        ids = (share.direction, share.construct, self._invented[share], self.order.number)
        given.sort(key=lambda each: (each.origin == "invented", seed_of(each.id, *ids)))
        return tuple(given[:MODELS])

    def _rank(self, source: SourceFunction, share: Share) -> tuple[int, float] | None:
        """The least is tried first: what is new in this direction, then what went either way.

        None: it says nothing any more, as all went well or nothing did; or it is tried already.
        """
        if Pick(share, source).key in self._picked:
            return None
        before = self._tried.get((source.id, share.direction), [])
        drawn = _turn_of(source, seed_of(source.id, share.direction, self.order.number))
        if not before:
            return (0, drawn)
        right = sum(each.right + each.greedy for each in before)
        mixed = 0 < right < sum(each.drawn + 1 for each in before)
        return (len(before), drawn) if mixed else None


def _turn_of(source: SourceFunction, drawn: int) -> float:
    """When it is its turn, by lot: the shorter it is, the sooner, as its tries cost less.

    An exponential race: the chance to be the next one is in proportion to 1 / length.
    """
    return -math.log1p(-drawn / SEEDS) * len(source.unit.code)


def key_of(order: Order) -> str:
    """The order's key: equal orders are one, and go on where they were."""
    return f"{order.number:05}-{digest(repr(order))[:12]}"
