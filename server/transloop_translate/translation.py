"""The translating itself, as the language server and the command line both do it.

Unit in, `Translation` out; knows neither LSP nor files.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from transloop_model import answer, prompt
from transloop_model.engine import (
    GREEDY,
    Done,
    Engine,
    Evaluated,
    Event,
    Finished,
    Piece,
    Request,
    Sampling,
    Started,
    seed_of,
)
from transloop_settings import settings
from transloop_settings.errors import AnswerError, UnitError
from transloop_syntax.join import join
from transloop_syntax.language import Language
from transloop_syntax.missing import with_imports
from transloop_syntax.outline import signatures
from transloop_syntax.split import split
from transloop_syntax.unit import Unit
from transloop_translate.lines import Lines

if TYPE_CHECKING:
    from transloop_verify.judge import Verdict

ANSWER_PER_SOURCE = 2.0
"""Tokens of room for the answer for each token of source; Java and C need about 1.6."""
ANSWER_LEAST = 256
OVERHEAD = 220
"""Tokens of the prompt around the code: instructions, template, fences."""


@dataclass(frozen=True)
class Stats:
    """What a translation cost; seconds of wall time."""

    first_token_seconds: float = 0.0
    seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    tokens: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Speed of writing, from the first token on."""
        writing = self.seconds - self.first_token_seconds
        return (self.tokens - 1) / writing if self.tokens > 1 and writing > 0 else 0.0

    def __add__(self, other: Stats) -> Stats:
        return Stats(
            self.first_token_seconds + other.first_token_seconds,
            self.seconds + other.seconds,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.tokens + other.tokens,
        )


@dataclass(frozen=True)
class Translation:
    """Code in the target language, and what is known about it."""

    unit: Unit
    target: str
    code: str
    sampling: Sampling
    notes: tuple[str, ...] = ()
    stats: Stats = Stats()
    verdict: Verdict | None = None
    """What running both sides showed; None: nothing was run."""


@dataclass(frozen=True)
class Progress:
    """How far a translation is."""

    stage: Literal["waiting", "reading", "writing", "running"]
    tokens: int = 0
    tokens_per_second: float = 0.0
    part: int = 1
    parts: int = 1
    text: str = ""
    """Of the first answer, the whole lines written so far; it changes some times a second."""
    place: str = ""
    """Where a search for one that holds is, such as `candidate 3 of 9`."""
    budget: str = ""
    """What the search has used of what it may, such as `12 s of 20`."""

    def __str__(self) -> str:
        part = f"part {self.part} of {self.parts}" if self.parts > 1 else ""
        where = ", ".join(filter(None, (self.place, part)))
        what = ", ".join(filter(None, (self._doing(), self.budget)))
        return f"{where}: {what}" if where else what

    def _doing(self) -> str:
        match self.stage:
            case "waiting":
                return "waiting for the model"
            case "reading":
                return f"reading, {self.tokens} tokens"
            case "running":
                return "running both sides"
            case _:
                return f"{self.tokens} tokens, {self.tokens_per_second:.0f} tokens/s"


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Work:
    """What is to be translated, and with what."""

    unit: Unit
    target: Language
    sampling: settings.Sampling
    signature: str | None = None
    owner: str = ""
    imports: bool = True
    """Whether the translation brings its imports along: not into the middle of another file."""
    longest: int | None = None
    """Tokens of an answer, where others tell how long it may become."""

    def request(
        self,
        unit: Unit,
        translated: Sequence[str],
        candidates: tuple[Sampling, ...],
        tokens: int,
        known: Sequence[str] = (),
    ) -> Request:
        """The engine's request for one part of the work, whose source has `tokens` tokens."""
        asked = prompt.build(unit, self.target, signature=self.signature, translated=translated)
        return self._asking(asked, candidates, tokens, known)

    def repair(self, unit: Unit, tokens: int, code: str, problem: str) -> Request:
        """The request for a better answer than `code`; `tokens` of source and code together."""
        asked = prompt.build(unit, self.target, signature=self.signature)
        return self._asking(prompt.repair(asked, self.target, code, problem), (GREEDY,), tokens)

    def _asking(
        self,
        asked: prompt.Prompt,
        candidates: tuple[Sampling, ...],
        tokens: int,
        known: Sequence[str] = (),
    ) -> Request:
        room = int(tokens * ANSWER_PER_SOURCE) + ANSWER_LEAST
        return Request(
            asked.messages,
            asked.answer_prefix,
            candidates,
            max_tokens=min(self.sampling.max_tokens, room, self.longest or room),
            stop=asked.stop,
            known=tuple(known),
            owner=self.owner,
        )


