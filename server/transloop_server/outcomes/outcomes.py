"""Following every placed translation, from `didChange`, save and close alone.

Everything here is called on the event loop and takes next to no time: comparing code, running it
and writing down what happened are done on threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from transloop_seeds.event import Cancelled, Event, Failed, Shown, Superseded
from transloop_server.documents import Document, Text, path_of
from transloop_server.jobs import Job
from transloop_server.outcomes import watch
from transloop_server.outcomes.about import Maker, about, maker
from transloop_server.outcomes.followed import Followed, of_job, of_pending
from transloop_server.outcomes.following import Following
from transloop_server.outcomes.ledger import Ledger, Scope
from transloop_server.outcomes.settling import Settling
from transloop_server.outcomes.watch import Pace
from transloop_server.session import Session

if TYPE_CHECKING:
    from transloop_seeds.permission import Permission

CLOSE_SECONDS = 2.0
"""For what is decided and not written yet, when the server ends."""


class Outcomes:
    """What becomes of the translations of one session."""

    def __init__(
        self, session: Session, changed: Callable[[Job], None], pace: Pace | None = None
    ) -> None:
        """`changed`: a job's lenses and diagnostics must be shown again."""
        self._session = session
        self._pace = pace or watch.PACE
        self._last: dict[str, Followed] = {}
        """What a job has shown last, also when it is not followed any more."""
        self._ids: dict[str, list[str]] = {}
        """Every translation of a job that something may be written of."""
        self._unlearned: set[str] = set()
        self._restored: set[Path] = set()
        self._ledger = Ledger(self._tell)
        self._settling = Settling(session, self._ledger, changed, self._is_last)
        self._following = Following(session, self._settling, self._hold, self._pace)
        session.trust.watched_by(self._trust_was_said)

    # What happens to a job

    def shown(self, job: Job) -> None:
        """The shown translation of a job was placed; one that was placed before is superseded."""
        if job.placed is None or job.shown >= len(job.found):
            return
        found, now = job.found[job.shown], asyncio.get_running_loop().time()
        scope, document = self._scope(job), self._session.documents.get(job.placed.uri)
        made = about(job, scope.workspace, found)
        fresh = of_job(job, made, scope, document, self._maker(job), self._pace, now)
        self._supersede(job, made.translation)
        self._remember_only(self._session.jobs)
        job.edited, job.final = False, None
        self._last[job.id] = fresh
        self._ids.setdefault(job.id, []).append(made.translation)
        self._following.add(fresh)
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
            self._following.do(self._settling.kept(each, each.watch.text, explicit=True))

    def reject(self, job: Job) -> None:
        """The person refused it. Its text may go now: nobody looks any more."""
        if each := self._given_up(job):
            self._following.do(self._settling.left(each, "rejected", explicit=True))

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
        self._following.opened(document)
        folder = self._session.folder_of(document) or (document.path and document.path.parent)
        if folder and folder not in self._restored:
            self._following.do(self._restore(folder))

    def changed_in(self, document: Document) -> None:
        """A document has changed."""
        self._following.changed_in(document)

    def saved(self, document: Document) -> None:
        """A document was saved."""
        self._following.saved(document)

    def closed(self, document: Document) -> None:
        """A document was closed."""
        self._following.closed(document)

    def renamed(self, old: str, new: str) -> None:
        """A file was renamed; by their URIs."""
        self._following.renamed(old, new)

    # The session

    async def restore(self) -> None:
        """Go on with what servers that have ended left waiting in the open folders."""
        for folder in self._session.folders:
            await self._restore(folder)

    async def close(self) -> None:
        """Write what is decided; what is not waits for the next server."""
        deadline = time.monotonic() + CLOSE_SECONDS
        self._settling.close()
        await self._following.stop(CLOSE_SECONDS / 2)
        await self._ledger.close(deadline - time.monotonic())

    async def _restore(self, folder: Path) -> None:
        if folder in self._restored:
            return
        self._restored.add(folder)
        for held in await self._ledger.take_over(folder):
            uri = held.place.uri
            document = self._session.documents.get(uri)
            source = folder / held.about.source.path if held.about.source.path else None
            paths = tuple(each for each in (source, path_of(uri)) if each)
            scope = Scope(folder, paths, self._session.settings(document).learn)
            each = of_pending(held, scope, self._pace, asyncio.get_running_loop().time())
            self._following.add(each)
            if document:
                self._following.attach(each, document)

    def _trust_was_said(self) -> None:
        if self._settling.waits:
            self._following.do(self._settling.trusted())

    # Which of them

    def _given_up(self, job: Job) -> Followed | None:
        """What a job has shown last, which is not looked at any more."""
        each = self._last.get(job.id)
        if each:
            self._following.drop(each)
        return each

    def _supersede(self, job: Job, by: str) -> None:
        before = self._last.get(job.id)
        if before is None or before.watch.ended:
            return
        if before.watch.gone:  # it was taken out before this one came
            before.watch.closed(asyncio.get_running_loop().time())
            self._following.decide(before)
        else:
            self._write_in_turn(Superseded(before.about, before.draft, by), before)
        self._given_up(job)

    def _remember_only(self, jobs: Iterable[Job]) -> None:
        known = {job.id for job in jobs}
        self._last = {name: each for name, each in self._last.items() if name in known}
        self._ids = {name: each for name, each in self._ids.items() if name in known}

    def _is_last(self, each: Followed) -> bool:
        return each.job is not None and self._last.get(each.job.id) is each

    # Writing

    def _write_in_turn(self, event: Event, each: Followed) -> None:
        """After what is still being found out about it, so that the last word counts."""

        async def later() -> None:
            async with each.turn:
                self._write(event, each)

        if each.turn.locked():
            self._following.do(later())
        else:
            self._write(event, each)

    def _write(self, event: Event, each: Followed) -> None:
        self._ledger.write(event, each.scope, each.maker)

    def _hold(self, each: Followed) -> None:
        if each.path is not None and not each.watch.decided:
            self._ledger.hold(each.held(), each.scope, each.maker)

    def _scope(self, job: Job) -> Scope:
        document = self._session.documents.get(job.uri) or Document(job.uri, "", None, Text(""))
        places = [job.uri, *([job.placed.uri] if job.placed else [])]
        return self._scope_of(document, places, this_run=job.id not in self._unlearned)

    def _scope_of(
        self, document: Document | None, uris: list[str], *, this_run: bool = True
    ) -> Scope:
        paths = tuple(path for path in map(path_of, uris) if path is not None)
        learn = self._session.settings(document).learn
        return Scope(self._session.folder_of(document), paths, learn, this_run)

    def _maker(self, job: Job) -> Maker:
        settings = self._session.settings(self._session.documents.get(job.uri))
        return maker(settings, self._session.adapter)

    def _tell(self, message: str) -> None:
        self._session.editor.tell(message, lsp.MessageType.Warning)
