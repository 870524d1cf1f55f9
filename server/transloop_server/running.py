"""Running both sides for a job: what is delivered, and what its alternatives are worth.

`transloop_verify` is loaded when the first job is run, not when the server starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transloop_model.engine import Engine
from transloop_server.jobs import Job
from transloop_translate.translation import Report, Translation

if TYPE_CHECKING:
    from transloop_sandbox.sandbox import Sandbox
    from transloop_settings.settings import Verify


@dataclass(frozen=True)
class Runs:
    """How the translations of a job are run."""

    job: Job
    verify: Verify
    sandbox: Sandbox

    async def deliver(self, engine: Engine, report: Report) -> Translation:
        """Translate until one holds; the best, with all others kept as alternatives behind it."""
        from transloop_translate.modes import mode_of
        from transloop_translate.verified import deliver

        job = self.job
        mode = mode_of(self.verify)
        found = await deliver(engine, job.work, job.text, self.sandbox, mode, report)
        job.evidence = found.evidence
        job.shown = len(job.found)
        job.found += found.ranked
        return job.found[job.shown]

    async def judged(self, found: Sequence[Translation]) -> list[Translation]:
        """Further translations with their verdicts, those that hold first."""
        from transloop_translate.jury import judged
        from transloop_translate.modes import mode_of
        from transloop_translate.verified import rank

        def verdict(each: Translation) -> Translation:
            seconds = mode_of(self.verify).evidence_seconds
            said = judged(self.job.work, self.job.evidence, each.code, self.sandbox, seconds)
            return replace(each, verdict=said)

        ran = [await asyncio.to_thread(verdict, each) for each in found]
        return sorted(ran, key=rank, reverse=True)
