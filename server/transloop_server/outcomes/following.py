"""All translations that are followed at the moment, and the documents that they stand in.

There is one timer, for whichever is due next, and none while there is nothing to follow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

from transloop_server.documents import Document, path_of
from transloop_server.outcomes.anchoring import exact, find
from transloop_server.outcomes.followed import Followed
from transloop_server.outcomes.settling import Settling
from transloop_server.outcomes.watch import Pace
from transloop_server.session import Session

log = logging.getLogger(__name__)


class Following:
    """Tells each what happens to its document, and has done what it decides."""

    def __init__(
        self, session: Session, settling: Settling, hold: Callable[[Followed], None], pace: Pace
    ) -> None:
        """`hold` keeps one for the next server, as it stands now."""
        self._session = session
        self._settling = settling
        self._hold = hold
        self._pace = pace
        self._followed: list[Followed] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[Followed]:
        return iter(self._followed)

    def add(self, each: Followed) -> None:
        """Follow one from now on."""
        self._followed.append(each)
        self._wake()

    def drop(self, each: Followed) -> None:
        """Follow one no further."""
        each.watch.ended = True
        each.detach()
        if each in self._followed:
            self._followed.remove(each)

    def do(self, work: Coroutine[None, None, None]) -> None:
        """Do it beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("following a translation has a bug", exc_info=error)

    async def stop(self, seconds: float) -> None:
        """Finish what is being done, and follow nothing any more."""
        if self._timer:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for each in self._followed:
            self._hold(each)
        self._followed.clear()

    # Documents

    def opened(self, document: Document) -> None:
        """A document was opened, perhaps after it was renamed, perhaps after a restart."""
        for each in self._followed:
            if each.document is None and self._may_be_in(each, document):
                self.attach(each, document)
        self._wake()

    def changed_in(self, document: Document) -> None:
        """A document has changed."""
        now = _now()
        for each in self._followed:
            if each.document is document:
                each.look(now)
                if each.lost is not None and not each.searching:
                    self.do(self._search(each, document))
                self._settling.note(each)
        self._wake()

    def saved(self, document: Document) -> None:
        """A document was saved."""
        now = _now()
        for each in self._followed:
            if each.document is document:
                each.watch.saved(now)
                self._hold(each)
        self._wake()

    def closed(self, document: Document) -> None:
        """A document was closed."""
        now = _now()
        for each in self._followed:
            if each.document is document:
                each.detach()
                each.watch.closed(now)
                if each.mark is None:
                    self.do(self._look_at_disk(each))
        self._wake()

    def renamed(self, old: str, new: str) -> None:
        """A file was renamed."""
        was = path_of(old)
        for each in self._followed:
            if each.uri == old or (was is not None and each.path == was):
                each.detach()
                each.uri, each.on_disk = new, False
                if document := self._session.documents.get(new):
                    self.attach(each, document)
        self._wake()

    def _may_be_in(self, each: Followed, document: Document) -> bool:
        """The same file, or one that has its text while its own file is gone."""
        path = each.path
        if each.uri == document.uri or (path is not None and path == document.path):
            return True
        if each.asleep or path is None or path.exists():
            return False
        return exact(document.text.text, each.watch.text, 0) is not None

    def attach(self, each: Followed, document: Document) -> None:
        """Go on in a document that was opened."""
        now = _now()
        if each.mark is None:
            self._goes_on(each, document, None, now)
        elif span := exact(document.text.text, each.watch.text, each.near):
            self._goes_on(each, document, span, now)
        else:
            self.do(self._search(each, document))

    def _goes_on(
        self, each: Followed, document: Document, span: tuple[int, int] | None, now: float
    ) -> None:
        each.attach(document)
        each.watch.reopened()
        if span:
            each.stands_at(span, now)
        else:
            each.look(now)
        self._settling.note(each)
        if each.restored:
            self.do(self._look_at_disk(each))

    async def _search(self, each: Followed, document: Document) -> None:
        """Find it in a document whose text was replaced; what stands nowhere was not refused."""
        each.searching = True
        version, span = None, None
        while document.version != version:  # it may be edited meanwhile
            version, text = document.version, document.text.text
            wanted = (each.watch.text, each.near, each.before, each.after)
            span = await asyncio.to_thread(find, text, *wanted)
            there = self._session.documents.get(document.uri) is document
            if each.watch.ended or not there or each.document not in (None, document):
                each.searching = False
                return
        each.searching = False
        if span:
            # Its text came to be at that edit, though it is found now: a save may have followed.
            self._goes_on(each, document, span, _now() if each.lost is None else each.lost)
        else:
            self.drop(each)
            await self._settling.left(each, each.watch.lost().word)
        self._wake()

    # Time

    def _wake(self) -> None:
        """Look again when the next of them is due; not at all while there is none."""
        times = [self._next_look(each) for each in self._followed if not each.asleep]
        due = min((each for each in times if each is not None), default=None)
        if self._timer and (due is None or due < self._timer.when()):
            self._timer.cancel()
            self._timer = None
        if due is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _next_look(self, each: Followed) -> float | None:
        due = each.watch.next_due
        if each.mark is None and due is not None and each.watch.young(_now()):
            return min(due, _now() + self._pace.grace)
        return due

    def _look(self) -> None:
        self._timer = None
        for each in [each for each in self._followed if not each.asleep]:
            if each.mark is None:
                self.do(self._look_at_disk(each))
            else:
                self.decide(each)
        self._wake()

    def decide(self, each: Followed) -> None:
        """Have done what is due."""
        while decision := each.watch.due(_now()):
            if decision.ends:
                self.drop(each)
            match decision.word:
                case "settled":
                    self._hold(each)
                    self.do(self._settling.settled(each, decision.text))
                case "kept":
                    self.do(self._settling.kept(each, decision.text))
                case word:
                    self.do(self._settling.left(each, word))

    async def _look_at_disk(self, each: Followed) -> None:
        """A file of ours that was there and is deleted has vanished; what is on it was saved."""
        path, text = each.path, each.watch.text
        there, saved = await asyncio.to_thread(_on_disk, path, text)
        if each.watch.ended:
            return
        now = _now()
        if each.mark is None:
            if each.on_disk and not there:
                each.vanished(now)
            each.on_disk = there
        if each.restored and saved and not each.watch.gone:
            each.restored = False
            if each.was_kept:
                each.watch.saved(now)
        self.decide(each)
        self._wake()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _on_disk(path: Path | None, text: str) -> tuple[bool, bool]:
    """Whether a file is there, and whether it holds a text."""
    try:
        found = path.read_bytes().decode("utf-8", "replace") if path else ""
    except FileNotFoundError:
        return False, False
    except OSError:
        return True, False
    return path is not None, exact(found, text, 0) is not None
