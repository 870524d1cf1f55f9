"""One placed translation and what is seen of it, until it is known what became of it.

It knows no clock, no editor and no code: it is told texts and times, and says what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Word = Literal["settled", "kept", "rejected", "reverted", "ignored", "over"]


@dataclass(frozen=True)
class Pace:
    """The seconds that tell one outcome from another."""

    regret: float = 30.0
    """What is gone so soon after it was shown was refused; later, it had stayed for a while."""
    grace: float = 3.0
    """So long it may be gone, and come back as if nothing had happened: a redo, a cut and paste."""
    settle: float = 10.0
    """What has not changed for so long is what the person wants."""
    reopen: float = 5.0
    """A document that is open again so soon was renamed, not closed."""
    surveys: tuple[float, ...] = (30.0, 120.0, 300.0, 600.0)
    """When it is looked how much is left; at the last one it is not followed any further."""


PACE = Pace()


@dataclass(frozen=True)
class Decision:
    """What is known now.

    settled   the text has not changed for a while; nothing is decided
    kept      it has settled and is saved
    rejected  it was taken out at once
    reverted  it was taken out after a while
    ignored   it was never saved; says nothing about it
    over      it was kept before, and is not followed any further
    """

    word: Word
    text: str
    ends: bool = False
    """Nothing comes after it."""


class Watch:
    """One translation that is followed."""

    def __init__(self, text: str, shown: float, pace: Pace = PACE, since: float | None = None):
        """`since` is when this process began to look, where that is later than `shown`."""
        self.text = text
        """As it was seen last, while it was there."""
        self.surveyed: dict[str, str] = {}
        """The text as it was after so many seconds, when it was last `saved`, when it `closed`."""
        self.ended = False
        self._pace, self._shown = pace, shown
        self._began = self._changed = shown if since is None else since
        self._settled = text
        self._kept: str | None = None
        self._saved: float | None = None
        self._gone: float | None = None
        self._closed: float | None = None
        age = self._began - shown
        self._ahead = [each for each in pace.surveys if each > age]

    @property
    def gone(self) -> bool:
        """It is not there at the moment."""
        return self._gone is not None

    @property
    def decided(self) -> bool:
        """Something is known that can be written down."""
        return self.ended or self._kept is not None

    def young(self, now: float) -> bool:
        """Taking it out now would be a refusal."""
        return now - self._shown <= self._pace.regret

    # What is seen

    def seen(self, text: str, now: float) -> None:
        """This stands in its place; nothing but blanks: it is gone."""
        if not text.strip():
            self._gone = now if self._gone is None else self._gone
            return
        back, self._gone = self._gone is not None, None
        if text == self.text:
            if back and self._saved is not None and self._saved > self._changed:
                self._saved = None  # what was saved meanwhile was saved without it
            return
        self.text, self._changed = text, now

    def saved(self, now: float) -> None:
        """Its document was saved."""
        self._saved = now
        if not self.gone:
            self.surveyed["saved"] = self.text

    def closed(self, now: float) -> None:
        """Its document was closed."""
        if self._closed is None:
            self._closed = now
            self.surveyed["closed"] = "" if self.gone else self.text

    def reopened(self) -> None:
        """Its document is open again, perhaps under another name."""
        self._closed = None
        self.surveyed.pop("closed", None)

    # What that means

    def due(self, now: float) -> Decision | None:
        """What is known now and was not told before; ask again until it is None."""
        if self.ended:
            return None
        self._survey(now)
        if self._gone is not None:
            if now < self._gone_for_good(self._gone):
                return None
            return self._end("rejected" if self.young(self._gone) else "reverted")
        if self._closed is not None:
            return self._last() if now >= self._closed + self._pace.reopen else None
        if now >= self._changed + self._pace.settle and (said := self._quiet()):
            return said
        return self._last() if now >= self._until else None

    def lost(self) -> Decision:
        """It is nowhere to be found, which is nobody's refusal."""
        return self._end("ignored" if self._kept is None else "over")

    @property
    def next_due(self) -> float | None:
        """When to ask again, if nothing else happens."""
        return None if self.ended else min(self._times())

    @property
    def _until(self) -> float:
        return self._began + self._pace.surveys[-1]

    def _times(self) -> Iterator[float]:
        yield from (self._shown + each for each in self._ahead[:1])
        if self._gone is not None:
            yield self._gone_for_good(self._gone)
        elif self._closed is not None:
            yield self._closed + self._pace.reopen
        else:
            yield self._until
            if self._fresh or self.text != self._settled:
                yield self._changed + self._pace.settle

    def _gone_for_good(self, gone: float) -> float:
        """Nothing can come back into a closed document."""
        return gone if self._closed is not None else gone + self._pace.grace

    @property
    def _fresh(self) -> bool:
        """Saved as it is, and not told yet."""
        saved = self._saved is not None and self._saved >= self._changed
        return saved and self.text != self._kept

    def _quiet(self) -> Decision | None:
        if self._fresh:
            self._kept = self._settled = self.text
            return Decision("kept", self.text)
        if self.text != self._settled:
            self._settled = self.text
            return Decision("settled", self.text)
        return None

    def _last(self) -> Decision:
        return self._end("kept") if self._fresh else self.lost()

    def _end(self, word: Word) -> Decision:
        self.ended = True
        return Decision(word, self.text, ends=True)

    def _survey(self, now: float) -> None:
        while self._ahead and now >= self._shown + self._ahead[0]:
            self.surveyed[f"{self._ahead.pop(0):g}"] = "" if self.gone else self.text
