"""Candidates of one source in one direction: asked for in one batch, and all of them judged.

They are asked for as the server asks, and judged by the same evidence, held-out cases included.
Equal texts are judged once. All are judged, not only until the first holds: what a policy learns
from is how many of how many were right.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from transloop_model.engine import GREEDY, Engine, Sampling, seed_of
from transloop_settings.errors import AnswerError, ContextOverflow, UnitError
from transloop_settings.settings import Sampling as Settings
from transloop_syntax.language import language
from transloop_synth.order import Order
from transloop_synth.source import SourceFunction
from transloop_synth.testable import SECONDS, Known, require_sound
from transloop_translate.jury import SHRINK_SECONDS, judged
from transloop_translate.translation import Progress, Translation, Work, answers, repaired
from transloop_translate.verified import LONGER, LONGER_LEAST, problem_of
from transloop_verify.judge import Verdict
from transloop_verify.observe import Runs

NO_CODE, COMPILE, RUNTIME, WRONG, TIMEOUT = "no code", "compile", "runtime", "wrong", "timeout"
_BY_KIND = {"timeout": TIMEOUT, "crashed": RUNTIME, "memory": RUNTIME, "raised": RUNTIME}
Turn = Callable[[], AbstractAsyncContextManager[None]]
"""Inside of it the model is ours."""
OWNER = "synthesis"
"""Requests of others take turns with ours."""


@dataclass(frozen=True)
class Candidate:
    """One answer, judged."""

    code: str
    """Empty where there was no code in it."""
    verdict: Verdict | None = None

    @property
    def right(self) -> bool:
        """Did it hold in every case?"""
        return self.verdict is not None and self.verdict.verdict == "verified"

    @property
    def agreed(self) -> float:
        """Share of the cases that it held in."""
        found = self.verdict
        return found.agreed / found.cases if found and found.cases else 0.0

    @property
    def visible_only(self) -> bool:
        """Did it fail in held-out cases, and in no other?"""
        if self.verdict is None or not self.verdict.failed or self.verdict.evidence is None:
            return False
        held_out = {each.id for each in self.verdict.evidence.cases if each.held_out}
        return held_out.issuperset(self.verdict.failed)

    @property
    def failure(self) -> str:
        """Why it is not right, in one word; empty if it is."""
        if self.right:
            return ""
        if self.verdict is None:
            return NO_CODE
        if self.verdict.verdict == "compile_error":
            return COMPILE
        example = self.verdict.counterexample
        return _BY_KIND.get(example.got.kind, WRONG) if example else WRONG


@dataclass(frozen=True)
class Offer:
    """A translation that held, and how it came to be."""

    code: str
    maker: str
    cases: int
    """That it held in."""
    draft: str = ""
    problem: str = ""
    """Of a repaired one: what the model was told about its draft."""


class Trial:
    """One source in one direction, on its way to candidates that are judged."""

    def __init__(
        self,
        source: SourceFunction,
        target: str,
        known: Known,
        order: Order,
        sandbox: Runs,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.source, self.known, self.order = source, known, order
        self.sandbox, self.cancelled = sandbox, cancelled
        self.work = Work(
            source.unit, language(target), Settings(), source.signatures.get(target), OWNER
        )
        self.drafts = 0
        """Wrong answers that were shown what is wrong with them."""
        self._verdicts: dict[str, Verdict] = {}

    async def asked(self, engine: Engine, drawn: Sequence[Sampling]) -> list[str]:
        """Answers, all drawn in one batch; empty where one holds no code.

        Raises:
            UnitError, ContextOverflow: the source is too long.
            EngineError, ModelError: nothing works.
        """
        tokens = await engine.count_tokens(self.source.unit.code)
        work = replace(self.work, longest=LONGER * tokens + LONGER_LEAST)
        found = await answers(engine, work, _unheard, drawn)
        return [each.code if isinstance(each, Translation) else "" for each in found]

    def drawn(self) -> tuple[Sampling, ...]:
        """The greedy one and the samples. Seeds follow from ids, or all sources fail together."""
        ids = (self.source.id, self.work.target.id, self.order.number)
        samples = (
            Sampling(self.order.temperature, self.work.sampling.top_p, seed=seed_of(*ids, at))
            for at in range(self.order.samples)
        )
        return (GREEDY, *samples)

    async def judged(self, texts: Sequence[str]) -> tuple[Candidate, ...]:
        """The texts with their verdicts; as many at once as there are processors.

        Raises:
            SandboxError: the sandbox itself failed.
        """
        room = asyncio.Semaphore(os.cpu_count() or 1)

        async def one(text: str) -> None:
            async with room:
                self._verdicts[text] = await self._verdict(text)

        new = dict.fromkeys(text for text in texts if text and text not in self._verdicts)
        await asyncio.gather(*map(one, new))
        return tuple(Candidate(text, self._verdicts.get(text)) for text in texts)

    async def repaired(
        self, engine: Engine, candidates: Sequence[Candidate], turn: Turn
    ) -> Offer | None:
        """The closest of those that are wrong, made right by being told what is wrong with it."""
        pool = list(candidates)
        for _ in range(self.order.repairs):
            told = [each for each in pool if self._problem(each.verdict)]
            if not told:
                return None
            draft = max(told, key=lambda each: each.agreed).code
            problem = self._problem(await self._verdict(draft, SHRINK_SECONDS))
            if problem is None:
                return None
            self.drafts += 1
            try:
                async with turn():
                    found = await repaired(engine, self.work, _unheard, draft, problem)
            except (AnswerError, UnitError, ContextOverflow):
                return None
            (again,) = await self.judged([found.code])
            if again.right:
                return offer(again, maker(engine), draft, problem)
            pool = [again] if again.code != draft else []
        return None

    def _problem(self, verdict: Verdict | None) -> str | None:
        """What the model may be told: never of a case that is held out."""
        return problem_of(verdict, self.source.unit) if verdict else None

    async def _verdict(self, code: str, shrink_seconds: float = 0.0) -> Verdict:
        found = await asyncio.to_thread(
            judged,
            self.work,
            self.known.evidence,
            code,
            self.sandbox,
            SECONDS,
            self.cancelled,
            shrink_seconds=shrink_seconds,
        )
        if found.verdict == "unchecked":
            require_sound(found.reason)
        return found


def offer(found: Candidate, made_by: str, draft: str = "", problem: str = "") -> Offer:
    """What is offered of a candidate that is right."""
    cases = found.verdict.cases if found.verdict else 0
    return Offer(found.code, made_by, cases, draft, problem)


def maker(engine: Engine) -> str:
    """The model, and the adapter where there is one."""
    state = engine.state()
    return " + ".join(filter(None, (state.model, state.adapter)))


def _unheard(progress: Progress) -> None:
    """Nobody looks at a single answer while it is written."""
