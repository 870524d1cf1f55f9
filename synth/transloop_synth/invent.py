"""New sources in the manner of the seeds: a model writes them, running decides what they are worth.

Nothing of what is written is believed: it must parse, use what was asked for, and be unlike all
that is known; whether it runs and has behaviour that can be tested is found out like any source's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from transloop_model import answer
from transloop_model.engine import Engine, Finished, Message, Request, Sampling, seed_of
from transloop_settings.errors import AnswerError, UnitError
from transloop_syntax.constructs import languages
from transloop_syntax.language import Language, language
from transloop_syntax.outline import syntax_problem
from transloop_synth.alike import Alike
from transloop_synth.normal import shingles
from transloop_synth.plan import Pick
from transloop_synth.source import SourceFunction, of_program
from transloop_verify.entry import entries

PROPOSALS = 4
"""In one batch; the first that will do is taken."""
TEMPERATURE = 1.0
"""Higher than for translations: another function is asked for, not the likeliest."""
TOKENS = 400
OWNER = "synthesis"
UNLIKE = 0.7
"""Share of token runs from which on it is one of those that are known."""

_SYSTEM = """\
You write {language} functions. Each one is complete and runs on its own with the standard \
library: it takes plain values, computes something useful, and returns the result. It reads no \
input, prints nothing, and uses neither time nor chance. Declare the types of parameters and \
result where {language} can. Answer with one {language} code block that holds one function and \
nothing else."""
_ASK = """\
Write another {language} function in the manner of these, about something else{using}:
{models}"""


async def proposals(engine: Engine, pick: Pick, number: int) -> list[str]:
    """Codes that the model proposes; `number` is the order's.

    Raises:
        EngineError, ModelError: nothing works.
    """
    spoken = language(pick.share.direction.partition(":")[0])
    ids = (pick.key, number, *(each.id for each in pick.models))
    drawn = tuple(Sampling(TEMPERATURE, seed=seed_of(*ids, at)) for at in range(PROPOSALS))
    asked = Request(
        _messages(pick, spoken),
        f"```{spoken.fence}\n",
        drawn,
        max_tokens=TOKENS,
        stop=("\n```",),
        owner=OWNER,
    )
    found: dict[int, str] = {}
    async with aclosing(engine.generate(asked)) as events:
        async for event in events:
            if isinstance(event, Finished):
                found[event.candidate] = _code(event, spoken)
    return [found[at] for at in sorted(found)]


def judged(
    codes: Sequence[str], pick: Pick, pool: Sequence[SourceFunction]
) -> Iterator[tuple[SourceFunction | None, str]]:
    """Each proposal as a source; or None, and why it will not do."""
    spoken = pick.share.direction.partition(":")[0]
    known = Alike(UNLIKE)
    for each in pool:
        if each.language == spoken:
            known.add(each.id, shingles(each.code, spoken))
    for code in filter(None, codes):
        yield _source(code, pick, known)


def _source(code: str, pick: Pick, known: Alike) -> tuple[SourceFunction | None, str]:
    spoken = pick.share.direction.partition(":")[0]
    if syntax_problem(code, language(spoken)):
        return None, "it does not parse"
    found = entries(code, spoken)
    if not found:
        return None, "it has no function that could be called"
    entry = found[-1]
    name = f"{entry.owner}.{entry.name}" if entry.owner else entry.name
    try:
        made = of_program(code, spoken, name)
    except UnitError as error:
        return None, str(error)
    wanted = pick.share.construct
    if wanted and spoken in languages() and wanted not in made.constructs:
        return None, f"it does not use {wanted}"
    if next(known.of(shingles(code, spoken)), None) is not None:
        return None, "it is nearly one that is known"
    parents = tuple(dict.fromkeys(name for each in pick.models for name in each.known_as))
    seeds = tuple(dict.fromkeys(seed for each in pick.models for seed in each.seeds))
    return replace(made, parents=parents, seeds=seeds, origin="invented"), ""


def _messages(pick: Pick, spoken: Language) -> tuple[Message, ...]:
    models = "\n".join(f"```{spoken.fence}\n{each.program}\n```" for each in pick.models)
    construct = (pick.share.construct or "").replace("_", " ")
    using = f", that uses {construct}" if construct else ""
    return (
        Message("system", _SYSTEM.format(language=spoken.name)),
        Message("user", _ASK.format(language=spoken.name, using=using, models=models)),
    )


def _code(finished: Finished, spoken: Language) -> str:
    try:
        return answer.extract(finished, spoken, "").code
    except AnswerError:
        return ""
