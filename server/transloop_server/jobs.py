"""A job: one unit on its way into another language, from the click to the text in the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from transloop_server.documents import Anchor, Document, path_of
from transloop_settings.errors import UsageError
from transloop_settings.settings import Placement
from transloop_translate.translation import Progress, Translation, Work

if TYPE_CHECKING:
    from transloop_verify.evidence import Evidence

State = Literal["running", "done", "failed", "cancelled"]
KEPT = 50
"""Finished jobs that can still be retried or asked for alternatives."""


@dataclass
class Placed:
    """Where a translation was put, and the text that was put there."""

    uri: str
    text: str
    anchor: Anchor | None = None
    """None: it is a file of its own."""
    lead: str = ""
    """What was put before it with it, such as an empty line."""
    replaced: str = ""
    """What stood in its place."""

    def is_in(self, document: Document) -> bool:
        """Whether it is in this document, however the editor writes its URI."""
        path = document.path
        return self.uri == document.uri or (path is not None and path == path_of(self.uri))


@dataclass
class Job:
    """One translation and everything that can still be done with it."""

    id: str
    uri: str
    original: str
    """The source's text in the document, to notice when it changes."""
    anchor: Anchor
    work: Work
    placement: Placement
    text: str = ""
    """Of the whole document when the job began: what is run may need more of it than the unit."""
    state: State = "running"
    message: str = ""
    progress: Progress = field(default_factory=lambda: Progress("waiting"))
    found: list[Translation] = field(default_factory=list)
    evidence: tuple[Evidence, ...] = ()
    """What its translations were judged by; empty where nothing was run."""
    shown: int = 0
    rounds: int = 0
    placed: Placed | None = None
    placing: bool = False
    offered: bool = False
    """Its translation found no place, and the person was told so and asked what to do."""
    edited: bool = False
    """The placed text was changed, and what it is now was not run."""
    final: Translation | None = None
    """The placed text as the person has changed it, with its own verdict."""
    decided: bool = False
    """The person has accepted or rejected it."""
    task: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Translation | None:
        """The translation as it stands in the editor; None: there is none, or nobody ran it yet."""
        if self.edited or self.shown >= len(self.found):
            return None
        return self.final or self.found[self.shown]

    @property
    def placed_text(self) -> str:
        """What was placed; nothing where nothing was."""
        return self.placed.text if self.placed else ""

    def stands_in(self, document: Document) -> bool:
        """Whether its placed text is in this document, and was not undone or taken out."""
        if self.placed is None or not self.placed.is_in(document):
            return False
        anchor = self.placed.anchor
        return anchor is None or bool(document.text.text[anchor.start : anchor.end].strip())

    @property
    def name(self) -> str:
        """What verdicts call the function."""
        names = self.work.unit.names
        return names[0] if names else "f"

    @property
    def title(self) -> str:
        """Short description, such as "Translating gcd to JavaScript"."""
        names = self.work.unit.names
        what = names[0] if len(names) == 1 else self.work.unit.kind
        return f"Translating {what} to {self.work.target.name}"

    def summary(self) -> dict[str, Any]:
        """What the status command tells."""
        last = self.found[-1].stats if self.found else None
        return {
            "id": self.id,
            "uri": self.uri,
            "names": list(self.work.unit.names),
            "target": self.work.target.id,
            "state": self.state,
            "message": self.message or str(self.progress),
            "candidates": len(self.found),
            "verdict": self._verdict(),
            "placed": self.placed.uri if self.placed else None,
            "seconds": round(last.seconds, 3) if last else None,
            "first_token_seconds": round(last.first_token_seconds, 3) if last else None,
            "tokens": last.tokens if last else None,
            "tokens_per_second": round(last.tokens_per_second, 1) if last else None,
            "prompt_tokens": last.prompt_tokens if last else None,
            "cached_tokens": last.cached_tokens if last else None,
        }

    def candidates(self) -> list[dict[str, Any]]:
        """Every translation that was run, the best first."""
        from transloop_translate.verdicts import short

        return [
            {
                "code": each.code,
                "verdict": short(each.verdict, self.name),
                "temperature": each.sampling.temperature,
            }
            for each in self.found
        ]

    def _verdict(self) -> str | None:
        verdict = self.standing.verdict if self.standing else None
        return verdict.verdict if verdict else None


class Jobs:
    """The running jobs and the last finished ones."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._numbers = count(1)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def next_id(self) -> str:
        """An id for a new job."""
        return f"job-{next(self._numbers)}"

    def add(self, job: Job) -> list[Job]:
        """Remember a job; the finished ones that are forgotten for it are returned."""
        self._jobs[job.id] = job
        finished = [each for each in self if each.state != "running"]
        forgotten = finished[: max(0, len(finished) - KEPT)]
        for each in forgotten:
            del self._jobs[each.id]
        return forgotten

    def get(self, id_: str) -> Job | None:
        """The job with this id."""
        return self._jobs.get(id_)

    def reopened(self, document: Document) -> None:
        """Let go of texts that stand there no more; whoever follows one finds it elsewhere."""
        for job in self:
            anchor = job.placed.anchor if job.placed and job.placed.is_in(document) else None
            if anchor and document.text.text[anchor.start : anchor.end] != job.placed_text:
                anchor.end = anchor.start

    def covered_by(self, job: Job) -> list[Job]:
        """Others that stood where this one stands now: undone before it, or replaced by it."""
        placed = job.placed
        if placed is None or placed.anchor is None:
            return []
        start, end = placed.anchor.start, placed.anchor.end
        return [
            other
            for other in self
            if other is not job and other.placed and other.placed.uri == placed.uri
            if (anchor := other.placed.anchor) and start <= anchor.start and anchor.end <= end
        ]

    def running(self) -> list[Job]:
        """The jobs that have not ended."""
        return [job for job in self if job.state == "running"]


def require_idle(job: Job) -> None:
    """Raises UsageError while a job is running."""
    if job.state == "running":
        raise UsageError("It is still being translated.", "Wait, or cancel it.")