async def translate(
    engine: Engine, work: Work, report: Report, sampling: Sampling = GREEDY
) -> Translation:
    """Translate a unit, in parts where it is too long for the model's context.

    Raises:
        UnitError: too long, and not made of declarations that can be translated one by one.
        ModelError, EngineError, AnswerError: see `transloop_settings.errors`.
    """
    report(Progress("waiting"))
    parts = await _parts(engine, work)
    done: list[Translation] = []
    for number, (unit, tokens) in enumerate(parts, 1):
        known = [line for each in done for line in signatures(each.code, work.target)]
        request = work.request(unit, known, (sampling,), tokens)
        watch = Watch(report, number, len(parts), [each.code for each in done])
        finished = [each async for each in watch.candidates(engine, request)]
        found = _answered(finished[0], work, unit)
        done.append(
            Translation(unit, work.target.id, found.code, sampling, found.notes, watch.stats())
        )
    return _joined(work, done)


async def alternatives(
    engine: Engine, work: Work, report: Report, known: Sequence[str], round_: int = 0
) -> list[Translation]:
    """Further translations that differ from those `known`, sampled in one batch.

    Candidates without usable code are dropped; the list may be empty.
    """
    async with aclosing(sampled(engine, work, report, known, round_)) as found:
        return [each async for each in found]


async def sampled(
    engine: Engine, work: Work, report: Report, known: Sequence[str], round_: int = 0
) -> AsyncGenerator[Translation]:
    """As `alternatives`, each as soon as it is complete; closing the iterator ends the others."""
    drawn = tuple(
        Sampling(
            work.sampling.temperature,
            work.sampling.top_p,
            seed=seed_of(work.unit.code, work.target.id, round_, i),
        )
        for i in range(work.sampling.alternatives)
    )
    report(Progress("waiting"))
    parts = await _parts(engine, work)
    seen = {_normal(code) for code in known}
    async with aclosing(_drawn(engine, work, report, drawn, parts, known)) as found:
        async for each in found:
            if _normal(each.code) not in seen:
                seen.add(_normal(each.code))
                yield each


async def answers(
    engine: Engine, work: Work, report: Report, drawn: Sequence[Sampling]
) -> list[Translation | AnswerError]:
    """One for each way of drawing, all in one batch, also where it is equal or no usable code.

    For whoever counts them: what `sampled` leaves out would be missing in a share.
    """
    parts = await _parts(engine, work)
    if len(parts) > 1:
        return [await _or_error(translate(engine, work, report, how)) for how in drawn]
    unit, tokens = parts[0]
    watch = Watch(report, 1, 1)
    found: dict[int, Translation | AnswerError] = {}
    async for finished in watch.candidates(engine, work.request(unit, (), tuple(drawn), tokens)):
        at = finished.candidate
        try:
            code = _answered(finished, work, unit)
        except AnswerError as error:
            found[at] = error
        else:
            found[at] = Translation(
                work.unit, work.target.id, code.code, drawn[at], code.notes, watch.stats()
            )
    return [found[at] for at in range(len(drawn))]


async def _or_error(translating: Awaitable[Translation]) -> Translation | AnswerError:
    try:
        return await translating
    except AnswerError as error:
        return error


async def _drawn(
    engine: Engine,
    work: Work,
    report: Report,
    drawn: tuple[Sampling, ...],
    parts: list[tuple[Unit, int]],
    known: Sequence[str],
) -> AsyncGenerator[Translation]:
    """One translation for each way of drawing that gives one."""
    if len(parts) > 1:
        for how in drawn:
            with suppress(AnswerError):
                yield await translate(engine, work, report, how)
        return
    unit, tokens = parts[0]
    watch = Watch(report, 1, 1)
    request = work.request(unit, (), drawn, tokens, known)
    async with aclosing(watch.candidates(engine, request)) as candidates:
        async for finished in candidates:
            with suppress(AnswerError):
                code = _answered(finished, work, unit)
                how = drawn[finished.candidate]
                yield Translation(
                    work.unit, work.target.id, code.code, how, code.notes, watch.stats()
                )


