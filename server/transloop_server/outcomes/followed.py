"""One translation that is followed: what it is, where it stands, and what was seen of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from transloop_seeds.event import About
from transloop_server.documents import Document, path_of
from transloop_server.jobs import Job, Placed
from transloop_server.outcomes.about import Maker
from transloop_server.outcomes.anchoring import LIKE, Mark, around, exact, like, undone
from transloop_server.outcomes.ledger import Held, Scope
from transloop_server.outcomes.watch import Pace, Watch
from transloop_syntax.language import Language, language
from transloop_syntax.layout import dedent
from transloop_translate.translation import Translation

if TYPE_CHECKING:
    from transloop_seeds.pending import Pending

LEFT = 0.5
"""With less of its length than this, it is looked whether an undo took it."""


@dataclass(eq=False)
class Followed:
    """A translation on its way to an outcome."""

    about: About
    draft: str
    """As the model wrote it."""
    target: Language
    watch: Watch
    uri: str
    scope: Scope
    since: float
    """When it was shown, in seconds since 1970."""
    mark: Mark | None
    """None: it is a file of its own."""
    maker: Maker | None = None
    job: Job | None = None
    """None: another server placed it, which has ended."""
    found: Translation | None = None
    final: Translation | None = None
    """What the person has made of it, when that was run last."""
    lead: str = ""
    replaced: str = ""
    before: str = ""
    after: str = ""
    """What stands around it, without what was put before it with it."""
    document: Document | None = None
    """None while it is not open."""
    on_disk: bool = False
    """Its file was seen on the disk."""
    asleep: bool = False
    """It waits for its document to be opened."""
    lost: float | None = None
    """Since when it must be searched for: its document was replaced as a whole, perhaps."""
    searching: bool = False
    others: int = 0
    """How often the same text stands in the document while it is gone."""
    known: str = ""
    """The text that is placed or was run again: its verdict is known."""
    restored: bool = False
    """It was placed by another server, and is not yet known to be on the disk."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """What happens to it is written in order."""

    @property
    def path(self) -> Path | None:
        """The file it stands in."""
        return path_of(self.uri)

    @property
    def near(self) -> int:
        """About where it begins."""
        return self.mark.start if self.mark else 0

    def attach(self, document: Document) -> None:
        """Its document is open."""
        self.document, self.uri, self.asleep = document, document.uri, False
        if self.mark and self.mark not in document.anchors:
            document.anchors.append(self.mark)

    def detach(self) -> None:
        """Its document is closed, or nobody looks any more."""
        if self.document and self.mark in self.document.anchors:
            self.document.anchors.remove(self.mark)
        self.document = None

    def look(self, now: float) -> None:
        """See what stands there now; `lost` says that it must be searched for."""
        if self.document is None:
            return
        text, mark = self.document.text.text, self.mark
        if mark is None:
            self.watch.seen(text.rstrip(), now)
        elif not mark.touched and not self.watch.gone:
            return
        elif self.watch.gone:
            self._come_back(mark, text, now)
        elif mark.astray:
            self._astray(mark, text, now)
        else:
            self._in_place(mark, text, now)

    def stands_at(self, span: tuple[int, int], now: float) -> None:
        """It stands here."""
        if self.document and self.mark:
            text = self.document.text.text
            self.mark.put(span)
            if self.job and self.job.placed and self.job.placed.anchor:
                self.job.placed.anchor.start, self.job.placed.anchor.end = span
            self.lost = None
            self._remember(self.mark, text)
            self.watch.seen(text[slice(*span)].rstrip(), now)

    def vanished(self, now: float) -> None:
        """It stands nowhere in its document."""
        self.lost = None
        self.watch.seen("", now)
        if self.document and self.mark:
            self.mark.put((self.mark.start, self.mark.start))
            self.others = self.document.text.text.count(self.watch.text)

    def _in_place(self, mark: Mark, text: str, now: float) -> None:
        mark.touched = False
        mark.trim(text)
        span = text[mark.start : mark.end].rstrip()
        short = len(span) < LEFT * len(self.watch.text)
        if not span or span == self.replaced or (short and self._undone(text)):
            self.vanished(now)
            return
        self._remember(mark, text)
        self.watch.seen(span, now)

    def _astray(self, mark: Mark, text: str, now: float) -> None:
        """After an edit that went beyond it."""
        if self._undone(text):
            self.vanished(now)
        elif span := exact(text, self.watch.text, mark.start):
            self.stands_at(span, now)
        else:
            self.lost = now

    def _come_back(self, mark: Mark, text: str, now: float) -> None:
        """After an edit while it is gone."""
        was = self.watch.text
        if text.count(was) > self.others and (span := exact(text, was, mark.start)):
            self.stands_at(span, now)
            return
        there = text[mark.start : mark.end]
        if mark.astray and len(there) <= 2 * len(was) and like(was, there) >= LIKE:
            self.stands_at((mark.start, mark.end), now)
            return
        mark.put((mark.start, mark.start))

    def _undone(self, text: str) -> bool:
        return undone(text, self.near, self.before, self.replaced, self.after)

    def _remember(self, mark: Mark, text: str) -> None:
        self.before, self.after = around(text, mark.start - len(self.lead), mark.end)

    @property
    def was_kept(self) -> bool:
        """What is found on the disk was put there by the person: this we may have written."""
        return self.mark is not None or self.code(self.watch.text) != self.draft

    def held(self) -> Held:
        """As it is kept for the next server, where this one ends before it settles."""
        text = self.watch.text
        start, end = (self.mark.start, self.mark.end) if self.mark else (0, len(text))
        around = (self.before, self.after)
        return Held(self.about, self.draft, self.since, self.uri, start, end, text, *around)

    def code(self, text: str) -> str:
        """What stood there as code of its own: plain line ends, without what placing added."""
        plain = text.replace("\r\n", "\n").strip("\n").lstrip("\ufeff")
        return dedent(plain)[0] if self.mark else plain


def of_job(
    job: Job,
    about: About,
    scope: Scope,
    document: Document | None,
    maker: Maker,
    pace: Pace,
    now: float,
) -> Followed:
    """What a job has placed just now."""
    placed, found = job.placed or Placed(job.uri, ""), job.found[job.shown]
    anchor, text = placed.anchor, placed.text
    if document and anchor:
        text = document.text.text[anchor.start : anchor.end]
    each = Followed(
        about,
        found.code,
        job.work.target,
        Watch(text.rstrip(), now, pace),
        placed.uri,
        scope,
        time.time(),
        Mark(anchor.start, anchor.end, len(placed.lead)) if anchor else None,
        maker,
        job,
        found,
        lead=placed.lead,
        replaced=placed.replaced.rstrip(),
        known=text.rstrip(),
    )
    if document:
        each.attach(document)
    if anchor:  # a file of its own may still be empty in the editor
        each.look(now)
    return each


def of_pending(held: Pending, scope: Scope, pace: Pace, now: float) -> Followed:
    """What another server has placed; it waits for its document."""
    place, target = held.place, language(held.about.target or held.about.source.language)
    whole = place.start == 0 and not place.before and not place.after
    age = max(0.0, time.time() - held.since)
    return Followed(
        held.about,
        held.draft,
        target,
        Watch(place.text, now - age, pace, since=now),
        place.uri,
        scope,
        held.since,
        None if whole else Mark(place.start, place.end),
        before=place.before,
        after=place.after,
        known=place.text,
        asleep=True,
        restored=True,
    )
