"""What can be done with a translation afterwards: another one, elsewhere, accept, reject, look."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from transloop_server.documents import Anchor
from transloop_server.jobs import Job, require_idle
from transloop_server.offering import offered
from transloop_settings.errors import TransloopError, UsageError
from transloop_settings.settings import Placement
from transloop_syntax.language import language
from transloop_translate.translation import Report, Translation, alternatives, repaired

if TYPE_CHECKING:
    from transloop_server.flow import Flow

AGAIN, BELOW, NEW_FILE = "Translate again", "Insert it below", "Put it in a new file"
FRESH, ELSEWHERE = (AGAIN, BELOW, NEW_FILE), (BELOW, NEW_FILE)


class Afterwards:
    """The use-cases that begin at a translation."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.session = flow.session
        self.editor = flow.editor

    # Another place

    def place(self, job: Job, where: Placement, number: int | None = None) -> None:
        """Place the shown translation, or another one, somewhere else."""
        require_idle(job)
        if not job.found:
            raise UsageError("There is no translation to place yet.")
        document = self.flow.document(job)
        if document:  # as it is now, with what was typed at either end of its lines
            now = document.text.range(job.anchor.start, job.anchor.end)
            job.anchor.start, job.anchor.end = document.text.lines(now)
            job.original = document.text.text[job.anchor.start : job.anchor.end]
        self.flow.placer.let_go(job)
        job.placement, job.placed = where, None
        job.shown = job.shown if number is None else number

        async def steps(_report: Report) -> str:
            return await self.flow.put(job, job.found[job.shown])

        self.flow.run(job, steps)

    def offer(
        self,
        job: Job,
        why: str,
        answers: Sequence[str] = FRESH,
        number: int | None = None,
    ) -> None:
        """Ask, beside everything else, what to do with a translation that found no place."""
        job.offered = True

        async def ask() -> None:
            chosen = await self.editor.ask(why, answers)
            try:
                if chosen == AGAIN:
                    self.retry(job)
                elif chosen in (BELOW, NEW_FILE):
                    self.place(job, "below" if chosen == BELOW else "beside", number)
            except TransloopError as error:
                self.editor.tell(str(error), lsp.MessageType.Warning)

        self.editor.later(ask())

    # Another translation

    def retry(self, job: Job) -> Job:
        """Translate again what the source says now; with the same source, sample anew."""
        require_idle(job)
        document = self.flow.document(job)
        if document is None:
            raise UsageError("The source is not open any more.", "Open it and try again.")
        same = document.text.holds(job.anchor.start, job.anchor.end, job.original)
        if job.placed and (same or job.placement == "replace"):
            self.next(job)
            return job
        if same:
            self.flow.run(job, self.flow.translating(job))
            return job
        middle = document.text.range(job.anchor.start, job.anchor.end)
        if job.work.target == document.language:  # a snippet that was brought into the document
            lines = Anchor(*document.text.lines(middle))
            return self.flow.bring_lines(document, lines, language(job.work.unit.language))
        return self.flow.start(job.uri, middle, job.work.target, job.placement, job.work.signature)

    async def without_model(self, job: Job) -> None:
        """Offer the model that was missing, and go on with the job once it is here."""
        row = offered(self.session.settings(self.flow.document(job)).model)
        if row is None or not self.editor.client.ask:
            self.editor.tell(job.message, lsp.MessageType.Error)
        elif await self.session.offering.offer(row, job.message):
            try:
                self.retry(job)
            except TransloopError as error:
                self.editor.tell(str(error), lsp.MessageType.Warning)

    def next(self, job: Job) -> None:
        """Show the next alternative in place of the one that is shown."""
        require_idle(job)

        async def steps(report: Report) -> str:
            number = job.shown + 1 if job.found else 0
            if number >= len(job.found):
                engine = await self._engine(job)
                known = [each.code for each in job.found]
                fresh = await alternatives(engine, job.work, report, known, job.rounds)
                job.rounds += 1
                fresh = await self._judged(job, fresh)
                if not fresh:
                    return "The model has no other answer; try again for new samples."
                job.found += fresh
            return await self._show(job, number)

        self.flow.run(job, steps)

    def fix(self, job: Job) -> None:
        """Show the model what is wrong with the translation as it stands, and show its answer.

        Raises:
            UsageError: nothing is known to be wrong, or the model may not see it.
        """
        require_idle(job)
        from transloop_translate.verified import problem_of

        standing = job.standing
        if standing is None or standing.verdict is None:
            raise UsageError("Nothing of this text was run, so no failure is known.")
        problem = problem_of(standing.verdict, job.work.unit)
        if problem is None:
            raise UsageError(
                "There is no failure that the model may be shown: some inputs are kept from it, so "
                "that it cannot learn them by heart.",
                "Take the next alternative, or correct it yourself.",
            )

        async def steps(report: Report) -> str:
            engine = await self._engine(job)
            found = await repaired(engine, job.work, report, standing.code, problem)
            if any(found.code == each.code for each in job.found):
                return "The model gave an answer again that it has given before."
            job.found += await self._judged(job, [found])
            return await self._show(job, len(job.found) - 1)

        self.flow.run(job, steps)

    async def _engine(self, job: Job) -> Any:
        return await self.session.engine(self.session.settings(self.flow.document(job)))

    async def _judged(self, job: Job, fresh: list[Translation]) -> list[Translation]:
        runs = self.flow.runs(job) if job.evidence and fresh else None
        return await runs.judged(fresh) if runs else fresh

    async def _show(self, job: Job, number: int) -> str:
        """Replace the placed text by another candidate, unless the person has edited it."""
        fresh = job.placed is None
        before, job.shown = job.shown, number
        outcome = await self.flow.placer.swap(job, job.found[number])
        if outcome.placed:
            self.flow.placed(job)
            return f"{outcome.message} Alternative {number + 1} of {len(job.found)}."
        if not fresh:
            job.shown = before
        self.offer(job, outcome.message, FRESH if fresh else ELSEWHERE, number)
        return f"Not {'inserted' if fresh else 'replaced'}. {outcome.message}"

    # The person's word

    def accept(self, job: Job) -> None:
        """It stays as it is now."""
        self._require_placed(job)
        job.decided = True
        self.flow.outcomes.accept(job)
        self.flow.refresh(job)

    def reject(self, job: Job) -> None:
        """Take it out again; what the person wrote into it is never taken with it."""
        self._require_placed(job)
        job.decided = True
        self.flow.outcomes.reject(job)
        self.flow.refresh(job)

        async def remove() -> None:
            left = await self.flow.placer.remove(job)
            if left:
                self.editor.tell(left, lsp.MessageType.Warning)
            self.flow.refresh(job)

        self.editor.later(remove())

    def forget_run(self, job: Job) -> None:
        """Learn nothing from this translation, whatever becomes of it."""
        self.flow.outcomes.forget_run(job)
        self.editor.tell("Nothing is learned from this translation.")

    def _require_placed(self, job: Job) -> None:
        require_idle(job)
        if job.placed is None:
            raise UsageError("This translation is not in the editor.")
        if job.decided:
            raise UsageError("You have accepted or rejected it already.")

    # Looking

    async def show_evidence(self, job: Job) -> Path:
        """Open a page that says what was run and what that showed; its path.

        A client that shows it in a way of its own says so (`evidence`, as `diff` below).
        """
        if not job.evidence or job.shown >= len(job.found):
            raise UsageError("Nothing of this translation was run, so there is no evidence.")
        from transloop_server.evidence_page import write

        page = await asyncio.to_thread(write, job)
        return page if self.editor.client.evidence else await self._opened(page, "The evidence")

    async def show_diff(self, job: Job, *, draft: bool = False) -> dict[str, str]:
        """The original, or what the model wrote, against the translation as it stands, as files.

        A client that can show two files side by side says so (`diff` in `transloop` of its
        experimental capabilities) and does it; for the others a page is opened.
        """
        if job.shown >= len(job.found):
            raise UsageError("There is no translation to compare with yet.")
        from transloop_server import diff_page

        standing = self.flow.placer.text_of(job) or job.found[job.shown].code
        write = diff_page.write_draft if draft else diff_page.write
        sides = await asyncio.to_thread(write, job, standing)
        if not self.editor.client.diff:
            await self._opened(sides.page, "The comparison")
        return {"left": str(sides.left), "right": str(sides.right), "title": sides.title}

    async def _opened(self, path: Path, what: str) -> Path:
        if not await self.editor.show(path):
            self.editor.tell(f"{what} is in {path}.")
        return path
