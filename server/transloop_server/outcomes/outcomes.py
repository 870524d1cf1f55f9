"""Following every placed translation, from `didChange`, save and close alone.

Everything here is called on the event loop and takes next to no time: comparing code, running it
and writing down what happened are done on threads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from transloop_seeds.event import Cancelled, Event, Failed, Shown, Superseded
from transloop_server.documents import Document, path_of
from transloop_server.jobs import Job
from transloop_server.outcomes import watch
from transloop_server.outcomes.about import Maker, about, maker
from transloop_server.outcomes.anchoring import exact, find
from transloop_server.outcomes.followed import Followed, of_job, of_pending
from transloop_server.outcomes.ledger import Ledger, Scope
from transloop_server.outcomes.settling import Settling
from transloop_server.outcomes.watch import Pace
from transloop_server.session import Session

if TYPE_CHECKING:
    from transloop_seeds.permission import Permission

log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""For what is decided and not written yet, when the server ends."""


class Outcomes:
    """What becomes of the translations of one session."""

    def __init__(
        self, session: Session, changed: Callable[[Job], None], pace: Pace | None = None
    ) -> None:
        """`changed`: a job's lenses and diagnostics must be shown again."""
        self._session = session
        self._changed = changed
        self._pace = pace or watch.PACE
        self._followed: list[Followed] = []
        self._last: dict[str, Followed] = {}
        """What a job has shown last, also when it is not followed any more."""
        self._ids: dict[str, list[str]] = {}
        """Every translation of a job that something may be written of."""
        self._unlearned: set[str] = set()
        self._restored: set[Path] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ledger = Ledger(self._tell)
        self._settling = Settling(session, self._ledger, changed, self._is_last)

    # What happens to a job

    def shown(self, job: Job) -> None:
        """The shown translation of a job was placed; one that was placed before is superseded."""
        if job.placed is None or job.shown >= len(job.found):
            return
        found, now = job.found[job.shown], self._now()
        scope, document = self._scope(job), self._session.documents.get(job.placed.uri)
        made = about(job, scope.workspace, found)
        fresh = of_job(job, made, scope, document, self._maker(job), self._pace, now)
        self._supersede(job, made.translation)
        self._remember_only(self._session.jobs)
        job.edited, job.final = False, None
        self._last[job.id] = fresh
        self._ids.setdefault(job.id, []).append(made.translation)
        self._follow(fresh)
        self._hold(fresh)
        self._write(Shown(made, fresh.draft), fresh)

    def ended(self, job: Job) -> None:
        """A job was cancelled, or failed."""
        scope = self._scope(job)
        made = about(job, scope.workspace)
        event = Cancelled(made) if job.state == "cancelled" else Failed(made, job.message)
        self._ids.setdefault(job.id, []).append(made.translation)
        self._ledger.write(event, scope, self._maker(job))

    def accept(self, job: Job) -> None:
        """The person said that it is good as it stands."""
        last = self._last.get(job.id)
        if last and not last.watch.gone and (each := self._given_up(job)):
            self._do(self._settling.kept(each, each.watch.text, explicit=True))

    def reject(self, job: Job) -> None:
        """The person refused it. Its text may go now: nobody looks any more."""
        if each := self._given_up(job):
            self._do(self._settling.left(each, "rejected", explicit=True))

    def forget_run(self, job: Job) -> None:
        """Do not learn from this job: nothing more is written of it, and what was is forgotten."""
        self._unlearned.add(job.id)
        if each := self._last.get(job.id):
            each.scope = replace(each.scope, this_run=False)
        self._ledger.unlearn(self._ids.pop(job.id, []))

    def allowed(self, about: Job | Document) -> Permission:
        """How much may be kept of a job, or of what is in a document, and why not more."""
        scope = self._scope(about) if isinstance(about, Job) else self._scope_of(about, [about.uri])
        return scope.permission()

    # What happens to documents

    def opened(self, document: Document) -> None:
        """A document was opened, perhaps after it was renamed, perhaps after a restart."""
        now = self._now()
        for each in self._followed:
            if each.document is None and self._may_be_in(each, document):
                self._attach(each, document, now)
        folder = self._session.folder_of(document) or (document.path and document.path.parent)
        if folder and folder not in self._restored:
            self._do(self._restore(folder))
        self._wake()

    def changed_in(self, document: Document) -> None:
        """A document has changed."""
        now = self._now()
        for each in self._followed:
            if each.document is document:
                each.look(now)
                if each.lost is not None and not each.searching:
                    self._do(self._search(each, document))
                self._settling.note(each)
        self._wake()

    def saved(self, document: Document) -> None:
        """A document was saved."""
        now = self._now()
        for each in self._followed:
            if each.document is document:
                each.watch.saved(now)
                self._hold(each)
        self._wake()

    def closed(self, document: Document) -> None:
        """A document was closed."""
        now = self._now()
        for each in self._followed:
            if each.document is document:
                each.detach()
                each.watch.closed(now)
                if each.mark is None:
                    self._do(self._look_at_disk(each))
        self._wake()

    def renamed(self, old: str, new: str) -> None:
        """A file was renamed."""
        now, was = self._now(), path_of(old)
        for each in self._followed:
            if each.uri == old or (was is not None and each.path == was):
                each.detach()
                each.uri, each.on_disk = new, False
                if document := self._session.documents.get(new):
                    self._attach(each, document, now)
        self._wake()

    # The session

    async def restore(self) -> None:
        """Go on with what servers that have ended left waiting in the open folders."""
        for folder in self._session.folders:
            await self._restore(folder)

    async def close(self) -> None:
        """Write what is decided; what is not waits for the next server."""
        deadline = time.monotonic() + CLOSE_SECONDS
        if self._timer:
            self._timer.cancel()
        self._settling.closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS / 2)
        for each in self._followed:
            self._hold(each)
        self._followed.clear()
        await self._ledger.close(deadline - time.monotonic())

    # Following

    def _follow(self, each: Followed) -> None:
        self._followed.append(each)
        self._wake()

    def _drop(self, each: Followed) -> None:
        each.detach()
        if each in self._followed:
            self._followed.remove(each)

    def _given_up(self, job: Job) -> Followed | None:
        """What a job has shown last, which is not looked at any more."""
        each = self._last.get(job.id)
        if each:
            each.watch.ended = True
            self._drop(each)
        return each

    def _supersede(self, job: Job, by: str) -> None:
        before = self._last.get(job.id)
        if before is None or before.watch.ended:
            return
        if before.watch.gone:  # it was taken out before this one came
            before.watch.closed(self._now())
            self._decide(before)
        else:
            self._write(Superseded(before.about, before.draft, by), before)
        self._given_up(job)

    def _remember_only(self, jobs: Iterable[Job]) -> None:
        known = {job.id for job in jobs}
        self._last = {name: each for name, each in self._last.items() if name in known}
        self._ids = {name: each for name, each in self._ids.items() if name in known}

    def _is_last(self, each: Followed) -> bool:
        return each.job is not None and self._last.get(each.job.id) is each

    def _may_be_in(self, each: Followed, document: Document) -> bool:
        """The same file, or one that has its text while its own file is gone."""
        path = each.path
        if each.uri == document.uri or (path is not None and path == document.path):
            return True
        if each.asleep or path is None or path.exists():
            return False
        return exact(document.text.text, each.watch.text, 0) is not None

    def _attach(self, each: Followed, document: Document, now: float) -> None:
        """Go on in a document that was opened."""
        if each.mark is None:
            self._goes_on(each, document, None, now)
        elif span := exact(document.text.text, each.watch.text, each.near):
            self._goes_on(each, document, span, now)
        else:
            self._do(self._search(each, document))

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
            self._do(self._look_at_disk(each))

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
            self._goes_on(each, document, span, self._now() if each.lost is None else each.lost)
        else:
            self._drop(each)
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
        if each.mark is None and due is not None and each.watch.young(self._now()):
            return min(due, self._now() + self._pace.grace)
        return due

    def _look(self) -> None:
        self._timer = None
        for each in [each for each in self._followed if not each.asleep]:
            if each.mark is None:
                self._do(self._look_at_disk(each))
            else:
                self._decide(each)
        self._wake()

    def _decide(self, each: Followed) -> None:
        while decision := each.watch.due(self._now()):
            if decision.ends:
                self._drop(each)
            match decision.word:
                case "settled":
                    self._hold(each)
                    self._do(self._settling.settled(each, decision.text))
                case "kept":
                    self._do(self._settling.kept(each, decision.text))
                case word:
                    self._do(self._settling.left(each, word))

    async def _look_at_disk(self, each: Followed) -> None:
        """A file of ours that was there and is deleted has vanished; what is on it was saved."""
        path, text = each.path, each.watch.text
        there, saved = await asyncio.to_thread(_on_disk, path, text)
        if each.watch.ended:
            return
        now = self._now()
        if each.mark is None:
            if each.on_disk and not there:
                each.vanished(now)
            each.on_disk = there
        if each.restored and saved and not each.watch.gone:
            each.restored = False
            if each.was_kept:
                each.watch.saved(now)
        self._decide(each)
        self._wake()

    async def _restore(self, folder: Path) -> None:
        if folder in self._restored:
            return
        self._restored.add(folder)
        now = self._now()
        for held in await self._ledger.take_over(folder):
            uri = held.place.uri
            document = self._session.documents.get(uri)
            settings = self._session.settings(document)
            source = folder / held.about.source.path if held.about.source.path else None
            paths = tuple(each for each in (source, path_of(uri)) if each)
            each = of_pending(held, Scope(folder, paths, settings.learn), self._pace, now)
            self._follow(each)
            if document:
                self._attach(each, document, now)

    # Writing

    def _write(self, event: Event, each: Followed) -> None:
        self._ledger.write(event, each.scope, each.maker)

    def _hold(self, each: Followed) -> None:
        if each.path is not None and not each.watch.decided:
            self._ledger.hold(each.held(), each.scope, each.maker)

    def _scope(self, job: Job) -> Scope:
        document = self._session.documents.get(job.uri)
        places = [job.uri, *([job.placed.uri] if job.placed else [])]
        return self._scope_of(document, places, this_run=job.id not in self._unlearned)

    def _scope_of(
        self, document: Document | None, uris: list[str], *, this_run: bool = True
    ) -> Scope:
        paths = tuple(path for path in map(path_of, uris) if path is not None)
        learn = self._session.settings(document).learn
        return Scope(self._session.folder_of(document), paths, learn, this_run)

    def _maker(self, job: Job) -> Maker:
        return maker(self._session.settings(self._session.documents.get(job.uri)))

    def _tell(self, message: str) -> None:
        self._session.editor.tell(message, lsp.MessageType.Warning)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("following a translation has a bug", exc_info=error)

    @staticmethod
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
