"""From the click to the text in the editor: a unit is translated, run, and placed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from lsprotocol import types as lsp

from transloop_model import serving
from transloop_server import placement
from transloop_server.afterwards import Afterwards
from transloop_server.diagnostics import Diagnostics
from transloop_server.documents import Anchor, Document
from transloop_server.jobs import Job
from transloop_server.outcomes.outcomes import Outcomes
from transloop_server.placing import STALE, UNANSWERED, Placer
from transloop_server.running import Runs
from transloop_server.session import Session
from transloop_settings.errors import ModelMissing, TransloopError, UsageError
from transloop_settings.settings import Placement
from transloop_syntax.language import Language, language, languages
from transloop_syntax.outline import detect
from transloop_syntax.unit import Unit, snippet, unit_at
from transloop_translate.translation import Progress, Report, Translation, Work, translate

log = logging.getLogger(__name__)

SURE = 0.6
"""Share of the evidence from which a pasted snippet's language is not asked for."""

LINE = 60
"""Characters of what is being written in a progress message."""

Steps = Callable[[Report], Awaitable[str]]
"""What a job does; the answer says in words what was done."""


class Flow:
    """The use-cases of the language server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.editor = session.editor
        self.placer = Placer(session)
        self.diagnostics = Diagnostics(session)
        self.outcomes = Outcomes(session, self.refresh)
        self.after = Afterwards(self)

    # Beginning

    def start(
        self,
        uri: str,
        chosen: lsp.Range,
        target: Language,
        place: Placement | None = None,
        signature: str | None = None,
    ) -> Job:
        """Translate the unit around a selection into `target`.

        Raises:
            UnitError, UsageError: there is nothing to translate, and why.
        """
        document = self.session.documents[uri]
        start, end = document.text.offset(chosen.start), document.text.offset(chosen.end)
        unit = unit_at(document.source(), start, end)
        if target.id == unit.language:
            raise UsageError(f"This is {target.name} already.", "Choose another language.")
        settings = self.session.settings(document)
        where = place or settings.placement
        if where == "beside":
            self._require_place_beside(document, unit, target)
        self.session.used(target.id)
        return self._begin(document, unit, target, where, signature)

    async def choose(
        self, uri: str, chosen: lsp.Range, targets: Sequence[str], place: Placement | None = None
    ) -> Job | None:
        """Ask for the language, then translate."""
        document = self.session.documents[uri]
        known = [languages()[target] for target in targets if target in languages()]
        by_name = {each.name: each for each in known if each != document.language}
        start, end = document.text.offset(chosen.start), document.text.offset(chosen.end)
        with _following(document, Anchor(start, end)) as anchor:
            answer = await self.editor.ask("Translate to which language?", list(by_name))
        if answer is None:
            return None
        moved = document.text.range(anchor.start, anchor.end)
        return self.start(uri, moved, by_name[answer], place)

    async def bring(self, uri: str, chosen: lsp.Range, source: str | None = None) -> Job | None:
        """Translate a pasted snippet of another language into the document's language, in place."""
        document = self.session.documents[uri]
        target = document.source().language
        with _following(document, Anchor(*document.text.lines(chosen))) as anchor:
            lines = document.text.text[anchor.start : anchor.end]
            known = source or await self._language_of(lines, target)
        return self.bring_lines(document, anchor, language(known)) if known else None

    def bring_lines(self, document: Document, lines: Anchor, source: Language) -> Job:
        """Translate whole lines of a document, which are in another language, in place."""
        start, end = lines.start, lines.end
        unit = snippet(document.text.text[start:end], source)
        target = document.source().language
        return self._begin(document, replace(unit, start=start, end=end), target, "replace", None)

    async def _language_of(self, lines: str, target: Language) -> str | None:
        if not lines.strip():
            raise UsageError("Select the lines that should be translated.")
        guesses = detect(lines, exclude=(target.id,))
        if guesses and guesses[0][1] >= SURE:
            return guesses[0][0]
        likely = [name for name, _ in guesses] or [
            name for name in languages() if name != target.id
        ]
        by_name = {language(name).name: name for name in likely}
        chosen = await self.editor.ask("Which language is the selection?", list(by_name))
        return by_name.get(chosen) if chosen else None

    def _begin(
        self,
        document: Document,
        unit: Unit,
        target: Language,
        where: Placement,
        signature: str | None,
    ) -> Job:
        settings = self.session.settings(document)
        anchor = Anchor(unit.start, unit.end)
        document.anchors.append(anchor)
        pasted = unit.language != _id(document)
        work = Work(unit, target, settings.sampling, signature, document.uri, imports=not pasted)
        original = document.text.text[unit.start : unit.end]
        text = unit.code if pasted else _plain(document.text.text)
        job = Job(self.session.jobs.next_id(), document.uri, original, anchor, work, where, text)
        for forgotten in self.session.jobs.add(job):
            self._let_go(forgotten)
        self.run(job, self.translating(job))
        return job

    def _let_go(self, job: Job) -> None:
        self.placer.let_go(job)
        document = self.document(job)
        if document and job.anchor in document.anchors:
            document.anchors.remove(job.anchor)

    def _require_place_beside(self, document: Document, unit: Unit, target: Language) -> None:
        """Say before the work, not after it, that there is no place for its result."""
        if document.path is None:
            raise UsageError(
                "This document is not a file yet, so nothing can be put beside it.",
                "Save it first, or set `placement` to below or replace.",
            )
        placement.file_beside(document.path, unit, target)

    # Running

    def run(self, job: Job, steps: Steps) -> None:
        """Do `steps` for a job, with progress, and end it in one of the known states."""
        job.state, job.message, job.offered = "running", "", False
        shown = self.editor.progress(job.title, lambda: self.cancel(job))

        def report(progress: Progress) -> None:
            before, job.progress = job.progress, progress
            shown.report(_told(progress), at_once=progress.stage != before.stage)
            if progress.text not in ("", before.text):
                self.editor.stream(job.id, progress.text)

        async def run() -> None:
            try:
                with serving.mark():
                    job.message = await steps(report)
                job.state = "done"
            except ModelMissing as error:
                job.state, job.message = "failed", str(error)
                self.editor.later(self.after.without_model(job))
            except TransloopError as error:
                job.state, job.message = "failed", str(error)
                self.editor.tell(job.message, lsp.MessageType.Error)
            except Exception as error:
                job.state = "failed"
                job.message = f"transloop has a bug: {type(error).__name__}: {error}"
                log.exception("job %s", job.id)
                self.editor.tell(f"{job.message}. See the server's log.", lsp.MessageType.Error)

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled():  # perhaps before its first step, so `run` cannot say it
                job.state, job.message = "cancelled", "Cancelled; nothing was changed."
            if not shown.end(job.message) and job.state == "done" and not job.offered:
                self.editor.tell(job.message)
            if job.placed is None and job.state in ("cancelled", "failed"):
                self.outcomes.ended(job)
            self.refresh(job)

        job.task = asyncio.get_running_loop().create_task(run())
        job.task.add_done_callback(ended)
        self.refresh(job)

    def translating(self, job: Job) -> Steps:
        """Translate its unit, run both sides where that is allowed, and place the best."""

        async def steps(report: Report) -> str:
            engine = await self.session.engine(self.session.settings(self.document(job)))
            if runs := self.runs(job):
                found = await runs.deliver(engine, report)
            else:
                found = await translate(engine, job.work, report)
                job.found.append(found)
                job.shown = len(job.found) - 1
            self.session.today.count(found.verdict.verdict if found.verdict else None)
            return await self.put(job, found)

        return steps

    def runs(self, job: Job) -> Runs | None:
        """How the job's translations are run; None: they are not.

        Where nobody has said whether the code may be run, people are asked, and this job goes on
        without: nobody waits for an answer.
        """
        document = self.document(job)
        settings = self.session.settings(document)
        if settings.verify.mode == "off" or document is None:
            return None
        trusted = self.session.trusted(document)
        if trusted is None:
            self.editor.later(self.session.ask_for_trust(document))
        return Runs(job, settings.verify, self.session.sandbox(settings)) if trusted else None

    def cancel(self, job: Job) -> bool:
        """Stop a job; False when it ends already, or when its text is on the way to the editor."""
        if job.state != "running" or job.placing or job.task is None or job.task.cancelling():
            return False
        return job.task.cancel()

    # Placing

    async def put(self, job: Job, found: Translation) -> str:
        """Put a translation where it belongs, or offer it again."""
        outcome = await self.placer.place(job, found)
        if outcome.placed:
            self.placed(job)
            return outcome.message
        self.after.offer(job, outcome.message)
        known = outcome.message in (STALE, UNANSWERED)  # they say what became of the text
        return outcome.message if known else f"Not inserted. {outcome.message}"

    def placed(self, job: Job) -> None:
        """The person has a translation before them: what becomes of it is followed from here."""
        job.edited, job.final, job.decided = False, None, False
        for other in self.session.jobs.covered_by(job):
            self.placer.let_go(other)
            other.placed = None
        self.outcomes.shown(job)
        self.editor.later(self.session.ask_to_learn(self.document(job)))

    def refresh(self, job: Job) -> None:
        """Lenses and diagnostics of a job say what is true now."""
        self.editor.refresh_lenses()
        self.diagnostics.show(job)

    def document(self, job: Job) -> Document | None:
        """The document that its source is in, while it is open."""
        return self.session.documents.get(job.uri)


@contextmanager
def _following(document: Document, anchor: Anchor) -> Iterator[Anchor]:
    """Let an anchor move with a document's edits while somebody thinks about a question."""
    document.anchors.append(anchor)
    try:
        yield anchor
    finally:
        document.anchors.remove(anchor)


def _id(document: Document) -> str | None:
    return document.language.id if document.language else None


def _told(progress: Progress) -> str:
    """For plain editors, with the line that was written last."""
    line = progress.text.rstrip().rpartition("\n")[2].strip()
    written = f" | {line[:LINE]}" if line and progress.stage == "writing" else ""
    return f"{progress}{written}"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
