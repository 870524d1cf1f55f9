"""Running a translation again, as the person left it.

While its job is there, by the job's evidence; after a restart, by evidence that is derived again
from the source that was kept with it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transloop_seeds.event import Source as Kept
from transloop_server.jobs import Job
from transloop_server.outcomes.followed import Followed
from transloop_server.session import Session
from transloop_settings.errors import UnitError
from transloop_settings.settings import Sampling, Settings
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import snippet, unit_at
from transloop_translate.translation import Work

if TYPE_CHECKING:
    from transloop_translate.jury import Jury
    from transloop_verify.evidence import Evidence
    from transloop_verify.judge import Verdict


@dataclass(frozen=True)
class Ran:
    """A verdict, and the evidence that it rests on."""

    verdict: Verdict
    evidence: Sequence[Evidence]


class Reruns:
    """Runs final texts, in folders that are trusted, until the server ends."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._closing = threading.Event()
        self._juries: set[Jury] = set()

    def close(self) -> None:
        """Nothing is run any more, and what runs stops."""
        self._closing.set()
        for each in self._juries:
            each.over.set()

    async def of_job(self, job: Job, final: str) -> Ran | None:
        """By the evidence of a job; None: nothing was run."""
        document = self._session.documents.get(job.uri)
        settings = self._session.settings(document)
        if document is None or not job.evidence or not self._may(settings):
            return None
        if not self._session.trusted(document):
            return None
        from transloop_translate.jury import judged
        from transloop_translate.modes import mode_of

        verdict = await asyncio.to_thread(
            judged,
            job.work,
            job.evidence,
            final,
            self._session.sandbox(settings),
            mode_of(settings.verify).evidence_seconds,
            self._closing.is_set,
        )
        return Ran(verdict, job.evidence)

    async def of_source(self, each: Followed, final: str) -> Ran | None:
        """By evidence of the source that another server has translated; None: nothing was run."""
        settings = self._session.settings(each.document)
        if not self._may(settings) or not self.trusted(each):
            return None
        from transloop_translate.jury import jury_of
        from transloop_translate.modes import mode_of

        try:
            work, text = await asyncio.to_thread(_work, each)
        except UnitError:  # what was kept of it is no code: a secret was taken out, say
            return None
        mode, sandbox = mode_of(settings.verify), self._session.sandbox(settings)
        seconds = mode.evidence_seconds
        async with jury_of(work, text, sandbox, cases=mode.cases, seconds=seconds) as jury:
            self._juries.add(jury)
            try:
                verdict = await jury.verdict(work, final, shrink=True)
            finally:
                self._juries.discard(jury)
            return Ran(verdict, await jury.evidence)

    def trusted(self, each: Followed) -> bool | None:
        """Whether code of its folder may be run; None: nobody has said so yet."""
        folder = each.scope.workspace
        trusted = self._session.settings(each.document).trusted
        return self._session.trust.of(folder, trusted) if folder else False

    def _may(self, settings: Settings) -> bool:
        return settings.verify.mode != "off" and not self._closing.is_set()


def _work(each: Followed) -> tuple[Work, str]:
    """What was translated, and the program around it. Raises UnitError."""
    kept = each.about.source
    spoken = language(kept.language)
    text = _around(kept, each.scope.paths)
    at = text.find(kept.code)
    whole = Source(text, spoken)
    unit = unit_at(whole, at, at + len(kept.code)) if at >= 0 else snippet(kept.code, spoken)
    return Work(unit, each.target, Sampling()), text


def _around(kept: Kept, paths: Sequence[Path]) -> str:
    """The file that it was in, if the source still stands there; else what it needed."""
    for path in paths[:1] if kept.path else ():
        try:
            text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
        except (OSError, UnicodeDecodeError):
            continue
        if kept.code in text:
            return text
    return "\n\n".join((*kept.needs, kept.code)) + "\n"
