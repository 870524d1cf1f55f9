"""What is done when it is known what became of a translation: compared, run again, written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

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
from transloop_server.outcomes.reruns import Ran, Reruns
from transloop_server.outcomes.watch import Word
from transloop_server.session import Session
from transloop_syntax.tokens import code_tokens, similarity
from transloop_translate.translation import Translation

NOT_RUN = "it was edited, and not run again"
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
        self._reruns = Reruns(session)
        self._unjudged: list[tuple[Followed, str]] = []
        """Corrections from before a restart, which wait for their folder to be trusted."""

    def close(self) -> None:
        """The server ends: nothing is run any more."""
        self._reruns.close()

    @property
    def waits(self) -> bool:
        """Is there something to judge once its folder is trusted?"""
        return bool(self._unjudged)

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
            ran = await self._run_again(each, text)
            if await asyncio.to_thread(_same, each, final):
                survival = await asyncio.to_thread(_survival, each)
                self._write(Accepted(_with(each.about, survival), final, explicit), each)
                return
            if each.job is None:
                ran = await self._reruns.of_source(each, final)
                if ran is None and self._reruns.trusted(each) is None:
                    self._unjudged.append((each, text))
            await self._write_edited(each, final, ran, explicit=explicit)

    async def trusted(self) -> None:
        """Somebody has said which folders may be run: judge what waits for that."""
        waiting, self._unjudged = self._unjudged, []
        for each, text in waiting:
            async with each.turn:
                if each.watch.gone or each.watch.text != text:
                    continue  # it has become something else, which is told for itself
                ran = await self._reruns.of_source(each, each.code(text))
                if ran is not None:
                    await self._write_edited(each, each.code(text), ran)
                elif self._reruns.trusted(each) is None:
                    self._unjudged.append((each, text))

    async def _write_edited(
        self, each: Followed, final: str, ran: Ran | None, *, explicit: bool = False
    ) -> None:
        if ran is None:
            about = judged(each.about, None, reason=NOT_RUN)
        else:
            about = judged(each.about, ran.verdict, ran.evidence)
        survival = await asyncio.to_thread(_survival, each)
        self._write(Edited(_with(about, survival), each.draft, final, explicit), each)

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

    async def _run_again(self, each: Followed, text: str) -> Ran | None:
        """The verdict on what the text has become; None: nothing was run."""
        job, found = each.job, each.found
        if job is None or found is None:
            return None
        if text == each.known:
            return _known(each.final or found, job)
        final = each.code(text)
        if await asyncio.to_thread(_same, each, final):
            self._is_now(each, job, text, None)
            return _known(found, job)
        ran = await self._reruns.of_job(job, final)
        if ran is not None:
            self._is_now(each, job, text, replace(found, code=final, verdict=ran.verdict))
        return ran

    def _is_now(self, each: Followed, job: Job, text: str, final: Translation | None) -> None:
        each.known, each.final = text, final
        if self._is_last(each):
            job.final = final
            job.edited = each.watch.text != text
            self._changed(job)

    def _write(self, event: Event, each: Followed) -> None:
        self._ledger.write(event, each.scope, each.maker)


def _known(found: Translation, job: Job) -> Ran | None:
    return Ran(found.verdict, job.evidence) if found.verdict else None


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
