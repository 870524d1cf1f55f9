"""What happens to a job: translate, place, offer again when placing failed, show alternatives.

Nothing of the user's is overwritten unseen: an edit is sent only while the text that it replaces
is still the text that was translated, or the text that we placed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris

from transloop_server import edits, placement
from transloop_server.documents import Anchor, Document
from transloop_server.editor import Applied
from transloop_server.jobs import Job, Placed
from transloop_server.session import Session
from transloop_server.translation import Progress, Translation, Work, alternatives, translate
from transloop_settings.errors import TransloopError, UsageError
from transloop_settings.settings import Placement
from transloop_syntax.language import Language, language
from transloop_syntax.layout import eol_of, reindent
from transloop_syntax.outline import detect
from transloop_syntax.unit import Unit, snippet, unit_at

log = logging.getLogger(__name__)

AGAIN, BELOW, NEW_FILE = "Translate again", "Insert it below", "Put it in a new file"
SURE = 0.6
"""Share of the evidence from which a pasted snippet's language is not asked for."""


class Flow:
    """The use-cases of the language server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.editor = session.editor
        self._questions: set[asyncio.Task[None]] = set()

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

    async def bring(self, uri: str, chosen: lsp.Range, source: str | None = None) -> Job | None:
        """Translate a pasted snippet of another language into the document's language, in place."""
        document = self.session.documents[uri]
        target = document.source().language
        text = document.text
        first, last = chosen.start.line, chosen.end.line
        if chosen.end.character == 0 and last > first:
            last -= 1  # a selection of whole lines ends at the start of the next one
        start = text.starts[min(first, len(text.starts) - 1)]
        end = text.line_end(min(last, len(text.starts) - 1))
        lines = text.text[start:end]
        known = source or await self._language_of(lines, target)
        if known is None:
            return None
        unit = replace(snippet(lines, language(known)), start=start, end=end)
        return self._begin(document, unit, target, "replace", None)

    async def _language_of(self, lines: str, target: Language) -> str | None:
        guesses = detect(lines, exclude=(target.id,))
        if guesses and guesses[0][1] >= SURE:
            return guesses[0][0]
        by_name = {language(id_).name: id_ for id_, _ in guesses}
        if not by_name:
            raise UsageError("Select the lines that should be translated.")
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
        work = Work(unit, target, settings.sampling, signature, owner=document.uri)
        original = document.text.text[unit.start : unit.end]
        job = Job(self.session.jobs.next_id(), document.uri, original, anchor, work, where)
        for forgotten in self.session.jobs.add(job):
            self._let_go(forgotten)
        self._run(job, self._translate(job))
        return job

    def _let_go(self, job: Job) -> None:
        for uri, anchor in (
            (job.uri, job.anchor),
            (job.placed and job.placed.uri, job.placed and job.placed.anchor),
        ):
            document = self.session.documents.get(uri) if uri else None
            if document and anchor in document.anchors:
                document.anchors.remove(anchor)

    def _require_place_beside(self, document: Document, unit: Unit, target: Language) -> None:
        """Say before the work, not after it, that there is no place for its result."""
        if document.path is None:
            raise UsageError(
                "This document is not a file yet, so nothing can be put beside it.",
                "Save it first, or set `placement` to below or replace.",
            )
        placement.file_beside(document.path, unit, target)

    # Running

    def _run(self, job: Job, steps: object) -> None:
        """Do `steps` for a job, with progress, and end it in one of the known states."""
        job.state, job.message = "running", ""
        shown = self.editor.progress(job.title, lambda: self.cancel(job))

        def report(progress: Progress) -> None:
            job.progress = progress
            shown.report(str(progress))

        async def run() -> None:
            try:
                job.message = await steps(report)  # type: ignore[operator]
                job.state = "done"
            except asyncio.CancelledError:
                job.state, job.message = "cancelled", "Cancelled; nothing was changed."
            except TransloopError as error:
                job.state, job.message = "failed", str(error)
                self.editor.tell(job.message, lsp.MessageType.Error)
            except Exception as error:
                job.state = "failed"
                job.message = f"transloop has a bug: {type(error).__name__}: {error}"
                log.exception("job %s", job.id)
                self.editor.tell(f"{job.message}. See the server's log.", lsp.MessageType.Error)
            finally:
                if not shown.end(job.message) and job.state == "done":
                    self.editor.tell(job.message)
                self.editor.refresh_lenses()

        job.task = asyncio.get_running_loop().create_task(run())
        self.editor.refresh_lenses()

    def _translate(self, job: Job) -> object:
        async def steps(report: object) -> str:
            engine = await self.session.engine(self.session.settings(self._document(job)))
            found = await translate(engine, job.work, report)  # type: ignore[arg-type]
            job.found.append(found)
            job.shown = len(job.found) - 1
            return await self._place(job, found)

        return steps

    def cancel(self, job: Job) -> bool:
        """Stop a job; False when it has ended, or when its text is on the way to the editor."""
        if job.state != "running" or job.placing or job.task is None:
            return False
        job.task.cancel()
        return True

    # Placing

    async def _place(self, job: Job, found: Translation) -> str:
        """Put a translation where it belongs, or offer it again."""
        job.placing = True
        try:
            document = self._document(job)
            if job.placement == "beside" or document is None:
                return await self._place_in_file(job, found)
            now = document.text.text[job.anchor.start : job.anchor.end]
            if now != job.original:
                self._offer(job, "The code changed while it was translated; nothing was inserted.")
                return "Not inserted: the code changed meanwhile."
            return await self._place_in_document(job, found, document)
        finally:
            job.placing = False

    async def _place_in_document(self, job: Job, found: Translation, document: Document) -> str:
        unit = replace(found.unit, start=job.anchor.start, end=job.anchor.end)
        settings = self.session.settings(document)
        inserted = placement.insertion(
            document.text.text,
            unit,
            found.code,
            language(unit.language),
            job.work.target,
            below=job.placement == "below",
            keep_original=settings.keep_original,
        )
        edit = edits.change(
            self.editor.client, document, inserted.start, inserted.end, inserted.text
        )
        if not await self._sent(job, edit, document.uri):
            return "Not inserted: the editor did not take the edit."
        end = inserted.code_at + inserted.code_length
        self._placed(job, document, inserted.code_at, end)
        return _done(found)

    async def _sent(self, job: Job, edit: lsp.WorkspaceEdit, uri: str) -> bool:
        match await self.editor.apply(edit, job.title, uri):
            case Applied.YES:
                return True
            case Applied.REFUSED:
                self._offer(job, "The editor did not take the edit.")
            case Applied.UNANSWERED:
                self._offer(job, "The editor did not answer, so the text may be missing.")
        return False

    def _placed(self, job: Job, document: Document, start: int, end: int) -> None:
        anchor = Anchor(start, end)
        document.anchors.append(anchor)
        if job.placed:
            self._drop_anchor(job.placed)
        job.placed = Placed(document.uri, document.text.text[start:end], anchor)

    def _drop_anchor(self, placed: Placed) -> None:
        document = self.session.documents.get(placed.uri)
        if document and placed.anchor in document.anchors:
            document.anchors.remove(placed.anchor)

    async def _place_in_file(self, job: Job, found: Translation) -> str:
        source = Path(uris.to_fs_path(job.uri) or "")
        document = self._document(job)
        eol = eol_of(document.text.text) if document else "\n"
        path = placement.file_beside(source, found.unit, job.work.target)
        uri = uris.from_fs_path(str(path)) or path.as_uri()
        text = placement.file_text(found.code, eol)
        if self.editor.client.create_files:
            applied = await self.editor.apply(edits.create(uri, text), job.title, None)
            if applied is not Applied.YES:
                self._offer(job, f"The editor did not create {path.name}.")
                return "Not inserted: the editor did not create the file."
        else:
            _write_new(path, text)
        job.placed = Placed(uri, text)
        await self.editor.show(path)
        stale = ""
        if document and document.text.text[job.anchor.start : job.anchor.end] != job.original:
            stale = " The source changed meanwhile."
        return f"{_done(found)} In {path.name}.{stale}"

    def _offer(self, job: Job, why: str) -> None:
        """Ask, beside everything else, what to do with a translation that found no place."""

        async def ask() -> None:
            chosen = await self.editor.ask(why, [AGAIN, BELOW, NEW_FILE])
            if chosen == AGAIN:
                self.retry(job)
            elif chosen in (BELOW, NEW_FILE):
                self.place(job, "below" if chosen == BELOW else "beside")

        task = asyncio.get_running_loop().create_task(ask())
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    # Afterwards

    def place(self, job: Job, where: Placement) -> None:
        """Place the shown translation again, somewhere else."""
        if not job.found:
            raise UsageError("There is no translation to place yet.")
        document = self._document(job)
        if document:
            job.original = document.text.text[job.anchor.start : job.anchor.end]
        job.placement, job.placed = where, None

        async def steps(_report: object) -> str:
            return await self._place(job, job.found[job.shown])

        self._run(job, steps)

    def retry(self, job: Job) -> Job:
        """Translate again what the source says now; with the same source, sample anew."""
        document = self._document(job)
        if document is None:
            raise UsageError("The source is not open any more.", "Open it and try again.")
        now = document.text.text[job.anchor.start : job.anchor.end]
        if job.placed and (now == job.original or job.placement == "replace"):
            self.next(job)
            return job
        if now == job.original and job.state != "running":
            self._run(job, self._translate(job))
            return job
        middle = document.text.range(job.anchor.start, job.anchor.end)
        return self.start(job.uri, middle, job.work.target, job.placement, job.work.signature)

    def next(self, job: Job) -> None:
        """Show the next alternative in place of the one that is shown."""
        if job.state == "running":
            raise UsageError("It is still being translated.", "Wait, or cancel it.")

        async def steps(report: object) -> str:
            if job.shown + 1 >= len(job.found):
                engine = await self.session.engine(self.session.settings(self._document(job)))
                known = [each.code for each in job.found]
                fresh = await alternatives(engine, job.work, report, known, job.rounds)  # type: ignore[arg-type]
                job.rounds += 1
                if not fresh:
                    return "The model has no other answer; try again for new samples."
                job.found += fresh
            return await self._show(job, job.shown + 1)

        self._run(job, steps)

    async def _show(self, job: Job, number: int) -> str:
        """Replace the placed text by another candidate, unless the person has edited it."""
        found = job.found[number]
        placed = job.placed
        if placed is None:
            job.shown = number
            return await self._place(job, found)
        document = self.session.documents.get(placed.uri)
        job.placing = True
        try:
            if document is None:
                swapped = self._swap_file(placed, found)
            else:
                swapped = await self._swap_text(job, placed, document, found)
        finally:
            job.placing = False
        job.shown = number
        if swapped:
            return f"{_done(found)} Alternative {number + 1} of {len(job.found)}."
        self._offer(job, "You changed the translation, so it was left as it is.")
        return "Not replaced: the translation was edited."

    async def _swap_text(
        self, job: Job, placed: Placed, document: Document, found: Translation
    ) -> bool:
        text = document.text.text
        span = placed.anchor or Anchor(0, len(text))
        if text[span.start : span.end] != placed.text:
            return False
        eol = eol_of(text)
        if placed.anchor is None:
            fresh = placement.file_text(found.code, eol)
        else:
            fresh = reindent(found.code, found.unit.indent, eol, job.work.target)
        edit = edits.change(self.editor.client, document, span.start, span.end, fresh)
        start = span.start
        if await self.editor.apply(edit, job.title, document.uri) is not Applied.YES:
            return False
        if placed.anchor is None:
            job.placed = Placed(document.uri, fresh)
        else:
            self._placed(job, document, start, start + len(fresh))
        return True

    def _swap_file(self, placed: Placed, found: Translation) -> bool:
        path = Path(uris.to_fs_path(placed.uri) or "")
        if not path.is_file() or path.read_bytes().decode() != placed.text:
            return False
        text = placement.file_text(found.code, eol_of(placed.text))
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(text.encode())
        fresh.replace(path)
        placed.text = text
        return True

    def _document(self, job: Job) -> Document | None:
        return self.session.documents.get(job.uri)


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet."""
    try:
        with path.open("xb") as file:
            file.write(text.encode())
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror}.",
            "Set `placement` to below or replace.",
        ) from error


def _done(found: Translation) -> str:
    """What was done; it never claims more than that."""
    stats = found.stats
    speed = f"{stats.tokens} tokens in {stats.seconds:.1f} s"
    notes = "".join(f" Note: {note}." for note in found.notes)
    return f"Translated to {language(found.target).name} ({speed}), not run.{notes}"