async def repaired(
    engine: Engine, work: Work, report: Report, code: str, problem: str
) -> Translation:
    """Translate once more, shown an earlier answer and what is wrong with it.

    Raises:
        UnitError: the unit is translated in parts; there is no one answer to repair.
        ModelError, EngineError, AnswerError: see `transloop_settings.errors`.
    """
    report(Progress("waiting"))
    parts = await _parts(engine, work)
    if len(parts) > 1:
        raise UnitError("What is translated in parts cannot be repaired as a whole.")
    unit, tokens = parts[0]
    request = work.repair(unit, tokens + await engine.count_tokens(code), code, problem)
    watch = Watch(report, 1, 1)
    finished = [each async for each in watch.candidates(engine, request)]
    found = _answered(finished[0], work, unit)
    return Translation(work.unit, work.target.id, found.code, GREEDY, found.notes, watch.stats())


def _answered(finished: Finished, work: Work, unit: Unit) -> answer.Answer:
    """The code of a complete candidate. Raises AnswerError where there is none."""
    found = answer.extract(finished, work.target, unit.code)
    if not work.imports:
        return found
    code, added = with_imports(found.code, work.target)
    notes = (f"added: {' '.join(added)}",) if added else ()
    return answer.Answer(code, found.notes + notes)


async def _parts(engine: Engine, work: Work) -> list[tuple[Unit, int]]:
    """The unit, or its parts, each with its length in tokens."""
    total = await engine.count_tokens(work.unit.code)
    per_character = total / max(1, len(work.unit.code))
    context = await engine.context_size()

    def tokens(unit: Unit) -> int:
        return int(len(unit.code) * per_character) + 1

    def fits(unit: Unit) -> bool:
        around = int(sum(map(len, unit.needs)) * per_character * 1.2)
        answer_room = int(tokens(unit) * ANSWER_PER_SOURCE) + ANSWER_LEAST
        prompt_room = OVERHEAD + around + tokens(unit)
        return prompt_room + answer_room <= context and answer_room <= max(
            work.sampling.max_tokens, ANSWER_LEAST * 2
        )

    units = [work.unit] if fits(work.unit) else split(work.unit, fits)
    return [(unit, tokens(unit)) for unit in units]


class Watch:
    """Follows the events of one request: reports progress, times it, yields what finishes."""

    def __init__(
        self, report: Report, part: int, parts: int, before: Sequence[str] | None = None
    ) -> None:
        """`before`: the parts that are done, where the text so far is to be told."""
        self.report = report
        self.part = part
        self.parts = parts
        self.lines = Lines(before) if before is not None else None
        self.began = time.perf_counter()
        self.first = 0.0
        self.tokens = 0
        self.started = Started(0, 0)

    async def candidates(self, engine: Engine, request: Request) -> AsyncGenerator[Finished]:
        """The candidates of `request` as they finish."""
        async with aclosing(engine.generate(request)) as events:
            async for event in events:
                self.saw(event)
                if isinstance(event, Finished):
                    yield event

    def saw(self, event: Event) -> None:
        """Take note of one event."""
        now = time.perf_counter() - self.began
        match event:
            case Started():
                self.started = event
                self.say("reading", event.cached_tokens)
            case Evaluated():
                self.say("reading", event.tokens)
            case Piece():
                self.first = self.first or now
                self.tokens += 1
                if self.lines is not None:
                    self.lines.add(event.text, now)
                self.say("writing", self.tokens)
            case Done():
                self.tokens = event.tokens

    def say(self, stage: Literal["reading", "writing"], tokens: int) -> None:
        """Report progress."""
        text = self.lines.whole if self.lines is not None else ""
        speed = self.stats().tokens_per_second
        self.report(Progress(stage, tokens, speed, self.part, self.parts, text))

    def stats(self) -> Stats:
        """What it has cost so far."""
        return Stats(
            self.first,
            time.perf_counter() - self.began,
            self.started.prompt_tokens,
            self.started.cached_tokens,
            self.tokens,
        )


def _joined(work: Work, parts: list[Translation]) -> Translation:
    """One translation from its parts; imports that several parts need stand once, in front."""
    if len(parts) == 1:
        return replace(parts[0], unit=work.unit, notes=work.unit.warnings + parts[0].notes)
    code = join([part.code for part in parts], work.target)
    notes = work.unit.warnings + tuple(note for part in parts for note in part.notes)
    total = sum((part.stats for part in parts), Stats())
    in_parts = f"translated in {len(parts)} parts, because it is long"
    return Translation(
        work.unit, work.target.id, code, parts[0].sampling, (*notes, in_parts), total
    )


def _normal(code: str) -> str:
    """Without what only lays it out."""
    return " ".join(code.split())
