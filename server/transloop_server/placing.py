"""Putting a translation into the editor: into the document, into a new file, over another one.

Nothing of the user's is overwritten unseen: an edit is sent only while the text that it replaces
is still the text that was translated, or the text that we placed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris

from transloop_server import edits, placement
from transloop_server.documents import Anchor, Document, path_of
from transloop_server.editor import Applied
from transloop_server.jobs import Job, Placed
from transloop_server.session import Session
from transloop_settings.errors import UsageError
from transloop_syntax.language import language
from transloop_syntax.layout import eol_of, reindent
from transloop_translate.translation import Translation

STALE = "The code changed while it was translated; nothing was inserted."
DECLINED = "The editor did not take the edit."
UNANSWERED = "The editor did not answer, so the text may be missing."
EDITED = "You changed the translation, so it was left as it is."
CLOSED = "The document of the translation is not open, so it was left as it is."
TRIES = 3
"""How often an edit is sent that the editor declines because the text around it moved."""


@dataclass(frozen=True)
class Outcome:
    """What became of a translation, in words; one that is not `placed` is offered again."""

    message: str
    placed: bool = True


class Placer:
    """Places the translations of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.editor = session.editor
        self._creating: set[Path | None] = set()

    async def place(self, job: Job, found: Translation) -> Outcome:
        """Put a translation where its job wants it."""
        job.placing = True
        try:
            document = self.session.documents.get(job.uri)
            if job.placement == "beside" or document is None:
                return await self._in_file(job, found)
            return await self._in_document(job, found, document)
        finally:
            job.placing = False

    async def swap(self, job: Job, found: Translation) -> Outcome:
        """Put a translation in place of the one that was placed before."""
        placed = job.placed
        if placed is None:
            return await self.place(job, found)
        document = self.session.documents.get(placed.uri)
        job.placing = True
        try:
            if document is None:
                problem = self._swap_file(placed, found)
            else:
                problem = await self._swap_text(job, placed, document, found)
        finally:
            job.placing = False
        return Outcome(problem, placed=False) if problem else Outcome(done(found))

    async def _in_document(self, job: Job, found: Translation, document: Document) -> Outcome:
        for _ in range(TRIES):
            if not document.text.holds(job.anchor.start, job.anchor.end, job.original):
                return Outcome(STALE, placed=False)
            version = document.version
            sent = await self._send(job, document, self._insertion(job, found, document))
            if sent is Applied.YES:
                return Outcome(done(found))
            if sent is Applied.UNANSWERED:
                return Outcome(UNANSWERED, placed=False)
            if document.version == version:
                break  # declined, and not because the person typed elsewhere in the document
        return Outcome(DECLINED, placed=False)

    def _insertion(self, job: Job, found: Translation, document: Document) -> placement.Insertion:
        return placement.insertion(
            document.text.text,
            replace(found.unit, start=job.anchor.start, end=job.anchor.end),
            found.code,
            document.language or language(found.unit.language),
            job.work.target,
            below=job.placement == "below",
            keep_original=self.session.settings(document).keep_original,
        )

    async def _send(self, job: Job, document: Document, inserted: placement.Insertion) -> Applied:
        """Send an edit of a document and remember where its code came to be."""
        before = document.text.text

        def code() -> tuple[int, int] | None:
            return placement.arrived(inserted, before, document.text.text)

        edit = edits.change(
            self.editor.client, document, inserted.start, inserted.end, inserted.text
        )
        applied = await self.editor.apply(edit, job.title, lambda: code() is not None)
        if applied is Applied.YES and (span := code()):
            anchor = Anchor(*span)
            document.anchors.append(anchor)
            self.let_go(job)
            lead = inserted.text.removesuffix(inserted.code)
            replaced = before[inserted.start : inserted.end]
            text = document.text.text[slice(*span)]
            job.placed = Placed(document.uri, text, anchor, lead, replaced)
        return applied

    def let_go(self, job: Job) -> None:
        """Stop following the placed text of a job."""
        document = self.session.documents.get(job.placed.uri) if job.placed else None
        if document and job.placed and job.placed.anchor in document.anchors:
            document.anchors.remove(job.placed.anchor)

    def text_of(self, job: Job) -> str | None:
        """The placed text as it is now; None where nothing can be read."""
        placed = job.placed
        if placed is None:
            return None
        document = self.session.documents.get(placed.uri)
        if document is None:
            path = path_of(placed.uri)
            try:
                return path.read_text("utf-8") if path else None
            except (OSError, ValueError):
                return None
        span = placed.anchor or Anchor(0, len(document.text.text))
        return document.text.text[span.start : span.end]

    async def remove(self, job: Job) -> str:
        """Take a placed text out again, with what came with it; why not, or nothing.

        What it had replaced comes back. A text that the person has changed stays.
        """
        placed = job.placed
        if placed is None:
            return ""
        if self.text_of(job) != placed.text:
            return EDITED
        job.placing = True
        try:
            problem = await (self._remove_text if placed.anchor else self._remove_file)(job, placed)
        finally:
            job.placing = False
        if not problem:
            self.let_go(job)
            job.placed = None
        return problem

    async def _remove_text(self, job: Job, placed: Placed) -> str:
        document, anchor = self.session.documents.get(placed.uri), placed.anchor
        if document is None or anchor is None:
            return CLOSED
        text, start = document.text.text, anchor.start
        if text[max(0, start - len(placed.lead)) : start] == placed.lead:
            start -= len(placed.lead)
        before = text[:start] + placed.replaced
        edit = edits.change(self.editor.client, document, start, anchor.end, placed.replaced)
        gone = await self.editor.apply(
            edit, f"Reject {job.name}", lambda: document.text.text.startswith(before)
        )
        return "" if gone is Applied.YES else DECLINED

    async def _remove_file(self, job: Job, placed: Placed) -> str:
        path = path_of(placed.uri)
        if path is None:
            return CLOSED
        if self.editor.client.delete_files:
            edit = edits.delete(placed.uri)
            gone = await self.editor.apply(edit, f"Reject {job.name}", lambda: not path.exists())
            return "" if gone is Applied.YES else DECLINED
        if self.session.documents.get(placed.uri) is not None:
            return f"{path.name} is open, and this editor lets nobody delete it: delete it there."
        path.unlink(missing_ok=True)
        return ""

    async def _in_file(self, job: Job, found: Translation) -> Outcome:
        source = path_of(job.uri)
        if source is None:
            raise UsageError("There is no file that the translation could be put beside.")
        document = self.session.documents.get(job.uri)
        eol = eol_of(document.text.text) if document else "\n"
        taken = {each.path for each in self.session.documents} | self._creating
        path = placement.file_beside(source, found.unit, job.work.target, taken)
        uri = uris.from_fs_path(str(path)) or path.as_uri()
        text = placement.file_text(found.code, eol)
        if not self.editor.client.create_files:
            _write_new(path, text)
        elif not await self._create(job, path, edits.create(uri, text)):
            return Outcome(f"The editor did not create {path.name}.", placed=False)
        job.placed = Placed(uri, text)
        await self.editor.show(path)
        stale = ""
        if document and not document.text.holds(job.anchor.start, job.anchor.end, job.original):
            stale = " The source changed meanwhile."
        return Outcome(f"{done(found)} In {path.name}.{stale}")

    async def _create(self, job: Job, path: Path, edit: lsp.WorkspaceEdit) -> bool:
        """Let the editor create a file, whose name no other job takes meanwhile."""
        uri = path.as_uri()
        self._creating.add(path)
        try:
            applied = await self.editor.apply(
                edit,
                job.title,
                lambda: path.exists() or self.session.documents.get(uri) is not None,
            )
        finally:
            self._creating.discard(path)
        return applied is Applied.YES

    async def _swap_text(
        self, job: Job, placed: Placed, document: Document, found: Translation
    ) -> str:
        """Replace the placed text in an open document; why not, or nothing."""
        text = document.text
        span = placed.anchor or Anchor(0, len(text.text))
        if not text.holds(span.start, span.end, placed.text):
            return EDITED
        eol = eol_of(text.text)
        if placed.anchor is None:
            fresh = placement.file_text(found.code, eol)
        else:
            fresh = reindent(found.code, found.unit.indent, eol, job.work.target)
        inserted = placement.Insertion(span.start, span.end, fresh, fresh)
        if await self._send(job, document, inserted) is not Applied.YES:
            return DECLINED
        if job.placed and placed.anchor is None:
            self.let_go(job)
            job.placed = Placed(job.placed.uri, job.placed.text)
        elif job.placed:
            job.placed.lead, job.placed.replaced = placed.lead, placed.replaced
        return ""

    def _swap_file(self, placed: Placed, found: Translation) -> str:
        """Replace a file of ours that is not open; why not, or nothing."""
        path = path_of(placed.uri)
        if not path or not path.is_file() or path.read_bytes() != placed.text.encode():
            return EDITED
        text = placement.file_text(found.code, eol_of(placed.text))
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(text.encode())
        fresh.replace(path)
        placed.text = text
        return ""


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


def done(found: Translation) -> str:
    """What was done; it never claims more than that."""
    stats = found.stats
    speed = f"{stats.tokens} tokens in {stats.seconds:.1f} s"
    notes = "".join(f" Note: {note}." for note in found.notes)
    name = language(found.target).name
    if found.verdict is None:
        return f"Translated to {name} ({speed}), not run.{notes}"
    return f"Translated to {name} ({speed}). {_said(found)}{notes}"


def _said(found: Translation) -> str:
    from transloop_translate.verdicts import sentence

    return sentence(found.verdict, found.unit.names[0] if found.unit.names else "f")
