"""What a search may cost, and what it has: seconds from the request on, and tokens written."""

from __future__ import annotations

import time

from transloop_translate.translation import Progress


class Spent(Exception):
    """As many tokens are written as may be; what is being written now is left unfinished."""


class Budget:
    """One search's; it counts by listening to the search's progress."""

    def __init__(self, seconds: float, tokens: int) -> None:
        self.seconds, self.tokens = seconds, tokens
        self.began = time.monotonic()
        self.first_token: float | None = None
        self._before = 0
        self._now = 0

    @property
    def spent(self) -> float:
        """Seconds since the request."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds; none where they are used up."""
        return max(0.0, self.seconds - self.spent)

    @property
    def written(self) -> int:
        """Tokens of all answers, also of those that were left unfinished."""
        return self._before + self._now

    def saw(self, progress: Progress) -> None:
        """Count; the tokens of one request come as a sum that grows, and the next begins anew."""
        if progress.stage == "writing":
            self._now = progress.tokens
            self.first_token = self.first_token or self.spent
        elif progress.stage != "running":  # that is said in the middle of a request, too
            self._before, self._now = self.written, 0

    def check(self) -> None:
        """Raise Spent where no more may be written."""
        if self.written >= self.tokens:
            raise Spent

    def __str__(self) -> str:
        return f"{self.spent:.0f} s of {self.seconds:.0f}"

    def used_up(self) -> str:
        """Which of the two is, in words for people."""
        what = f"{self.tokens} tokens" if self.written >= self.tokens else f"{self.seconds:g} s"
        return f"the budget of {what} is used up"
