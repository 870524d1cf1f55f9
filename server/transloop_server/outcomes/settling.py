"""What is done when it is known what became of a translation: compared, run again, written down."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from transloop_seeds.event import (
    About,
    Accepted,
    Edited,
    Event,
    Ignored,
    Rejected,
    Reverted,
    Survived,
)
from transloop_server.jobs import Job
from transloop_server.outcomes.about import judged
from transloop_server.outcomes.followed import Followed
from transloop_server.outcomes.ledger import Ledger
from transloop_server.outcomes.watch import Word
from transloop_server.session import Session
from transloop_syntax.tokens import code_tokens, similarity
from transloop_translate.translation import Translation

if TYPE_CHECKING:
    from transloop_verify.judge import Verdict

NOT_RUN = "it was edited, and not run again"
RESTORED = "it was edited, and what it was translated from is not known since a restart"
LABELS = {"saved": "at_save", "closed": "at_close"}


class Settling:
    """Compares, runs and writes; what happens to one translation, in order."""

    def __init__(
        self,
        session: Session,
        ledger: Ledger,
        changed: Callable[[Job], None],
        is_last: Callable[[Followed], bool],
    ) -> None:
        self._session = session
        self._ledger = ledger
        self._changed = changed
        self._is_last = is_last
        self.closing = threading.Event()
        """The server ends: nothing is run any more."""

    def note(self, each: Followed) -> None:
        """Let the job know whether what stands in the editor is what its verdict is about."""
        job = each.job
        if job is None or job.placing or each.watch.gone or not self._is_last(each):
            return
        edited = each.watch.text != each.known
        if edited != job.edited:
            job.edited = edited
            self._changed(job)

    async def settled(self, each: Followed, text: str) -> None:
        """The person has stopped typing, for now."""
        async with each.turn:
            await self._run_again(each, text)

    async def kept(self, each: Followed, text: str, *, explicit: bool = False) -> None:
        """It stays: as it was, or corrected."""
        async with each.turn:
            final = each.code(text)
            verdict = await self._run_again(each, text)
            survival = await asyncio.to_thread(_survival, each)
            if await asyncio.to_thread(_same, each, final):
                event: Event = Accepted(_with(each.about, survival), final, explicit)
            else:
                about = judged(each.about, each.job, verdict, NOT_RUN if each.job else RESTORED)
                event = Edited(_with(about, survival), each.draft, final, explicit)
            self._write(event, each)

    async def left(self, each: Followed, word: Word, *, explicit: bool = False) -> None:
        """It does not stay, or nobody knows."""
        if word in ("rejected", "reverted") and each.job and self._is_last(each):
            each.job.decided = True
            self._changed(each.job)
        async with each.turn:
            about = _with(each.about, await asyncio.to_thread(_survival, each))
            match word:
                case "rejected":
                    self._write(Rejected(about, each.draft, explicit), each)
                case "reverted":
                    self._write(Reverted(about, each.draft), each)
                case "ignored":
                    self._write(Ignored(about, each.draft), each)
                case _:
                    self._write(Survived(about), each)

    async def _run_again(self, each: Followed, text: str) -> Verdict | None:
        """The verdict on what the text has become; None: nothing was run."""
        job, found = each.job, each.found
        if job is None or found is None:
            return None
        if text == each.known:
            return (each.final or found).verdict
        final = each.code(text)
        if await asyncio.to_thread(_same, each, final):
            self._is_now(each, job, text, None)
            return found.verdict
        verdict = await self._verdict(job, final)
        if verdict is not None:
            self._is_now(each, job, text, replace(found, code=final, verdict=verdict))
        return verdict

    def _is_now(self, each: Followed, job: Job, text: str, final: Translation | None) -> None:
        each.known, each.final = text, final
        if self._is_last(each):
            job.final = final
            job.edited = each.watch.text != text
            self._changed(job)

    async def _verdict(self, job: Job, final: str) -> Verdict | None:
        document = self._session.documents.get(job.uri)
        settings = self._session.settings(document)
        runs = settings.verify.mode != "off" and bool(job.evidence) and not self.closing.is_set()
        if document is None or not runs or not self._session.trusted(document):
            return None
        from transloop_translate.jury import judged
        from transloop_translate.modes import mode_of

        return await asyncio.to_thread(
            judged,
            job.work,
            job.evidence,
            final,
            self._session.sandbox(settings),
            mode_of(settings.verify).evidence_seconds,
            self.closing.is_set,
        )

    def _write(self, event: Event, each: Followed) -> None:
        self._ledger.write(event, each.scope, each.maker)


def _same(each: Followed, final: str) -> bool:
    """Whether the code is the same, laid out as it may be."""
    return code_tokens(each.draft, each.target) == code_tokens(final, each.target)


def _survival(each: Followed) -> dict[str, float]:
    """How much of the draft was left, when it was looked."""
    draft = code_tokens(each.draft, each.target)
    texts = dict(each.watch.surveyed)
    return {
        LABELS.get(label, f"at_{label}"): similarity(
            draft, code_tokens(each.code(text), each.target)
        )
        for label, text in texts.items()
    }


def _with(about: About, survival: Mapping[str, float]) -> About:
    if not survival:
        return about
    return replace(about, evidence={**about.evidence, "survival": dict(survival)})
