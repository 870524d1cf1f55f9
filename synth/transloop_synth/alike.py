"""Finds codes that are nearly the same among many, by MinHash and locality-sensitive hashing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasketch import MinHash

PERMUTATIONS = 128
"""More find more of what is just above the threshold, and cost time."""
WIDER = 0.2
"""The hashes look so far below the threshold; what they find is then compared exactly."""


class Alike:
    """Sets of shingles under names; see `transloop_synth.normal`."""

    def __init__(self, threshold: float) -> None:
        """`threshold`: share of all shingles that two sets must have in common (Jaccard)."""
        from datasketch import MinHashLSH  # takes a second, and many commands need none of it

        self.threshold = threshold
        self._index = MinHashLSH(threshold=threshold - WIDER, num_perm=PERMUTATIONS)
        self._known: dict[str, frozenset[str]] = {}

    def add(self, name: str, shingles: frozenset[str]) -> None:
        """Know one more; a name that is known already stays as it is."""
        if name not in self._known:
            self._known[name] = shingles
            self._index.insert(name, _hashed(shingles))

    def of(self, shingles: frozenset[str]) -> Iterator[str]:
        """The names of those that are nearly the same, in alphabetical order."""
        for name in sorted(self._index.query(_hashed(shingles))):
            if jaccard(shingles, self._known[name]) >= self.threshold:
                yield name


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Share of what either has that both have."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


def _hashed(shingles: frozenset[str]) -> MinHash:
    from datasketch import MinHash

    made = MinHash(num_perm=PERMUTATIONS)
    made.update_batch([each.encode() for each in sorted(shingles)])
    return made
