"""Guesses what a candidate writes next, from what others wrote after the same tokens.

The candidates of one prompt have most of their text in common. Reading a guessed token beside the
known ones costs a row of the batch, which is cheap once there are a few; where the candidate's own
sampler then draws the guessed token, a whole step is saved, and where it draws another, the guess
is thrown away. So drafts change the speed of a batch and never how a token is drawn.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

CONTEXT = 3
"""Tokens that must agree; of 1 to 6 the one that saved most for a single length."""
DOUBT = 0.4
"""Added to the number of times that a context was seen: once is not always."""
WORTH = 0.3
"""A guess less likely than this costs more rows than it saves steps."""


class Drafts:
    """How often each token followed each run of `CONTEXT` tokens."""

    def __init__(self, known: Iterable[Sequence[int]] = ()) -> None:
        self._after: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for tokens in known:
            self.learn(tokens, len(tokens))

    def learn(self, tokens: Sequence[int], fresh: int) -> None:
        """Somebody wrote `tokens`, the last `fresh` of them just now."""
        for end in range(len(tokens) - fresh, len(tokens)):
            self._after[tuple(tokens[max(0, end - CONTEXT) : end])][tokens[end]] += 1

    def guess(self, histories: Sequence[Sequence[int]], rows: int) -> list[list[int]]:
        """What may follow each history: the likeliest tokens first, at most `rows` in all."""
        guesses: list[list[int]] = [[] for _ in histories]
        recent = [tuple(each[-CONTEXT:]) for each in histories]
        best: list[tuple[float, int, int]] = []

        def consider(number: int, likely: float) -> None:
            if seen := self._after.get(recent[number]):
                ((token, times),) = seen.most_common(1)
                likely *= times / (seen.total() + DOUBT)
                if likely >= WORTH:
                    heapq.heappush(best, (-likely, number, token))

        for number in range(len(histories)):
            consider(number, 1.0)
        for _ in range(rows):
            if not best:
                break
            unlikely, number, token = heapq.heappop(best)
            guesses[number].append(token)
            recent[number] = (*recent[number], token)[-CONTEXT:]
            consider(number, -unlikely)
        return guesses
